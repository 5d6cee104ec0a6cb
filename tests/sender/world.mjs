/*
 * What the tests of the sender stand on: a state folder with a real database, a configuration that leads to the
 * push service double, rows for subscriptions and jobs, and the real push-sender.
 *
 *   const world = await makeWorld(service, { env, hosts })
 *     env     further keys of the configuration
 *     hosts   further names that lead to the double (each an origin of its own): under push.test, or a vendor's
 *   world.subscribe(n, { host, components, ... }) -> [{ row, id, subscription }]   row: id in the database, id: in the double
 *   world.subscribeMany(n, origin)                 rows alone, for the sink
 *   world.job({ notices, ... }) -> id of the job
 *   world.run({ env }) -> { code, log }            starts push-sender and waits for its end
 *   world.start({ env }) -> { child, ended, log() }
 *   world.finish(sender) -> { code, log }          SIGTERM, then the same
 *   world.rows(sql), world.value(sql), world.sql(text)
 *   world.clock(ms)                                shifts the sender's clock (test builds)
 *   world.close()
 */
import { spawn, spawnSync } from "node:child_process";
import { createECDH, createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { personalityOfHost } from "../pushservice/personalities.mjs";

export const root = resolve(fileURLToPath(import.meta.url), "../../..");
export const build = resolve(root, process.env.BUILD ?? "build");
export const senderProgram = join(build, "libexec/push-sender");
export const siteUrl = "https://status.example.com";

/* Test points and a clock that can be shifted are only in test builds. */
export const isTestBuild = existsSync(senderProgram) && readFileSync(senderProgram).includes("ATSTATUS_CLOCK_FILE");

/* AddressSanitizer makes everything some ten times slower. */
export const slowness = isTestBuild ? 8 : 1;

export const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

export async function until(condition, ms = 10_000) {
	const end = Date.now() + ms * (isTestBuild ? 3 : 1);
	for (;;) {
		const value = await condition();
		if (value) return value;
		if (Date.now() > end) throw new Error(`did not come true in ${ms} ms: ${condition}`);
		await pause(20);
	}
}

export function makeKeys() {
	const pair = createECDH("prime256v1");
	pair.generateKeys();
	const scalar = pair.getPrivateKey();
	return {
		publicKey: pair.getPublicKey().toString("base64url"),
		privateKey: Buffer.concat([Buffer.alloc(32 - scalar.length), scalar]).toString("base64url"),
	};
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
export const newId = () => Array.from(randomBytes(12), (octet) => letters[octet % 36]).join("");

export const text = (value) => (value === null || value === undefined ? "NULL" : `'${String(value).replaceAll("'", "''")}'`);
const blob = (buffer) => `x'${buffer.toString("hex")}'`;
const topicOf = (subject) => createHash("sha256").update(subject).digest("hex").slice(0, 32);

/* The sink for large counts: { port, stdout, counts(), close() }; service gives its certificate. */
export async function startSink(service, args = []) {
	const dir = mkdtempSync(join(tmpdir(), "atstatus-sink-"));
	const file = join(dir, "log");
	const child = spawn(join(build, "tools/sink"), ["--cert", service.certFile, "--key", service.keyFile, "--port", "0", "--log", file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
	const port = await new Promise((done, fail) => {
		child.stdout.once("data", (chunk) => done(Number(/port (\d+)/.exec(chunk)[1])));
		child.on("close", () => fail(new Error("the sink did not start")));
	});
	const read = () => Object.fromEntries(readFileSync(file, "utf8").trim().split("\n").map((line) => line.split(" ")).map(([name, n]) => [name, Number(n)]));
	return {
		port,
		stdout: child.stdout,
		async counts() {
			rmSync(file, { force: true });
			child.kill("SIGUSR1");
			await until(() => existsSync(file));
			return read();
		},
		async close() {
			const ended = new Promise((done) => { child.on("close", done); });
			child.kill("SIGTERM");
			await ended;
			rmSync(dir, { recursive: true, force: true });
		},
	};
}

export async function makeWorld(service, options = {}) {
	return new World(service, options);
}

class World {
	#service;
	#originIds = new Map();
	#senders = new Set();

	constructor(service, { env = {}, hosts = [], keys = makeKeys(), state } = {}) {
		this.#service = service;
		this.keys = keys;
		this.hosts = hosts;
		this.dir = state ?? mkdtempSync(join(tmpdir(), "atstatus-sender-"));
		this.database = join(this.dir, "state/data/atstatus.db");
		this.clockFile = join(this.dir, "clock");
		mkdirSync(join(this.dir, "state/data"), { recursive: true, mode: 0o700 });
		chmodSync(this.dir, 0o755);
		this.#configure(env);
		this.sql(`PRAGMA journal_mode = WAL;\n${readFileSync(join(root, "schema.sql"), "utf8")}`);
		this.addKey(keys.publicKey);
	}

	#configure(env) {
		const port = this.#service?.port ?? 443;
		const vendors = ["fcm.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com", "wns2-par02p.notify.windows.com"];
		const all = {
			VAPID_PUBLIC_KEY: this.keys.publicKey,
			VAPID_PRIVATE_KEY: this.keys.privateKey,
			VAPID_SUBJECT: "mailto:admin@status.example.com",
			SITE_URL: siteUrl,
			STATE_DIR: "state",
			PUSH_WORKERS: "1",
			PUSH_CA_FILE: this.#service?.caFile,
			PUSH_EXTRA_HOSTS: [`localhost:${port}`, ...(this.#service?.http1Port ? [`localhost:${this.#service.http1Port}`] : [])].join(","),
			PUSH_CONNECT_TO: [
				...vendors.map((host) => `${host}:443:127.0.0.1:${port}`),
				...this.hosts.map((host) => `${host}:${personalityOfHost(host).hosts ? 443 : port}:127.0.0.1:${port}`),
			].join(","),
			...env,
		};
		this.env = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ""));
		this.envFile = join(this.dir, "env");
		writeFileSync(this.envFile, Object.entries(this.env).map(([key, value]) => `${key}=${value}\n`).join(""), { mode: 0o600 });
	}

	configure(env) { this.#configure(env); }

	/* Database */

	sql(statements) {
		const result = spawnSync("sqlite3", ["-bail", this.database], {
			input: `.timeout 8000\nPRAGMA foreign_keys = ON;\n${statements}\n`, encoding: "utf8", maxBuffer: 1 << 28,
		});
		if (result.status !== 0) throw new Error(`sqlite3: ${result.stderr}`);
		return result.stdout;
	}

	rows(query) {
		const result = spawnSync("sqlite3", ["-json", "-cmd", ".timeout 8000", this.database, query], { encoding: "utf8", maxBuffer: 1 << 28 });
		if (result.status !== 0) throw new Error(`sqlite3: ${result.stderr}`);
		return result.stdout.trim() === "" ? [] : JSON.parse(result.stdout);
	}

	value(query) {
		const row = this.rows(query)[0];
		return row === undefined ? undefined : Object.values(row)[0];
	}

	addKey(publicKey) {
		this.sql(`INSERT INTO vapid_keys (public_key, created_at) VALUES (${blob(Buffer.from(publicKey, "base64url"))}, ${Date.now()}) ON CONFLICT DO NOTHING;`);
		return this.value(`SELECT id FROM vapid_keys WHERE public_key = ${blob(Buffer.from(publicKey, "base64url"))}`);
	}

	origin(url) {
		this.#addOrigins([url]);
		return this.#originIds.get(url);
	}

	#addOrigins(urls) {
		const missing = [...new Set(urls)].filter((url) => !this.#originIds.has(url));
		if (missing.length === 0) return;
		const suffix = (url) => (personalityOfHost(new URL(url).hostname).hosts ? "built-in.example" : "");
		this.sql(missing.map((url) => `INSERT INTO origins (origin, suffix) VALUES (${text(url)}, ${text(suffix(url))}) ON CONFLICT DO NOTHING;`).join("\n"));
		for (const { id, origin } of this.rows("SELECT id, origin FROM origins")) this.#originIds.set(origin, id);
	}

	originRow(url) {
		return this.rows(`SELECT * FROM origins WHERE origin = ${text(url)}`)[0];
	}

	/* Subscriptions made by the double, so that it can decrypt what they get. */
	subscribe(count = 1, { host, service, http1, choices = {}, keyId = 1, columns = {} } = {}) {
		const made = Array.from({ length: count }, () =>
			this.#service.createSubscription({ host, service, http1, vapidPublicKey: keyId === 1 ? this.keys.publicKey : undefined }));
		return this.store(made, { choices, keyId, columns });
	}

	/* Rows for subscriptions that the double has made; each may have columns of its own. */
	store(made, { choices = {}, keyId = 1, columns = {} } = {}) {
		this.#addOrigins(made.map(({ subscription }) => new URL(subscription.endpoint).origin));
		const first = this.value("SELECT coalesce(max(id), 0) FROM subscriptions") + 1;
		const inserts = made.map(({ subscription, columns: own }) => this.#insert(subscription, keyId, { ...choices, ...columns, ...own }));
		this.sql(`BEGIN;\n${inserts.join("\n")}\nCOMMIT;`);
		return made.map((one, index) => ({ ...one, row: first + index }));
	}

	#insert({ endpoint, keys }, keyId, columns) {
		const hash = createHash("sha256").update(endpoint).digest().subarray(0, 16);
		const all = {
			endpoint_hash: blob(hash), endpoint: text(endpoint), p256dh: blob(Buffer.from(keys.p256dh, "base64url")),
			auth: blob(Buffer.from(keys.auth, "base64url")), key_id: keyId, origin_id: this.origin(new URL(endpoint).origin),
			shard: hash[15] % 16, created_at: Date.now(), last_seen_at: Date.now(),
			...Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, typeof value === "number" ? value : text(value)])),
		};
		return `INSERT INTO subscriptions (${Object.keys(all).join(", ")}) VALUES (${Object.values(all).join(", ")});`;
	}

	/* Many rows at one origin, written by the database itself; paths /push/0000000001 and on, no two alike. Nobody decrypts what they get. */
	subscribeMany(count, origin) {
		const keys = Array.from({ length: 64 }, () => `(${blob(Buffer.from(makeKeys().publicKey, "base64url"))})`).join(", ");
		const id = this.origin(origin);
		const before = this.value("SELECT coalesce(max(id), 0) FROM subscriptions");
		const now = Date.now();
		this.sql(`CREATE TEMP TABLE key_pool (n INTEGER PRIMARY KEY, p BLOB); INSERT INTO key_pool (p) VALUES ${keys};
			INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, created_at, last_seen_at)
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
			SELECT randomblob(16), ${text(origin)} || printf('/push/%010d', n + ${before}), (SELECT p FROM key_pool WHERE key_pool.n = 1 + numbers.n % 64),
				randomblob(16), 1, ${id}, abs(random()) % 16, ${now}, ${now} FROM numbers;`);
	}

	subscription(row) {
		return this.rows(`SELECT * FROM subscriptions WHERE id = ${row}`)[0];
	}

	/* Jobs */

	job({ notices = [{}], max, isTest = 0, expiresIn = 86_400_000 } = {}) {
		const id = (this.value("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'jobs'") ?? 0) + 1;
		const limit = max ?? this.value("SELECT coalesce(max(id), 0) FROM subscriptions");
		const full = notices.map((notice) => fullNotice(notice, expiresIn));
		this.sql(`BEGIN;
			INSERT INTO jobs (id, public_id, created_at, trigger, title, incident_id, max_subscription_id, is_test, spread)
			VALUES (${id}, ${text(newId())}, ${Date.now()}, ${text(full[0].trigger)}, ${text(full[0].title)},
				${text(full[0].incident)}, ${limit}, ${isTest}, ${isTest});
			${full.map((notice, position) => insertNotice(id, position, notice)).join("\n")}
			COMMIT;`);
		return id;
	}

	testPush(row) {
		const id = this.job({ notices: [{ trigger: "test", subject: `test-${row}`, incident: null, title: "Test notification", status: "test", path: "/" }], max: 0, isTest: 1, expiresIn: 60_000 });
		this.sql(`INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at)
			SELECT ${id}, id, origin_id, shard, ${Date.now()} FROM subscriptions WHERE id = ${row};`);
		return id;
	}

	jobRow(id) { return this.rows(`SELECT * FROM jobs WHERE id = ${id}`)[0]; }

	/* { accepted: 3, ... } of a job, without zeros. */
	ledger(job) {
		return Object.fromEntries(this.rows(`SELECT outcome, sum(n) AS n FROM ledger WHERE job_id = ${job} GROUP BY outcome`).map(({ outcome, n }) => [outcome, n]));
	}

	exceptions(job) { return this.rows(`SELECT * FROM exceptions WHERE job_id = ${job}`); }

	/* The sender */

	start({ env = {} } = {}) {
		const child = spawn(senderProgram, [], {
			cwd: this.dir, stdio: ["ignore", "ignore", "pipe"],
			env: { PATH: process.env.PATH, ENV_FILE: this.envFile, ATSTATUS_CLOCK_FILE: this.clockFile, ATSTATUS_ALLOW_ROOT: "1", ASAN_OPTIONS: "detect_leaks=1:exitcode=99", ...env },
		});
		const sender = { child, log: () => log, isOver: false };
		let log = "";
		child.stderr.setEncoding("utf8").on("data", (chunk) => { log += chunk; });
		this.#senders.add(child);
		sender.ended = new Promise((done) => {
			child.on("close", (code, signal) => {
				this.#senders.delete(child);
				sender.isOver = true;
				done({ code, signal, log });
			});
		});
		return sender;
	}

	async run(options) {
		const result = await this.start(options).ended;
		if (result.code !== 0) throw new Error(`push-sender ended with ${result.code ?? result.signal}:\n${result.log}`);
		return result;
	}

	async finish(sender) {
		if (!sender.isOver) sender.child.kill("SIGTERM");
		const result = await sender.ended;
		if (result.code !== 0) throw new Error(`push-sender ended with ${result.code ?? result.signal}:\n${result.log}`);
		return result;
	}

	/* Runs a sender until the condition holds, then ends it. */
	async runUntil(condition, options) {
		const sender = this.start(options);
		try {
			await until(() => condition() || sender.isOver);
		} catch (error) {
			error.message += `\n${sender.log()}`;
			await this.finish(sender);
			throw error;
		}
		return this.finish(sender);
	}

	/* What a newcomer does: tells the sender at work that there is something new. */
	nudge() { return this.run(); }

	clock(ms) { writeFileSync(this.clockFile, String(ms)); }

	close() {
		for (const child of this.#senders) child.kill("SIGKILL");
		rmSync(this.dir, { recursive: true, force: true });
	}
}

function fullNotice(notice, expiresIn) {
	const incident = notice.incident === undefined ? notice.subject ?? newId() : notice.incident;
	return {
		trigger: "incident_new", subject: incident ?? newId(), components: "", status: "investigating", impact: "major",
		maxImpact: notice.impact ?? "major", urgency: "high", path: `/incidents/${incident}/`, seq: Date.now(),
		expiresAt: Date.now() + expiresIn, title: "Major outage: API", body: "We are looking into it.", texts: null,
		...notice, incident,
	};
}

function insertNotice(job, position, n) {
	const texts = n.texts ?? { en: { title: n.title, body: n.body } };
	return `INSERT INTO job_notices (job_id, position, trigger, subject_id, topic, incident_id, components, status, impact,
		max_impact, urgency, path, seq, expires_at) VALUES (${job}, ${position}, ${text(n.trigger)}, ${text(n.subject)},
		${text(topicOf(n.subject))}, ${text(n.incident)}, ${text(n.components)}, ${text(n.status)}, ${text(n.impact)}, ${text(n.maxImpact)},
		${text(n.urgency)}, ${text(n.path)}, ${n.seq}, ${n.expiresAt});
		${Object.entries(texts).map(([lang, { title, body }]) => `INSERT INTO job_texts (job_id, position, lang, title, body)
			VALUES (${job}, ${position}, ${text(lang)}, ${text(title)}, ${text(body)});`).join("\n")}`;
}
