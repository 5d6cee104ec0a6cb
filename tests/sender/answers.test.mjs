/*
 * Each answer of a push service and what it leaves in the database: the rows of the table in lib/verdict.h. Every case
 * has a host of its own, so that one origin's trouble is not another's; one run of the sender meets them all.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { makeWorld, until } from "./world.mjs";

const DAY = 86_400_000;
const alive = { dead_reason: null };
const accepted = { ledger: { accepted: 1 }, row: { ...alive, proven: 1, strikes: 0 } };
const refused = (strikes = 0) => ({ ledger: { refused: 1 }, row: { ...alive, strikes } });
const dead = (reason, outcome = "refused") => ({ ledger: { [outcome]: 1 }, row: { dead_reason: reason } });
const later = (from, to) => ({ ledger: {}, row: { ...alive, strikes: 0 }, retry: [from * 1000, to * 1000] });
const paused = (reason, seconds, count) => ({ ledger: {}, row: { ...alive, strikes: 0 }, paused: reason, seconds, count });
const again = (expected, check) => ({ ...expected, requests: 2, check });

const cases = [
	...["200", "201", "accepted-202", "no-content"].map((preset) => [preset, `is accepted`, accepted]),
	...["301", "302", "307", "308"].map((preset) => [preset, "is never followed, and a strike", refused(1)]),
	["301", "is the end at the fifth strike", dead("redirect"), { columns: { strikes: 4 } }],
	["apple-400-VapidPkHashMismatch", "is a key mismatch", dead("key_mismatch")],
	["apple-400-BadWebPushTopic", "is sent once more without Topic", again(accepted, ([, second]) => assert.equal(second.topic, null)), { times: 1 }],
	["mozilla-400-113", "again without Topic, then refused", { ...refused(), requests: 2 }],
	["wns-400-ttl", "is sent once more with TTL 60", again(accepted, ([, second]) => assert.equal(second.ttl, 60)), { times: 1 }],
	...["mozilla-400-110", "mozilla-400-111", "mozilla-400-114", "apple-400-BadTtl", "apple-400-BadUrgency", "apple-400-BadWebPushRequest"]
		.map((preset) => [preset, "drops the message alone", refused()]),
	["fcm-400-unauthorized", "ends the subscription", dead("bad_registration")],
	["fcm-400-token", "ends the subscription", dead("bad_registration")],
	["400", "is a strike", refused(1)],
	["400", "suspends for a day at the third strike", { ...refused(3), suspended: true }, { columns: { strikes: 2 } }],
	["400", "is the end at the third suspension", dead("rejected"), { columns: { strikes: 8 } }],
	["418", "is a strike as 400", refused(1)],
	["451", "is a strike as 400", refused(1)],
	["fcm-403-mismatch", "is a key mismatch", dead("key_mismatch")],
	["fcm-403-sender-id", "is a key mismatch", dead("key_mismatch")],
	["mozilla-401-mismatch", "is a key mismatch", dead("key_mismatch")],
	["fcm-403-invalid-jwt", "is sent once more with a new token", again(accepted, ([first, second]) => assert.notEqual(second.headers.authorization, first.headers.authorization)), { times: 1 }],
	["apple-403-BadJwtToken", "of one endpoint is tried later", { ...later(2.5, 7.6), requests: 2 }],
	["mozilla-401-109", "of several endpoints pauses the origin", paused("auth", 900), { count: 5 }],
	["fcm-404", "ends the subscription", dead("not_found", "gone")],
	["404", "ends the subscription", dead("not_found", "gone")],
	["fcm-410", "ends the subscription", dead("gone", "gone")],
	["mozilla-410", "ends the subscription", dead("gone", "gone")],
	["wns-410", "ends the subscription", dead("gone", "gone")],
	["wns-410-blocked", "pauses the origin and ends nothing", paused("blocked", 900)],
	...["405", "411", "415"].map((preset) => [preset, "drops the message alone", refused()]),
	["wns-406", "waits as long as it says", later(900, 991)],
	["apple-429", "waits a minute where it says nothing", later(60, 91)],
	["429", "waits a minute also where it says less", later(60, 67)],
	["fcm-429", "of several endpoints pauses the origin", paused("throttled", 60), { count: 5 }],
	...["408", "425"].map((preset) => [preset, "is tried again soon", later(2.5, 7.6)]),
	["mozilla-413", "is sent once more as the smallest message", again({ ...accepted, maxPayload: 384 }, ([first, second]) => {
		assert.deepEqual(Object.keys(second.plaintext), ["web_push", "notification"]);
		assert.deepEqual(Object.keys(second.plaintext.notification), ["title", "navigate", "tag"]);
		assert.ok(second.paddedLength < first.paddedLength);
	}), { times: 1 }],
	["apple-413", "again as the smallest message, then refused", { ...refused(), requests: 2 }],
	...["500", "502", "504", "507", "mozilla-500", "fcm-503"].map((preset) => [preset, "is tried again soon", later(2.5, 7.6)]),
	["mozilla-503", "is tried again when it says", later(120, 133)],
	["503", "ten in a row pause the origin", paused("busy", 120), { count: 40, some: true }],
	["reset-refused", "was surely not processed and is sent again at once", { ...accepted, requests: 2 }, { times: 1 }],
	["goaway-refuse", "was surely not processed and is sent again at once", { ...accepted, requests: 2 }, { times: 1 }],
	["reset-cancel", "may have been processed and is tried later", later(2.5, 7.6)],
	["close", "may have been processed and is tried later", later(2.5, 7.6)],
];

let service, world, job, started;

before(async () => {
	service = await startPushService({ control: false, autopush: false });
	world = await makeWorld(service, { hosts: cases.map((_, index) => `r${index}.push.test`) });
	cases.forEach((one, index) => {
		const [preset, , , { count = 1, times = "always", columns } = {}] = one;
		one.subscriptions = world.subscribe(count, { host: `r${index}.push.test`, columns });
		one.origin = new URL(one.subscriptions[0].subscription.endpoint).origin;
		service.answer(one.origin, preset, times);
	});
	job = world.job();
	started = Date.now();
	await world.runUntil(() => world.value(`SELECT count(*) FROM jobs WHERE spread = 1`) === 1 &&
		world.value(`SELECT count(*) FROM lanes l JOIN origins o ON o.id = l.origin_id WHERE l.done = 0 AND o.paused_until < ${Date.now()}`) === 0);
});
after(() => { world?.close(); return service?.close(); });

const ledgerOf = (origin) => Object.fromEntries(world.rows(`SELECT outcome, n FROM ledger l JOIN origins o ON o.id = l.origin_id
	WHERE l.job_id = ${job} AND o.origin = '${origin}'`).map(({ outcome, n }) => [outcome, n]));

function checkRetry(row, [from, to], slack) {
	const [exception] = world.exceptions(job).filter((one) => one.subscription_id === row);
	assert.ok(exception, "there is no exception");
	assert.equal(exception.tries, 1);
	assert.equal(exception.claims, 0);
	const wait = exception.due_at - started;
	assert.ok(wait >= from && wait <= to + slack, `due after ${wait} ms, not ${from} to ${to}`);
}

for (const one of cases) {
	const [preset, sentence, expected, { some = false } = {}] = one;
	test(`${preset} ${sentence}`, () => {
		const [first] = one.subscriptions;
		const origin = world.originRow(one.origin);
		const row = world.subscription(first.row);
		if (!some) assert.deepEqual(ledgerOf(one.origin), expected.ledger);
		for (const [column, value] of Object.entries(expected.row)) assert.equal(row[column], value, column);
		if (expected.requests) assert.equal(service.requests(first.id).length, expected.requests);
		if (expected.retry) checkRetry(first.row, expected.retry, 10_000);
		if (expected.suspended) assert.ok(Math.abs(row.suspended_until - started - DAY) < 20_000);
		if (expected.maxPayload) assert.ok(row.max_payload > 0);
		expected.check?.(service.requests(first.id));
		assert.equal(origin.pause_reason, expected.paused ?? null);
		if (expected.paused) {
			const seconds = (origin.paused_until - started) / 1000;
			assert.ok(seconds >= expected.seconds && seconds < expected.seconds + 20, `paused for ${seconds} s`);
			assert.ok(origin.last_error.length > 0);
			const left = world.value(`SELECT count(*) FROM lanes l WHERE l.origin_id = ${origin.id} AND done = 0`) +
				world.exceptions(job).filter((exception) => exception.origin_id === origin.id).length;
			assert.ok(left > 0, "nothing is left to be sent");
		}
	});
}

test("no redirect was followed and no rule broken", () => {
	assert.deepEqual(service.violations().map(({ rule }) => rule), []);
});

test("no subscription was erased", () => {
	assert.equal(world.value("SELECT count(*) FROM subscriptions"), cases.reduce((sum, one) => sum + one.subscriptions.length, 0));
});

test("every verdict on a message is kept for the admin page without its endpoint", () => {
	for (const { last_error: error } of world.rows("SELECT last_error FROM origins WHERE last_error IS NOT NULL"))
		assert.doesNotMatch(error, /\/push\//);
});

test("a token refused for one endpoint alone is a strike, the others get theirs", async () => {
	const own = await makeWorld(service, { hosts: ["alone.push.test"] });
	try {
		const [one] = own.subscribe(6, { host: "alone.push.test" });
		service.answer(one.id, "wns-401", "always");
		const id = own.job();
		await own.runUntil(() => own.jobRow(id).state === "done");
		assert.deepEqual(own.ledger(id), { accepted: 5, refused: 1 });
		assert.equal(own.subscription(one.row).strikes, 1);
		assert.equal(own.subscription(one.row).dead_at, null);
	} finally {
		own.close();
	}
});

test("what was paused goes on by itself afterwards", async () => {
	const target = cases.find(([preset]) => preset === "wns-410-blocked");
	service.clearAnswers();
	world.sql(`UPDATE origins SET paused_until = 0; UPDATE exceptions SET due_at = 0;`);
	await world.runUntil(() => world.jobRow(job).state === "done");
	await until(() => ledgerOf(target.origin).accepted === 1);
	assert.equal(world.originRow(target.origin).failures, 0);
	const total = world.rows(`SELECT sum(n) AS n FROM ledger WHERE job_id = ${job}`)[0].n;
	assert.equal(total, cases.reduce((sum, one) => sum + one.subscriptions.length, 0));
});
