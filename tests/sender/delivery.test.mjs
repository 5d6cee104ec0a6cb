/* What arrives: the right message for the right people, once, and the counts that go with it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { makeKeys, makeWorld, newId, siteUrl, until } from "./world.mjs";

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body, options) {
	test(sentence, async () => {
		const world = await makeWorld(service, typeof options === "function" ? options() : options);
		service.clear();
		service.clearAnswers();
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

inWorld("one message arrives, decrypted it is the contract's JSON", async (world) => {
	const [one] = world.subscribe(1, { service: "fcm" });
	const incident = newId();
	const job = world.job({ notices: [{ subject: incident, components: "abc", seq: 1234567 }] });
	await world.run();
	assert.deepEqual(service.violations(), []);
	const [push] = service.pushes(one.id);
	const url = `${siteUrl}/incidents/${incident}/`;
	const common = { title: "Major outage: API", body: "We are looking into it.", icon: `${siteUrl}/logo.png`, badge: `${siteUrl}/badge.png`, tag: incident };
	assert.deepEqual(push.plaintext, {
		web_push: 8030,
		notification: { ...common, navigate: url, lang: "en" },
		app_badge: 0,
		...common,
		data: { url, event: "incident_new", status: "investigating", impact: "major", incident, lang: "en", seq: 1234567, ts: world.jobRow(job).created_at },
	});
	assert.equal(push.urgency, "high");
	assert.match(push.topic, /^[0-9a-f]{32}$/);
	assert.ok(push.ttl > 86_300 && push.ttl <= 86_400, `TTL is ${push.ttl}`);
	assert.equal(push.paddedLength % 128, 0);
	assert.equal(push.httpVersion, "2.0");
	assert.equal(push.jwt.aud, "https://fcm.googleapis.com");
	assert.deepEqual(world.ledger(job), { accepted: 1 });
	const { state, first_at: first, last_at: last } = world.jobRow(job);
	assert.equal(state, "done");
	assert.ok(first !== null && last >= first);
	assert.equal(world.subscription(one.row).proven, 1);
});

inWorld("the resolution has the same Topic and tag as the incident", async (world) => {
	const [one] = world.subscribe();
	const incident = newId();
	world.job({ notices: [{ subject: incident }] });
	await world.run();
	world.job({ notices: [{ subject: incident, trigger: "incident_resolved", status: "resolved", urgency: "normal" }] });
	await world.run();
	const [first, second] = service.pushes(one.id);
	assert.equal(second.topic, first.topic);
	assert.equal(second.plaintext.tag, first.plaintext.tag);
	assert.equal(second.plaintext.data.event, "incident_resolved");
	assert.equal(second.urgency, "normal");
});

inWorld("who chose another component gets nothing and is not counted", async (world) => {
	const [api] = world.subscribe(1, { choices: { components: "aaaaaaaaaaaa" } });
	const [web] = world.subscribe(1, { choices: { components: "bbbbbbbbbbbb" } });
	const job = world.job({ notices: [{ components: "aaaaaaaaaaaa gggggggggggg" }] });
	await world.run();
	assert.equal(service.pushes(api.id).length, 1);
	assert.equal(service.requests(web.id).length, 0);
	assert.deepEqual(world.ledger(job), { accepted: 1 });
	assert.equal(world.subscription(web.row).proven, 0);
});

inWorld("each person gets the first notice that passes, and only that", async (world) => {
	const [both] = world.subscribe();
	const [second] = world.subscribe(1, { choices: { events: "component_down" } });
	const incident = newId();
	world.job({ notices: [
		{ subject: incident, title: "The incident" },
		{ trigger: "component_down", subject: "cccccccccccc", incident, components: "cccccccccccc", title: "The component" },
	] });
	await world.run();
	assert.deepEqual(service.pushes(both.id).map((push) => push.plaintext.title), ["The incident"]);
	assert.deepEqual(service.pushes(second.id).map((push) => push.plaintext.title), ["The component"]);
});

inWorld("a follower is told whatever else was chosen, a mute hides it", async (world) => {
	const incident = newId();
	world.sql(`INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at)
		VALUES ('${incident}', 'x', 'investigating', 'major', 'major', 1, 1, 1);`);
	const [follower] = world.subscribe(1, { choices: { components: "" } });
	const [muted] = world.subscribe();
	world.sql(`INSERT INTO follows VALUES (${follower.row}, '${incident}'); INSERT INTO mutes VALUES (${muted.row}, '${incident}', 'resolved');`);
	world.job({ notices: [{ subject: incident, components: "aaaaaaaaaaaa" }] });
	await world.run();
	assert.equal(service.pushes(follower.id).length, 1);
	assert.equal(service.pushes(muted.id).length, 0);
	world.job({ notices: [{ subject: incident, trigger: "incident_resolved", status: "resolved" }] });
	await world.run();
	assert.equal(service.pushes(muted.id).length, 1);
});

inWorld("each language gets its own text, others English", async (world) => {
	const [german] = world.subscribe(1, { choices: { lang: "de" } });
	const [french] = world.subscribe(1, { choices: { lang: "fr" } });
	world.job({ notices: [{ texts: { en: { title: "Down", body: "x" }, de: { title: "Ausfall", body: "y" } } }] });
	await world.run();
	const [one] = service.pushes(german.id);
	assert.equal(one.plaintext.title, "Ausfall");
	assert.equal(one.plaintext.data.lang, "de");
	assert.equal(service.pushes(french.id)[0].plaintext.title, "Down");
});

inWorld("a long text is cut to what every service takes", async (world) => {
	const [one] = world.subscribe();
	world.job({ notices: [{ body: "Übermut “tut” selten gut.\n".repeat(300) }] });
	await world.run();
	const [push] = service.pushes(one.id);
	assert.ok(push.paddedLength <= 2800, `${push.paddedLength} octets`);
	assert.ok(push.plaintext.body.endsWith("…"));
	assert.ok(push.plaintext.body.length > 500);
});

inWorld("five hundred people are told once each, over few connections", async (world) => {
	const all = world.subscribe(500);
	const job = world.job();
	await world.run();
	assert.deepEqual(service.violations(), []);
	assert.equal(new Set(service.pushes().map((push) => push.subscriptionId)).size, 500);
	assert.equal(service.pushes().length, all.length);
	assert.deepEqual(world.ledger(job), { accepted: 500 });
	assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE proven = 0"), 0);
	assert.equal(world.jobRow(job).state, "done");
	assert.ok(service.stats().connections.opened <= 8);
});

inWorld("who subscribes after the action is not told of it", async (world) => {
	world.subscribe();
	const job = world.job();
	const [late] = world.subscribe();
	await world.run();
	assert.equal(service.requests(late.id).length, 0);
	assert.deepEqual(world.ledger(job), { accepted: 1 });
});

inWorld("a subscription made with the previous key is signed with that", async (world) => {
	const previous = makeKeys();
	const keyId = world.addKey(previous.publicKey);
	const made = [service.createSubscription({ vapidPublicKey: previous.publicKey })];
	const [old] = world.store(made, { keyId });
	const [current] = world.subscribe();
	world.configure({ VAPID_PREVIOUS_PUBLIC_KEY: previous.publicKey, VAPID_PREVIOUS_PRIVATE_KEY: previous.privateKey });
	world.job();
	await world.run();
	assert.deepEqual(service.violations(), []);
	assert.equal(service.pushes(old.id)[0].vapidKey, previous.publicKey);
	assert.equal(service.pushes(current.id)[0].vapidKey, world.keys.publicKey);
});

inWorld("a subscription made with a key that nobody has just now is told nothing and lives on: the key may be put back", async (world) => {
	const previous = makeKeys();
	const keyId = world.addKey(previous.publicKey);
	const [lost] = world.store([service.createSubscription({ vapidPublicKey: previous.publicKey })], { keyId });
	const job = world.job();
	await world.run();
	assert.equal(service.requests(lost.id).length, 0);
	assert.deepEqual(world.ledger(job), { refused: 1 });
	assert.equal(world.subscription(lost.row).dead_at, null);
	assert.equal(world.value("SELECT count(*) FROM missed"), 1, "a retry by hand can tell it");
	world.configure({ VAPID_PREVIOUS_PUBLIC_KEY: previous.publicKey, VAPID_PREVIOUS_PRIVATE_KEY: makeKeys().privateKey });
	world.job();
	await world.run();
	assert.equal(world.subscription(lost.row).dead_at, null, "of a pair that does not fit together");
	world.configure({ VAPID_PREVIOUS_PUBLIC_KEY: previous.publicKey, VAPID_PREVIOUS_PRIVATE_KEY: previous.privateKey });
	world.job();
	await world.run();
	assert.equal(service.pushes(lost.id).length, 1);
});

inWorld("an origin that speaks only HTTP/1.1 is served too", async (world) => {
	const all = world.subscribe(6, { http1: true });
	const job = world.job();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 6 });
	assert.equal(service.pushes(all[0].id)[0].httpVersion, "1.1");
});

inWorld("a test push leaves its outcome with the subscription, and nothing else", async (world) => {
	const [good] = world.subscribe();
	const [bad] = world.subscribe(1, { service: "fcm" });
	service.answer(bad.id, "fcm-403-mismatch");
	world.testPush(good.row);
	world.testPush(bad.row);
	await world.run();
	assert.equal(service.pushes(good.id)[0].plaintext.title, "Test notification");
	assert.equal(world.subscription(good.row).last_test_outcome, "accepted");
	assert.ok(world.subscription(good.row).last_test_at > 0);
	assert.equal(world.subscription(bad.row).last_test_outcome, "refused: key_mismatch");
	assert.equal(world.value("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM ledger) + (SELECT count(*) FROM exceptions)"), 0);
});

inWorld("bad keys send nothing, say why, and lose nothing", async (world) => {
	const [one] = world.subscribe();
	const job = world.job();
	world.configure({ VAPID_PRIVATE_KEY: makeKeys().privateKey });
	await world.run();
	assert.equal(service.requests(one.id).length, 0);
	assert.notEqual(world.value("SELECT value FROM settings WHERE name = 'vapid_verdict'"), "ok");
	assert.equal(world.jobRow(job).state, "sending");
	world.configure({});
	await world.run();
	assert.equal(world.value("SELECT value FROM settings WHERE name = 'vapid_verdict'"), "ok");
	assert.deepEqual(world.ledger(job), { accepted: 1 });
});

inWorld("two workers share the work", async (world) => {
	world.configure({ PUSH_WORKERS: "2" });
	world.subscribe(200);
	world.sql("UPDATE counters SET n = 2500 WHERE name = 'subscriptions'");
	const job = world.job();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 200 });
	assert.equal(service.pushes().length, 200);
	assert.ok(service.stats().connections.opened >= 2);
	assert.equal(world.jobRow(job).state, "done");
});

inWorld("an incident that comes while the sender waits for a retry is sent at once", async (world) => {
	const [slow] = world.subscribe(1, { service: "apple" });
	const [other] = world.subscribe();
	service.answer(slow.id, "503", "always");
	world.job({ notices: [{ trigger: "incident_new" }] });
	const sender = world.start();
	await service.waitForPush(other.id, 1);
	const job = world.job();
	await world.nudge();
	await service.waitForPush(other.id, 2, 2000);
	await until(() => world.ledger(job).accepted === 1);
	await world.finish(sender);
});
