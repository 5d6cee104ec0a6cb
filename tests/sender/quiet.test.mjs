/* Quiet hours are judged when a message leaves, not when it was written or read: the clock goes on while the sender waits. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { wallClock } from "./site.mjs";
import { isTestBuild, makeWorld, newId, until } from "./world.mjs";

const HOUR = 3_600_000;

let service, shift = 0;
before(async () => { service = await startPushService({ control: false, autopush: false, now: () => Date.now() + shift }); });
after(() => service.close());

function inWorld(sentence, body, how = {}) {
	test(sentence, how, async () => {
		const world = await makeWorld(service);
		shift = 0;
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
const hours = (from, to, zone = "Europe/Berlin") => ({ quiet_from: wallClock(zone, from), quiet_to: wallClock(zone, to), quiet_tz: zone });
const heard = (one) => service.requests(one.id).map(({ plaintext, urgency }) => [plaintext.silent !== true, urgency]);

inWorld("a retry after the quiet hours is heard, one that falls into them is silent", async (world) => {
	const [sleeper] = world.subscribe(1, { columns: hours(-60, 60) });
	const [awake] = world.subscribe(1, { columns: hours(90, 240) });
	const job = world.job();
	for (const one of [sleeper, awake]) service.answer(one.id, "500", 1);
	await world.runUntil(() => world.exceptions(job).length === 2);
	assert.deepEqual([heard(sleeper), heard(awake)], [[[false, "low"]], [[true, "high"]]]);
	shift = 2 * HOUR;
	world.clock(shift);
	world.sql("UPDATE exceptions SET due_at = 0");
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 2 });
	assert.deepEqual([heard(sleeper)[1], heard(awake)[1]], [[true, "high"], [false, "low"]]);
}, needsClock);

inWorld("what is sent again at once, because the service wanted a new token, is silent again", async (world) => {
	const [sleeper] = world.subscribe(1, { service: "mozilla", columns: hours(-60, 60) });
	service.answer(sleeper.id, "mozilla-401-109", 1);
	world.job();
	await world.run();
	assert.deepEqual(heard(sleeper), [[false, "low"], [false, "low"]]);
});

inWorld("also the smallest message is silent", async (world) => {
	const [sleeper] = world.subscribe(1, { columns: { ...hours(-60, 60), max_payload: 1 } });
	const incident = newId();
	world.job({ notices: [{ subject: incident }] });
	await world.run();
	const [{ plaintext, urgency }] = service.requests(sleeper.id);
	assert.deepEqual(plaintext, { web_push: 8030, notification: { title: "Major outage: API", navigate: `https://status.example.com/incidents/${incident}/`, tag: incident, silent: true } });
	assert.equal(urgency, "low");
});

inWorld("a zone that this system does not know counts as UTC, and hours that end when they begin hold nothing", async (world) => {
	const [lost] = world.subscribe(1, { columns: { ...hours(-60, 60, "Etc/UTC"), quiet_tz: "Mars/Olympus_Mons" } });
	const [never] = world.subscribe(1, { columns: { ...hours(0, 0, "Etc/UTC") } });
	world.job();
	await world.run();
	assert.deepEqual([heard(lost), heard(never)], [[[false, "low"]], [[true, "high"]]]);
});

inWorld("people of many zones are each judged by their own clock, in one window", async (world) => {
	const zones = Intl.supportedValuesOf("timeZone").filter((zone) => zone.includes("/")).slice(0, 300);
	const made = zones.flatMap((zone, i) => {
		const columns = i % 2 === 0 ? hours(-60, 60, zone) : hours(60, 120, zone);
		return [{ ...service.createSubscription({ vapidPublicKey: world.keys.publicKey }), columns }];
	});
	const all = world.store(made);
	const job = world.job();
	await world.runUntil(() => world.jobRow(job).state === "done");
	assert.deepEqual(all.map((one) => heard(one)[0][0]), zones.map((_, i) => i % 2 === 1));
});

inWorld("the clock moves into the quiet hours while a sender works", async (world) => {
	const [one] = world.subscribe(1, { columns: hours(60, 180) });
	service.answer(one.id, "500", "always");
	const job = world.job();
	const sender = world.start();
	await until(() => world.exceptions(job).length === 1 && world.exceptions(job)[0].claims === 0);
	shift = 90 * 60_000;
	world.clock(shift);
	world.sql("UPDATE exceptions SET due_at = 0");
	await world.nudge();
	await until(() => service.requests(one.id).length >= 2);
	service.clearAnswers();
	await world.finish(sender);
	assert.deepEqual(heard(one).slice(0, 2), [[true, "high"], [false, "low"]]);
}, needsClock);
