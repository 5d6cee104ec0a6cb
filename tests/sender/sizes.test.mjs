/* How long a message is: cut between two characters, padded to steps, never more than the smallest limit among services. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { makeWorld } from "./world.mjs";

const steps = [128, 256, 384, 512, 1024, 2048, 2800];
const smallest = ["web_push", "notification"];
const huge = "Wir untersuchen die Störung “API” 🔴. ".repeat(200);

let service, world;
before(async () => {
	service = await startPushService({ control: false, autopush: false });
	world = await makeWorld(service);
});
after(() => { world?.close(); return service?.close(); });

async function tell(body) {
	const job = world.job({ notices: [{ body }] });
	await world.runUntil(() => world.jobRow(job).state === "done");
	return world.ledger(job);
}

test("whatever the length of the text, the message is padded to a step that Firefox on Android takes too", async () => {
	const [phone] = world.store([service.createSubscription({ service: "mozilla", bridge: true, vapidPublicKey: world.keys.publicKey })]);
	const seen = new Set();
	for (const length of [0, 40, 150, 400, 700, 900, 1500, huge.length]) {
		service.clear();
		const body = huge.slice(0, length).replace(/[\ud800-\udbff]$/, "");
		assert.deepEqual(await tell(body), { accepted: 1 });
		const [push, ...more] = service.requests(phone.id);
		assert.equal(more.length, 0, "it was sent twice");
		const octets = Buffer.byteLength(push.text);
		assert.equal(push.paddedLength, steps.find((step) => step >= octets), `${octets} octets`);
		seen.add(push.paddedLength);
	}
	assert.deepEqual([...seen].sort((a, b) => a - b), [1024, 2048, 2800]);
	assert.deepEqual(service.violations(), []);
});

test("a text that is too long is cut between two characters, wherever the limit falls", async () => {
	const [one] = world.subscribe(1, { service: "apple" });
	for (let i = 0; i < 4; i++) {
		service.clear();
		const body = "x".repeat(i) + "🔴".repeat(2000);
		await tell(body);
		const [{ plaintext, paddedLength, text }] = service.requests(one.id);
		assert.equal(paddedLength, 2800);
		assert.ok(Buffer.byteLength(text) > 2780, "more would have fitted");
		const cut = plaintext.body;
		assert.ok(cut.endsWith("…") && body.startsWith(cut.slice(0, -1)));
		assert.doesNotMatch(cut, /\p{Surrogate}/u);
		assert.equal(plaintext.notification.body, cut);
	}
});

test("what was too long for one subscription is not tried with it again, and the others get it whole", async () => {
	const [small, normal] = world.subscribe(2, { service: "fcm" });
	const requests = (one) => service.requests(one.id);
	service.clear();
	service.answer(small.id, "fcm-413");
	await tell(huge);
	assert.deepEqual(requests(small).map(({ status, paddedLength }) => [status, paddedLength === 2800]), [[413, true], [201, false]]);
	assert.deepEqual(Object.keys(requests(small)[1].plaintext), smallest);
	assert.equal(requests(normal)[0].paddedLength, 2800);
	assert.equal(world.subscription(small.row).max_payload, 2048);
	assert.equal(world.subscription(normal.row).max_payload, null);

	service.clear();
	await tell(huge);
	assert.equal(requests(small).length, 1, "a second message was refused for its length");
	assert.deepEqual(Object.keys(requests(small)[0].plaintext), smallest);

	service.clear();
	await tell("A short text.");
	assert.deepEqual([requests(small).length, requests(small)[0].paddedLength], [1, 1024]);
	assert.ok("body" in requests(small)[0].plaintext);

	service.clear();
	service.answer(small.id, "fcm-413");
	await tell("A short text.");
	assert.equal(world.subscription(small.row).max_payload, 512);
	service.clear();
	await tell("A short text.");
	assert.deepEqual(requests(small).map(({ plaintext }) => Object.keys(plaintext)), [smallest]);
});
