/* Keys of ours that change: what a sender does with a subscription whose key it does not know, and when its configuration
 * is another one than it began with. */
import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { isTestBuild, makeKeys, makeWorld, pause, until } from "./world.mjs";

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body, options = {}) {
	test(sentence, async () => {
		const world = await makeWorld(service, options);
		service.clear();
		service.clearAnswers();
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

/* Puts another file in the place of the configuration, as `atstatus keys --rotate` does. */
function replaceConf(world, change) {
	Object.assign(world.env, change);
	const lines = Object.entries(world.env).filter(([, value]) => value !== null).map(([key, value]) => `${key}=${value}\n`);
	writeFileSync(`${world.envFile}.new`, lines.join(""), { mode: 0o600 });
	renameSync(`${world.envFile}.new`, world.envFile);
}

function rotate(world, next = makeKeys()) {
	replaceConf(world, {
		VAPID_PUBLIC_KEY: next.publicKey, VAPID_PRIVATE_KEY: next.privateKey,
		VAPID_PREVIOUS_PUBLIC_KEY: world.keys.publicKey, VAPID_PREVIOUS_PRIVATE_KEY: world.keys.privateKey,
	});
	return next;
}

/* A browser that subscribed with another key of ours; owed: to be told of this job, as after it replaced an older row. */
function subscribeWith(world, publicKey, owed) {
	const keyId = world.addKey(publicKey);
	const [one] = world.store([service.createSubscription({ vapidPublicKey: publicKey })], { keyId });
	if (owed !== undefined)
		world.sql(`INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at)
			SELECT ${owed}, id, origin_id, shard, 1 FROM subscriptions WHERE id = ${one.row}`);
	return one;
}

/* A sender that stays, for one retry that is due in a minute, and the one whose retry that is. */
async function startBusy(world, workers) {
	const waiting = world.subscribe(workers > 1 ? 6 : 1);
	const job = world.job();
	for (const { id } of waiting) service.answer(id, "503", 1);
	const sender = world.start();
	await until(() => world.exceptions(job).filter(({ tries }) => tries > 0).length === waiting.length);
	world.sql(`UPDATE exceptions SET due_at = ${Date.now() + 60_000}`);
	return { sender, job, waiting };
}

inWorld("a key that came while the sender works is not refused: what needs it is sent with it, and nobody is lost", async (world) => {
	const { sender, job, waiting: [old] } = await startBusy(world);
	const next = rotate(world);
	const fresh = subscribeWith(world, next.publicKey, job);
	world.start();
	await service.waitForPush(fresh.id, 1, 30_000);
	assert.equal(service.pushes(fresh.id)[0].vapidKey, next.publicKey);
	assert.equal(world.subscription(fresh.row).dead_at, null);
	world.sql("UPDATE exceptions SET due_at = 0");
	world.start();
	await service.waitForPush(old.id, 1, 30_000);
	assert.equal(service.pushes(old.id)[0].vapidKey, world.keys.publicKey, "with the key it subscribed with");
	await until(() => world.jobRow(job).state === "done");
	assert.deepEqual(world.ledger(job), { accepted: 2 });
	await world.finish(sender);
	assert.match(sender.log(), /WORKER-07/);
	assert.deepEqual(service.violations(), []);
});

inWorld("a crew of workers takes the new key too", async (world) => {
	world.subscribeMany(5000, `https://localhost:${service.port}`);
	world.sql("UPDATE subscriptions SET dead_at = 1");
	const { sender, job, waiting } = await startBusy(world, 2);
	const next = rotate(world);
	const fresh = Array.from({ length: 8 }, () => subscribeWith(world, next.publicKey, job));
	world.start();
	for (const { id } of fresh) await service.waitForPush(id, 1, 30_000);
	world.sql("UPDATE exceptions SET due_at = 0");
	world.start();
	for (const { id } of waiting) await service.waitForPush(id, 1, 30_000);
	await until(() => world.jobRow(job).state === "done");
	assert.deepEqual(world.ledger(job), { accepted: fresh.length + waiting.length });
	await world.finish(sender);
	assert.match(sender.log(), /WORKER-07/);
}, { env: { PUSH_WORKERS: "2" } });

inWorld("a test push to a browser with the new key arrives, though a sender with the old one is at work", async (world) => {
	const { sender } = await startBusy(world);
	const next = rotate(world);
	const fresh = subscribeWith(world, next.publicKey);
	world.testPush(fresh.row);
	await world.nudge();
	await service.waitForPush(fresh.id, 1, 30_000);
	await until(() => world.subscription(fresh.row).last_test_outcome === "accepted");
	await world.finish(sender);
});

inWorld("keys that were changed by hand are known to the sender before anybody subscribed with them", async (world) => {
	const next = makeKeys();
	world.configure({ VAPID_PUBLIC_KEY: next.publicKey, VAPID_PRIVATE_KEY: next.privateKey });
	await world.run();
	const id = world.value(`SELECT id FROM vapid_keys WHERE hex(public_key) = upper('${Buffer.from(next.publicKey, "base64url").toString("hex")}')`);
	assert.ok(id > 1, "its row is there");
	const fresh = subscribeWith(world, next.publicKey);
	world.job();
	await world.run();
	assert.equal(service.pushes(fresh.id)[0].vapidKey, next.publicKey);
});

inWorld("a configuration that is broken meanwhile ends nobody who works: it is told once, and the old one goes on", async (world) => {
	const { sender, job, waiting: [one] } = await startBusy(world);
	const good = { ...world.env };
	replaceConf(world, { NONSENSE: "1" });
	await until(() => /SENDER-15 .*unknown key NONSENSE/.test(sender.log()));
	world.sql("UPDATE exceptions SET due_at = 0");
	/* a newcomer cannot start with it, so the holder is told by its FIFO */
	writeFileSync(`${world.dir}/state/data/sender.fifo`, "w");
	await service.waitForPush(one.id, 1, 30_000);
	await until(() => world.jobRow(job).state === "done");
	assert.equal(sender.log().match(/SENDER-15/g).length, 1);
	world.env = good;
	await world.finish(sender);
});

inWorld("a rotation in the middle of a large job loses nobody and sends nothing twice", async (world) => {
	const many = world.subscribe(600);
	service.answer("*", { status: 201, delayMs: 20, deliver: true }, "always");
	const job = world.job();
	const sender = world.start();
	await until(() => service.pushes().length > 50);
	const next = rotate(world);
	const fresh = subscribeWith(world, next.publicKey, job);
	world.start();
	await until(() => world.jobRow(job).state === "done", 60_000);
	assert.deepEqual(world.ledger(job), { accepted: many.length + 1 });
	for (const { id } of many) assert.equal(service.pushes(id).length, 1);
	assert.equal(service.pushes(fresh.id)[0].vapidKey, next.publicKey);
	await pause(isTestBuild ? 200 : 50);
	await world.finish(sender);
	assert.deepEqual(service.violations(), []);
});
