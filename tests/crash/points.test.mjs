/*
 * Kills at random points of everything that takes part: the sender, one worker of it, its master alone, all of them at
 * once, incident-post in the middle of a request.
 *
 * A story is one incident with up to three updates, each followed by a kill; then a sender is left to finish. At the end
 * of each story:
 *   - everybody has the last update;
 *   - who got one twice was in a window that was claimed when something died, and got it with the same Topic and tag;
 *   - nobody got an older one after a newer one;
 *   - each update's ledger adds up to its audience, and nothing is left over.
 *
 *   CRASH_POINTS=200 CRASH_SEED=1 node --test tests/crash/points.test.mjs
 *     points   how many kills, default 24
 *     seed     repeats the choices of an earlier run (the moments are as exact as the machine is)
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { build, isTestBuild, makeWorld, newId, pause, until } from "../sender/world.mjs";
import { startChance } from "./random.mjs";

const points = Number(process.env.CRASH_POINTS ?? 24);
const second = "second.push.test";
/* test points of the sender, with how often one run passes them */
const places = { "before-commit": 6, "after-commit": 6, submitted: 110, answered: 110 };

const chance = startChance("CRASH_SEED");
const seen = { kills: 0, missed: 0, twice: 0, claimed: 0, byKind: {} };
let service, world, token, all, usualMs;

before(async () => {
	if (!isTestBuild) return;
	service = await startPushService({ control: false, autopush: false });
	world = await makeWorld(service, { hosts: [second] });
	mkdirSync(join(world.dir, "state/public"), { recursive: true });
	token = randomBytes(32).toString("base64url");
	world.sql(`INSERT INTO tokens (name, token_hash, scopes, created_at)
			VALUES ('test', x'${createHash("sha256").update(token).digest("hex")}', 'admin', 1);
		INSERT OR IGNORE INTO secrets VALUES ('topic', randomblob(32)), ('csrf', randomblob(32));
		INSERT OR IGNORE INTO settings VALUES ('page_id', '${newId()}'), ('push_enabled', '1');`);
	all = [...world.subscribe(70), ...world.subscribe(40, { host: second }), ...world.subscribe(10, { http1: true })];
	usualMs = await measureRun();
});
after(async () => {
	world?.close();
	await service?.close();
});

async function measureRun() {
	world.job();
	const started = Date.now();
	await world.run();
	return Date.now() - started;
}

/* ---- who is covered by a claim: "job seq/subscription" of all that may have been sent without being recorded */

function claims() {
	return world.rows(`SELECT l.job_id AS job, s.id FROM lanes l JOIN subscriptions s
			ON s.origin_id = l.origin_id AND s.shard = l.shard AND s.id > l.cursor AND s.id <= l.claimed_to
		UNION ALL SELECT job_id, subscription_id FROM exceptions WHERE claims > 0`);
}

function remember(story) {
	for (const { job, id } of claims()) {
		const key = `${job}/${id}`;
		story.claimed.set(key, (story.claimed.get(key) ?? 0) + 1);
		seen.claimed++;
	}
}

/* ---- processes */

/* The leak checker's own end of a process can hang when that is being signalled; leaks are looked for elsewhere. */
const withoutLeakCheck = { ASAN_OPTIONS: "detect_leaks=0:exitcode=99" };

const start = (env = {}) => world.start({ env: { ...withoutLeakCheck, ...env } });

async function endOf(sender) {
	const result = await Promise.race([sender.ended, pause(60_000)]);
	assert.ok(result, `a sender does not end:\n${sender.log()}`);
	return result;
}

const children = (pid) => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((name) => {
	try {
		return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))[1]) === pid;
	} catch {
		return false;
	}
}).map(Number);

function send(pid, signal) {
	try {
		process.kill(pid, signal);
		return true;
	} catch {
		return false; /* it has just ended */
	}
}

const isGone = (pid) => {
	try {
		return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
	} catch {
		return true;
	}
};

const anyMoment = () => pause(chance.below(Math.ceil(usualMs)));

/* A kill that came too late makes the next ones earlier. */
function count(kind, happened) {
	seen.kills++;
	seen.missed += happened ? 0 : 1;
	if (kind !== "incident-post") usualMs *= happened ? 1.04 : 0.9;
	seen.byKind[kind] = (seen.byKind[kind] ?? 0) + 1;
}

function useWorkers(n) {
	world.configure({ PUSH_WORKERS: String(n) });
	world.sql(`UPDATE counters SET n = ${n === 1 ? all.length : 2500} WHERE name = 'subscriptions'`);
}

/* ---- kills: each lets a sender begin, ends something, and leaves nobody at work */

const kills = {
	async "sender at a named place"(story) {
		useWorkers(1);
		const [place, passages] = chance.pick(Object.entries(places));
		const { signal } = await endOf(start({ ATSTATUS_TESTPOINT: `${place}:${1 + chance.below(passages)}` }));
		remember(story);
		return signal === "SIGKILL";
	},

	async "sender at any moment"(story) {
		useWorkers(1);
		const sender = start();
		await anyMoment();
		const happened = !sender.isOver && send(sender.child.pid, "SIGKILL");
		await endOf(sender);
		remember(story);
		return happened;
	},

	/* its master stands still meanwhile, so that what the dead one had claimed can be read */
	async "one worker"(story) {
		useWorkers(2);
		const sender = start();
		await anyMoment();
		const victim = chance.pick(children(sender.child.pid)) ?? 0;
		const happened = victim > 0 && send(sender.child.pid, "SIGSTOP") && send(victim, "SIGKILL");
		if (happened) await until(() => isGone(victim));
		remember(story);
		send(sender.child.pid, "SIGCONT");
		await endWhenIdle(sender);
		return happened;
	},

	/* the workers end by themselves; until then they have the lock, and a newcomer must not take their work */
	async "master alone"(story) {
		useWorkers(2);
		const sender = start();
		await anyMoment();
		const workers = children(sender.child.pid);
		const happened = !sender.isOver && send(sender.child.pid, "SIGKILL");
		remember(story);
		await endOf(start());
		await until(() => workers.every(isGone));
		remember(story);
		return happened;
	},

	async "all of them"(story) {
		useWorkers(2);
		const sender = start();
		await anyMoment();
		const happened = !sender.isOver;
		const pids = [sender.child.pid, ...children(sender.child.pid)];
		for (const pid of pids) send(pid, "SIGKILL");
		await until(() => pids.every(isGone));
		remember(story);
		return happened;
	},
};

let shift = 0;

/* Ends a sender that only waits for a retry. */
async function endWhenIdle(sender) {
	await until(() => sender.isOver || world.value(`SELECT (SELECT count(*) FROM lanes WHERE done = 0) +
		(SELECT count(*) FROM jobs WHERE spread = 0 AND state = 'sending') +
		(SELECT count(*) FROM exceptions WHERE due_at <= ${Date.now() + shift} OR claims > 0)`) === 0);
	if (!sender.isOver) sender.child.kill("SIGTERM");
	const { code, signal, log } = await endOf(sender);
	/* so early that it had not begun */
	if (signal !== "SIGTERM") assert.equal(code, 0, log);
}

async function finishStory() {
	useWorkers(1 + chance.below(2));
	for (let runs = 0; world.value("SELECT count(*) FROM jobs WHERE state = 'sending'") > 0; runs++) {
		assert.ok(runs < 10, "it does not come to an end");
		shift += 60_000;
		world.clock(shift); /* retries are due */
		await endWhenIdle(start());
	}
}

/* ---- incident-post */

function callPost(method, path, body) {
	const bytes = JSON.stringify({ incident: body });
	const child = spawn(join(build, "cgi-bin/incident-post"), [], {
		cwd: world.dir, stdio: ["pipe", "pipe", "ignore"],
		env: { PATH: process.env.PATH, ENV_FILE: world.envFile, ATSTATUS_ALLOW_ROOT: "1", ATSTATUS_SENDER: "/bin/true",
			ATSTATUS_CLOCK_FILE: world.clockFile, GATEWAY_INTERFACE: "CGI/1.1", SERVER_PROTOCOL: "HTTP/1.1", REQUEST_METHOD: method,
			SCRIPT_NAME: "/v1", PATH_INFO: `/pages/default${path}`, REMOTE_ADDR: "192.0.2.1", CONTENT_TYPE: "application/json",
			CONTENT_LENGTH: String(Buffer.byteLength(bytes)), HTTP_AUTHORIZATION: `Bearer ${token}` },
	});
	let text = "";
	child.stdout.on("data", (chunk) => { text += chunk; });
	child.stdin.on("error", () => {}).end(bytes);
	const ended = new Promise((done) => { child.on("close", () => done(text)); });
	return { child, ended };
}

let usualPostMs = 400;

/* Posted until it is stored. A process that dies in between stores all of it or nothing; "answered" means stored. */
async function post(story, isToBeKilled) {
	const body = { name: `Story ${story.n}`, body: `Update ${story.sent}`, status: story.incident ? "identified" : "investigating" };
	const path = story.incident ? `/incidents/${story.incident}` : "/incidents";
	const stored = () => world.rows(`SELECT j.id, n.seq FROM jobs j JOIN job_notices n ON n.job_id = j.id ORDER BY j.id DESC LIMIT 1`)[0];
	const before = stored()?.id ?? 0;
	const started = Date.now();
	const { child, ended } = callPost(story.incident ? "PATCH" : "POST", path, body);
	if (isToBeKilled) {
		await pause(chance.below(Math.ceil(usualPostMs * 1.1)));
		count("incident-post", send(child.pid, "SIGKILL"));
	}
	const answer = await ended;
	const answered = /^Status: 20[01]/m.test(answer) && answer.trimEnd().endsWith("}");
	if (!isToBeKilled) usualPostMs = Date.now() - started;
	const job = stored();
	const isStored = (job?.id ?? 0) > before;
	assert.ok(isStored || !answered, "it answered and stored nothing");
	if (!isStored) {
		assert.ok(isToBeKilled, answer);
		return post(story, false);
	}
	story.incident ??= world.value(`SELECT incident_id FROM jobs WHERE id = ${job.id}`);
	story.jobs.push(job);
	assert.equal(world.value(`SELECT count(*) FROM incident_updates WHERE incident_id = '${story.incident}'`), story.jobs.length);
	assert.equal(world.value(`SELECT count(*) FROM job_texts WHERE job_id = ${job.id}`) > 0, true);
}

function queue(story) {
	story.incident ??= newId();
	const seq = Date.now() + story.jobs.length;
	const trigger = story.jobs.length === 0 ? "incident_new" : "incident_update";
	story.jobs.push({ id: world.job({ notices: [{ subject: story.incident, seq, trigger }] }), seq });
}

/* ---- what must be true in the end */

function checkWhole(story) {
	for (const { id } of story.jobs) {
		const ledger = world.ledger(id);
		assert.equal(Object.values(ledger).reduce((sum, n) => sum + n, 0), all.length, `job ${id}: ${JSON.stringify(ledger)}`);
		assert.equal((ledger.accepted ?? 0) + (ledger.superseded ?? 0), all.length, `job ${id}: ${JSON.stringify(ledger)}`);
		assert.equal(world.jobRow(id).state, "done");
	}
	assert.equal(world.value("SELECT (SELECT count(*) FROM exceptions) + (SELECT count(*) FROM lanes WHERE done = 0)"), 0);
	assert.deepEqual(service.violations().filter(({ rule }) => rule !== "protocol"), []);
}

function checkPerson(story, one) {
	const pushes = service.pushes(one.id);
	const seqs = pushes.map((push) => push.plaintext.data.seq);
	assert.equal(seqs.at(-1), story.jobs.at(-1).seq, `${one.id} has ${seqs}`);
	assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b), "an older one came after a newer one");
	assert.equal(new Set(pushes.map((push) => push.topic)).size, 1);
	assert.equal(new Set(pushes.map((push) => push.plaintext.tag)).size, 1);
	for (const { id, seq } of story.jobs) {
		const times = seqs.filter((one) => one === seq).length;
		const most = 1 + (story.claimed.get(`${id}/${one.row}`) ?? 0);
		assert.ok(times <= most, `${one.id} got seq ${seq} ${times} times, ${most - 1} claims of it died`);
		seen.twice += Math.max(0, times - 1);
	}
}

/* ---- a story */

async function tell(n) {
	const byPost = chance.below(4) === 0;
	const story = { n, sent: 0, incident: null, jobs: [], claimed: new Map() };
	const told = [];
	service.clear();
	service.clearAnswers();
	service.answer("*", { status: 201, delayMs: chance.pick([0, 20, 120]) }, "always");
	if (chance.below(4) === 0) for (let i = 0; i < 12; i++) service.answer(chance.pick(all).id, "408", 1);
	for (const last = 1 + chance.below(3); story.sent < last && seen.kills < points; story.sent++) {
		if (byPost) await post(story, true);
		else queue(story);
		if (seen.kills >= points) break;
		const kind = chance.pick(Object.keys(kills));
		told.push(kind);
		count(kind, await kills[kind](story));
	}
	try {
		await finishStory();
		checkWhole(story);
		for (const one of all) checkPerson(story, one);
	} catch (error) {
		error.message = `seed ${chance.seed}, story ${n} (${byPost ? "incident-post, " : ""}${told.join(", ")}): ${error.message}`;
		throw error;
	}
}

test(`after ${points} kills at random points everybody has the last update, and only what was in flight came twice`, {
	skip: !isTestBuild && "needs test points",
}, async (t) => {
	console.log(`# CRASH_SEED=${chance.seed} CRASH_POINTS=${points}`);
	for (let n = 1; seen.kills < points; n++) await tell(n);
	t.diagnostic(`seed ${chance.seed}: ${seen.kills} kills, ${seen.missed} of them when all was over; ${seen.claimed} messages were claimed by what died, ${seen.twice} came twice`);
	t.diagnostic(JSON.stringify(seen.byKind));
	assert.ok(seen.missed < points / 2, "most kills found nothing to kill: the moments are chosen badly");
});
