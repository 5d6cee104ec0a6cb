/* What becomes of jobs that are stopped, expire, are overtaken by newer ones, or meet a service in trouble. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { isTestBuild, makeWorld, newId, pause, until } from "./world.mjs";

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body, { options, ...how } = {}) {
	test(sentence, how, async () => {
		const world = await makeWorld(service, options?.() ?? {});
		service.clear();
		service.clearAnswers();
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

const needsClock = { skip: !isTestBuild && "needs a clock that can be shifted" };

inWorld("a newer job of the same incident supersedes what the older has not sent", async (world) => {
	const all = world.subscribe(40);
	const incident = newId();
	const older = world.job({ notices: [{ subject: incident, seq: 1 }] });
	const newer = world.job({ notices: [{ subject: incident, seq: 2, trigger: "incident_update" }] });
	await world.run();
	assert.deepEqual(world.ledger(older), { superseded: 40 });
	assert.deepEqual(world.ledger(newer), { accepted: 40 });
	assert.deepEqual(service.pushes().map((push) => push.plaintext.data.seq), all.map(() => 2));
});

inWorld("who does not pass the newer one's filter still gets the older", async (world) => {
	const [all] = world.subscribe();
	const [starts] = world.subscribe(1, { choices: { events: "incident_new" } });
	const incident = newId();
	const older = world.job({ notices: [{ subject: incident }] });
	const newer = world.job({ notices: [{ subject: incident, trigger: "incident_update" }] });
	await world.run();
	assert.deepEqual(world.ledger(older), { superseded: 1, accepted: 1 });
	assert.deepEqual(world.ledger(newer), { accepted: 1 });
	assert.equal(service.pushes(all.id)[0].plaintext.data.event, "incident_update");
	assert.equal(service.pushes(starts.id)[0].plaintext.data.event, "incident_new");
});

inWorld("who subscribed between the two gets only the newer, who was there before is counted once in each", async (world) => {
	world.subscribe();
	const incident = newId();
	const older = world.job({ notices: [{ subject: incident }] });
	world.subscribe();
	const newer = world.job({ notices: [{ subject: incident, trigger: "incident_update" }] });
	await world.run();
	assert.deepEqual(world.ledger(older), { superseded: 1 });
	assert.deepEqual(world.ledger(newer), { accepted: 2 });
});

inWorld("a retry of the older one is superseded too", async (world) => {
	const [one] = world.subscribe();
	const incident = newId();
	const older = world.job({ notices: [{ subject: incident }] });
	service.answer(one.id, "500", 1);
	await world.runUntil(() => world.exceptions(older).length === 1);
	const newer = world.job({ notices: [{ subject: incident, trigger: "incident_update" }] });
	world.sql("UPDATE exceptions SET due_at = 0");
	await world.run();
	assert.deepEqual(world.ledger(older), { superseded: 1 });
	assert.deepEqual(world.ledger(newer), { accepted: 1 });
	assert.deepEqual(service.pushes(one.id).map((push) => push.plaintext.data.event), ["incident_update"]);
});

inWorld("jobs about different incidents do not touch each other", async (world) => {
	world.subscribe(5);
	const jobs = [world.job(), world.job(), world.job()];
	await world.run();
	for (const job of jobs) assert.deepEqual(world.ledger(job), { accepted: 5 });
});

inWorld("a stopped job is counted and not sent, its older one of the same incident is", async (world) => {
	world.subscribe(30);
	const incident = newId();
	const older = world.job({ notices: [{ subject: incident }] });
	const newer = world.job({ notices: [{ subject: incident, trigger: "incident_update" }] });
	world.sql(`UPDATE jobs SET state = 'stopped' WHERE id = ${newer}`);
	await world.run();
	assert.deepEqual(world.ledger(newer), { stopped: 30 });
	assert.equal(world.jobRow(newer).state, "stopped");
	assert.deepEqual(world.ledger(older), { accepted: 30 });
});

inWorld("a stopped job's retries are counted at once", async (world) => {
	const [one] = world.subscribe();
	const job = world.job();
	service.answer(one.id, "apple-429", 1);
	await world.runUntil(() => world.exceptions(job).length === 1);
	world.sql(`UPDATE jobs SET state = 'stopped' WHERE id = ${job}`);
	await world.run();
	assert.deepEqual(world.ledger(job), { stopped: 1 });
	assert.equal(world.exceptions(job).length, 0);
});

inWorld("while push is off everything is counted and nothing sent, and switching on sends nothing old", async (world) => {
	world.subscribe(10);
	const job = world.job();
	world.sql("INSERT INTO settings VALUES ('push_enabled', '0')");
	await world.run();
	world.sql("UPDATE settings SET value = '1' WHERE name = 'push_enabled'");
	await world.run();
	assert.equal(service.requests().length, 0);
	assert.deepEqual(world.ledger(job), { stopped: 10 });
	assert.equal(world.jobRow(job).state, "done");
});

inWorld("what has expired is counted and not sent", async (world) => {
	world.subscribe(10);
	const job = world.job({ expiresIn: -1000 });
	await world.run();
	assert.equal(service.requests().length, 0);
	assert.deepEqual(world.ledger(job), { expired: 10 });
	assert.equal(world.jobRow(job).state, "done");
});

inWorld("it expires also while its push service is paused", async (world) => {
	const [one] = world.subscribe();
	const job = world.job({ expiresIn: -1000 });
	world.sql(`UPDATE origins SET paused_until = ${Date.now() + 3_600_000}, failures = 2`);
	await world.run();
	assert.equal(service.requests(one.id).length, 0);
	assert.deepEqual(world.ledger(job), { expired: 1 });
});

inWorld("a retry that would come after the expiry is counted expired", async (world) => {
	const [one] = world.subscribe();
	const job = world.job({ expiresIn: 40_000 });
	service.answer(one.id, "mozilla-503", "always");
	await world.run();
	assert.equal(service.requests(one.id).length, 1);
	assert.deepEqual(world.ledger(job), { expired: 1 });
});

inWorld("a subscription removed between queueing and retry is counted gone", async (world) => {
	const [one] = world.subscribe();
	const job = world.job();
	service.answer(one.id, "500", 1);
	await world.runUntil(() => world.exceptions(job).length === 1);
	world.sql(`DELETE FROM subscriptions WHERE id = ${one.row}; UPDATE exceptions SET due_at = 0;`);
	await world.run();
	assert.equal(service.requests(one.id).length, 1);
	assert.deepEqual(world.ledger(job), { gone: 1 });
});

inWorld("a suspended subscription gets nothing until its day is over", async (world) => {
	const [one] = world.subscribe(1, { columns: { strikes: 3, suspended_until: Date.now() + 3_600_000 } });
	const first = world.job();
	await world.run();
	assert.deepEqual(world.ledger(first), { refused: 1 });
	world.sql("UPDATE subscriptions SET suspended_until = 1");
	const second = world.job();
	await world.run();
	assert.deepEqual(world.ledger(second), { accepted: 1 });
	assert.equal(world.subscription(one.row).strikes, 0);
});

inWorld("when more than half of many endpoints end at once, the origin is paused and nothing erased", async (world) => {
	const all = world.subscribe(200, { host: "mass.push.test" });
	service.answer(new URL(all[0].subscription.endpoint).origin, "410", "always");
	const job = world.job();
	const sender = world.start();
	await until(() => world.value("SELECT count(*) FROM origins WHERE pause_reason = 'mass_gone'") === 1);
	await pause(500);
	assert.match((await world.finish(sender)).log, /More than half/);
	const dead = world.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NOT NULL");
	assert.ok(dead >= 20 && dead < 80, `${dead} are dead`);
	assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NOT NULL AND dead_reason <> 'mass_gone'"), 0);
	assert.equal(world.jobRow(job).state, "sending");
	world.sql(`UPDATE subscriptions SET dead_at = dead_at - 40 * 86400000 WHERE dead_at IS NOT NULL; DELETE FROM settings WHERE name = 'upkeep_at';`);
	await world.run();
	assert.equal(world.value("SELECT count(*) FROM subscriptions"), 200);
}, { options: () => ({ hosts: ["mass.push.test"] }) });

inWorld("an origin that cannot be reached delays nobody else and loses nobody", async (world) => {
	const server = createServer().listen(0, "127.0.0.1");
	await new Promise((done) => { server.once("listening", done); });
	const { port } = server.address();
	await new Promise((done) => { server.close(done); }); /* now nobody listens there */
	world.configure({ PUSH_CONNECT_TO: `dead.push.test:${service.port}:127.0.0.1:${port},live.push.test:${service.port}:127.0.0.1:${service.port}` });
	world.subscribe(100, { host: "dead.push.test" });
	const live = world.subscribe(100, { host: "live.push.test" });
	const job = world.job();
	const started = Date.now();
	await world.runUntil(() => service.pushes().length === 100 && world.value("SELECT count(*) FROM origins WHERE pause_reason = 'connect'") === 1);
	assert.ok(Date.now() - started < 10_000);
	assert.equal(new Set(service.pushes().map((push) => push.subscriptionId)).size, live.length);
	assert.deepEqual(world.ledger(job), { accepted: 100 });
	assert.equal(world.exceptions(job).length, 0, "no exception for a person because of an origin");
	world.configure({ PUSH_CONNECT_TO: `dead.push.test:${service.port}:127.0.0.1:${service.port},live.push.test:${service.port}:127.0.0.1:${service.port}` });
	world.sql("UPDATE origins SET paused_until = 0");
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 200 });
	assert.equal(world.value("SELECT max(failures) FROM origins"), 0);
}, { options: () => ({ hosts: ["dead.push.test", "live.push.test"] }) });

inWorld("a certificate that is not valid pauses the origin and ends nothing", async (world) => {
	world.subscribe(3);
	world.configure({ PUSH_CA_FILE: "" });
	const job = world.job();
	await world.runUntil(() => world.value("SELECT count(*) FROM origins WHERE pause_reason = 'certificate'") === 1);
	assert.equal(service.requests().length, 0);
	assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NOT NULL"), 0);
	assert.equal(world.exceptions(job).length, 0);
});

inWorld("an origin that the configuration no longer allows is refused without sending", async (world) => {
	const [one] = world.subscribe(1, { host: "gone.push.test" });
	world.configure({ PUSH_CONNECT_TO: "" });
	const job = world.job();
	await world.run();
	assert.deepEqual(world.ledger(job), { refused: 1 });
	assert.equal(world.subscription(one.row).dead_at, null);
}, { options: () => ({ hosts: ["gone.push.test"] }) });

inWorld("server errors are tried on the schedule until the message is delivered", async (world) => {
	const [one] = world.subscribe();
	const job = world.job();
	service.answer(one.id, "500", 3);
	let shift = 0;
	const sender = world.start();
	for (const seconds of [8, 46, 181]) {
		await until(() => world.exceptions(job).length === 1 && world.exceptions(job)[0].claims === 0);
		const wait = world.exceptions(job)[0].due_at - (Date.now() + shift);
		assert.ok(wait <= seconds * 1000, `${wait} ms`);
		const count = service.requests(one.id).length;
		shift += seconds * 1000;
		world.clock(shift);
		if (!sender.isOver) await world.nudge();
		await until(async () => {
			if (sender.isOver) await world.run();
			return service.requests(one.id).length > count;
		});
	}
	await until(() => world.ledger(job).accepted === 1);
	await world.finish(sender);
	assert.equal(service.requests(one.id).length, 4);
}, needsClock);

inWorld("Retry-After is honoured: nothing before it, delivery after it", async (world) => {
	const [one] = world.subscribe();
	const job = world.job();
	service.answer(one.id, "mozilla-503", 1);
	await world.run();
	assert.equal(world.exceptions(job).length, 1);
	world.clock(110_000);
	const sender = world.start();
	await pause(500);
	assert.equal(service.requests(one.id).length, 1);
	world.clock(140_000);
	await world.nudge();
	await until(() => world.ledger(job).accepted === 1);
	await world.finish(sender);
}, needsClock);

inWorld("a clock that jumps a day ahead sends no storm, and a token that is valid", async (world) => {
	const [one] = world.subscribe();
	world.job({ expiresIn: 3 * 86_400_000 });
	world.clock(86_400_000);
	const sender = world.start();
	await until(() => service.requests(one.id).length >= 1);
	await pause(200);
	/* the double's own clock did not jump: it refuses the token, as a service would */
	assert.ok(service.requests(one.id).length <= 2);
	assert.equal(world.subscription(one.row).dead_at, null);
	await world.finish(sender);
}, needsClock);

inWorld("a clock that was set back makes nobody wait for the old time", async (world) => {
	const [one] = world.subscribe();
	const job = world.job();
	service.answer(one.id, "500", 1);
	await world.runUntil(() => world.exceptions(job).length === 1);
	world.sql(`UPDATE exceptions SET due_at = ${Date.now() + 30 * 86_400_000}; UPDATE origins SET paused_until = ${Date.now() + 30 * 86_400_000};`);
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 1 });
});

inWorld("housekeeping erases what is long dead and keeps the rest", async (world) => {
	const day = 86_400_000;
	const incident = newId();
	world.sql(`INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at, resolved_at)
		VALUES ('${incident}', 'x', 'resolved', 'major', 'major', 1, 1, 1, ${Date.now() - 2 * day});`);
	const [dead] = world.subscribe(1, { columns: { dead_at: Date.now() - 31 * day, dead_reason: "gone" } });
	const [young] = world.subscribe(1, { columns: { dead_at: Date.now() - 29 * day, dead_reason: "gone" } });
	const [unseen] = world.subscribe(1, { columns: { last_seen_at: Date.now() - 181 * day } });
	const [proven] = world.subscribe(1, { columns: { last_seen_at: Date.now() - 181 * day, proven: 1 } });
	const [follower] = world.subscribe(1, { choices: { components: "" } });
	const [chooser] = world.subscribe(1, { choices: { components: "aaaaaaaaaaaa" } });
	world.sql(`INSERT INTO follows VALUES (${follower.row}, '${incident}'), (${chooser.row}, '${incident}');
		INSERT INTO posts (post_id, digest, location, created_at) VALUES
			('old-old-old-old', zeroblob(32), '/', ${Date.now() - 3 * day}), ('new-new-new-new', zeroblob(32), '/', ${Date.now()});`);
	const job = world.job({ notices: [{ components: "zzzzzzzzzzzz" }], max: 0 });
	await world.run();
	const left = world.rows("SELECT id FROM subscriptions ORDER BY id").map(({ id }) => id);
	assert.deepEqual(left, [young.row, proven.row, chooser.row]);
	assert.ok(![dead.row, unseen.row, follower.row].some((row) => left.includes(row)));
	assert.equal(world.value("SELECT count(*) FROM follows"), 0);
	assert.deepEqual(world.rows("SELECT post_id FROM posts"), [{ post_id: "new-new-new-new" }]);
	assert.equal(world.jobRow(job).state, "done");
	assert.equal(world.value("SELECT count(*) FROM lanes"), 0);
	assert.equal(world.value("SELECT n FROM counters WHERE name = 'subscriptions'"), 3);
});
