/*
 * One bad neighbour harms nobody: while an origin is dead, drips, throttles or fails, the subscribers of others are told as
 * if it were not there; nothing of its own is lost, and it is told by itself when it is well again. Nothing here asserts on
 * speed (that is measured by tests/bench/parts/neighbours.mjs): only on what came before what.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { isTestBuild, makeWorld, pause, until } from "./world.mjs";

const bad = "bad.push.test";
const good = "good.push.test";
const half = 150;

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body, { hosts = [bad, good], ...how } = {}) {
	test(sentence, how, async () => {
		const world = await makeWorld(service, { hosts });
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
const originOf = (host) => `https://${host}:${service.port}`;
const isOf = (people) => {
	const ids = new Set(people.map(({ id }) => id));
	return (record) => ids.has(record.subscriptionId);
};
const pushesOf = (people) => service.pushes().filter(isOf(people));
const requestsOf = (people) => service.requests().filter(isOf(people));

/* Half of the subscribers at each; the bad one's come first in every list, so that they are in the way if they can be. */
function populate(world) {
	const sick = world.subscribe(half, { host: bad });
	const well = world.subscribe(half, { host: good });
	return { sick, well };
}

/* Quicker than to wait for the answers that never come. */
async function killAndGoOn(world, sender) {
	sender.child.kill("SIGKILL");
	await sender.ended;
	service.clearAnswers();
	await world.run();
}

const isPaused = (world) => world.value(`SELECT paused_until > ${Date.now()} FROM origins WHERE origin = '${originOf(bad)}'`) === 1;

/* ---- what has no answer, not even a connection */

/* Accepts, and never says a word. */
async function startSilent() {
	const sockets = new Set();
	const server = createServer((socket) => sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1");
	await new Promise((done) => { server.once("listening", done); });
	return {
		port: server.address().port,
		accepted: () => sockets.size,
		close() {
			for (const socket of sockets) socket.destroy();
			server.close();
		},
	};
}

/* A listening socket whose queue is full: the kernel drops every further SYN, as a firewall would. */
async function startBlackhole() {
	const child = spawn("perl", ["-MIO::Socket::INET", "-e", `
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 1) or die;
		my @held = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport, Blocking => 0) } 1 .. 8;
		$| = 1; print $s->sockport, "\\n"; sleep 600`], { stdio: ["ignore", "pipe", "inherit"] });
	const port = await new Promise((done) => { child.stdout.once("data", (chunk) => done(Number(chunk))); });
	return { port, accepted: () => 0, close: () => child.kill("SIGKILL") };
}

for (const [what, start] of [["swallows every packet", startBlackhole], ["accepts and never says a word", startSilent]]) {
	inWorld(`an origin that ${what} is given up while the others are told, and told itself when it is back`, async (world) => {
		const hole = await start();
		const lead = (port) => world.configure({
			PUSH_CONNECT_TO: `${bad}:${service.port}:127.0.0.1:${port},${good}:${service.port}:127.0.0.1:${service.port}`,
		});
		try {
			lead(hole.port);
			const { sick, well } = populate(world);
			const job = world.job();
			const sender = world.start();
			await until(() => pushesOf(well).length === half);
			assert.ok(!isPaused(world), "the good half had to wait until the bad one was given up");
			await until(() => isPaused(world), 15_000);
			assert.equal(sender.isOver, false);
			const { log } = await world.finish(sender);
			assert.equal(log.match(/BREAKER-01/g).length, 1, log);
			assert.deepEqual(world.ledger(job), { accepted: half });
			assert.equal(world.exceptions(job).length, 0, "no retry for a person because of an origin");
			lead(service.port);
			world.sql("UPDATE origins SET paused_until = 0");
			await world.run();
			assert.equal(pushesOf(sick).length, half);
			assert.deepEqual(world.ledger(job), { accepted: 2 * half });
		} finally {
			hole.close();
		}
	});
}

/* ---- what answers badly */

inWorld("an origin that never answers holds a handful of messages while all others are told", async (world) => {
	service.answer(originOf(bad), "hang", "always");
	const { sick, well } = populate(world);
	const job = world.job();
	const sender = world.start();
	await until(() => pushesOf(well).length === half);
	assert.equal(sender.isOver, false);
	const waiting = requestsOf(sick);
	assert.ok(waiting.length > 0 && waiting.length <= 16, `${waiting.length} were sent into the void`);
	await world.finish(sender);
	assert.equal(world.exceptions(job).length, waiting.length, "what was sent may have arrived: it is tried again");
	service.clearAnswers();
	world.sql("UPDATE exceptions SET due_at = 0");
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 2 * half });
	assert.equal(pushesOf(sick).length, half, "nobody got it twice");
});

inWorld("an origin that drips an octet a second keeps nobody else waiting", async (world) => {
	service.answer(originOf(bad), { action: "drip", status: 201, body: "x".repeat(600), everyMs: 1000 }, "always");
	const { sick, well } = populate(world);
	const job = world.job();
	const sender = world.start();
	await until(() => pushesOf(well).length === half);
	assert.equal(sender.isOver, false);
	assert.ok(requestsOf(sick).length <= 16, "its window does not grow before it has answered");
	await until(() => world.ledger(job).accepted === half);
	await killAndGoOn(world, sender);
	assert.deepEqual(world.ledger(job), { accepted: 2 * half });
});

inWorld("a 429 with Retry-After: 3600 pauses that origin alone, and after the hour it is told by itself", async (world) => {
	service.answer(originOf(bad), { status: 429, headers: { "retry-after": "3600" } }, "always");
	const { sick, well } = populate(world);
	const job = world.job();
	const { code, log } = await world.start().ended;
	assert.equal(code, 0, log);
	assert.equal(pushesOf(well).length, half, "in the same run");
	const asked = requestsOf(sick).length;
	assert.ok(asked >= 2 && asked <= 16, `${asked} were tried`);
	assert.equal(log.match(/BREAKER-01/g).length, 1, log);
	assert.deepEqual(world.ledger(job), { accepted: half });
	world.clock(3_000_000);
	await world.run();
	assert.equal(requestsOf(sick).length, asked, "nothing is sent before the hour is over");
	service.clearAnswers();
	world.clock(2 * 3_600_000);
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 2 * half });
	assert.equal(pushesOf(sick).length, half);
	assert.equal(world.value("SELECT max(failures) FROM origins"), 0);
}, needsClock);

inWorld("an origin in pieces (500) is paused after ten, and goes on by itself within the same run", async (world) => {
	service.answer(originOf(bad), "500", "always");
	const { sick, well } = populate(world);
	const job = world.job();
	const sender = world.start();
	await until(() => pushesOf(well).length === half && isPaused(world));
	assert.equal(sender.isOver, false);
	const asked = requestsOf(sick).length;
	assert.ok(asked >= 10 && asked <= 32, `${asked} were tried`);
	service.clearAnswers();
	world.clock(11 * 60_000); /* pauses of this kind are 10 min at most */
	await until(() => sender.isOver || world.ledger(job).accepted === 2 * half);
	const { log } = await world.finish(sender);
	assert.equal(pushesOf(sick).length, half);
	assert.match(log, /BREAKER-01/);
	assert.deepEqual(world.ledger(job), { accepted: 2 * half });
}, needsClock);

/* ---- windows */

/* The most requests of an origin that were open at once, looked at in each turn of this process. */
function watchOpen(people) {
	const watch = { most: 0 };
	const look = () => {
		watch.most = Math.max(watch.most, requestsOf(people).filter(({ status }) => status === 0).length);
	};
	const timer = setInterval(look, 5);
	watch.stop = () => {
		clearInterval(timer);
		look();
	};
	return watch;
}

inWorld("each origin's window is its own: it begins small, grows with what is accepted, and does so beside one that is throttled", async (world) => {
	const sick = world.subscribe(400, { host: bad });
	const well = world.subscribe(400, { host: good });
	service.answer("*", { status: 201, delayMs: 300 }, "always");
	const job = world.job();
	const watches = [watchOpen(sick), watchOpen(well)];
	const sender = world.start();
	await until(() => service.requests().length > 0);
	await pause(100);
	for (const people of [sick, well]) assert.ok(requestsOf(people).length <= 16, "the first window");
	/* one is told to be slower while its window is large, the other is not */
	await until(() => watches[0].most > 40);
	service.answer(originOf(bad), { status: 429, delayMs: 300 }, 4);
	await until(() => world.ledger(job).accepted >= 796);
	for (const watch of watches) watch.stop();
	assert.ok(watches[1].most > 64, `${watches[1].most} at once`);
	await world.finish(sender);
	world.sql("UPDATE exceptions SET due_at = 0");
	service.clearAnswers();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 800 });
});

const dead = Array.from({ length: 12 }, (_, i) => `dead-${i}.push.test`);
const early = "early.push.test";

inWorld("many dead origins together do not take the room of one that lives", async (world) => {
	for (const host of dead) service.answer(originOf(host), "hang", "always");
	/* whatever the order in which origins are served, one that lives comes behind the dead ones */
	const well = world.subscribe(half, { host: early });
	const sick = dead.flatMap((host) => world.subscribe(40, { host }));
	well.push(...world.subscribe(half, { host: good }));
	const job = world.job();
	const sender = world.start();
	await until(() => pushesOf(well).length === 2 * half || requestsOf(sick).length > 12 * 16, 12_000);
	assert.equal(pushesOf(well).length, 2 * half, "before any of the dead ones was tried again");
	assert.equal(world.exceptions(job).length, 0, "before any of the dead ones was given up");
	await killAndGoOn(world, sender);
	assert.deepEqual(world.ledger(job), { accepted: 12 * 40 + 2 * half });
}, { hosts: [early, good, ...dead] });
