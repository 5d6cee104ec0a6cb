/*
 * What happens to the machine while a sender is at work: the clock is set, the disk is full, the database is held by
 * somebody else, the push service is restarted. Each heals by itself, costs nobody a message, and is told in the log by one
 * line for each cause.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { isTestBuild, makeWorld, pause, until } from "./world.mjs";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

let service;
let serviceShift = 0; /* the push service's clock, which is right */
before(async () => { service = await startPushService({ control: false, autopush: false, now: () => Date.now() + serviceShift }); });
after(() => service.close());

function inWorld(sentence, body, how = {}) {
	test(sentence, how, async () => {
		const world = await makeWorld(service);
		service.clear();
		service.clearAnswers();
		serviceShift = 0;
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

const needsClock = { skip: !isTestBuild && "needs a clock that can be shifted" };

/* { id: how often } of the lines that are warnings or errors. */
function complaints(log) {
	const found = {};
	for (const [, id] of log.matchAll(/ (?:warning|error) ([A-Z0-9]+-\d+) /g)) found[id] = (found[id] ?? 0) + 1;
	return found;
}

const lines = (log, id) => log.split("\n").filter((line) => line.includes(` ${id} `));
const oncePerPerson = (all) => assert.deepEqual(all.map((one) => service.pushes(one.id).length), all.map(() => 1));

/* ---- the clock */

for (const [words, step, sign] of [["back by an hour", -hour, "back"], ["forward by an hour", hour, "forward"]]) {
	inWorld(`the clock is set ${words} during a send: retries come when they would have come, nobody is told twice`, async (world) => {
		const all = world.subscribe(60);
		for (const one of all.slice(0, 5)) service.answer(one.id, "408", 1);
		service.answer("*", { status: 201, delayMs: 300 }, "always");
		const job = world.job();
		const sender = world.start();
		await until(() => world.ledger(job).accepted > 0 && world.exceptions(job).length > 0);
		world.clock(step);
		await until(() => sender.isOver || world.ledger(job).accepted === 60, 12 * second);
		const { code, log } = await sender.ended;
		assert.equal(code, 0, log);
		assert.deepEqual(world.ledger(job), { accepted: 60 });
		oncePerPerson(all);
		/* that ours is wrong now is seen by the service's Date, and another matter */
		const { "BREAKER-02": skew = 0, ...others } = complaints(log);
		assert.ok(skew <= 1, log);
		assert.deepEqual(others, { "WORKER-06": 1 }, log);
		assert.match(log, new RegExp(`WORKER-06 the clock was set ${sign} by 3(600|599|601) s`));
	}, needsClock);
}

/* A day wrong, and no service takes our tokens; once it is right again everything goes on. */
for (const [words, step] of [["back", -day], ["forward", day]]) {
	inWorld(`the clock is set ${words} by a day during a send, and set right again: nothing is lost, nobody is erased`, async (world) => {
		const all = world.subscribe(60);
		service.answer("*", { status: 201, delayMs: 300 }, "always");
		const job = world.job({ expiresIn: 4 * day });
		const sender = world.start();
		await until(() => service.requests().length > 10);
		world.clock(step);
		await until(() => sender.isOver || world.value("SELECT count(*) FROM origins WHERE pause_reason = 'auth'") === 1 || world.ledger(job).accepted === 60);
		assert.ok(service.requests().some(({ status }) => status === 401 || status === 403), "our tokens were refused");
		world.clock(0);
		/* the pause that the wrong clock brought is as long as it was meant to be */
		await until(() => world.value("SELECT max(paused_until) FROM origins") < Date.now() + 16 * minute);
		serviceShift = 17 * minute;
		world.clock(17 * minute);
		await until(() => sender.isOver || world.ledger(job).accepted === 60);
		const { log } = await world.finish(sender);
		if (world.ledger(job).accepted !== 60) await world.run();
		assert.deepEqual(world.ledger(job), { accepted: 60 }, log);
		oncePerPerson(all);
		assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NOT NULL OR strikes > 0"), 0);
	}, needsClock);
}

inWorld("a clock that was set back while no sender ran takes retries and pauses with it, and says so", async (world) => {
	world.clock(hour);
	serviceShift = hour;
	const all = world.subscribe(20);
	const job = world.job();
	service.answer("*", { status: 429, headers: { "retry-after": "600" } }, 20);
	await world.run();
	const waiting = world.exceptions(job).length;
	assert.ok(waiting > 0);
	serviceShift = 0;
	world.clock(0);
	service.clearAnswers();
	const sender = world.start();
	await until(() => lines(sender.log(), "LANE-05").length > 0);
	await until(() => world.value("SELECT max(paused_until) FROM origins") < Date.now() + 12 * minute);
	assert.ok(world.exceptions(job).every(({ due_at: at }) => at < Date.now() + 12 * minute));
	await sender.ended;
	world.clock(12 * minute);
	serviceShift = 12 * minute;
	await world.run();
	await until(() => world.ledger(job).accepted === 20);
	assert.equal(lines(sender.log(), "LANE-05").length, 1, sender.log());
	oncePerPerson(all);
}, needsClock);

/* ---- the database */

/* Holds the write lock for so many seconds, from another process. */
async function hold(world, seconds) {
	const holder = spawn("sqlite3", [world.database], { stdio: ["pipe", "pipe", "inherit"] });
	holder.stdin.end(`.timeout 8000\nBEGIN IMMEDIATE;\nSELECT 'held';\n.shell sleep ${seconds}\nCOMMIT;\n`);
	const ended = new Promise((done) => { holder.on("close", done); });
	await new Promise((done) => { holder.stdout.once("data", done); });
	return ended;
}

inWorld("somebody holds the database for 10 s during a send: nobody is told twice, and one line says so", async (world) => {
	const all = world.subscribe(300);
	service.answer("*", { status: 201, delayMs: 300 }, "always");
	const job = world.job();
	const sender = world.start();
	await until(() => service.pushes().length > 0);
	await hold(world, 10);
	const { code, log } = await sender.ended;
	assert.equal(code, 0, log);
	assert.deepEqual(world.ledger(job), { accepted: 300 });
	oncePerPerson(all);
	assert.deepEqual(complaints(log), { "DB-09": 1 }, log);
	assert.equal(lines(log, "DB-22").length, 1, "and one that it is over");
});

inWorld("somebody holds the database for 8 s when a sender begins: it waits and does its work", async (world) => {
	const all = world.subscribe(10);
	const job = world.job();
	const held = hold(world, 8);
	await pause(100);
	const { code, log } = await world.start().ended;
	await held;
	assert.equal(code, 0, log);
	assert.deepEqual(world.ledger(job), { accepted: 10 });
	oncePerPerson(all);
	assert.deepEqual(complaints(log), { "DB-09": 1 }, log);
});

inWorld("a job that comes while two workers wait and the database is held is sent as soon as it is free", async (world) => {
	world.configure({ PUSH_WORKERS: "2" });
	const all = world.subscribe(40);
	world.sql("UPDATE counters SET n = 2500 WHERE name = 'subscriptions'");
	service.answer(all[0].id, { status: 503, headers: { "retry-after": "100" } }, 1);
	const first = world.job();
	const sender = world.start();
	await until(() => world.ledger(first).accepted === 39 && world.exceptions(first).length === 1);
	const later = world.job();
	const held = hold(world, 7);
	await pause(100);
	await world.nudge();
	await held;
	await until(() => sender.isOver || world.ledger(later).accepted >= 39);
	assert.equal(sender.isOver, false);
	assert.equal(world.exceptions(first).length, 1, "the retry is still to come");
	const { log } = await world.finish(sender);
	assert.equal(lines(log, "DB-09").length, 1, log);
});

/* ---- the disk */

function limitFiles(pid, bytes) {
	const done = spawnSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`], { encoding: "utf8" });
	assert.equal(done.status, 0, done.stderr);
}

inWorld("the disk is full for some seconds during a send: what was answered is kept, nobody is told twice, one line says so", async (world) => {
	const all = world.subscribe(900);
	await world.run(); /* the verdict about the keys is stored: the log file begins with this job */
	service.answer("*", { status: 201, delayMs: 300 }, "always");
	const job = world.job();
	const sender = world.start();
	await until(() => service.pushes().length > 0);
	limitFiles(sender.child.pid, statSync(`${world.database}-wal`).size);
	await until(() => / error DB-/.test(sender.log()));
	await pause(4 * second);
	const sent = service.requests().length;
	assert.ok(sent < 900, "nothing is sent whose claim is not on disk");
	limitFiles(sender.child.pid, "unlimited");
	const { code, log } = await sender.ended;
	assert.equal(code, 0, log);
	assert.deepEqual(world.ledger(job), { accepted: 900 });
	oncePerPerson(all);
	const said = complaints(log);
	assert.equal(Object.values(said).reduce((sum, n) => sum + n, 0), 1, log);
	assert.equal(lines(log, "DB-22").length, 1, log);
});

/* ---- the push service */

/* What a restart looks like from outside: every connection breaks, then nobody listens, then somebody does again. */
async function startDoor(target) {
	const sockets = new Set();
	const open = async (port) => {
		const server = createServer((inside) => {
			const outside = connect(target, "127.0.0.1");
			for (const socket of [inside, outside]) sockets.add(socket.on("error", () => {}));
			inside.pipe(outside).pipe(inside);
		}).listen(port, "127.0.0.1");
		await new Promise((done) => { server.once("listening", done); });
		return server;
	};
	let server = await open(0);
	const { port } = server.address();
	const close = () => {
		for (const socket of sockets) socket.destroy();
		return new Promise((done) => { server.close(done); });
	};
	return { port, close, reopen: async () => { server = await open(port); } };
}

inWorld("the push service is restarted in the middle: everybody gets it, only what was in flight twice, one line says so", async (world) => {
	const door = await startDoor(service.port);
	world.configure({ PUSH_CONNECT_TO: `door.push.test:${service.port}:127.0.0.1:${door.port}` });
	try {
		const all = world.subscribe(300, { host: "door.push.test" });
		service.answer("*", { status: 201, delayMs: 400 }, "always");
		const job = world.job();
		const sender = world.start();
		await until(() => service.pushes().length > 20);
		await door.close();
		await until(() => lines(sender.log(), "BREAKER-01").length > 0);
		const open = service.requests().filter(({ accepted }) => !accepted).length;
		assert.ok(open > 0 && service.pushes().length < 300);
		await door.reopen();
		await until(() => sender.isOver || world.ledger(job).accepted === 300, 15 * second);
		const { log } = await world.finish(sender);
		assert.deepEqual(world.ledger(job), { accepted: 300 }, log);
		for (const one of all) assert.ok(service.pushes(one.id).length >= 1);
		assert.ok(service.pushes().length <= 300 + open, `${service.pushes().length - 300} came twice, ${open} were in flight`);
		assert.deepEqual(complaints(log), { "BREAKER-01": 1 }, log);
	} finally {
		await door.close();
	}
});
