/* What a browser is told became of its last notification (`last_push` of …/subscribe/state): made by the real sender, asked of
 * the real program.  Nothing is written per push, so it is concluded; where two answers are possible there is none. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { plainCgi } from "../cgi/harness.mjs";
import { startPushService } from "../pushservice/service.mjs";
import { makeWorld, newId, siteUrl, until } from "./world.mjs";

const DAY = 86_400_000;

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body) {
	test(sentence, async () => {
		const world = await makeWorld(service);
		service.clear();
		service.clearAnswers();
		try {
			await body(world, (one) => lastPush(world, one));
		} finally {
			world.close();
		}
	});
}

async function lastPush(world, { subscription: { endpoint, keys } }) {
	const state = { dir: world.dir, siteUrl, env: { PATH: process.env.PATH, ENV_FILE: world.envFile, ATSTATUS_ALLOW_ROOT: "1", ATSTATUS_CLOCK_FILE: world.clockFile,
		ATSTATUS_SENDER: "/bin/true" } };
	const answer = await plainCgi("subscribe", state, { method: "POST", path: "/state", body: { endpoint, auth: keys.auth } });
	assert.equal(answer.status, 200, answer.text);
	return answer.json.last_push;
}

const iso = (ms) => new Date(ms).toISOString();
const createdAt = (world, job) => iso(world.jobRow(job).created_at);

inWorld("nothing was to be said, or not to this one: null", async (world, last) => {
	const [picky] = world.subscribe(1, { choices: { min_impact: "critical" } });
	const [follower] = world.subscribe(1, { choices: { components: "" } });
	assert.equal(await last(picky), null);
	world.job({ notices: [{ impact: "minor" }] });
	await world.run();
	assert.equal(await last(picky), null);
	assert.equal(await last(follower), null);
	const [later] = world.subscribe();
	assert.equal(await last(later), null, "it came after the notification");
});

inWorld("waiting, then accepted, with the time of the first acceptance", async (world, last) => {
	const [one] = world.subscribe();
	const job = world.job();
	assert.deepEqual(await last(one), { at: createdAt(world, job), outcome: "sending" });
	await world.run();
	assert.deepEqual(await last(one), { at: iso(world.jobRow(job).first_at), outcome: "accepted" });
	/* a test is no notification */
	world.testPush(one.row);
	await world.run();
	assert.equal((await last(one)).at, iso(world.jobRow(job).first_at));
	/* upkeep erases the lanes of what is done */
	world.sql("DELETE FROM lanes");
	assert.equal((await last(one)).outcome, "accepted");
	/* other keys, or a new life after it was gone: what was accepted was accepted for another one */
	world.sql("UPDATE subscriptions SET proven = 0");
	assert.equal(await last(one), null);
});

inWorld("the newest of those that concern it, by its choices, follows and mutes", async (world, last) => {
	const incident = newId();
	world.sql(`INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at)
		VALUES ('${incident}', 'One', 'investigating', 'minor', 'minor', 0, 0, 0)`);
	const [all] = world.subscribe();
	const [starts] = world.subscribe(1, { choices: { events: "incident_new" } });
	const [follower] = world.subscribe(1, { choices: { components: "" } });
	const [muted] = world.subscribe();
	world.sql(`INSERT INTO follows VALUES (${follower.row}, '${incident}'); INSERT INTO mutes VALUES (${muted.row}, '${incident}', 'end')`);
	const first = world.job();
	await world.run();
	const second = world.job({ notices: [{ subject: incident, trigger: "incident_update" }] });
	await world.run();
	const at = (job) => iso(world.jobRow(job).first_at);
	assert.equal((await last(all)).at, at(second));
	assert.equal((await last(starts)).at, at(first));
	assert.equal((await last(follower)).at, at(second));
	assert.equal((await last(muted)).at, at(first));
});

inWorld("what an older job did not send because of a newer one is not asked for: the newer one counts", async (world, last) => {
	const [one] = world.subscribe();
	const incident = newId();
	const older = world.job({ notices: [{ subject: incident }] });
	const newer = world.job({ notices: [{ subject: incident, trigger: "incident_update" }] });
	await world.run();
	assert.deepEqual(world.ledger(older), { superseded: 1 });
	assert.deepEqual(await last(one), { at: iso(world.jobRow(newer).first_at), outcome: "accepted" });
});

inWorld("tried again, refused, too late, gone", async (world, last) => {
	const [retried, refused, gone] = world.subscribe(3);
	service.answer(retried.id, "503", 1);
	service.answer(refused.id, "400", "always");
	service.answer(gone.id, "410", "always");
	const job = world.job();
	await world.runUntil(() => world.exceptions(job).length === 1 && world.value("SELECT count(*) FROM missed") === 1 && world.subscription(gone.row).dead_at);
	assert.deepEqual(await last(retried), { at: createdAt(world, job), outcome: "retrying" });
	assert.deepEqual(await last(refused), { at: createdAt(world, job), outcome: "refused" });
	assert.deepEqual(await last(gone), { at: iso(world.subscription(gone.row).dead_at), outcome: "gone" });
	const expires = Date.now() - 1000;
	world.sql(`UPDATE exceptions SET due_at = 0; UPDATE job_notices SET expires_at = ${expires}`);
	await world.run();
	assert.deepEqual(world.ledger(job), { expired: 1, gone: 1, refused: 1 });
	/* some of it was refused and some too late: which one is not known, but that it was missed is */
	assert.equal((await last(retried)).outcome, "missed");
	world.sql("DELETE FROM ledger WHERE outcome = 'refused'");
	assert.deepEqual(await last(retried), { at: iso(expires), outcome: "expired" });
});

inWorld("stopped before it went out; half of it stopped is not known", async (world, last) => {
	const [one] = world.subscribe();
	const job = world.job();
	world.sql(`UPDATE jobs SET state = 'stopped' WHERE id = ${job}`);
	assert.equal((await last(one)).outcome, "stopped");
	await world.run();
	assert.deepEqual(world.ledger(job), { stopped: 1 });
	assert.deepEqual(await last(one), { at: createdAt(world, job), outcome: "stopped" });
	world.sql(`UPDATE subscriptions SET proven = 1; INSERT INTO ledger SELECT job_id, origin_id, 'accepted', 1 FROM ledger`);
	assert.equal(await last(one), null);
});

inWorld("where the record of who was missed is no longer whole there is no answer", async (world, last) => {
	const [told, refused] = world.subscribe(2);
	service.answer(refused.id, "400", "always");
	const job = world.job();
	await world.run();
	assert.equal((await last(told)).outcome, "accepted");
	world.sql(`UPDATE jobs SET created_at = created_at - ${8 * DAY}`);
	assert.equal(await last(told), null);
	world.sql(`UPDATE jobs SET created_at = created_at + ${8 * DAY}; UPDATE ledger SET n = 10000 WHERE outcome = 'refused'`);
	assert.equal(await last(told), null);
	world.sql(`UPDATE ledger SET n = 1 WHERE outcome = 'refused'`);
	/* an admin told it again to those who had missed it */
	world.sql(`INSERT INTO jobs (public_id, created_at, trigger, title, max_subscription_id, spread, state, retry_of)
		SELECT '${newId()}', created_at, trigger, title, 0, 1, 'sending', public_id FROM jobs WHERE id = ${job};
		INSERT INTO job_notices SELECT ${job + 1}, position, trigger, subject_id, topic, incident_id, components, status, impact, max_impact, urgency, path, seq, expires_at
			FROM job_notices WHERE job_id = ${job};
		INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) SELECT ${job + 1}, id, origin_id, shard, 0 FROM subscriptions WHERE id = ${refused.row};
		DELETE FROM missed`);
	assert.equal((await last(refused)).outcome, "sending");
	assert.equal(await last(told), null);
});

inWorld("a row that took another one over tells of the job that it was owed", async (world, last) => {
	world.subscribe();
	const job = world.job();
	const [heir] = world.subscribe();
	world.sql(`INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) SELECT ${job}, id, origin_id, shard, 0 FROM subscriptions WHERE id = ${heir.row}`);
	assert.equal((await last(heir)).outcome, "sending");
	await world.run();
	assert.equal(await last(heir), null, "nothing is left by which it could be known");
});

inWorld("only the last twenty are looked through, and the answer comes at once", async (world, last) => {
	const [starts] = world.subscribe(1, { choices: { events: "incident_new" } });
	world.job();
	for (let i = 0; i < 19; i++) world.job({ notices: Array.from({ length: 8 }, () => ({ trigger: "incident_update" })) });
	await world.run();
	await until(() => world.value("SELECT count(*) FROM jobs WHERE state <> 'done'") === 0);
	assert.equal((await last(starts)).outcome, "accepted");
	world.job({ notices: [{ trigger: "incident_update" }] });
	assert.equal(await last(starts), null);
});
