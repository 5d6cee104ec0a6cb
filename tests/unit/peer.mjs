/*
 * Push services that misbehave on demand, for test_h2, test_fetch and test_transport (peer.h starts this).
 *
 *     node tests/unit/peer.mjs DIR        (certificates are made in DIR)
 *
 * prints "ca FILE" and one line "name port" for each listener, then "ready", and serves until standard input ends.
 * What a request gets is chosen by its path: see `behaviours`. Nothing of the message itself is checked; that is
 * tests/pushservice's part.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants, createSecureServer } from "node:http2";
import { createServer as createHttps } from "node:https";
import { connect, createServer as createTcp } from "node:net";
import { join } from "node:path";
import { createServer as createTls } from "node:tls";
import { ensureCertificate } from "../pushservice/certificate.mjs";

const dir = process.argv[2];
const own = ensureCertificate(join(dir, "own"));
const stranger = ensureCertificate(join(dir, "stranger"));

const identity = ({ keyFile, certFile }) => ({ key: readFileSync(keyFile), cert: readFileSync(certFile) });

/* What a listener has seen: GET-able as the body of /stats. */
function newStats() {
	return { connections: 0, closed: 0, requests: 0, open: 0, most: 0, pings: 0, aborted: 0, paths: {} };
}

/* Each is called when the whole body is in: exchange = { respond(status, headers, body), raw, stats, argument }. */
const behaviours = {
	ok: ({ respond }) => respond(201),
	echo: ({ respond, headers, body, path, version }) =>
		respond(400, {}, JSON.stringify({ version, path, headers, length: body.length, sum: sum(body) })),
	stats: ({ respond, stats }) => respond(400, {}, JSON.stringify(stats)),
	/* /status/429/retry-after/120 */
	status: ({ respond, argument: [status, name, value] }) =>
		respond(Number(status), name ? { [name]: decodeURIComponent(value) } : {}, `body of ${status}`),
	redirect: ({ respond }) => respond(307, { location: "https://localhost/ok" }, ""),
	delay: ({ respond, argument: [ms] }) => setTimeout(() => respond(201), Number(ms)),
	hang: () => {},
	large: ({ respond, argument: [size] }) => respond(410, {}, "x".repeat(Number(size))),
	zeros: ({ respond }) => respond(400, {}, "a\0b"),
	huge: ({ respond, argument: [size] }) => {
		const headers = {};
		for (let left = Number(size), n = 0; left > 0; left -= 1000, n++) headers[`x-filler-${n}`] = "y".repeat(1000);
		respond(201, headers);
	},
	informational: ({ stream, response, respond }) => {
		if (stream) stream.additionalHeaders({ ":status": 103, "retry-after": "7" });
		else response.writeEarlyHints({ link: "</a>; rel=preload" });
		respond(201);
	},
	endless: ({ stream, response, argument: [status] }) => {
		const sink = stream ?? response;
		if (stream) stream.respond({ ":status": Number(status) });
		else response.writeHead(Number(status));
		const chunk = Buffer.alloc(1000, 0x7a);
		const timer = setInterval(() => sink.write(chunk), 1);
		sink.on("close", () => clearInterval(timer));
	},
	drip: ({ stream, response, argument: [status] }) => {
		const sink = stream ?? response;
		if (stream) stream.respond({ ":status": Number(status) });
		else response.writeHead(Number(status));
		const timer = setInterval(() => sink.write("."), 50);
		sink.on("close", () => clearInterval(timer));
	},
	/* before any answer */
	reset: ({ stream, argument: [code] }) => stream.close(constants[`NGHTTP2_${code}`]),
	/* behind a whole header list */
	"reset-later": ({ stream, argument: [code] }) => {
		stream.respond({ ":status": 201 });
		setTimeout(() => bareReset(stream, constants[`NGHTTP2_${code}`]), 20);
	},
	/* this one is answered, everything above it was never seen; the connection ends a little later */
	goaway: ({ stream, respond, argument: [code = "NO_ERROR"] }) => {
		const { session } = stream;
		session.limit = stream.id;
		session.goaway(constants[`NGHTTP2_${code}`], stream.id);
		respond(201);
		setTimeout(() => session.raw.destroy(), 100);
	},
	close: ({ stream, response }) => (stream ? stream.session.raw : response.socket).destroy(),
	/* header list, half a body, end of the connection */
	half: ({ response }) => {
		response.writeHead(201, { "content-length": "10" });
		response.write("12345");
		setTimeout(() => response.socket.destroy(), 20);
	},
};

const sum = (bytes) => bytes.reduce((total, byte) => (total * 31 + byte) % 1000003, 7);

/* Node's own stream.close() sends END_STREAM first, which would make the answer complete. */
function bareReset(stream, code) {
	const key = Object.getOwnPropertySymbols(stream).find((symbol) => symbol.description === "kHandle");
	stream[key].rstStream(code);
}

function serve(stats, exchange) {
	const [, name, ...argument] = exchange.path.split("?")[0].split("/");
	stats.requests++;
	stats.paths[name] = (stats.paths[name] ?? 0) + 1;
	(behaviours[name] ?? behaviours.ok)({ ...exchange, argument, stats });
}

function onStream(stats, stream, headers, rawHeaders) {
	const chunks = [];
	stream.on("error", () => stats.aborted++);
	if (stream.id > (stream.session?.limit ?? Infinity)) return;
	stats.open++;
	stats.most = Math.max(stats.most, stream.session.open = (stream.session.open ?? 0) + 1);
	const { session } = stream;
	stream.on("close", () => {
		stats.open--;
		session.open--;
	});
	stream.on("data", (chunk) => chunks.push(chunk));
	stream.on("end", () => {
		if (stream.destroyed || stream.id > (session.limit ?? Infinity)) return;
		serve(stats, {
			stream, path: headers[":path"], headers: pairs(rawHeaders), body: Buffer.concat(chunks), version: "2",
			respond(status, fields = {}, body = "") {
				if (stream.destroyed) return;
				stream.respond({ ":status": status, ...fields });
				stream.end(body);
			},
		});
	});
}

function pairs(flat) {
	const list = [];
	for (let i = 0; i < flat.length; i += 2) list.push(`${flat[i]}: ${flat[i + 1]}`);
	return list;
}

function http2(settings = {}, keys = own) {
	const stats = newStats();
	const server = createSecureServer({ ...identity(keys), settings, maxHeaderListPairs: 1000 });
	/* Node hides the socket of a session; the session is made inside this event */
	let socket;
	server.prependListener("secureConnection", (secure) => (socket = secure));
	server.on("session", (session) => {
		session.raw = socket;
		stats.connections++;
		session.on("close", () => stats.closed++);
		session.on("ping", () => stats.pings++);
		session.on("error", () => {});
	});
	server.on("stream", (stream, headers, flags, raw) => onStream(stats, stream, headers, raw));
	return server;
}

function http1(keys = own) {
	const stats = newStats();
	const server = createHttps({ ...identity(keys), ALPNProtocols: ["http/1.1"] }, (request, response) => {
		const chunks = [];
		stats.most = Math.max(stats.most, ++stats.open);
		let open = true;
		const end = () => {
			stats.open -= open ? 1 : 0;
			open = false;
		};
		response.on("close", end);
		request.on("data", (chunk) => chunks.push(chunk));
		request.on("end", () => serve(stats, {
			response, path: request.url, headers: pairs(request.rawHeaders), body: Buffer.concat(chunks), version: "1.1",
			respond(status, fields = {}, body = "") {
				end();
				response.writeHead(status, fields);
				response.end(body);
			},
		}));
	});
	server.on("secureConnection", () => stats.connections++);
	return server;
}

/* Serves one request on each connection and politely gives all others back. */
function goner() {
	const server = http2();
	server.prependListener("stream", ({ id, session }) => {
		if (id === 1 || session.limit) return;
		session.limit = 1;
		session.goaway(constants.NGHTTP2_NO_ERROR, 1);
	});
	return server;
}

/* TLS stands, then the connection goes away. */
function dropper() {
	return createTls({ ...identity(own), ALPNProtocols: ["h2"] }, (socket) => {
		socket.on("error", () => {});
		setTimeout(() => socket.destroy(), 5);
	});
}

/* Takes the TCP connection and says nothing. */
function mute() {
	return createTcp((socket) => socket.on("error", () => {}));
}

/* A proxy that refuses every CONNECT. */
function refuser() {
	return createTcp((socket) => {
		socket.on("error", () => {});
		socket.once("data", () => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
	});
}

/* A proxy that says something else than it should, and stays connected. */
const says = (text) => () => createTcp((socket) => {
	socket.on("error", () => {});
	socket.once("data", () => socket.write(text));
});

/* A proxy that takes the question and hangs up. */
function closer() {
	return createTcp((socket) => {
		socket.on("error", () => {});
		socket.once("data", () => socket.end());
	});
}

/* A proxy that leads to this machine, whatever the name, with a password if one is given. */
function tunnel(password) {
	return createTcp((socket) => {
		socket.on("error", () => {});
		socket.once("data", (head) => {
			const shown = /^Proxy-Authorization: Basic (.*)\r$/m.exec(head.toString("latin1"))?.[1];
			if (password && Buffer.from(shown ?? "", "base64").toString() !== password) return socket.end("HTTP/1.1 407 Who are you\r\n\r\n");
			const port = Number(/^CONNECT [^ :]+:(\d+) /.exec(head.toString("latin1"))?.[1]);
			const onward = connect(port, "127.0.0.1", () => {
				socket.write("HTTP/1.1 200 Connected\r\nRetry-After: 77\r\n\r\n");
				socket.pipe(onward).pipe(socket);
			});
			onward.on("error", () => socket.destroy());
		});
	});
}

const listeners = {
	normal: http2(),
	one: http2({ maxConcurrentStreams: 1 }),
	few: http2({ maxConcurrentStreams: 10 }),
	window: http2({ initialWindowSize: 100 }),
	many: http2({ maxConcurrentStreams: 1000 }),
	stranger: http2({}, stranger),
	http1: http1(),
	stranger1: http1(stranger),
	drop: dropper(),
	goner: goner(),
	mute: mute(),
	refuser: refuser(),
	tunnel: tunnel(),
	doorkeeper: tunnel("me:pass@word"),
	locked: tunnel("you:other"),
	wordy: says("HTTP/1.1 502 Bad Gateway\r\nRetry-After: 3600\r\nContent-Length: 3\r\n\r\nno\n")(),
	mumbler: says("220 mail.example ESMTP\r\n\r\n")(),
	endless: says(`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(3000)}`)(),
	eager: says("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 201 Created\r\n\r\n")(),
	closer: closer(),
};

process.stdout.write(`ca ${own.caFile}\n`);
for (const [name, server] of Object.entries(listeners)) {
	server.on("error", () => {});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	process.stdout.write(`${name} ${server.address().port}\n`);
}
process.stdout.write("ready\n");
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
