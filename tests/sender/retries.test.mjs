/*
 * What happens over hours and days: when a message is tried again, how long an origin is left alone, when strikes end a
 * subscription, and what a clock that is wrong does. The sender's clock is shifted, so most of it needs the test build.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { isTestBuild, makeKeys, makeWorld, until } from "./world.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const hosts = ["fcm.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com", "wns2-par02p.notify.windows.com", "retries.push.test"];

/* How far both clocks are ahead; only the sender's where a test says so. */
let shift = 0;
let service;

before(async () => { service = await startPushService({ control: false, autopush: false, now: () => Date.now() + shift }); });
after(() => service.close());

function over(sentence, body, options = { skip: !isTestBuild && "needs a clock that can be shifted" }) {
	test(sentence, options, async () => {
		const world = await makeWorld(service, { hosts: ["retries.push.test"] });
		service.clear();
		service.clearAnswers();
		try {
			await body(world, (ms) => { shift = ms; world.clock(ms); });
		} finally {
			shift = 0;
			world.close();
		}
	});
}

const now = () => Date.now() + shift;
const inBothBuilds = {};

/* Runs until the message that is refused alone has been refused again: its second try is brought forward, where it was
 * not refused twice at once because the others had been accepted in between. */
async function runWithSecondTry(world, job, accepted) {
	const sender = world.start();
	await until(() => world.ledger(job).accepted === accepted && world.exceptions(job).length + (world.ledger(job).refused ?? 0) === 1);
	world.sql("UPDATE exceptions SET due_at = 0;");
	await world.nudge();
	await until(() => world.jobRow(job).state === "done");
	await world.finish(sender);
}

over("a message that fails is tried after 5 s, 30 s, 2 min, 10 min, 30 min and 2 h, then given up with a strike", async (world, to) => {
	const [one] = world.subscribe(1, { host: hosts[4] });
	service.answer(one.id, "500", "always");
	const job = world.job();
	for (const [index, seconds] of [5, 30, 120, 600, 1800, 7200].entries()) {
		const began = now();
		await world.runUntil(() => world.exceptions(job)[0]?.tries === index + 1);
		const [{ due_at: due }] = world.exceptions(job);
		const wait = due - began;
		assert.ok(wait >= seconds * 500 && wait <= seconds * 1500 + 5000, `try ${index + 2} after ${wait} ms`);
		to(due - Date.now() + 100);
	}
	await world.runUntil(() => world.jobRow(job).state === "done");
	assert.deepEqual(world.ledger(job), { refused: 1 });
	assert.equal(service.requests(one.id).length, 7);
	const { strikes, dead_at: deadAt } = world.subscription(one.row);
	assert.deepEqual([strikes, deadAt], [1, null]);
});

over("a service that asks for longer than the message lives gets it no more", async (world) => {
	const [mozilla] = world.subscribe(1, { service: "mozilla" });
	const [wns] = world.subscribe(1, { service: "wns" });
	service.answer(mozilla.id, "mozilla-503", "always");
	service.answer(wns.id, "wns-406", "always");
	const job = world.job({ expiresIn: 30_000 });
	await world.run();
	assert.deepEqual(world.ledger(job), { expired: 2 });
	assert.equal(service.requests().length, 2);
}, inBothBuilds);

over("keys refused: pauses of 15 min doubling to 6 h, nobody is deleted, then all is delivered", async (world, to) => {
	const all = world.subscribe(5, { service: "fcm" });
	service.answer("https://fcm.googleapis.com", "fcm-403-invalid-jwt", "always");
	const job = world.job();
	for (const [index, minutes] of [15, 30, 60, 120, 240, 360].entries()) {
		const began = now();
		const { log } = await world.runUntil(() => world.originRow("https://fcm.googleapis.com").failures === index + 1);
		const { paused_until: until, pause_reason: reason } = world.originRow("https://fcm.googleapis.com");
		assert.equal(reason, "auth");
		assert.ok(Math.abs(until - began - minutes * MINUTE) < 15_000, `paused for ${(until - began) / MINUTE} min, not ${minutes}`);
		assert.match(log, /refuses our VAPID token: check the clock of this machine/);
		to(until - Date.now() + 100);
	}
	assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NOT NULL OR strikes > 0"), 0);
	service.clearAnswers();
	world.sql("UPDATE exceptions SET due_at = 0;");
	await world.runUntil(() => world.jobRow(job).state === "done");
	assert.deepEqual(world.ledger(job), { accepted: all.length });
	assert.equal(world.originRow("https://fcm.googleapis.com").failures, 0);
});

over("throttled without a word: pauses of 1 min doubling; with Retry-After never shorter than that", async (world, to) => {
	world.subscribe(6, { service: "apple" });
	world.subscribe(6, { service: "wns" });
	const origins = ["https://web.push.apple.com", "https://wns2-par02p.notify.windows.com"];
	service.answer(origins[0], "apple-429", "always");
	service.answer(origins[1], "wns-406", "always");
	const job = world.job();
	for (const [index, expected] of [[1, 15], [2, 15], [4, 15], [8, 15]].entries()) {
		const began = now();
		const rows = () => origins.map((origin) => world.originRow(origin));
		await world.runUntil(() => rows().every((row) => row.failures === index + 1));
		rows().forEach((row, which) => {
			assert.equal(row.pause_reason, "throttled");
			const minutes = (row.paused_until - began) / MINUTE;
			assert.ok(minutes >= expected[which] && minutes < expected[which] + 0.3, `${row.origin} paused for ${minutes} min, not ${expected[which]}`);
		});
		to(Math.max(...rows().map((row) => row.paused_until), ...world.exceptions(job).map((row) => row.due_at)) - Date.now() + 100);
	}
	assert.deepEqual(world.ledger(job), {});
	service.clearAnswers();
	await world.runUntil(() => world.jobRow(job).state === "done");
	assert.deepEqual(world.ledger(job), { accepted: 12 });
});

for (const [name, ms] of [["two days ahead", 2 * DAY], ["thirteen hours behind", -13 * HOUR]])
	over(`a clock ${name}: every service refuses in its own way, nobody is deleted, and once it is right all is delivered`, async (world) => {
		const groups = hosts.map((host) => world.subscribe(3, { host }));
		const job = world.job({ expiresIn: 20 * DAY });
		world.clock(ms);
		const { log } = await world.runUntil(() => world.value("SELECT count(*) FROM origins WHERE pause_reason = 'auth'") === hosts.length);
		const statuses = groups.map(([first]) => [...new Set(service.requests(first.id).map(({ status }) => status))]);
		assert.deepEqual(statuses, [[403], [401], [403], [401], [403]]);
		assert.equal(log.split("\n").filter((line) => /BREAKER-01 .* check the clock of this machine/.test(line)).length, hosts.length);
		assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NOT NULL OR strikes > 0"), 0);
		world.clock(0);
		/* a pause that lies days ahead now is not waited for */
		const isNear = () => world.value("SELECT max(paused_until) FROM origins") < Date.now() + 16 * MINUTE;
		if (!isNear()) await world.runUntil(isNear);
		world.sql("UPDATE origins SET paused_until = 0; UPDATE exceptions SET due_at = 0;");
		await world.runUntil(() => world.jobRow(job).state === "done");
		assert.deepEqual(world.ledger(job), { accepted: 3 * hosts.length });
		assert.equal(world.value("SELECT count(*) FROM origins WHERE pause_reason IS NOT NULL"), 0);
	});

over("refused alone on five different days is the end, twice on one day counts once", async (world, to) => {
	const [bad] = world.subscribe(4, { service: "wns" });
	service.answer(bad.id, "wns-401", "always");
	const seen = [];
	for (const day of [0, 0, 1, 2, 3, 4]) {
		to(day * (DAY + MINUTE));
		await runWithSecondTry(world, world.job({ expiresIn: 20 * DAY }), 3);
		const { strikes, dead_reason: reason } = world.subscription(bad.row);
		seen.push([strikes, reason]);
	}
	assert.deepEqual(seen, [[1, null], [1, null], [2, null], [3, null], [4, null], [5, "unauthorized"]]);
});

over("three refusals in a row suspend for a day; after it the next success forgets them", async (world, to) => {
	const [one] = world.subscribe(1, { service: "wns" });
	const tell = async () => {
		const job = world.job({ expiresIn: 20 * DAY });
		await world.runUntil(() => world.jobRow(job).state === "done");
		return world.ledger(job);
	};
	service.answer(one.id, "wns-400", 3);
	for (let i = 0; i < 3; i++) assert.deepEqual(await tell(), { refused: 1 });
	assert.ok(Math.abs(world.subscription(one.row).suspended_until - now() - DAY) < 30_000);
	assert.deepEqual(await tell(), { refused: 1 });
	assert.equal(service.requests(one.id).length, 3, "it was sent to while suspended");
	to(DAY + MINUTE);
	assert.deepEqual(await tell(), { accepted: 1 });
	const { strikes, suspended_until: suspended } = world.subscription(one.row);
	assert.deepEqual([strikes, suspended ?? 0], [0, 0]);
});

over("a subscription of another key: dead where the service says so, else a strike", async (world) => {
	for (const [index, host] of hosts.entries()) {
		service.clear();
		const other = service.createSubscription({ host, vapidPublicKey: makeKeys().publicKey });
		const [foreign] = world.store([other]);
		world.subscribe(3, { host });
		const says = index < 3;
		const job = world.job();
		if (says) await world.runUntil(() => world.jobRow(job).state === "done");
		else await runWithSecondTry(world, job, 3);
		assert.deepEqual(world.ledger(job), { accepted: 3, refused: 1 });
		const { dead_reason: reason, strikes } = world.subscription(foreign.row);
		assert.deepEqual([reason, strikes], says ? ["key_mismatch", 0] : [null, 1], host);
		world.sql("UPDATE subscriptions SET dead_at = 1, dead_reason = 'other' WHERE dead_at IS NULL;");
	}
}, inBothBuilds);

over("a service that keeps messages for less than asked is named in the log once", async (world) => {
	world.subscribe(5, { service: "mozilla" });
	service.answer("https://updates.push.services.mozilla.com", { status: 201, headers: { ttl: "60" } }, "always");
	world.job();
	const { log } = await world.run();
	const lines = log.split("\n").filter((line) => line.includes("COURIER-09"));
	assert.equal(lines.length, 1);
	assert.match(lines[0], /https:\/\/updates\.push\.services\.mozilla\.com keeps messages for 60 s, not 86\d{3}/);
}, inBothBuilds);

over("Apple's device that was away gets the last word on an incident alone", async (world) => {
	const [one] = world.subscribe(1, { service: "apple" });
	for (const [trigger, title] of [["incident_new", "Major outage: API"], ["incident_update", "Identified: API"], ["incident_resolved", "Resolved: API"]]) {
		world.job({ notices: [{ subject: "abcdefghijkl", trigger, title }] });
		await world.run();
	}
	assert.equal(service.pushes(one.id).length, 3);
	assert.deepEqual(service.waiting(one.id).map(({ plaintext }) => plaintext.title), ["Resolved: API"]);
}, inBothBuilds);

over("no connection, or the certificate of another: the origin is paused, nobody is deleted, and all is delivered later", async (world) => {
	const [dead, foreign] = ["dead.push.apple.com", "not.covered.push.apple.com"];
	const to = (host, port) => `${host}:443:127.0.0.1:${port}`;
	const job = (world.subscribe(3, { host: dead }), world.subscribe(3, { host: foreign }), world.job());
	const closed = await closedPort();
	world.configure({ PUSH_CONNECT_TO: `${to(dead, closed)},${to(foreign, service.port)}` });
	const began = now();
	const rows = () => [dead, foreign].map((host) => world.originRow(`https://${host}`));
	const { log } = await world.runUntil(() => rows().every((row) => row.pause_reason !== null));
	assert.deepEqual(rows().map((row) => row.pause_reason), ["connect", "certificate"]);
	assert.ok(Math.abs(rows()[1].paused_until - began - 15 * MINUTE) < 15_000);
	assert.match(log, /error COURIER-07 https:\/\/not\.covered\.push\.apple\.com: 0 certificate: /);
	assert.match(log, /BREAKER-01 https:\/\/not\.covered\.push\.apple\.com is paused for 900 s: The push service's certificate is not valid/);
	assert.equal(service.requests().length, 0);
	assert.equal(world.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NOT NULL OR strikes > 0"), 0);
	/* the one has come back, the other is still somebody else */
	world.configure({ PUSH_CONNECT_TO: `${to(dead, service.port)},${to(foreign, service.port)}` });
	world.sql("UPDATE origins SET paused_until = 0;");
	await world.runUntil(() => world.ledger(job).accepted === 3 && rows()[1].failures === 2);
	assert.equal(rows()[0].pause_reason, null);
	assert.ok(Math.abs(rows()[1].paused_until - now() - 30 * MINUTE) < 15_000);
}, inBothBuilds);

/* A port that was free a moment ago. */
async function closedPort() {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address();
	server.close();
	await once(server, "close");
	return port;
}
