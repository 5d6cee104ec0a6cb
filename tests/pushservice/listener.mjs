/*
 * One HTTPS listener of the double: HTTP/2, HTTP/1.1 or both by ALPN, on the loopback addresses.
 *
 *   openListener({ port, http1, settings, key, cert, onRequest, onFault, stats }) -> { port, close() }
 *     http1      "allowed" (h2 and http/1.1), "none" (h2 alone), "only" (http/1.1 alone)
 *     settings   HTTP/2 SETTINGS: { maxConcurrentStreams (100), initialWindowSize (65535) }
 *     onRequest(exchange)    once the body is there; see below
 *     onFault(sentence)      the peer broke HTTP itself, so that no request could be made of it
 *     stats      a Stats (stats.mjs), told of connections, streams and pings
 *
 * exchange: { method, path, authority, servername, httpVersion, rawHeaders, body, at, streamId, connection,
 *             response, stream }
 *   stream is null under HTTP/1.1. connection: { id, protocol, lastStreamId, session, kill(), endWhenIdle() };
 *   kill() drops the TCP connection without any farewell, endWhenIdle() does so once no stream is open. (Node's own
 *   session.close() is of no use after a GOAWAY: it sends another one, whose last stream may be higher.)
 *
 * Names that lead to loopback may give ::1 before 127.0.0.1, so the listener is on both where both exist.
 */
import { once } from "node:events";
import { createSecureServer } from "node:http2";
import { createServer } from "node:https";

const bodyCap = 1 << 20;
const answerHeaderCap = 1 << 20;
const flushMs = 50;
const sessionMemoryMb = 64;
const usualSettings = { maxConcurrentStreams: 100 };

export async function openListener(options) {
	const listener = new Listener(options);
	await listener.open(options.port ?? 0);
	return listener;
}

class Listener {
	#options;
	#servers = [];
	#tcp = new Map();
	#connections = new WeakMap();
	port = 0;

	constructor(options) {
		this.#options = options;
	}

	async open(port) {
		const first = this.#makeServer();
		await listen(first, "127.0.0.1", port);
		this.port = first.address().port;
		this.#servers.push(first);
		const second = this.#makeServer();
		try {
			await listen(second, "::1", this.port);
			this.#servers.push(second);
		} catch (error) {
			if (!["EADDRNOTAVAIL", "EAFNOSUPPORT", "EADDRINUSE"].includes(error.code)) throw error;
		}
	}

	async close() {
		const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
		for (const socket of this.#tcp.values()) socket.destroy();
		await Promise.all(closed);
	}

	#makeServer() {
		const { http1, key, cert, settings } = this.#options;
		const server =
			http1 === "only"
				? createServer({ key, cert, ALPNProtocols: ["http/1.1"] })
				: createSecureServer({
						key,
						cert,
						allowHTTP1: http1 === "allowed",
						settings: { ...usualSettings, ...settings },
						maxSessionMemory: sessionMemoryMb,
						maxSendHeaderBlockLength: answerHeaderCap,
					});
		server.on("connection", (socket) => this.#trackTcp(socket));
		server.prependListener("secureConnection", (socket) => this.#trackTls(socket));
		server.on("session", (session) => this.#trackSession(session));
		server.on("request", (request, response) => this.#onRequest(request, response));
		server.on("clientError", (error, socket) => this.#onClientError(error, socket));
		server.on("sessionError", () => {});
		server.on("tlsClientError", () => this.#options.stats.tlsFailed());
		return server;
	}

	#trackTcp(socket) {
		const key = peerOf(socket);
		this.#tcp.set(key, socket);
		socket.on("error", () => {});
		socket.on("close", () => this.#tcp.delete(key));
	}

	#trackTls(socket) {
		const { stats } = this.#options;
		const tcp = this.#tcp.get(peerOf(socket));
		const protocol = socket.alpnProtocol === "h2" ? "h2" : "http/1.1";
		const connection = new Connection(stats.opened(protocol), protocol, () => tcp?.destroy());
		this.#connections.set(tcp, connection);
		tcp?.once("close", () => stats.closed());
	}

	#trackSession(session) {
		this.#connectionOf(session.socket).session = session;
		session.on("error", () => {});
		session.on("ping", () => this.#options.stats.pinged());
	}

	#connectionOf(socket) {
		return this.#connections.get(this.#tcp.get(peerOf(socket)));
	}

	#onClientError(error, socket) {
		if (error.code?.startsWith("HPE_")) this.#options.onFault(`the request is no HTTP/1.1: ${error.message}`);
		socket.destroy();
	}

	async #onRequest(request, response) {
		const stream = request.httpVersionMajor === 2 ? request.stream : null;
		const socket = stream ? stream.session.socket : request.socket;
		const connection = this.#connectionOf(socket);
		const exchange = {
			method: request.method,
			path: request.url,
			authority: request.authority ?? request.headers.host,
			servername: socket.servername || undefined,
			httpVersion: request.httpVersion,
			rawHeaders: request.rawHeaders,
			at: Date.now(),
			streamId: stream?.id ?? 0,
			connection,
			response,
			stream,
		};
		response.on("error", () => {});
		if (stream) this.#trackStream(connection, stream);
		try {
			exchange.body = await readBody(request);
		} catch {
			return;
		}
		this.#options.onRequest(exchange);
	}

	#trackStream(connection, stream) {
		const { stats, onFault } = this.#options;
		stats.streams(connection.streamOpened(stream.id));
		stream.on("error", () => {});
		stream.on("close", () => {
			connection.streamClosed();
			if (stream.rstCode === 1 && !stream.readableEnded)
				onFault("the stream broke HTTP/2 (PROTOCOL_ERROR): a Content-Length that is not the body's, or a bad header");
		});
	}
}

class Connection {
	#openStreams = 0;
	#isEnding = false;
	lastStreamId = 0;
	session = null;

	constructor(id, protocol, kill) {
		Object.assign(this, { id, protocol, kill });
	}

	streamOpened(id) {
		this.lastStreamId = Math.max(this.lastStreamId, id);
		return ++this.#openStreams;
	}

	streamClosed() {
		this.#openStreams -= 1;
		this.#endIfIdle();
	}

	endWhenIdle() {
		this.#isEnding = true;
		this.#endIfIdle();
	}

	#endIfIdle() {
		if (this.#isEnding && this.#openStreams === 0) setTimeout(this.kill, flushMs);
	}
}

function peerOf(socket) {
	return `${socket.remoteAddress}|${socket.remotePort}`;
}

async function listen(server, host, port) {
	server.listen({ host, port });
	await Promise.race([once(server, "listening"), once(server, "error").then(([error]) => Promise.reject(error))]);
}

async function readBody(request) {
	const chunks = [];
	let length = 0;
	for await (const chunk of request) {
		length += chunk.length;
		if (length > bodyCap) throw new Error("the body is too long to be read");
		chunks.push(chunk);
	}
	if (request.aborted || (request.complete === false && request.httpVersionMajor === 1)) throw new Error("the request broke off");
	return Buffer.concat(chunks);
}
