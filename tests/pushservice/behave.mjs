/*
 * Plays one behaviour as the answer to one request.
 *
 *   play(behaviour, exchange, onAnswer)
 *     exchange is the listener's, with .success = the ordinary answer to a good push; onAnswer(status) is called once, when the answer leaves; status 0 = none will.
 *
 * Behaviours:
 *   { status, headers, body, delayMs }             an ordinary answer; body: text, octets, or an object sent as JSON;
 *                                                  retryAfterDate: Retry-After as a date, so many seconds from now
 *   { action: "hang" }                             never answers; the stream stays open
 *   { action: "reset", code }                      RST_STREAM with a code's name or number; HTTP/1.1: connection dropped
 *   { action: "goaway", after, code, answer }      serves `after` more streams of this connection, this one counted,
 *                                                  then sends GOAWAY and closes when they are answered. after 0: this
 *                                                  stream is not served. answer: the behaviour of those served
 *   { action: "close" }                            drops the TCP connection
 *   { action: "drip", status, body, everyMs }      the header at once, then one octet at a time
 *   { action: "endless", status }                  a body without end, as fast as the peer reads
 *   { action: "hugeHeaders", status, bytes }       a header section of about that many octets
 * Each may have delayMs: it begins that much later.
 *
 * GOAWAY never lies: the last stream it names is the highest that was begun, so that every stream above it was
 * surely not served and may be sent again.
 */
import { constants } from "node:http2";

const chunk = Buffer.alloc(16_384, "endless ");

export function play(behaviour, exchange, onAnswer) {
	if (behaviour.delayMs) {
		const timer = setTimeout(() => start(behaviour, exchange, onAnswer), behaviour.delayMs);
		exchange.response.on("close", () => clearTimeout(timer));
	} else start(behaviour, exchange, onAnswer);
}

function start(behaviour, exchange, onAnswer) {
	const waiting = exchange.connection.goaway;
	if (waiting && !behaviour.action) countTowardsGoaway(waiting, exchange);
	actions[behaviour.action ?? "answer"](behaviour, exchange, onAnswer);
}

const actions = {
	answer(behaviour, { response, stream }, onAnswer) {
		if (!isOpen(response, stream)) return onAnswer(0);
		const { headers, body } = encode(behaviour);
		onAnswer(behaviour.status);
		response.writeHead(behaviour.status, { ...headers, "content-length": String(body.length) });
		response.end(body);
	},

	hang(_behaviour, _exchange, onAnswer) {
		onAnswer(0);
	},

	reset({ code = "CANCEL" }, { stream, connection }, onAnswer) {
		onAnswer(0);
		if (stream) stream.close(errorCode(code));
		else connection.kill();
	},

	goaway({ after = 1, code = "NO_ERROR", answer }, exchange, onAnswer) {
		const { connection, stream, streamId, success } = exchange;
		if (!stream) return actions.close({}, exchange, onAnswer);
		if (after > 0) {
			connection.goaway ??= { left: after, code: errorCode(code) };
			return start(answer ?? success, exchange, onAnswer);
		}
		onAnswer(0);
		/* Node cannot name 0 as the last stream, so the first one is refused by itself. */
		const isHighest = connection.lastStreamId === streamId && streamId > 1;
		if (!isHighest) stream.close(errorCode("REFUSED_STREAM"));
		sendGoaway(connection, errorCode(code), isHighest ? streamId - 2 : connection.lastStreamId);
	},

	close(_behaviour, { connection }, onAnswer) {
		onAnswer(0);
		connection.kill();
	},

	drip(behaviour, { response }, onAnswer) {
		const { headers, body } = encode(behaviour);
		onAnswer(behaviour.status);
		response.writeHead(behaviour.status, headers);
		let sent = 0;
		const timer = setInterval(() => {
			if (sent < body.length) response.write(body.subarray(sent, ++sent));
			else response.end();
		}, behaviour.everyMs ?? 1000);
		response.on("close", () => clearInterval(timer));
	},

	endless({ status, headers }, { response }, onAnswer) {
		let isClosed = false;
		const pump = () => {
			while (!isClosed && response.write(chunk));
		};
		onAnswer(status);
		response.on("drain", pump);
		response.on("close", () => (isClosed = true));
		response.writeHead(status, headers);
		pump();
	},

	hugeHeaders({ status, bytes = 60_000 }, { response }, onAnswer) {
		const size = 4000;
		const headers = {};
		for (let i = 0; i * size < bytes; i++) headers[`x-padding-${i}`] = "p".repeat(Math.min(size, bytes - i * size));
		onAnswer(status);
		response.writeHead(status, headers);
		response.end();
	},
};

export const actionNames = Object.keys(actions);

function countTowardsGoaway(waiting, { connection }) {
	waiting.left -= 1;
	if (waiting.left === 0) sendGoaway(connection, waiting.code, connection.lastStreamId);
}

function sendGoaway(connection, code, lastStreamId) {
	if (connection.session.destroyed) return;
	connection.session.goaway(code, lastStreamId);
	connection.endWhenIdle();
}

function errorCode(code) {
	const value = typeof code === "number" ? code : constants[`NGHTTP2_${code}`];
	if (value === undefined) throw new Error(`no HTTP/2 error code is called "${code}"`);
	return value;
}

function encode({ headers: own = {}, body = "", retryAfterDate }) {
	const headers = retryAfterDate === undefined ? own : { ...own, "retry-after": new Date(Date.now() + retryAfterDate * 1000).toUTCString() };
	if (typeof body === "string" || Buffer.isBuffer(body)) return { headers, body: Buffer.from(body) };
	return { headers: { "content-type": "application/json", ...headers }, body: Buffer.from(JSON.stringify(body)) };
}

function isOpen(response, stream) {
	return stream ? !stream.destroyed && !stream.closed : !response.destroyed;
}
