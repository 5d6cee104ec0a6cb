/*
 * The sender killed with -9, at every named point and at random ones. What must hold afterwards, whatever the moment:
 * everybody got the message at least once; the ledger adds up to the audience; nothing is left over; and what was sent
 * twice had been claimed when the sender died.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { isTestBuild, makeWorld, newId, pause, until } from "../sender/world.mjs";

const skip = !isTestBuild && "needs test points";

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body) {
	test(sentence, { skip }, async () => {
		const world = await makeWorld(service);
		service.clear();
		service.clearAnswers();
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

/* Live subscriptions that a claim or an exception covers: what may have been sent without being recorded. */
const claimed = (world) => world.value(`SELECT
	(SELECT count(*) FROM lanes l JOIN subscriptions s ON s.origin_id = l.origin_id AND s.shard = l.shard AND s.id > l.cursor AND s.id <= l.claimed_to) +
	(SELECT count(*) FROM exceptions WHERE claims > 0)`);

function assertWhole(world, job, all, ledger, repeats) {
	assert.deepEqual(world.ledger(job), ledger);
	assert.equal(world.jobRow(job).state, "done");
	assert.equal(world.value(`SELECT count(*) FROM exceptions`), 0);
	assert.equal(world.value(`SELECT count(*) FROM lanes WHERE done = 0`), 0);
	for (const one of all) assert.ok(service.pushes(one.id).length >= 1, `nothing came for ${one.id}`);
	const twice = service.pushes().length - all.length;
	assert.ok(twice <= repeats, `${twice} were sent again, ${repeats} were claimed`);
}

const points = ["before-commit", "after-commit", "submitted", "answered"].flatMap((name) => [1, 2, 3, 17, 40].map((n) => [name, n]));

for (const [name, n] of points) {
	inWorld(`killed at passage ${n} of "${name}" it loses nothing`, async (world) => {
		const all = world.subscribe(60);
		const job = world.job();
		const { signal, log } = await world.start({ env: { ATSTATUS_TESTPOINT: `${name}:${n}` } }).ended;
		if (n <= 3 && name !== "before-commit" && name !== "after-commit") assert.equal(signal, "SIGKILL", log);
		const repeats = claimed(world);
		await world.run();
		assertWhole(world, job, all, { accepted: 60 }, repeats);
	});
}

for (const [name, n] of [["before-commit", 1], ["after-commit", 1], ["submitted", 2], ["answered", 2], ["before-commit", 2]]) {
	inWorld(`killed at passage ${n} of "${name}" while it tries again, it loses nothing`, async (world) => {
		const all = world.subscribe(20);
		const job = world.job();
		for (const one of all) service.answer(one.id, "408", 1);
		await world.runUntil(() => world.exceptions(job).length === 20);
		world.sql("UPDATE exceptions SET due_at = 0");
		const { signal, log } = await world.start({ env: { ATSTATUS_TESTPOINT: `${name}:${n}` } }).ended;
		assert.equal(signal, "SIGKILL", log);
		const repeats = claimed(world);
		await world.run();
		assertWhole(world, job, all, { accepted: 20 }, repeats);
	});
}

inWorld("killed at random moments, again and again, it loses nothing", async (world) => {
	const all = world.subscribe(500);
	const job = world.job();
	service.answer("*", { status: 201, delayMs: 25 }, "always");
	let repeats = 0;
	for (let kills = 0; kills < 25 && world.jobRow(job).state !== "done"; kills++) {
		const sender = world.start();
		await pause(60 + Math.random() * 300);
		sender.child.kill("SIGKILL");
		await sender.ended;
		repeats += claimed(world);
	}
	await world.run();
	assertWhole(world, job, all, { accepted: 500 }, repeats);
	assert.deepEqual(service.violations(), []);
});

inWorld("killed at random moments between two updates, everybody ends with the newer one", async (world) => {
	const all = world.subscribe(200);
	const incident = newId();
	const jobs = [];
	for (let seq = 1; seq <= 12; seq++) {
		jobs.push(world.job({ notices: [{ subject: incident, seq, trigger: seq === 1 ? "incident_new" : "incident_update" }] }));
		const sender = world.start();
		await pause(60 + Math.random() * 250);
		sender.child.kill("SIGKILL");
		await sender.ended;
	}
	await world.run();
	for (const one of all) {
		const seen = service.pushes(one.id).map((push) => push.plaintext.data.seq);
		assert.equal(seen.at(-1), 12, `${one.id} saw ${seen}`);
		assert.deepEqual(seen, [...seen].sort((a, b) => a - b), "an older one came after a newer one");
	}
	for (const job of jobs) {
		const total = Object.values(world.ledger(job)).reduce((sum, n) => sum + n, 0);
		assert.equal(total, 200, `job ${job}: ${JSON.stringify(world.ledger(job))}`);
	}
});

inWorld("a subscription that crashes the sender is found, dropped, and nobody else loses a message", async (world) => {
	const all = world.subscribe(80);
	const culprit = all[37];
	const job = world.job();
	let runs = 0;
	for (let code = null; code !== 0; runs++) {
		assert.ok(runs < 20, "it never ended by itself");
		({ code } = await world.start({ env: { ATSTATUS_TESTPOINT: `encrypt=${culprit.row}` } }).ended);
	}
	assert.ok(runs >= 4);
	assert.deepEqual(world.ledger(job), { accepted: 79, refused: 1 });
	for (const one of all) assert.equal(service.pushes(one.id).length >= 1, one !== culprit);
	assert.equal(world.jobRow(job).state, "done");
});

inWorld("a retry that crashes the sender is found and dropped too", async (world) => {
	const all = world.subscribe(10);
	const culprit = all[4];
	const job = world.job();
	for (const one of all) service.answer(one.id, "408", 1);
	await world.runUntil(() => world.exceptions(job).length === 10);
	world.sql("UPDATE exceptions SET due_at = 0");
	let runs = 0;
	for (let code = null; code !== 0; runs++) {
		assert.ok(runs < 20, "it never ended by itself");
		({ code } = await world.start({ env: { ATSTATUS_TESTPOINT: `encrypt=${culprit.row}` } }).ended);
	}
	assert.deepEqual(world.ledger(job), { accepted: 9, refused: 1 });
});

function useTwoWorkers(world) {
	world.configure({ PUSH_WORKERS: "2" });
	world.sql("UPDATE counters SET n = 2500 WHERE name = 'subscriptions'");
}

const children = (pid) => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((name) => {
	try {
		return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))[1]) === pid;
	} catch {
		return false;
	}
}).map(Number);

inWorld("a crashed worker is started again by its master, and the culprit found", async (world) => {
	const all = world.subscribe(100);
	useTwoWorkers(world);
	const job = world.job();
	const { code, log } = await world.start({ env: { ATSTATUS_TESTPOINT: `encrypt=${all[12].row}` } }).ended;
	assert.equal(code, 0, log);
	assert.match(log, /ended by signal 9/);
	assert.deepEqual(world.ledger(job), { accepted: 99, refused: 1 });
});

inWorld("a worker that is killed is replaced, its lanes go on, and nobody of the other one's is told twice", async (world) => {
	const all = world.subscribe(400);
	useTwoWorkers(world);
	service.answer("*", { status: 201, delayMs: 150 }, "always");
	const job = world.job();
	const sender = world.start();
	await service.waitForRequest("*", 30);
	const shardOf = new Map(world.rows("SELECT id, shard FROM subscriptions").map(({ id, shard }) => [id, shard]));
	const first = Math.min(...children(sender.child.pid)); /* started first: it has the even shards */
	process.kill(sender.child.pid, "SIGSTOP");
	process.kill(first, "SIGKILL");
	await pause(100);
	const lost = new Set(world.rows(`SELECT s.id FROM lanes l JOIN subscriptions s ON s.origin_id = l.origin_id AND s.shard = l.shard
		AND s.id > l.cursor AND s.id <= l.claimed_to WHERE l.shard % 2 = 0`).map(({ id }) => id));
	process.kill(sender.child.pid, "SIGCONT");
	const { code, log } = await sender.ended;
	assert.equal(code, 0, log);
	assert.equal(log.match(/CREW-05/g).length, 1, log);
	assertWhole(world, job, all, { accepted: 400 }, lost.size);
	for (const one of all) {
		const most = shardOf.get(one.row) % 2 === 0 && lost.has(one.row) ? 2 : 1;
		assert.ok(service.pushes(one.id).length <= most, `${one.id}, shard ${shardOf.get(one.row)}`);
	}
});

inWorld("when the master is killed its workers end, and the next sender finishes", async (world) => {
	const all = world.subscribe(200);
	useTwoWorkers(world);
	service.answer("*", { status: 201, delayMs: 400 }, "always");
	const job = world.job();
	const sender = world.start();
	await service.waitForRequest("*", 5);
	const workers = children(sender.child.pid);
	assert.equal(workers.length, 2);
	sender.child.kill("SIGKILL");
	await until(() => workers.every((pid) => { try { process.kill(pid, 0); return false; } catch { return true; } }), 9000);
	const repeats = claimed(world);
	service.clearAnswers();
	await world.run();
	assertWhole(world, job, all, { accepted: 200 }, repeats);
});

inWorld("everything killed at once, workers too, at random moments", async (world) => {
	const all = world.subscribe(300);
	useTwoWorkers(world);
	const job = world.job();
	let repeats = 0;
	for (let kills = 0; kills < 10 && world.jobRow(job).state !== "done"; kills++) {
		const sender = world.start();
		await pause(80 + Math.random() * 300);
		for (const pid of [sender.child.pid, ...children(sender.child.pid)]) {
			try { process.kill(pid, "SIGKILL"); } catch { /* it has just ended */ }
		}
		await sender.ended;
		repeats += claimed(world);
	}
	await world.run();
	assertWhole(world, job, all, { accepted: 300 }, repeats);
});
