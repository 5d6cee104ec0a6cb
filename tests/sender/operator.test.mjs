/*
 * What the sender leaves for the operator to see and to do: whom a notification missed and that they are told again by
 * the write API, that the clock of this machine is wrong, and since when a push service is in trouble.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { plainCgi } from "../cgi/harness.mjs";
import { startPushService } from "../pushservice/service.mjs";
import { makeWorld, newId, siteUrl, until } from "./world.mjs";

const host = "operator.push.test";
const date = (ms) => ({ status: 201, headers: { date: new Date(Date.now() + ms).toUTCString() } });

let service;

before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body) {
	test(sentence, async () => {
		const world = await makeWorld(service, { hosts: [host] });
		service.clear();
		service.clearAnswers();
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

/* An open incident with the job that told of it. */
function incidentWithJob(world, notice = {}) {
	const id = newId();
	world.sql(`INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at)
		VALUES ('${id}', 'Down', 'investigating', 'major', 'major', 1, 1, 1);`);
	return { incident: id, job: world.job({ notices: [{ incident: id, ...notice }] }) };
}

/* The write API on the same database; nobody starts a sender but the test. */
function api(world) {
	const token = randomBytes(32).toString("base64url");
	const hash = createHash("sha256").update(token).digest("hex");
	world.sql(`INSERT INTO tokens (name, token_hash, scopes, created_at) VALUES ('operator', x'${hash}', 'incidents', 1);
		INSERT INTO settings VALUES ('page_id', '${newId()}') ON CONFLICT DO NOTHING;
		INSERT INTO secrets VALUES ('topic', randomblob(32)), ('csrf', randomblob(32)) ON CONFLICT DO NOTHING;`);
	const env = { PATH: process.env.PATH, ENV_FILE: world.envFile, ATSTATUS_ALLOW_ROOT: "1", ATSTATUS_SENDER: "/bin/true", ASAN_OPTIONS: "detect_leaks=1:exitcode=99" };
	return async (method, path) => {
		const answer = await plainCgi("incident-post", { dir: world.dir, env, siteUrl }, { script: "/v1", path: `/pages/default/notifications${path}`,
			method, headers: { origin: null, "sec-fetch-site": null, authorization: `Bearer ${token}`, ...(method === "POST" ? { "content-length": "0" } : {}) } });
		return answer;
	};
}

const publicId = (world, job) => world.jobRow(job).public_id;
const missed = (world, job) => world.rows(`SELECT subscription_id AS id FROM missed WHERE job_id = ${job} ORDER BY 1`).map(({ id }) => id);

inWorld("those whose push was refused or came too late are remembered, those who were told, are gone or dead are not", async (world) => {
	const told = world.subscribe(3, { host });
	const [refused, gone, late] = world.subscribe(3, { host });
	service.answer(refused.id, { status: 418 }, "always");
	service.answer(gone.id, "410", "always");
	service.answer(late.id, "500", "always");
	const { job } = incidentWithJob(world);
	await world.runUntil(() => world.ledger(job).refused === 1 && world.exceptions(job).length === 1);
	assert.deepEqual(missed(world, job), [refused.row]);
	world.sql("UPDATE exceptions SET due_at = 0; UPDATE job_notices SET expires_at = 1;");
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: told.length, refused: 1, gone: 1, expired: 1 });
	assert.deepEqual(missed(world, job), [refused.row, late.row]);
});

inWorld("they are told again by one call: the same notice with a newer seq, to them alone, counted by itself, once", async (world) => {
	const told = world.subscribe(2, { host });
	const [again, dead] = world.subscribe(2, { host });
	for (const { id } of [again, dead]) service.answer(id, { status: 418 }, "always");
	const { incident, job } = incidentWithJob(world, { title: "Major outage: API", seq: 1000 });
	await world.run();
	assert.deepEqual(missed(world, job), [again.row, dead.row]);
	world.sql(`UPDATE subscriptions SET dead_at = 1 WHERE id = ${dead.row};`);
	service.clearAnswers();
	const call = api(world);
	const answer = await call("POST", `/${publicId(world, job)}/retry`);
	assert.equal(answer.status, 201, answer.text);
	assert.deepEqual([answer.json.state, answer.json.retry_of, answer.json.incident_id, answer.json.retrying], ["sending", publicId(world, job), incident, 1]);
	service.clear();
	await world.run();
	const second = (await call("GET", `/${answer.json.id}`)).json;
	assert.deepEqual([second.state, second.audience, second.accepted, second.nobody], ["done", 1, 1, null]);
	assert.deepEqual(told.map(({ id }) => service.pushes(id).length), [0, 0]);
	const [message] = service.pushes(again.id);
	assert.equal(message.plaintext.title, "Major outage: API");
	assert.ok(message.plaintext.data.seq > 1000);
	assert.deepEqual(world.ledger(job), { accepted: 2, refused: 2 });
	assert.deepEqual(world.rows("SELECT actor, action, detail FROM audit"), [{ actor: "token operator", action: "notification.retry", detail: answer.json.id }]);
	const once = await call("POST", `/${publicId(world, job)}/retry`);
	assert.equal(once.status, 409);
});

inWorld("what is being sent, unknown, no longer so, or followed by something newer is not sent again", async (world) => {
	const [one] = world.subscribe(1, { host });
	service.answer(one.id, { status: 418 }, "always");
	const { incident, job } = incidentWithJob(world);
	const call = api(world);
	const refused = async (status, pattern) => {
		const answer = await call("POST", `/${publicId(world, job)}/retry`);
		assert.equal(answer.status, status, answer.text);
		assert.match(answer.json.error, pattern);
	};
	await refused(409, /still being sent/);
	await world.run();
	assert.equal((await call("POST", `/${newId()}/retry`)).status, 404);
	world.sql(`UPDATE incidents SET status = 'resolved', resolved_at = 5 WHERE id = '${incident}';`);
	await refused(409, /no longer so/);
	world.sql(`UPDATE incidents SET status = 'investigating', resolved_at = NULL WHERE id = '${incident}';
		INSERT INTO settings VALUES ('push_enabled', '0');`);
	await refused(409, /switched off/);
	world.sql("UPDATE settings SET value = '1' WHERE name = 'push_enabled';");
	world.job({ notices: [{ incident }] });
	await refused(409, /something newer/);
	assert.equal(world.value("SELECT count(*) FROM jobs"), 2);
	assert.deepEqual(missed(world, job), [one.row]);
});

inWorld("a subscription that replaces another one while it is told again is told instead", async (world) => {
	const [old] = world.subscribe(1, { host });
	service.answer(old.id, { status: 418 }, "always");
	const { job } = incidentWithJob(world);
	await world.run();
	const call = api(world);
	assert.equal((await call("POST", `/${publicId(world, job)}/retry`)).status, 201);
	const [fresh] = world.subscribe(1, { host });
	const env = { PATH: process.env.PATH, ENV_FILE: world.envFile, ATSTATUS_ALLOW_ROOT: "1", ATSTATUS_SENDER: "/bin/true" };
	world.sql(`DELETE FROM subscriptions WHERE id = ${fresh.row};`);
	const answer = await plainCgi("subscribe", { dir: world.dir, env, siteUrl }, { body: {
		subscription: fresh.subscription, replaces: { endpoint: old.subscription.endpoint, auth: old.subscription.keys.auth } } });
	assert.ok([200, 201].includes(answer.status), answer.text);
	await world.run();
	assert.equal(service.pushes(fresh.id).length, 1);
	assert.equal(world.value(`SELECT n FROM ledger WHERE outcome = 'accepted'`), 1);
});

inWorld("a clock that differs from a push service's by more than a minute is noted for the operator, and forgotten when it is right", async (world) => {
	world.subscribe(4, { host });
	const url = `https://${host}:${service.port}`;
	const skew = () => world.originRow(url).clock_skew;
	service.answer(url, date(30_000), "always");
	world.job();
	await world.run();
	assert.equal(skew(), 0);
	for (const ms of [600_000, -600_000]) {
		service.clearAnswers();
		service.answer(url, date(ms), "always");
		world.job();
		const { log } = await world.run();
		assert.ok(Math.abs(skew() - ms) < 10_000, `${skew()} for ${ms}`);
		assert.equal(log.match(/BREAKER-02/g)?.length, 1, log);
		assert.match(log, ms > 0 ? /ahead of ours/ : /behind ours/);
	}
	service.clearAnswers();
	world.job();
	await world.run();
	assert.equal(skew(), 0);
});

inWorld("since when a push service is in trouble is kept through all pauses, until it takes a push again", async (world) => {
	world.subscribe(1, { host });
	const url = `https://${host}:${service.port}`;
	const began = Date.now();
	service.answer(url, { status: 403, body: "invalid JWT provided" }, "always");
	world.subscribe(4, { host });
	world.job();
	const sender = world.start();
	await until(() => world.originRow(url).pause_reason === "auth");
	await world.finish(sender);
	const { trouble_since: since, failures } = world.originRow(url);
	assert.ok(since >= began && since <= Date.now());
	assert.equal(failures, 1);
	world.sql("UPDATE origins SET paused_until = 0, trouble_since = trouble_since - 5000; UPDATE exceptions SET due_at = 0;");
	await world.runUntil(() => world.originRow(url).failures === 2);
	assert.equal(world.originRow(url).trouble_since, since - 5000);
	service.clearAnswers();
	world.sql("UPDATE origins SET paused_until = 0; UPDATE exceptions SET due_at = 0;");
	await world.runUntil(() => world.originRow(url).trouble_since === null);
	assert.equal(world.originRow(url).failures, 0);
});
