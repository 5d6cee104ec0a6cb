/* push-sender as a program: one at a time, ended politely, at size. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { isTestBuild, makeWorld, newId, pause, senderProgram, startSink, until } from "./world.mjs";

const large = isTestBuild ? 4000 : 20_000;

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

const call = (args, env = {}) => spawnSync(senderProgram, args, { encoding: "utf8", cwd: "/", env: { PATH: process.env.PATH, ATSTATUS_ALLOW_ROOT: "1", ...env } });

test("--help tells what it is, an unknown argument is a usage error", () => {
	const help = call(["--help"]);
	assert.equal(help.status, 0);
	assert.match(help.stdout, /usage: push-sender/);
	const wrong = call(["--now"]);
	assert.equal(wrong.status, 2);
	assert.match(wrong.stderr, /unknown argument/);
});

inWorld("it refuses to be run by a web server", async (world) => {
	const result = await world.start({ env: { GATEWAY_INTERFACE: "CGI/1.1" } }).ended;
	assert.equal(result.code, 1);
	assert.match(result.log, /SENDER-10/);
});

inWorld("without a database it says what to do", async (world) => {
	world.configure({ STATE_DIR: "elsewhere" });
	const result = await world.start().ended;
	assert.notEqual(result.code, 0);
});

inWorld("lock and FIFO are the owner's alone", async (world) => {
	await world.run();
	for (const name of ["sender.lock", "sender.fifo"]) {
		const found = spawnSync("find", [world.dir, "-name", name], { encoding: "utf8" }).stdout.trim();
		assert.equal(statSync(found).mode & 0o777, 0o600, name);
	}
});

for (const count of [2, 10]) {
	inWorld(`of ${count} senders started at once one works, the others end within a second`, async (world) => {
		world.subscribe(60);
		service.answer("*", { status: 201, delayMs: 1500 }, "always");
		const job = world.job();
		const started = Date.now();
		const senders = Array.from({ length: count }, () => world.start());
		const ends = senders.map((sender) => sender.ended.then((result) => ({ ...result, at: Date.now() - started })));
		const results = (await Promise.all(ends)).sort((a, b) => a.at - b.at);
		assert.deepEqual(results.map(({ code }) => code), Array(count).fill(0));
		assert.equal(results.filter(({ at }) => at > 1500).length, 1, "only one was at work");
		assert.ok(results[count - 2].at < (isTestBuild ? 3000 : 1000), `${results[count - 2].at} ms`);
		assert.deepEqual(world.ledger(job), { accepted: 60 });
		assert.equal(service.pushes().length, 60);
	});
}

inWorld("told to end it records what is answered, and the rest is sent by the next one", async (world) => {
	world.subscribe(300);
	service.answer("*", { status: 201, delayMs: 700 }, "always");
	const job = world.job();
	const sender = world.start();
	await service.waitForRequest("*", 10);
	const at = Date.now();
	const { log } = await world.finish(sender);
	assert.ok(Date.now() - at < 10_000);
	assert.match(log, /stopping/);
	const sent = service.pushes().length;
	assert.ok(sent > 0 && sent < 300, `${sent} were sent`);
	assert.deepEqual(world.ledger(job), { accepted: sent });
	assert.equal(world.value("SELECT count(*) FROM lanes WHERE claimed_to > cursor"), 0);
	service.clearAnswers();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 300 });
	assert.equal(service.pushes().length, 300, "nobody was told twice");
});

inWorld("told to end while nothing is answered, it ends within ten seconds and loses nothing", async (world) => {
	world.subscribe(20);
	service.answer("*", "hang", "always");
	const job = world.job();
	const sender = world.start();
	await service.waitForRequest("*", 10);
	const at = Date.now();
	await world.finish(sender);
	assert.ok(Date.now() - at < 10_000, `${Date.now() - at} ms`);
	service.clearAnswers();
	world.sql("UPDATE exceptions SET due_at = 0");
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 20 });
});

inWorld("two workers told to end do so, and lose nothing", async (world) => {
	world.configure({ PUSH_WORKERS: "2" });
	world.subscribe(200);
	world.sql("UPDATE counters SET n = 2500 WHERE name = 'subscriptions'");
	service.answer("*", { status: 201, delayMs: 700 }, "always");
	const job = world.job();
	const sender = world.start();
	await service.waitForRequest("*", 10);
	await world.finish(sender);
	const sent = service.pushes().length;
	assert.deepEqual(world.ledger(job), { accepted: sent });
	service.clearAnswers();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 200 });
	assert.equal(service.pushes().length, 200);
});

inWorld("a new job reaches both workers of a sender at work", async (world) => {
	world.configure({ PUSH_WORKERS: "2" });
	world.subscribe(100);
	world.sql("UPDATE counters SET n = 2500 WHERE name = 'subscriptions'");
	service.answer("*", { status: 201, delayMs: 1000 }, 100);
	world.job();
	const sender = world.start();
	await service.waitForRequest("*", 10);
	const job = world.job();
	await world.nudge();
	await sender.ended;
	assert.deepEqual(world.ledger(job), { accepted: 100 });
});

test("a job written while the sender is about to end is not stranded", { skip: !isTestBuild && "needs test points" }, async () => {
	const world = await makeWorld(service);
	try {
		const [one] = world.subscribe();
		service.clear();
		world.job();
		const sender = world.start({ env: { ATSTATUS_TESTPOINT: "before-unlock~1500" } });
		await service.waitForPush(one.id, 1);
		await until(() => world.value("SELECT count(*) FROM settings WHERE name = 'upkeep_at'") === 1);
		world.job();
		await world.run(); /* is turned away: the other one still has the lock */
		assert.equal(service.pushes(one.id).length, 1);
		await sender.ended;
		assert.equal(service.pushes(one.id).length, 2);
	} finally {
		world.close();
	}
});

inWorld(`${large} subscriptions on a sink get exactly one message each`, async (world) => {
	const sink = await startSink(service);
	try {
		const origin = `https://sink.push.test:${sink.port}`;
		world.configure({ PUSH_CONNECT_TO: `sink.push.test:${sink.port}:127.0.0.1:${sink.port}`, PUSH_WORKERS: "2" });
		world.subscribeMany(large, origin);
		const job = world.job();
		await world.run();
		const counts = await sink.counts();
		assert.equal(counts.total, large);
		assert.equal(counts.distinct, large);
		assert.equal(counts.repeated, 0);
		assert.deepEqual(world.ledger(job), { accepted: large });
		assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE proven = 0"), 0);
		assert.equal(world.jobRow(job).state, "done");
	} finally {
		await sink.close();
	}
});

inWorld("a service that ends connections again and again loses nobody and tells nobody twice", async (world) => {
	const sink = await startSink(service, ["--goaway-after", "97"]);
	try {
		world.configure({ PUSH_CONNECT_TO: `sink.push.test:${sink.port}:127.0.0.1:${sink.port}` });
		world.subscribeMany(2000, `https://sink.push.test:${sink.port}`);
		const job = world.job();
		await world.run();
		const counts = await sink.counts();
		assert.equal(counts.distinct, 2000);
		assert.equal(counts.repeated, 0);
		assert.deepEqual(world.ledger(job), { accepted: 2000 });
	} finally {
		await sink.close();
	}
});

inWorld("its memory does not grow with the number of subscriptions", async (world) => {
	if (isTestBuild) return; /* the sanitizer's own memory would be measured */
	const sink = await startSink(service, ["--delay-ms", "1"]);
	try {
		world.configure({ PUSH_CONNECT_TO: `sink.push.test:${sink.port}:127.0.0.1:${sink.port}` });
		const most = [];
		for (const count of [1000, large]) {
			world.subscribeMany(count, `https://sink.push.test:${sink.port}`);
			world.job();
			const sender = world.start();
			let peak = 0;
			while (!sender.isOver) {
				try {
					peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${sender.child.pid}/status`, "utf8"))?.[1] ?? 0));
				} catch { /* it has just ended */ }
				await pause(5);
			}
			most.push(peak);
			world.sql("DELETE FROM jobs; DELETE FROM subscriptions;");
		}
		assert.ok(most[0] > 1000 && most[1] < 16_000, `${most} kB`);
		assert.ok(most[1] - most[0] < 5000, `${most} kB`);
	} finally {
		await sink.close();
	}
});

inWorld("it takes no proxy from the environment and follows no redirect", async (world) => {
	let asked = 0;
	const proxy = createServer((_request, response) => { asked++; response.end(); });
	proxy.on("connect", (_request, socket) => { asked++; socket.destroy(); });
	await new Promise((done) => { proxy.listen(0, "127.0.0.1", done); });
	const url = `http://127.0.0.1:${proxy.address().port}`;
	try {
		world.subscribe(2);
		world.subscribe(2, { http1: true });
		const job = world.job();
		await world.run({ env: { http_proxy: url, https_proxy: url, HTTPS_PROXY: url, ALL_PROXY: url, all_proxy: url } });
		assert.equal(asked, 0);
		assert.deepEqual(world.ledger(job), { accepted: 4 });
	} finally {
		proxy.close();
	}
});

inWorld("a database that others hold for seconds costs time and nothing else", async (world) => {
	world.subscribe(30);
	const incident = newId();
	const job = world.job({ notices: [{ subject: incident }] });
	service.answer("*", { status: 201, delayMs: 300 }, "always");
	const sender = world.start();
	await service.waitForRequest("*", 1);
	const holder = spawn("sqlite3", [world.database], { stdio: ["pipe", "ignore", "inherit"] });
	holder.stdin.end(".timeout 5000\nBEGIN IMMEDIATE;\n.shell sleep 3\nCOMMIT;\n");
	assert.equal(await new Promise((done) => { holder.on("close", done); }), 0);
	await sender.ended;
	assert.deepEqual(world.ledger(job), { accepted: 30 });
	assert.equal(service.pushes().length, 30);
	await until(() => world.jobRow(job).state === "done");
});

inWorld("when the database file is replaced it ends, and the next one sends what the new file says", async (world) => {
	world.subscribe(300);
	service.answer("*", { status: 201, delayMs: 700 }, "always");
	const job = world.job();
	const sender = world.start();
	await service.waitForRequest("*", 1);
	world.sql(`VACUUM INTO '${world.database}.copy'`);
	for (const end of ["", "-wal", "-shm"]) rmSync(world.database + end, { force: true });
	renameSync(`${world.database}.copy`, world.database);
	const { code, log } = await sender.ended;
	assert.equal(code, 1, log);
	assert.match(log, /error WORKER-05 /);
	service.clearAnswers();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 300 });
});

for (const room of [0, 40, 80]) {
	inWorld(`on a disk with ${room} kB left nothing is pushed without its claim on disk, and nothing is lost`, async (world) => {
		const all = world.subscribe(400);
		await world.run(); /* the verdict about the keys is stored: it will not be written again */
		const job = world.job();
		/* holds the database open, so that its log stays as it is */
		const holder = spawn("sqlite3", [world.database], { stdio: ["pipe", "pipe", "inherit"] });
		holder.stdin.write("CREATE TABLE filler (x); DROP TABLE filler; SELECT 1;\n");
		await new Promise((done) => { holder.stdout.once("data", done); });
		const limit = Math.ceil(statSync(`${world.database}-wal`).size / 1024) + room;
		const sender = spawn("bash", ["-c", `trap '' XFSZ; ulimit -f ${limit}; exec ${senderProgram}`], {
			stdio: ["ignore", "ignore", "pipe"], env: { PATH: process.env.PATH, ENV_FILE: world.envFile, ATSTATUS_ALLOW_ROOT: "1" },
		});
		let log = "";
		sender.stderr.on("data", (chunk) => { log += chunk; });
		const code = await new Promise((done) => { sender.on("close", done); });
		const sent = service.requests().length;
		const claimed = world.value(`SELECT count(*) FROM lanes l JOIN subscriptions s ON s.shard = l.shard AND s.id <= l.claimed_to`);
		holder.kill();
		assert.equal(code, 1, log);
		assert.match(log, /error DB-/);
		assert.ok(sent <= claimed, `${sent} sent, ${claimed} claimed`);
		await world.run();
		assert.deepEqual(world.ledger(job), { accepted: 400 });
		for (const one of all) assert.ok(service.pushes(one.id).length >= 1);
		assert.ok(service.pushes().length <= 400 + claimed);
		assert.equal(sent > 0, room > 0);
	});
}
