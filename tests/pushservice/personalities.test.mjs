/*
 * Proves that each personality is the one of its hosts, refuses what the real service refuses, in its words, takes what
 * that one takes, and plays its own failures alone. The service here is lax: the house's rules are left out.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { personalities } from "./personalities.mjs";
import { makePush, newVapid, openSession, push, send } from "./sender.mjs";
import { startPushService } from "./service.mjs";

const vapid = newVapid();
const names = Object.keys(personalities);
let service;

before(async () => {
	service = await startPushService({ autopush: false, control: false, strict: false });
});

after(() => service.close());

function subscribe(wanted = {}) {
	return service.createSubscription({ vapidPublicKey: vapid.publicKey, ...wanted });
}

const tomorrow = () => Math.floor(Date.now() / 1000) + 86_500;
const patched = (octets, at, value) => { const copy = Buffer.from(octets); copy[at] = value; return copy; };
const bodyOf = (octets) => () => Buffer.alloc(octets, 7);
const otherKey = () => { const other = newVapid(); return { signWith: other.privateKey, k: other.publicKey }; };

/* What is wrong with the push; then for each service its status and what its answer says, 201 where it does not mind. */
const table = [
	["another method", { method: "PUT" }, { fcm: [405], mozilla: [405], apple: [405], wns: [405], rfc: [405] }],
	["no TTL", { headers: { ttl: undefined } }, { fcm: [400], mozilla: [400, /"errno":111/], apple: [400, /BadTtl/], wns: [400, /header is missing/], rfc: [400, /no TTL/] }],
	["a TTL with a fraction", { headers: { ttl: "60.5" } }, { fcm: [400], mozilla: [400, /"errno":111/], apple: [400, /BadTtl/], wns: [400], rfc: [400] }],
	["a negative TTL", { headers: { ttl: "-1" } }, { fcm: [400], mozilla: [400, /"errno":114/], apple: [400, /BadTtl/], wns: [400], rfc: [400] }],
	["TTL 0", { headers: { ttl: "0" } }, { fcm: [201], mozilla: [201], apple: [400, /BadTtl/], wns: [400, /Ttl value conflicts/], rfc: [201] }],
	["a TTL of more than four weeks", { headers: { ttl: "2419201" } }, { fcm: [400], mozilla: [201], apple: [201], wns: [201], rfc: [201] }],
	["a TTL of more than thirty days", { headers: { ttl: "2592001" } }, { fcm: [400], mozilla: [201], apple: [400, /BadTtl/], wns: [201], rfc: [201] }],
	["an unknown Urgency", { headers: { urgency: "urgent" } }, { fcm: [400], mozilla: [201], apple: [400, /BadUrgency/], wns: [201], rfc: [400] }],
	["no Urgency", { headers: { urgency: undefined } }, { fcm: [201], mozilla: [201], apple: [201], wns: [201], rfc: [201] }],
	["a Topic of 33 characters", { headers: { topic: "a".repeat(33) } }, { fcm: [400], mozilla: [400, /"errno":113/], apple: [400, /BadWebPushTopic/], wns: [400], rfc: [400] }],
	["a Topic of 5 characters, which is no base64url", { headers: { topic: "abcde" } }, { fcm: [201], mozilla: [201], apple: [400, /BadWebPushTopic/], wns: [201], rfc: [201] }],
	["a Topic of 11 characters", { headers: { topic: "abcdefghijk" } }, { fcm: [201], mozilla: [201], apple: [201], wns: [201], rfc: [201] }],
	["a Topic with padding", { headers: { topic: "abc=" } }, { fcm: [400], mozilla: [201], apple: [400, /BadWebPushTopic/], wns: [400], rfc: [400] }],
	["the Content-Encoding of a draft", { headers: { "content-encoding": "aesgcm" } }, { fcm: [201], mozilla: [400, /"errno":110/], apple: [400, /BadWebPushRequest/], wns: [201], rfc: [400] }],
	["the Crypto-Key header of a draft", { headers: { "crypto-key": `p256ecdsa=${vapid.publicKey}` } }, { fcm: [201], mozilla: [400, /"errno":110/], apple: [400, /BadWebPushRequest/], wns: [401, /Zero or duplicate tokens/], rfc: [400] }],
	["no Content-Length", { headers: { "content-length": undefined } }, { fcm: [201], mozilla: [201], apple: [201], wns: [411], rfc: [201] }],
	["another Content-Type", { headers: { "content-type": "text/plain" } }, { fcm: [201], mozilla: [201], apple: [201], wns: [201], rfc: [201] }],
	["no Authorization", { headers: { authorization: undefined } }, { fcm: [401], mozilla: [401, /"errno":109/], apple: [403, /BadJwtToken/], wns: [401], rfc: [401] }],
	["the scheme of a draft", { authorization: (text) => text.replace("vapid", "WebPush") }, { fcm: [403, /invalid JWT/], mozilla: [201], apple: [403, /BadJwtToken/], wns: [401], rfc: [403] }],
	["padding behind k", { authorization: (text) => `${text}=` }, { fcm: [403, /invalid JWT/], mozilla: [201], apple: [403], wns: [401], rfc: [403] }],
	["a signature by another key", { signWith: newVapid().privateKey }, { fcm: [403, /invalid JWT/], mozilla: [401, /"errno":109/], apple: [403, /BadJwtToken/], wns: [401], rfc: [403] }],
	["another origin's aud", { claims: { aud: "https://push.example.net" } }, { fcm: [403, /aud claim in the token/], mozilla: [401, /VAPID audience/], apple: [403, /BadJwtToken/], wns: [401], rfc: [403] }],
	["a token that has expired", { claims: { exp: 1_700_000_000 } }, { fcm: [403, /invalid JWT/], mozilla: [401, /VAPID expiry/], apple: [403, /BadJwtToken/], wns: [401], rfc: [403] }],
	["a token for more than a day", { claims: { exp: tomorrow() } }, { fcm: [403, /invalid JWT/], mozilla: [401, /VAPID expiry/], apple: [403, /BadJwtToken/], wns: [401], rfc: [403] }],
	["exp as text", { claims: { exp: String(tomorrow() - 3600) } }, { fcm: [403], mozilla: [401, /missing or incorrectly specified/], apple: [403, /BadJwtToken/], wns: [401], rfc: [403] }],
	["no sub", { claims: { sub: undefined } }, { fcm: [403], mozilla: [201], apple: [403, /BadJwtToken/], wns: [201], rfc: [403] }],
	["a bare address as sub", { claims: { sub: "a@example.com" } }, { fcm: [403], mozilla: [201], apple: [403, /BadJwtToken/], wns: [201], rfc: [403] }],
	["a space behind mailto:", { claims: { sub: "mailto: a@example.com" } }, { fcm: [403], mozilla: [201], apple: [403, /BadJwtToken/], wns: [201], rfc: [403] }],
	["a contact at localhost", { claims: { sub: "mailto:admin@localhost" } }, { fcm: [201], mozilla: [201], apple: [403, /BadJwtToken/], wns: [201], rfc: [201] }],
	["an https contact", { claims: { sub: "https://status.example.com/contact" } }, { fcm: [201], mozilla: [201], apple: [201], wns: [201], rfc: [201] }],
	["a further claim", { claims: { iat: 1 } }, { fcm: [201], mozilla: [201], apple: [201], wns: [201], rfc: [201] }],
	["a k that is no point", { k: Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)]).toString("base64url") }, { fcm: [403], mozilla: [401, /"errno":109/], apple: [400, /BadVapidPublicKey/], wns: [401], rfc: [400] }],
	["another VAPID key", otherKey(), { fcm: [403, /do not correspond/], mozilla: [401, /VAPID public key mismatch/], apple: [400, /VapidPkHashMismatch/], wns: [401], rfc: [403] }],
	["a body of 4,097 octets", { body: bodyOf(4097) }, { fcm: [413], mozilla: [201], apple: [413, /PayloadTooLarge/], wns: [201], rfc: [413] }],
	["a body of 5,001 octets", { body: bodyOf(5001) }, { fcm: [413], mozilla: [201], apple: [413], wns: [413], rfc: [413] }],
	["a body of 5,631 octets", { body: bodyOf(5631) }, { fcm: [413], mozilla: [413, /"errno":104/], apple: [413], wns: [413], rfc: [413] }],
	["a ciphertext that only the browser could refuse", { body: (octets) => patched(octets, octets.length - 1, octets.at(-1) ^ 1) }, { fcm: [201], mozilla: [201], apple: [201], wns: [201], rfc: [400] }],
];

for (const [what, { method, ...changes }, expected] of table)
	test(`${what}: each service answers in its own way`, async () => {
		for (const name of names) {
			const { id, subscription } = subscribe({ service: name });
			const answer = await push(service, subscription, vapid, changes, method);
			const [status, says] = expected[name];
			assert.equal(answer.status, status, name);
			if (says) assert.match(answer.body + (answer.headers["x-wns-error-description"] ?? ""), says, name);
			assert.equal(service.violations().some((violation) => violation.subscriptionId === id), status !== 201, name);
		}
	});

test("what a service takes that others refuse is a violation all the same where the double is strict", async () => {
	const strict = await startPushService({ autopush: false, control: false });
	try {
		for (const [what, { method, ...changes }, expected] of table)
			for (const name of names.filter((one) => expected[one][0] === 201)) {
				/* for the house these are not wrong, or only at Apple */
				if (/^(an https contact|a contact at localhost)$/.test(what)) continue;
				const { subscription } = strict.createSubscription({ service: name, vapidPublicKey: vapid.publicKey });
				const { status } = await push(strict, subscription, vapid, changes, method);
				assert.ok(status >= 400, `${name} took ${what}`);
			}
	} finally {
		await strict.close();
	}
});

test("a good push is accepted with the headers of each service", async () => {
	const headers = {
		fcm: { location: /^https:\/\/fcm\.googleapis\.com\/wp\/0:/, ttl: undefined },
		mozilla: { location: /^https:\/\/updates\.push\.services\.mozilla\.com\/m\//, ttl: /^3600$/ },
		apple: { location: undefined, "apns-id": /^[0-9A-F-]{36}$/ },
		wns: { "x-wns-status": /^received$/, "x-wns-msg-id": /./ },
		rfc: { location: /\/message\/\d+$/, ttl: /^3600$/ },
	};
	for (const [name, wanted] of Object.entries(headers)) {
		const answer = await push(service, subscribe({ service: name }).subscription, vapid);
		assert.equal(answer.status, 201, name);
		for (const [header, value] of Object.entries(wanted))
			if (value) assert.match(answer.headers[header], value, `${name} ${header}`);
			else assert.equal(answer.headers[header], undefined, `${name} ${header}`);
	}
});

test("Mozilla keeps a message for thirty days at most, and says so", async () => {
	const answer = await push(service, subscribe({ service: "mozilla" }).subscription, vapid, { headers: { ttl: "9999999" } });
	assert.deepEqual([answer.status, answer.headers.ttl], [201, "2592000"]);
});

test("Firefox on a phone takes less than on a desk", async () => {
	const phone = subscribe({ service: "mozilla", bridge: true });
	const desk = subscribe({ service: "mozilla" });
	const size = (octets) => ({ plaintext: JSON.stringify("x".repeat(octets - 2)) });
	assert.equal((await push(service, phone.subscription, vapid, size(2820))).status, 201);
	const answer = await push(service, phone.subscription, vapid, size(2821));
	assert.deepEqual([answer.status, JSON.parse(answer.body).errno], [413, 104]);
	assert.equal((await push(service, desk.subscription, vapid, size(2821))).status, 201);
	assert.throws(() => subscribe({ service: "apple", bridge: true }), /no bridge/);
});

test("the personality is that of the host, sub-domains included", () => {
	const hosts = {
		"fcm.googleapis.com": "fcm", "a.fcm.googleapis.com": "fcm", "jmt17.google.com": "fcm", "android.googleapis.com": "fcm",
		"updates.push.services.mozilla.com": "mozilla", "b.push.services.mozilla.com": "mozilla",
		"web.push.apple.com": "apple", "c.push.apple.com": "apple", "wns2-par02p.notify.windows.com": "wns",
		"d.push.test": "rfc", "evilfcm.googleapis.com": "rfc", "push.apple.com.evil.test": "rfc", localhost: "rfc",
	};
	for (const [host, name] of Object.entries(hosts)) {
		const { subscription } = subscribe({ host });
		assert.equal(service.findSubscription(subscription.endpoint).service, name, host);
		assert.equal(new URL(subscription.endpoint).port === "", name !== "rfc", host);
	}
});

test("each service plays each of its own failures by name, and no other vendor's", async () => {
	for (const [name, { answers }] of Object.entries(personalities)) {
		const { id, subscription } = subscribe({ service: name });
		const session = await openSession(service, subscription.endpoint);
		for (const [failure, { status }] of Object.entries(answers)) {
			service.answer(id, failure);
			assert.equal((await send(session, subscription.endpoint, makePush(subscription, vapid))).status, status, failure);
		}
		session.close();
		for (const [other, { answers: foreign }] of Object.entries(personalities))
			if (name !== "rfc" && other !== name) assert.throws(() => service.answer(id, Object.keys(foreign)[0]), /never answers/);
	}
	assert.throws(() => service.answer("https://a.push.apple.com", "fcm-410"), /apple never answers/);
});

test("what a subscription that has ended is told", async () => {
	const told = { fcm: /has unsubscribed or expired/, mozilla: /"errno":106/, apple: /^$/, wns: /channel expired/, rfc: /gone/ };
	for (const [name, says] of Object.entries(told)) {
		const { id, subscription } = subscribe({ service: name });
		const before = service.violations().length;
		service.revoke(id);
		const answer = await push(service, subscription, vapid);
		assert.equal(answer.status, 410);
		assert.match(answer.body + (answer.headers["x-wns-error-description"] ?? ""), says, name);
		service.revoke(id, 404);
		assert.equal((await push(service, subscription, vapid)).status, 404);
		assert.equal(service.violations().length, before);
	}
});

test("Retry-After can be a date", async () => {
	const { id, subscription } = subscribe();
	service.answer(id, "rfc-429-date");
	const { headers } = await push(service, subscription, vapid);
	const seconds = (Date.parse(headers["retry-after"]) - Date.now()) / 1000;
	assert.ok(seconds > 290 && seconds <= 300, headers["retry-after"]);
});

test("a device that was away gets the last message of each Topic whose time is not over", async () => {
	const { id, subscription } = subscribe({ service: "apple" });
	const session = await openSession(service, subscription.endpoint);
	const sends = [["one", "a".repeat(32), 60], ["two", "b".repeat(32), 10], ["three", "a".repeat(32), 60], ["four", undefined, 60], ["five", undefined, 60]];
	for (const [title, topic, ttl] of sends)
		await send(session, subscription.endpoint, makePush(subscription, vapid, { plaintext: JSON.stringify({ title }), headers: { topic, ttl: String(ttl) } }));
	session.close();
	const titles = (now) => service.waiting(id, now).map(({ plaintext }) => plaintext.title);
	assert.deepEqual(titles(Date.now()), ["two", "three", "four", "five"]);
	assert.deepEqual(titles(Date.now() + 30_000), ["three", "four", "five"]);
	assert.deepEqual(titles(Date.now() + 61_000), []);
});
