/*
 * Each answer of each push service, and what the sender does with it: the ledger, the subscription, the origin, the next
 * try and the log. Every case has a host of its own below the vendor's, so that one origin's trouble is not another's;
 * one run of the sender meets them all, a second one, with the failures over, brings what was left.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { presets } from "../pushservice/answers.mjs";
import { personalities } from "../pushservice/personalities.mjs";
import { startPushService } from "../pushservice/service.mjs";
import { makeWorld, until } from "./world.mjs";

const DAY = 86_400_000;
const alive = { dead_reason: null, max_payload: null };

/* What may be expected. word: as the log names the answer; alarm: as an error, for the operator to see. */
const accepted = { ledger: { accepted: 1 }, row: { ...alive, proven: 1, strikes: 0 } };
const refused = (word, strikes = 0) => ({ ledger: { refused: 1 }, row: { ...alive, strikes }, word });
const ourBug = { ...refused("bad_request"), alarm: true };
const dead = (word) => ({ ledger: { refused: 1 }, row: { dead_reason: word }, word });
const gone = (word) => ({ ledger: { gone: 1 }, row: { dead_reason: word } });
const later = (word, from, to) => ({ ledger: {}, row: { ...alive, strikes: 0 }, retry: [from * 1000, to * 1000], word });
const soon = (word = "server_error") => later(word, 2.5, 7.6);
const paused = (reason, seconds, word) => ({ ledger: {}, row: { ...alive, strikes: 0 }, paused: reason, seconds, word });
const keysRefused = (seconds = 900) => ({ ...paused("auth", seconds, "unauthorized"), tokens: 2 });
const again = (word, check, more = {}) => ({ ...accepted, requests: 2, word, check, ...more });
const smallest = again("too_large", ([first, second]) => {
	assert.deepEqual(Object.keys(second.plaintext), ["web_push", "notification"]);
	assert.deepEqual(Object.keys(second.plaintext.notification), ["title", "navigate", "tag"]);
	assert.equal(first.paddedLength, 1024);
	assert.equal(second.paddedLength, Buffer.byteLength(second.text));
}, { row: { dead_reason: null, proven: 1, strikes: 0, max_payload: 512 } });
const withoutTopic = again("bad_topic", ([, second]) => assert.equal(second.topic, null), { alarm: true });
const renewed = again("unauthorized", ([first, second]) => assert.notEqual(second.token, first.token), { tokens: 2 });

/* Below which each service has sub-domains. */
const suffixOf = (name) => ({ fcm: "fcm.googleapis.com", mozilla: "push.services.mozilla.com", apple: "push.apple.com", wns: "notify.windows.com", rfc: "push.test" })[name];

const once = { times: 1 };
const several = { count: 5 };

/* service, its answer, what that means, what is expected; times: how often it is said (always), to how many (1), and
 * the columns that the rows have before. */
const cases = [
	["fcm", "fcm-400-unauthorized", "ends the subscription", dead("bad_registration")],
	["fcm", "fcm-400-token", "ends the subscription", dead("bad_registration")],
	["fcm", "fcm-403-mismatch", "is a key mismatch", dead("key_mismatch")],
	["fcm", "fcm-403-sender-id", "is a key mismatch", dead("key_mismatch")],
	["fcm", "fcm-403-invalid-jwt", "is sent once more with a new token", renewed, once],
	["fcm", "fcm-403-invalid-jwt", "to several pauses the origin, and the token is renewed once", keysRefused(), several],
	["fcm", "fcm-403-aud", "to several pauses the origin", keysRefused(), several],
	["fcm", "fcm-404", "ends the subscription", gone("not_found")],
	["fcm", "fcm-404-html", "ends the subscription whatever the page says", gone("not_found")],
	["fcm", "fcm-404", "to nearly all of many pauses the origin and no row will be erased", { ...paused("mass_gone", 900), row: {}, all: (rows) => {
		assert.ok(rows.filter((row) => row.dead_reason === "mass_gone").length >= 20);
		assert.deepEqual(rows.filter((row) => row.dead_reason !== null && row.dead_reason !== "mass_gone"), []);
	} }, { count: 40, some: true }],
	["fcm", "fcm-410", "ends the subscription", gone("gone")],
	["fcm", "fcm-410-not-registered", "ends the subscription", gone("gone")],
	["fcm", "fcm-413", "is sent once more as the smallest message, and the size is learnt", smallest, once],
	["fcm", "fcm-429", "waits as long as it says", later("throttled", 60, 67)],
	["fcm", "fcm-429", "to several pauses the origin", paused("throttled", 60, "throttled"), several],
	["fcm", "fcm-500", "is tried again soon", soon()],
	["fcm", "fcm-502-html", "is tried again soon", soon()],
	["fcm", "fcm-503", "is tried again soon", soon()],
	["fcm", "fcm-503", "ten times in a row pauses the origin", paused("busy", 120, "server_error"), { count: 40, some: true }],
	["fcm", "fcm-503-delivered", "is tried again with the same Topic and tag", { ...soon(), finalCheck: ([first, second]) => {
		assert.deepEqual([second.topic, second.plaintext.tag], [first.topic, first.plaintext.tag]);
	} }, once],

	["mozilla", "mozilla-400-108", "is a strike", refused("rejected", 1)],
	["mozilla", "mozilla-400-110", "drops the message alone", ourBug],
	["mozilla", "mozilla-400-111", "drops the message alone", ourBug],
	["mozilla", "mozilla-400-113", "is sent once more without Topic", withoutTopic, once],
	["mozilla", "mozilla-400-113", "again without Topic, then refused", { ...refused("bad_topic"), alarm: true, requests: 2 }],
	["mozilla", "mozilla-400-114", "drops the message alone", ourBug],
	["mozilla", "mozilla-401-109", "is sent once more with a new token", renewed, once],
	["mozilla", "mozilla-401-109", "to several pauses the origin, and the token is renewed once", keysRefused(), several],
	["mozilla", "mozilla-401-aud", "of one endpoint is tried later", { ...soon("unauthorized"), requests: 2 }],
	["mozilla", "mozilla-401-expiry", "to several pauses the origin", keysRefused(), several],
	["mozilla", "mozilla-401-mismatch", "is a key mismatch", dead("key_mismatch")],
	["mozilla", "mozilla-404", "ends the subscription", gone("not_found")],
	["mozilla", "mozilla-410", "ends the subscription", gone("gone")],
	["mozilla", "mozilla-410-user", "ends the subscription", gone("gone")],
	["mozilla", "mozilla-410-deleted", "ends the subscription", gone("gone")],
	["mozilla", "mozilla-413", "is sent once more as the smallest message, and the size is learnt", smallest, once],
	["mozilla", "mozilla-413", "again as the smallest message, then refused", { ...refused("too_large"), requests: 2, row: { dead_reason: null, max_payload: 512, strikes: 0 } }],
	["mozilla", "mozilla-500", "is tried again soon", soon()],
	...["mozilla-502", "mozilla-502-901", "mozilla-502-902"].map((name) => ["mozilla", name, "is tried again soon", soon()]),
	["mozilla", "mozilla-503", "is tried again when it says", later("server_error", 120, 133)],
	["mozilla", "mozilla-503-null", "is tried again when it says", later("server_error", 120, 133)],
	["mozilla", "mozilla-503", "ten times in a row pauses the origin", paused("busy", 120, "server_error"), { count: 40, some: true }],

	["apple", "apple-400-VapidPkHashMismatch", "is a key mismatch", dead("key_mismatch")],
	["apple", "apple-400-BadWebPushTopic", "is sent once more without Topic", withoutTopic, once],
	["apple", "apple-400-BadTtl", "drops the message alone", ourBug],
	["apple", "apple-400-BadUrgency", "drops the message alone", ourBug],
	["apple", "apple-400-BadWebPushRequest", "drops the message alone", ourBug],
	["apple", "apple-400-BadVapidPublicKey", "to several pauses the origin: the key is ours, no row pays for it", keysRefused(), several],
	["apple", "apple-403-BadJwtToken", "of one endpoint is tried later", { ...soon("unauthorized"), requests: 2 }],
	["apple", "apple-403-BadJwtToken", "to several pauses the origin, and the token is renewed once", keysRefused(), several],
	["apple", "apple-404", "ends the subscription", gone("not_found")],
	["apple", "apple-405", "drops the message alone", ourBug],
	["apple", "apple-410", "ends the subscription", gone("gone")],
	["apple", "apple-413", "is sent once more as the smallest message, and the size is learnt", smallest, once],
	["apple", "apple-429", "waits a minute where it says nothing", later("throttled", 60, 91)],
	["apple", "apple-429", "to a twentieth pauses the origin", paused("throttled", 60, "throttled"), several],
	["apple", "apple-500", "is tried again soon", soon()],
	["apple", "apple-503", "is tried again soon", soon()],

	["wns", "wns-400", "is a strike", refused("rejected", 1)],
	["wns", "wns-400", "suspends for a day at the third strike", { ...refused("rejected", 3), suspended: true }, { columns: { strikes: 2 } }],
	["wns", "wns-400", "is the end at the third suspension", dead("rejected"), { columns: { strikes: 8 } }],
	["wns", "wns-400-ttl", "is sent once more with TTL 60", again("bad_ttl", ([, second]) => assert.equal(second.ttl, 60), { alarm: true }), once],
	["wns", "wns-401", "to several pauses the origin", keysRefused(), several],
	["wns", "wns-401-tokens", "to several pauses the origin", keysRefused(), several],
	["wns", "wns-404", "ends the subscription", gone("not_found")],
	["wns", "wns-406", "waits as long as it says", later("throttled", 900, 991)],
	["wns", "wns-406-channel", "waits as long as it says", later("throttled", 900, 991)],
	["wns", "wns-406-bare", "waits a minute where it says nothing, and the log has its reason", { ...later("throttled", 60, 91), says: /appthrottled/ }],
	["wns", "wns-406", "to several pauses the origin for as long", paused("throttled", 900, "throttled"), several],
	["wns", "wns-410", "ends the subscription", gone("gone")],
	["wns", "wns-410-blocked", "pauses the origin and ends nothing", { ...paused("blocked", 900, "blocked"), alarm: true, says: /Domain Blocked/ }],
	["wns", "wns-411", "drops the message alone", ourBug],
	["wns", "wns-413", "is sent once more as the smallest message, and the size is learnt", smallest, once],
	["wns", "wns-429", "waits as long as it says", later("throttled", 900, 991)],
	["wns", "wns-500", "is tried again soon", soon()],
	["wns", "wns-503", "is tried again soon", soon()],

	...["200", "201", "accepted-202", "no-content"].map((name) => ["rfc", name, "is accepted", accepted]),
	...["301", "302", "307", "308"].map((name) => ["rfc", name, "is never followed, and a strike", refused("redirect", 1)]),
	["rfc", "301", "is the end at the fifth strike", dead("redirect"), { columns: { strikes: 4 } }],
	...["400", "402", "418", "451"].map((name) => ["rfc", name, "is a strike", refused("rejected", 1)]),
	["rfc", "rfc-404", "ends the subscription", gone("not_found")],
	["rfc", "rfc-410", "ends the subscription", gone("gone")],
	...["405", "411", "415"].map((name) => ["rfc", name, "drops the message alone", ourBug]),
	...["408", "425"].map((name) => ["rfc", name, "is tried again soon", soon("temporary")]),
	["rfc", "rfc-429", "waits as long as it says", later("throttled", 120, 133)],
	["rfc", "rfc-429-date", "waits until the date that it names", later("throttled", 297, 331)],
	["rfc", "429", "waits a minute where it says less", later("throttled", 60, 67)],
	["rfc", "ntfy-429", "waits a minute where it says nothing", later("throttled", 60, 91)],
	...["500", "502", "503", "504", "507"].map((name) => ["rfc", name, "is tried again soon", soon()]),
	["rfc", "endless", "counts by its status, the body is cut off", refused("rejected", 1)],
	["rfc", "huge-headers", "is no answer and is tried again soon", soon("no_answer")],
	["rfc", "reset-refused", "was surely not processed and is sent again at once", { ...accepted, requests: 2 }, once],
	["rfc", "goaway-refuse", "was surely not processed and is sent again at once", { ...accepted, requests: 2 }, once],
	["rfc", "reset-cancel", "may have been processed and is tried later", soon("no_answer")],
	["rfc", "reset-internal", "may have been processed and is tried later", soon("no_answer")],
	["rfc", "close", "may have been processed and is tried later", soon("no_answer")],
].map(([name, answer, sentence, expected, { times = "always", count = 1, some = false, columns } = {}], index) => {
	const host = `c${index}.${suffixOf(name)}`;
	return { name, answer, sentence, expected, times, count, some, columns, host };
});

let service, world, job, started, log;

/* Everything that the database has to say, read once for all cases. */
const state = { first: null, last: null };

function snapshot() {
	const byId = (rows) => new Map(rows.map((row) => [row.id, row]));
	return {
		origins: new Map(world.rows("SELECT * FROM origins").map((row) => [row.origin, row])),
		subscriptions: byId(world.rows("SELECT id, dead_at, dead_reason, strikes, suspended_until, max_payload, proven FROM subscriptions")),
		exceptions: new Map(world.exceptions(job).map((row) => [row.subscription_id, row])),
		ledger: world.rows(`SELECT origin_id, outcome, n FROM ledger WHERE job_id = ${job} AND n > 0`),
		open: new Set(world.rows(`SELECT origin_id FROM lanes WHERE job_id = ${job} AND done = 0 UNION SELECT origin_id FROM exceptions WHERE job_id = ${job}`).map((row) => row.origin_id)),
		requests: new Map(cases.map(({ made }) => [made[0].id, service.requests(made[0].id)])),
	};
}

const ledgerOf = ({ ledger }, { id }) => Object.fromEntries(ledger.filter((row) => row.origin_id === id).map(({ outcome, n }) => [outcome, n]));

before(async () => {
	service = await startPushService({ control: false, autopush: false });
	world = await makeWorld(service, { hosts: cases.map(({ host }) => host) });
	const all = cases.flatMap(({ host, count, columns }) => Array.from({ length: count }, () =>
		({ ...service.createSubscription({ host, vapidPublicKey: world.keys.publicKey }), columns })));
	const stored = world.store(all);
	for (const one of cases) {
		one.made = stored.splice(0, one.count);
		one.origin = new URL(one.made[0].subscription.endpoint).origin;
		service.answer(one.origin, one.answer, one.times);
	}
	job = world.job();
	started = Date.now();
	({ log } = await world.runUntil(() => world.value(`SELECT (SELECT count(*) FROM jobs WHERE spread = 0) +
		(SELECT count(*) FROM lanes l JOIN origins o ON o.id = l.origin_id WHERE l.done = 0 AND o.paused_until < ${Date.now()})`) === 0));
	state.tokens = service.stats().tokens;
	state.first = snapshot();
	service.clearAnswers();
	world.sql("UPDATE origins SET paused_until = 0; UPDATE exceptions SET due_at = 0;");
	await world.runUntil(() => world.jobRow(job).state === "done");
	state.last = snapshot();
});
after(() => { world?.close(); return service?.close(); });

function checkRetry(exception, [from, to]) {
	assert.ok(exception, "there is no exception");
	assert.deepEqual([exception.tries, exception.claims], [1, 0]);
	const wait = exception.due_at - started;
	assert.ok(wait >= from && wait <= to + 10_000, `due after ${wait} ms, not ${from} to ${to}`);
}

function checkPause(origin, { paused: reason, seconds }) {
	assert.equal(origin.pause_reason, reason ?? null);
	if (!reason) return;
	const wait = (origin.paused_until - started) / 1000;
	assert.ok(wait >= seconds && wait < seconds + 20, `paused for ${wait} s, not ${seconds}`);
	assert.ok(state.first.open.has(origin.id), "nothing is left to be sent");
	assert.match(log, new RegExp(`BREAKER-01 ${origin.origin} is paused for ${seconds} s: [A-Z]`));
}

/* As the sender sees it: where the connection goes wrong there is none, also where the header never ended. */
const statusOf = (answer) => (answer === "huge-headers" ? 0 : presets[answer].status ?? 0);

function checkLog(origin, status, { word, alarm = false, says }) {
	const lines = log.split("\n").filter((line) => line.includes(`${origin.origin}: `) && /COURIER-0[78]/.test(line));
	if (!word) return assert.deepEqual(lines, []);
	assert.ok(lines.length > 0, "the log has no word of it");
	for (const line of lines) assert.ok(line.includes(`${alarm ? "COURIER-07" : "COURIER-08"} ${origin.origin}: ${status} ${word}: `), line);
	if (says) assert.match(lines[0], says);
	assert.ok(origin.last_error.startsWith(`${status} ${word}: `), origin.last_error);
}

for (const one of cases)
	test(`${one.name}: ${one.answer} ${one.sentence}`, () => {
		const { answer, expected, some } = one;
		const [{ row: id, id: subscription }] = one.made;
		const { first, last } = state;
		const origin = first.origins.get(one.origin);
		const requests = first.requests.get(subscription);
		if (!some) assert.deepEqual(ledgerOf(first, origin), expected.ledger);
		for (const [column, value] of Object.entries(expected.row)) assert.equal(first.subscriptions.get(id)[column], value, column);
		if (expected.requests) assert.equal(requests.length, expected.requests);
		if (expected.tokens) assert.equal(state.tokens[origin.origin], expected.tokens, "tokens");
		if (expected.retry) checkRetry(first.exceptions.get(id), expected.retry);
		if (expected.suspended) assert.ok(Math.abs(first.subscriptions.get(id).suspended_until - started - DAY) < 20_000);
		expected.check?.(requests);
		expected.all?.(one.made.map(({ row }) => first.subscriptions.get(row)));
		checkPause(origin, expected);
		checkLog(origin, statusOf(answer), expected);

		/* afterwards: all that was left has arrived, nothing is lost, and the origin is as new */
		const after = last.origins.get(origin.origin);
		const outcome = ledgerOf(last, after);
		assert.equal(Object.values(outcome).reduce((sum, n) => sum + n, 0), one.count);
		if (expected.retry || expected.paused) {
			assert.ok(outcome.accepted > 0);
			assert.deepEqual([after.failures, after.pause_reason], [0, null]);
		}
		expected.finalCheck?.(last.requests.get(subscription));
	});

/* Refused alone while others of the same service are accepted: it is that endpoint, not our key. */
const lonely = ["fcm-401-endpoint", "mozilla-401-109", "apple-403-BadJwtToken", "wns-401", "wns-403"];

test(`${lonely.join(", ")} for one endpoint alone is a strike, the others get theirs`, async () => {
	const hosts = lonely.map((answer, index) => `l${index}.${suffixOf(answer.split("-")[0])}`);
	const own = await makeWorld(service, { hosts });
	try {
		const groups = hosts.map((host) => own.subscribe(6, { host }));
		groups.forEach(([first], index) => service.answer(first.id, lonely[index], "always"));
		const id = own.job();
		const sender = own.start();
		await until(() => own.ledger(id).accepted === 5 * lonely.length && own.exceptions(id).length + (own.ledger(id).refused ?? 0) === lonely.length);
		own.sql("UPDATE exceptions SET due_at = 0;");
		await own.nudge();
		await until(() => own.jobRow(id).state === "done");
		await own.finish(sender);
		assert.deepEqual(own.ledger(id), { accepted: 5 * lonely.length, refused: lonely.length });
		for (const [{ row }] of groups) {
			const { strikes, dead_at: deadAt } = own.subscription(row);
			assert.deepEqual([strikes, deadAt], [1, null]);
		}
		assert.equal(own.value("SELECT count(*) FROM origins WHERE pause_reason IS NOT NULL"), 0);
	} finally {
		own.close();
	}
});

test("there is a case for all that each service is known to answer", () => {
	for (const [name, { answers }] of Object.entries(personalities))
		for (const answer of Object.keys(answers)) assert.ok(lonely.includes(answer) || cases.some((one) => one.name === name && one.answer === answer), answer);
});

test("no redirect was followed, no rule broken, no subscription erased", () => {
	assert.deepEqual(service.violations().map(({ rule }) => rule), []);
	assert.equal(state.last.subscriptions.size, cases.reduce((sum, { count }) => sum + count, 0));
});

test("no endpoint stands in the log or before the admin", () => {
	const texts = [log, ...[...state.last.origins.values()].map(({ last_error: error }) => error ?? "")];
	for (const text of texts) assert.doesNotMatch(text, /\/push\/|\/wpush\/v2\/gAAAAA|APA91b[\w-]{40}|token=BQ|apple\.com\/Q/);
});
