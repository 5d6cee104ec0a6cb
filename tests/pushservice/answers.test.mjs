/*
 * Proves that scripted answers leave the double as ordered: statuses with their texts, and the ways in which a
 * connection can go wrong. Then the control side and the command.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:https";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { presets } from "./answers.mjs";
import { makePush, newVapid, openSession, push, send } from "./sender.mjs";
import { startPushService } from "./service.mjs";

const vapid = newVapid();
let service;

before(async () => {
	service = await startPushService({ autopush: false, settings: { maxConcurrentStreams: 7 }, allowHeaders: ["connection"] });
});

after(() => service.close());

function subscribe(wanted = {}) {
	return service.createSubscription({ vapidPublicKey: vapid.publicKey, ...wanted });
}

test("each preset that is a status is answered as it stands", async () => {
	const { id, subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	for (const [name, preset] of Object.entries(presets)) {
		if (preset.action) continue;
		service.answer(id, name);
		const answer = await send(session, subscription.endpoint, makePush(subscription, vapid));
		assert.equal(answer.status, preset.status, name);
		const expected = typeof preset.body === "object" ? JSON.stringify(preset.body) : (preset.body ?? "");
		if (![204, 205, 304].includes(preset.status)) assert.equal(answer.body, expected, name);
		for (const [header, value] of Object.entries(preset.headers ?? {})) assert.equal(answer.headers[header], value, `${name} ${header}`);
	}
	session.close();
	assert.deepEqual(service.violations(), []);
});

test("a script is used up: the subscription's own queue first, then the origin's, then everybody's", async () => {
	const { id, subscription } = subscribe({ host: "a.push.test" });
	const { origin } = new URL(subscription.endpoint);
	service.answer("*", "500");
	service.answer(origin, "429");
	service.answer(id, "fcm-410", 2);
	const statuses = [];
	for (let i = 0; i < 5; i++) statuses.push((await push(service, subscription, vapid)).status);
	assert.deepEqual(statuses, [410, 410, 429, 500, 201]);
	assert.equal(service.pushes(id).length, 1);
	assert.equal(service.requests(id).length, 5);
});

test("a script can be for always and be taken back", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, "503", "always");
	for (let i = 0; i < 3; i++) assert.equal((await push(service, subscription, vapid)).status, 503);
	service.clearAnswers(id);
	assert.equal((await push(service, subscription, vapid)).status, 201);
});

test("an answer can be late, and a failure can have been delivered", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, { status: 503, delayMs: 60, deliver: true });
	const start = Date.now();
	assert.equal((await push(service, subscription, vapid)).status, 503);
	assert.ok(Date.now() - start >= 55);
	assert.equal(service.pushes(id)[0].status, 503);
});

test("unknown presets, actions and targets are refused when they are ordered", () => {
	const { id } = subscribe();
	assert.throws(() => service.answer(id, "fcm-999"), /no preset/);
	assert.throws(() => service.answer(id, { action: "explode" }), /no action/);
	assert.throws(() => service.answer("s99999", "429"), /no subscription/);
	assert.throws(() => service.answer(id, "429", 0), /times/);
	assert.throws(() => service.answer(id, {}), /status/);
});

test("hang: no answer, and the stream stays open", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, "hang");
	const session = await openSession(service, subscription.endpoint);
	const answer = send(session, subscription.endpoint, makePush(subscription, vapid)).catch((error) => error);
	await service.waitForRequest(id, 1, 1000);
	assert.equal(await Promise.race([answer, sleep(100, "still waiting")]), "still waiting");
	session.destroy();
	await answer;
});

test("reset: the stream alone ends, with the code that was ordered", async () => {
	const { id, subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	service.answer(id, "reset-refused");
	await assert.rejects(send(session, subscription.endpoint, makePush(subscription, vapid)), /REFUSED_STREAM/);
	service.answer(id, { action: "reset", code: 2 });
	await assert.rejects(send(session, subscription.endpoint, makePush(subscription, vapid)), /INTERNAL_ERROR/);
	assert.equal((await send(session, subscription.endpoint, makePush(subscription, vapid))).status, 201);
	session.close();
});

test("goaway: after N streams, naming the last one, which is still answered", async () => {
	const { id, subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	const goaway = once(session, "goaway");
	service.answer(id, { action: "goaway", after: 2, code: "ENHANCE_YOUR_CALM" });
	assert.equal((await send(session, subscription.endpoint, makePush(subscription, vapid))).status, 201);
	assert.equal(session.closed, false);
	const last = send(session, subscription.endpoint, makePush(subscription, vapid));
	const [code, lastStreamId] = await goaway;
	assert.deepEqual([code, lastStreamId], [11, 3]);
	await last.catch((error) => assert.match(error.message, /ENHANCE_YOUR_CALM|code 11/));
	assert.deepEqual(service.requests(id).map((record) => record.status), [201, 201]);
});

test("goaway: streams that were begun before are all answered", async () => {
	const { id, subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	service.answer(id, { action: "goaway", after: 2, answer: { status: 201, delayMs: 20 } });
	const goaway = once(session, "goaway");
	const answers = await Promise.all([1, 2, 3, 4].map(() => send(session, subscription.endpoint, makePush(subscription, vapid))));
	assert.deepEqual(answers.map((answer) => answer.status), [201, 201, 201, 201]);
	assert.equal((await goaway)[1], 7);
	await once(session, "close");
});

test("goaway-refuse: the stream itself is named as not served", async () => {
	const { id, subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	assert.equal((await send(session, subscription.endpoint, makePush(subscription, vapid))).status, 201);
	service.answer(id, "goaway-refuse");
	const goaway = once(session, "goaway");
	const answer = send(session, subscription.endpoint, makePush(subscription, vapid)).catch((error) => error);
	const [, lastStreamId] = await goaway;
	assert.equal(lastStreamId, 1);
	assert.ok((await answer) instanceof Error);
});

test("close: the connection is dropped", async () => {
	const { id, subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	const closed = once(session, "close");
	service.answer(id, "close");
	await assert.rejects(send(session, subscription.endpoint, makePush(subscription, vapid)));
	await closed;
});

test("drip: the status at once, the body an octet at a time", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, { action: "drip", status: 400, body: "abc", everyMs: 20 });
	const start = Date.now();
	const answer = await push(service, subscription, vapid);
	assert.deepEqual([answer.status, answer.body], [400, "abc"]);
	assert.ok(Date.now() - start >= 60);
});

test("endless: the body goes on until the sender turns away", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, "endless");
	const session = await openSession(service, subscription.endpoint);
	const { headers, body } = makePush(subscription, vapid);
	const stream = session.request({ ":method": "POST", ":path": new URL(subscription.endpoint).pathname, ...headers });
	stream.end(body);
	let received = 0;
	for await (const part of stream) {
		received += part.length;
		if (received > 1 << 20) break;
	}
	assert.ok(received > 1 << 20);
	session.destroy();
	assert.equal((await push(service, subscription, vapid)).status, 201);
});

/* Node's own HTTP/1.1 client adds a Connection header; the service of this file lets it pass. */
async function pushOverHttp1(subscription, ca, endpoint = subscription.endpoint) {
	const { headers, body } = makePush(subscription, vapid);
	const call = request(endpoint, { method: "POST", headers, ca, maxHeaderSize: 1 << 20, agent: new Agent() });
	call.end(body);
	const [response] = await once(call, "response");
	response.resume();
	return response;
}

test("huge headers arrive whole", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, "huge-headers");
	const { rawHeaders } = await pushOverHttp1(subscription, service.caPem);
	assert.ok(rawHeaders.join("").length > 60_000);
});

test("the second listener speaks HTTP/1.1 alone", async () => {
	const { id, subscription } = subscribe({ http1: true });
	assert.equal((await pushOverHttp1(subscription, service.caPem)).statusCode, 201);
	assert.equal(service.pushes(id)[0].httpVersion, "1.1");
	await assert.rejects(pushOverH2(subscription, service, service.http1Port));
});

async function pushOverH2(subscription, double, port) {
	const session = await openSession(double, subscription.endpoint, port);
	return send(session, subscription.endpoint, makePush(subscription, vapid));
}

test("the main listener can be kept to h2, or to HTTP/1.1", async () => {
	const h2 = await startPushService({ http1: "none", control: false, autopush: false, allowHeaders: ["connection"] });
	const http1 = await startPushService({ http1: "only", control: false, autopush: false, allowHeaders: ["connection"] });
	try {
		const [first, second] = [h2, http1].map((double) => double.createSubscription().subscription);
		assert.equal((await push(h2, first, vapid)).status, 201);
		assert.notEqual(await pushOverHttp1(first, h2.caPem).then((response) => response.statusCode, () => 0), 201);
		await assert.rejects(pushOverH2(second, http1, http1.port));
		assert.equal((await pushOverHttp1(second, http1.caPem)).statusCode, 201);
	} finally {
		await Promise.all([h2.close(), http1.close()]);
	}
});

test("the counters tell connections, streams and tokens", async () => {
	service.clear();
	const { subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	if (session.remoteSettings.maxConcurrentStreams !== 7) await once(session, "remoteSettings");
	assert.equal(session.remoteSettings.maxConcurrentStreams, 7);
	service.answer("*", { status: 201, delayMs: 40 }, 3);
	const answers = [1, 2, 3].map(() => send(session, subscription.endpoint, makePush(subscription, vapid)));
	await Promise.all(answers);
	session.ping(() => {});
	await sleep(20);
	const stats = service.stats();
	assert.deepEqual([stats.requests, stats.accepted, stats.byStatus, stats.byProtocol], [3, 3, { 201: 3 }, { "2.0": 3 }]);
	assert.deepEqual([stats.connections.opened, stats.connections.byProtocol, stats.maxStreams], [1, { h2: 1 }, 3]);
	assert.equal(stats.pings, 1);
	assert.equal(stats.tokens[new URL(subscription.endpoint).origin], 3);
	session.close();
});

async function control(method, path, body) {
	const response = await fetch(`${service.controlUrl}${path}`, { method, body: body && JSON.stringify(body) });
	return { status: response.status, body: await response.json() };
}

test("the control side does the same over plain HTTP", async () => {
	const made = await control("POST", "/subscriptions", { vapidPublicKey: vapid.publicKey, host: "c.push.test" });
	assert.equal(made.status, 200);
	const { id, subscription } = made.body;
	assert.deepEqual(Object.keys(subscription), ["endpoint", "expirationTime", "keys"]);
	assert.equal((await control("POST", "/subscriptions", { count: 3 })).body.length, 3);
	await control("POST", "/answers", { subscription: id, preset: "429", times: 1 });
	assert.equal((await push(service, subscription, vapid)).status, 429);
	await control("POST", "/answers", { subscription: id, behaviour: { status: 418, body: { a: 1 } } });
	assert.equal((await push(service, subscription, vapid)).status, 418);
	const waiting = control("GET", `/pushes?subscription=${id}&wait=1&timeout=2000`);
	await push(service, subscription, vapid);
	assert.deepEqual((await waiting).body[0].plaintext, { title: "good" });
	assert.equal((await control("GET", `/pushes?subscription=${id}&wait=2&timeout=20`)).status, 408);
	assert.equal((await control("GET", `/requests?subscription=${id}`)).body.length, 3);
	await control("POST", `/subscriptions/${id}/revoke`, {});
	assert.equal((await push(service, subscription, vapid)).status, 410);
	assert.ok((await control("GET", "/stats")).body.requests > 0);
	assert.equal((await control("GET", "/presets")).body["fcm-410"].status, 410);
	assert.equal((await control("GET", "/")).body.port, service.port);
	assert.equal((await control("DELETE", "/pushes")).status, 200);
	assert.deepEqual((await control("GET", "/pushes")).body, []);
	assert.equal((await control("GET", "/nothing")).status, 404);
	assert.equal((await control("PUT", "/pushes", {})).status, 405);
	assert.equal((await control("POST", "/answers", { preset: "none" })).status, 400);
	assert.equal((await control("GET", "/acks")).status, 404);
});

test("the command prints its ports as one line and ends at SIGTERM", async () => {
	const dir = mkdtempSync("/tmp/pushservice-test-");
	const child = spawn(process.execPath, [fileURLToPath(new URL("main.mjs", import.meta.url)), "--state", dir], { stdio: ["ignore", "pipe", "inherit"] });
	const [line] = await once(child.stdout, "data");
	const { controlUrl, port } = JSON.parse(line.toString());
	assert.equal((await (await fetch(`${controlUrl}/`)).json()).port, port);
	child.kill("SIGTERM");
	assert.deepEqual(await once(child, "exit"), [0, null]);
	rmSync(dir, { recursive: true });
});
