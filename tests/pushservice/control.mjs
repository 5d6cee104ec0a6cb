/*
 * The control side of the double: plain HTTP with JSON on 127.0.0.1, for shell scripts and other languages.
 *
 *   startControl(service, { port }) -> { port, url, close() }
 *
 *   GET    /                                            what main.mjs prints
 *   POST   /subscriptions {host?,port?,service?,bridge?,vapidPublicKey?,http1?,count?}   {id,subscription}, with count an array
 *   GET    /subscriptions
 *   POST   /subscriptions/ID/revoke {status?}
 *   GET    /pushes[?subscription=ID][&wait=N&timeout=MS]    408 with what there is when the time is over
 *   GET    /requests, the same
 *   DELETE /pushes                                      forgets pushes, requests, violations and counters
 *   POST   /answers {subscription?, preset | behaviour, times?}
 *   DELETE /answers[?subscription=ID]
 *   GET    /violations, /stats, /presets
 *   GET    /autopush                                    the connected browsers
 *   GET    /acks[?subscription=ID][&wait=N&timeout=MS]
 *   POST   /autopush/drop {uaid?}, /autopush/disconnect {uaid?}
 *
 * Errors: {"error":"sentence"} with 400, 404 or 405.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { presets } from "./answers.mjs";

const defaultWaitMs = 10_000;
const bodyCap = 1 << 20;

class ControlError extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

export async function startControl(service, { port = 0 } = {}) {
	const routes = makeRoutes(service);
	const server = createServer((request, response) => void respond(routes, request, response));
	server.listen({ host: "127.0.0.1", port });
	await Promise.race([once(server, "listening"), once(server, "error").then(([error]) => Promise.reject(error))]);
	return {
		port: server.address().port,
		url: `http://127.0.0.1:${server.address().port}`,
		close: () => new Promise((resolve) => {
			server.close(resolve);
			server.closeAllConnections?.();
		}),
	};
}

/* "METHOD /path" -> (query, body, id) -> value sent as JSON; a colon stands for the id. */
function makeRoutes(service) {
	const done = { done: true };
	return {
		"GET /": () => service.describe(),
		"POST /subscriptions": (_query, { count, ...wanted }) =>
			count === undefined ? service.createSubscription(wanted) : service.createSubscriptions(positive(count, "count"), wanted),
		"GET /subscriptions": () => service.subscriptions(),
		"POST /subscriptions/:/revoke": (_query, { status }, id) => (service.revoke(id, status), done),
		"GET /pushes": (query) => waited(query, () => service.pushes(idIn(query)), (n, timeout) => service.waitForPush(idIn(query), n, timeout)),
		"GET /requests": (query) => waited(query, () => service.requests(idIn(query)), (n, timeout) => service.waitForRequest(idIn(query), n, timeout)),
		"DELETE /pushes": () => (service.clear(), done),
		"POST /answers": (_query, { subscription = "*", preset, behaviour, times }) => (service.answer(subscription, preset ?? behaviour, times), done),
		"DELETE /answers": (query) => (service.clearAnswers(idIn(query)), done),
		"GET /violations": () => service.violations(),
		"GET /stats": () => service.stats(),
		"GET /presets": () => presets,
		"GET /autopush": () => autopushOf(service).clients(),
		"GET /acks": (query) => {
			const which = { subscription: idIn(query) };
			return waited(query, () => autopushOf(service).acks(which), (n, timeout) => autopushOf(service).waitForAck(which, n, timeout));
		},
		"POST /autopush/drop": (_query, { uaid }) => (autopushOf(service).dropUaid(uaid), done),
		"POST /autopush/disconnect": (_query, { uaid }) => (autopushOf(service).disconnect(uaid), done),
	};
}

async function respond(routes, request, response) {
	try {
		send(response, 200, await answer(routes, request));
	} catch (error) {
		if (error.found) send(response, 408, error.found);
		else send(response, error.status ?? 400, { error: error.message });
	}
}

async function answer(routes, request) {
	const url = new URL(request.url, "http://control");
	const [, id] = /^\/subscriptions\/([^/]+)\/revoke$/.exec(url.pathname) ?? [];
	const path = id ? "/subscriptions/:/revoke" : url.pathname;
	const handler = routes[`${request.method} ${path}`];
	if (!handler) {
		const isKnown = Object.keys(routes).some((route) => route.endsWith(` ${path}`));
		throw isKnown ? new ControlError(405, `${request.method} is not for ${path}`) : new ControlError(404, `there is no ${path}`);
	}
	return handler(url.searchParams, await readJson(request), id);
}

async function readJson(request) {
	let text = "";
	for await (const part of request.setEncoding("utf8")) {
		text += part;
		if (text.length > bodyCap) throw new ControlError(400, "the body is too long");
	}
	const value = text === "" ? {} : JSON.parse(text);
	if (typeof value !== "object" || value === null) throw new ControlError(400, "the body is no JSON object");
	return value;
}

function waited(query, look, wait) {
	if (!query.has("wait")) return look();
	return wait(positive(Number(query.get("wait")), "wait"), query.has("timeout") ? positive(Number(query.get("timeout")), "timeout") : defaultWaitMs);
}

function idIn(query) {
	return query.get("subscription") ?? undefined;
}

function positive(value, name) {
	if (!Number.isInteger(value) || value < 1) throw new ControlError(400, `${name} is no positive integer`);
	return value;
}

function autopushOf(service) {
	if (!service.autopush) throw new ControlError(404, "the WebSocket side is off");
	return service.autopush;
}

function send(response, status, value) {
	const body = Buffer.from(`${JSON.stringify(value)}\n`);
	response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
	response.end(body);
}
