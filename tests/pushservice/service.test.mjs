/*
 * Proves the double: a good push is accepted and decrypted, each kind of bad one is refused and named.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import { after, before, test } from "node:test";
import { randomBytes } from "node:crypto";
import webPush from "web-push";
import { checkPush, Memory } from "./check.mjs";
import { personalities } from "./personalities.mjs";
import { makePush, newVapid, openSession, push, send, vapidAsEcdh } from "./sender.mjs";
import { startPushService } from "./service.mjs";

const vapid = newVapid();
let service;

before(async () => {
	service = await startPushService({ autopush: false });
});

after(() => service.close());

function subscribe(wanted = {}) {
	return service.createSubscription({ vapidPublicKey: vapid.publicKey, ...wanted });
}

test("a good push is answered 201 with Location and TTL, decrypted and recorded", async () => {
	const { id, subscription } = subscribe();
	const answer = await push(service, subscription, vapid, { plaintext: '{"title":"Grüße","n":1}', pad: 30 });
	assert.equal(answer.status, 201);
	assert.match(answer.headers.location, /^https:\/\/localhost:\d+\/message\/\d+$/);
	assert.equal(answer.headers.ttl, "3600");
	const [record] = await service.waitForPush(id, 1, 1000);
	assert.deepEqual(record.plaintext, { title: "Grüße", n: 1 });
	assert.equal(record.paddedLength, Buffer.byteLength('{"title":"Grüße","n":1}') + 30);
	assert.equal(record.bodyLength, record.paddedLength + 103);
	assert.equal(record.httpVersion, "2.0");
	assert.equal(record.urgency, "normal");
	assert.equal(record.jwt.sub, "mailto:push@example.com");
	assert.deepEqual(record.violations, []);
});

test("npm web-push is accepted over HTTP/1.1 when only the RFCs' rules are asked for", async () => {
	const lax = await startPushService({ strict: false, control: false, autopush: false });
	try {
		const keys = webPush.generateVAPIDKeys();
		const { id, subscription } = lax.createSubscription({ vapidPublicKey: keys.publicKey });
		const details = { vapidDetails: { subject: "mailto:push@example.com", ...keys }, TTL: 60, topic: "anything" };
		const { endpoint, method, headers, body } = webPush.generateRequestDetails(subscription, '{"a":1}', details);
		const call = request(endpoint, { method, headers, ca: lax.caPem });
		call.end(body);
		const [response] = await once(call, "response");
		response.resume();
		assert.equal(response.statusCode, 201);
		const [record] = lax.pushes(id);
		assert.deepEqual(record.plaintext, { a: 1 });
		assert.equal(record.httpVersion, "1.1");
		assert.deepEqual(lax.violations(), []);
	} finally {
		await lax.close();
	}
});

test("strict, the same request of npm web-push breaks the house's rules", async () => {
	const keys = webPush.generateVAPIDKeys();
	const { subscription } = service.createSubscription({ vapidPublicKey: keys.publicKey });
	const details = { vapidDetails: { subject: "mailto:push@example.com", ...keys }, TTL: 60, topic: "anything" };
	const { endpoint, method, headers, body } = webPush.generateRequestDetails(subscription, "{}", details);
	const call = request(endpoint, { method, headers, ca: service.caPem });
	call.end(body);
	const [response] = await once(call, "response");
	response.resume();
	assert.equal(response.statusCode, 400);
	assert.ok(lastRules(2).includes("topic-house"));
});

function lastRules(n = 1) {
	return service.violations().slice(-n).map((violation) => violation.rule);
}

/* Each row: what is wrong, the change to a good push, the rule, or rules, that must be named, the status of a plain service. */
const badPushes = [
	["another method", {}, "method", 405, "PUT"],
	["no TTL", { headers: { ttl: undefined } }, "ttl-missing", 400],
	["a TTL with a fraction", { headers: { ttl: "60.5" } }, "ttl-form", 400],
	["a negative TTL", { headers: { ttl: "-1" } }, "ttl-negative", 400],
	["TTL 0", { headers: { ttl: "0" } }, "ttl-zero", 400],
	["a TTL of more than four weeks", { headers: { ttl: "2419201" } }, "ttl-range", 400],
	["no Urgency", { headers: { urgency: undefined } }, "urgency-missing", 400],
	["two urgencies", { headers: { urgency: "low, high" } }, "urgency-value", 400],
	["Topic of 33 characters", { headers: { topic: "a".repeat(33) } }, "topic-form", 400],
	["Topic outside base64url", { headers: { topic: "a+b" } }, "topic-form", 400],
	["Topic of a length that is 1 mod 4", { headers: { topic: "abcde" } }, "topic-length", 400],
	["Topic that is not our form", { headers: { topic: "abcd" } }, "topic-house", 400],
	["another Content-Encoding", { headers: { "content-encoding": "aesgcm" } }, "content-encoding", 400],
	["no Content-Encoding", { headers: { "content-encoding": undefined } }, "content-encoding", 400],
	["another Content-Type", { headers: { "content-type": "application/json" } }, "content-type", 415],
	["no Content-Length", { headers: { "content-length": undefined } }, "content-length-missing", 411],
	["an Encryption header", { headers: { encryption: "salt=abc" } }, "old-encoding-header", 400],
	["Topic with padding", { headers: { topic: "abc=" } }, "topic-padding", 400],
	["an Authorization that is none", { headers: { authorization: "Basic YTpi" } }, "authorization-unreadable", 403],
	["an Accept-Encoding header", { headers: { "accept-encoding": "gzip" } }, "forbidden-header", 400],
	["a Cookie", { headers: { cookie: "a=b" } }, "forbidden-header", 400],
	["a header that a push has not", { headers: { "x-mailer": "me" } }, "unexpected-header", 400],
	["a header sent twice", { headers: { "x-two": ["a", "b"] } }, ["double-header", "unexpected-header"], 400],
	["no Authorization", { headers: { authorization: undefined } }, "authorization-missing", 401],
	["another scheme", { authorization: (text) => text.replace("vapid", "WebPush") }, "authorization-form", 403],
	["padding in k", { authorization: (text) => `${text}=` }, "authorization-form", 403],
	["a wrong aud", { claims: { aud: "https://localhost" } }, "jwt-aud", 403],
	["an aud with a path", { claims: { aud: "https://localhost/push/" } }, "jwt-aud", 403],
	["an expired token", { claims: { exp: Math.floor(Date.now() / 1000) - 1 } }, "jwt-expired", 403],
	["a token for more than a day", { claims: { exp: Math.floor(Date.now() / 1000) + 86_500 } }, "jwt-exp-far", 403],
	["exp as text", { claims: { exp: "1999999999" } }, "jwt-exp", 403],
	["no sub", { claims: { sub: undefined } }, "jwt-sub", 403],
	["a bare address as sub", { claims: { sub: "a@example.com" } }, "jwt-sub", 403],
	["a doubled mailto", { claims: { sub: "mailto:mailto:a@example.com" } }, "jwt-sub", 403],
	["a further claim", { claims: { iat: 1 } }, "jwt-further-claims", 403],
	["another algorithm", { jwtHeader: { alg: "none" } }, "jwt-header", 403],
	["a token header that is no JSON", { authorization: (text) => text.replace(/t=[^.]+/, "t=AAAA") }, ["jwt-header", "jwt-signature"], 403],
	["claims that are no JSON", { authorization: (text) => text.replace(/\.[^.]+\./, ".AAAA.") }, ["jwt-claims", "jwt-signature"], 403],
	["no typ", { jwtHeader: { typ: undefined } }, "jwt-header", 403],
	["a signature by another key", { signWith: newVapid().privateKey }, "jwt-signature", 403],
	["a signature in DER", { authorization: derSignature }, "jwt-signature", 403],
	["another VAPID key", { signWith: null, k: null }, "vapid-key", 403],
	["a k that is no point", { k: Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)]).toString("base64url") }, ["vapid-point", "vapid-key"], 400],
	["a body of more than 4096 octets", { plaintext: JSON.stringify("x".repeat(3992)) }, ["body-limit", "plaintext-size"], 413],
	["a plaintext of more than 2800 octets", { plaintext: JSON.stringify("x".repeat(2799)) }, "plaintext-size", 413],
	["another record size", { recordSize: 4095 }, "body-record-size", 400],
	["two records", { recordSize: 40, plaintext: JSON.stringify("x".repeat(100)) }, "body-record", 400],
	["a short body", { body: (octets) => octets.subarray(0, 50) }, "body-short", 400],
	["an empty body", { body: () => Buffer.alloc(0) }, "body-short", 400],
	["a key id of 64 octets", { body: (octets) => patched(octets, 20, 64) }, "body-keyid", 400],
	["a changed ciphertext", { body: (octets) => patched(octets, octets.length - 1, octets.at(-1) ^ 1) }, "decryption", 400],
	["a changed salt", { body: (octets) => patched(octets, 0, octets[0] ^ 1) }, "decryption", 400],
	["plaintext that is no JSON", { plaintext: "hello" }, "json", 400],
	["plaintext that is no UTF-8", { plaintext: Buffer.from([0x22, 0xff, 0x22]) }, "utf-8", 400],
];

function patched(octets, at, value) {
	const copy = Buffer.from(octets);
	copy[at] = value;
	return copy;
}

function derSignature(text) {
	const der = Buffer.concat([Buffer.of(0x30, 69, 2, 33, 0), Buffer.alloc(32, 0x81), Buffer.of(2, 32), Buffer.alloc(32, 0x41)]);
	return text.replace(/\.[^.,]+, k/, `.${der.toString("base64url")}, k`);
}

for (const [what, changes, rule, status, method] of badPushes)
	test(`refused: ${what}`, async () => {
		const { id, subscription } = subscribe();
		const other = newVapid();
		const own = changes.k === null ? { signWith: other.privateKey, k: other.publicKey } : {};
		const answer = await push(service, subscription, vapid, { ...changes, ...own }, method);
		const named = service.violations().filter((violation) => violation.subscriptionId === id);
		assert.deepEqual(named.map((violation) => violation.rule), [rule].flat());
		assert.equal(answer.status, status);
		assert.equal(named[0].status, status);
		assert.deepEqual(service.pushes(id), []);
		assert.equal(service.requests(id)[0].status, status);
	});

test("refused: the VAPID key as sender key of the message", async () => {
	const { id, subscription } = subscribe();
	const answer = await push(service, subscription, vapid, { senderKeys: vapidAsEcdh(vapid) });
	assert.equal(answer.status, 400);
	assert.ok(service.requests(id)[0].violations.includes("key-reuse"));
});

test("refused: a salt that was used before, in whatever subscription", async () => {
	const [first, second] = [subscribe(), subscribe()];
	const salt = randomBytes(16);
	assert.equal((await push(service, first.subscription, vapid, { salt })).status, 201);
	assert.equal((await push(service, second.subscription, vapid, { salt })).status, 400);
	assert.deepEqual(lastRules(), ["repeated-salt"]);
});

test("refused: a sender key that was used before", async () => {
	const { subscription } = subscribe();
	const senderKeys = vapidAsEcdh(newVapid());
	assert.equal((await push(service, subscription, vapid, { senderKeys })).status, 201);
	assert.equal((await push(service, subscription, vapid, { senderKeys })).status, 400);
	assert.deepEqual(lastRules(), ["repeated-sender-key"]);
});

test("the same octets may be sent again after a failure, but not after a success", async () => {
	const { id, subscription } = subscribe();
	const session = await openSession(service, subscription.endpoint);
	const once = makePush(subscription, vapid);
	service.answer(id, "503");
	assert.equal((await send(session, subscription.endpoint, once)).status, 503);
	assert.equal((await send(session, subscription.endpoint, once)).status, 201);
	assert.equal((await send(session, subscription.endpoint, once)).status, 400);
	assert.deepEqual(lastRules(2), ["repeated-salt", "repeated-sender-key"]);
	session.close();
});

test("a path that was never given out is a violation", async () => {
	const { subscription } = subscribe();
	const wrong = { ...subscription, endpoint: `${subscription.endpoint}x` };
	assert.equal((await push(service, wrong, vapid)).status, 404);
	assert.deepEqual(lastRules(), ["unknown-endpoint"]);
});

test("a redirect that is followed is a violation", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, "307");
	const answer = await push(service, subscription, vapid);
	assert.equal(answer.status, 307);
	const there = { ...subscription, endpoint: new URL(answer.headers.location, subscription.endpoint).href };
	await push(service, there, vapid);
	assert.deepEqual(lastRules(), ["redirect-followed"]);
});

test("the TLS server name and the authority must be the endpoint's", async () => {
	const { subscription } = subscribe({ host: "a.push.test" });
	const elsewhere = subscription.endpoint.replace("a.push.test", "b.push.test");
	const session = await openSession(service, elsewhere);
	const answer = await send(session, elsewhere, makePush(subscription, vapid));
	session.close();
	assert.equal(answer.status, 421);
	assert.deepEqual(lastRules(2), ["authority", "sni"]);
});

test("a Content-Length that is not the body's breaks the stream and is recorded", async () => {
	const { subscription } = subscribe();
	await assert.rejects(push(service, subscription, vapid, { headers: { "content-length": "5" } }));
	assert.deepEqual(lastRules(), ["protocol"]);
});

test("a Content-Length that is not the body's is found where the transport lets it pass", () => {
	const { subscription } = subscribe({ host: "a.push.test" });
	const { headers, body } = makePush(subscription, vapid, { headers: { "content-length": "5" } });
	const { endpoint, origin } = service.findSubscription(subscription.endpoint);
	const request = { method: "POST", authority: new URL(endpoint).host, servername: "a.push.test", httpVersion: "2.0", rawHeaders: Object.entries(headers).flat(), body };
	const target = { id: "s", authority: request.authority, hostname: "a.push.test", origin, personality: personalities.rfc, vapidPublicKey: null, privateKey: null };
	const { faults } = checkPush(request, target, new Memory());
	assert.deepEqual(faults.map((fault) => fault.rule), ["content-length"]);
});

test("a subscription without a VAPID key takes any", async () => {
	const { subscription } = service.createSubscription();
	assert.equal((await push(service, subscription, newVapid())).status, 201);
});

test("an answer to a wait that was too short names the violations", async () => {
	const { id, subscription } = subscribe();
	await push(service, subscription, vapid, { headers: { ttl: undefined } });
	await assert.rejects(service.waitForPush(id, 1, 20), /there is no TTL/);
});

test("a kept certificate is used again, one with other names is not", async () => {
	const { mkdtempSync, readFileSync, rmSync, writeFileSync } = await import("node:fs");
	const { ensureCertificate } = await import("./certificate.mjs");
	const dir = mkdtempSync("/tmp/pushservice-test-");
	const first = ensureCertificate(dir).caPem;
	assert.equal(ensureCertificate(dir).caPem, first);
	writeFileSync(`${dir}/names`, "DNS:other");
	assert.notEqual(ensureCertificate(dir).caPem, first);
	assert.match(readFileSync(`${dir}/names`, "utf8"), /DNS:localhost/);
	rmSync(dir, { recursive: true });
});
