/*
 * The whole suite as `make run` starts it: deploy/run.sh with lighttpd, the three programs, sender and timer, on a free
 * port of loopback, with a configuration and a state folder of its own.
 *
 *   const suite = await startSuite({ build, pushService, conf }) -> Suite
 *     build         folder of the binaries; default: the variable BUILD, else "build"
 *     pushService   the double (../pushservice/service.mjs): its address and CA become allowed
 *     conf          further KEY: value of the configuration; null leaves a key out
 *     canLeave      browsers reach it through a door that can be shut
 *
 *   .origin            "http://localhost:PORT"          .url(path)
 *   .password          the first admin's, as printed    .keys { publicKey, privateKey }
 *   .stateDir  .envFile  .publicDir
 *   await .request(method, path, { headers, body }) -> { status, headers, text, json }
 *   await .api(method, path, body, { token })       the same below /v1/pages/default, with an admin's token
 *   await .token(scope)                             a new token of that scope
 *   .atstatus(...args) -> { code, stdout, stderr }
 *   await .leave()  await .comeBack()               with canLeave: nobody answers browsers any more; the rest goes on
 *   .readConfiguration() -> { KEY: value }          .configure({ KEY: value }): as an operator edits it, while everything runs
 *   .rows(sql) -> [{ column: value }]               through the sqlite3 command (blobs: hex(column))
 *   .log()                                          what it printed and logged, for messages of failed tests
 *   await .stop()      ends it as Ctrl-C does, throws if a process of its is left, removes its folder
 */
import { spawnSync } from "node:child_process";
import { createECDH } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startProgram } from "./program.mjs";
import { until } from "./wait.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export async function startSuite(options = {}) {
	const suite = new Suite(mkdtempSync(join(tmpdir(), "suite-")), options.build);
	try {
		await suite.start(options);
	} catch (error) {
		await suite.stop().catch(() => {});
		throw error;
	}
	return suite;
}

class Suite {
	#dir;
	#build;
	#program = null;
	#adminToken = null;
	#tokens = 0;
	#door = null;
	#conf = {};

	constructor(dir, build = process.env.BUILD || "build") {
		this.#dir = dir;
		this.#build = resolve(root, build);
		this.stateDir = join(dir, "state");
		this.publicDir = join(this.stateDir, "public");
		this.envFile = join(dir, "env");
		this.keys = makeKeys();
	}

	async start({ pushService, conf = {}, canLeave = false }) {
		this.port = await findFreePort();
		if (canLeave) {
			this.#door = new Door(await findFreePort(), this.port);
			await this.#door.open();
		}
		this.origin = `http://localhost:${this.#door?.port ?? this.port}`;
		this.configure({ ...this.#defaults(pushService), ...conf });
		const env = { ...this.#environment(), PORT: String(this.port), SITE_URL: this.origin, BUILD: relative(root, this.#build) };
		this.#program = startProgram("bash", ["deploy/run.sh"], { cwd: root, env, name: "deploy/run.sh" });
		this.password = (await this.#program.waitForOutput(/^.*password: *(\S+)/m))[1];
		await this.#program.waitForOutput(/^admin: /m);
		await until("the page", async () => (await this.request("GET", "/")).status === 200, { explain: () => this.log() });
	}

	async stop() {
		try {
			await this.#door?.shut();
			await this.#program?.stop();
			await until("every process of the suite to end", () => this.#leftOver().length === 0, {
				timeoutMs: 15_000,
				explain: () => this.#leftOver().join(" "),
			});
		} finally {
			for (const pid of this.#leftOver()) process.kill(pid, "SIGKILL");
			rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
		}
	}

	#defaults(pushService) {
		return {
			VAPID_PUBLIC_KEY: this.keys.publicKey,
			VAPID_PRIVATE_KEY: this.keys.privateKey,
			VAPID_SUBJECT: "mailto:push@example.com",
			SUBSCRIBE_RATE: "0",
			PUSH_EXTRA_HOSTS: pushService ? `localhost:${pushService.port}` : null,
			PUSH_CA_FILE: pushService?.caFile ?? null,
		};
	}

	leave() {
		return this.#door.shut();
	}

	comeBack() {
		return this.#door.open();
	}

	/* What programs wrote into it meanwhile is kept. */
	configure(changes) {
		Object.assign(this.#conf, this.readConfiguration(), changes);
		const lines = Object.entries(this.#conf).filter(([, value]) => value !== null).map(([key, value]) => `${key}=${value}\n`);
		writeFileSync(this.envFile, lines.join(""), { mode: 0o600 });
	}

	readConfiguration() {
		const lines = existsSync(this.envFile) ? readFileSync(this.envFile, "utf8").split("\n") : [];
		return Object.fromEntries(lines.flatMap((line) => (/^(\w+)=(.*)$/.exec(line) ? [/^(\w+)=(.*)$/.exec(line).slice(1)] : [])));
	}

	/* What a sanitizer of a test build reads goes along. */
	#environment() {
		const further = Object.entries(process.env).filter(([name]) => /^(ASAN|UBSAN|LSAN)_OPTIONS$/.test(name));
		return { ...Object.fromEntries(further), PATH: process.env.PATH, HOME: this.#dir, LANG: "C.UTF-8", STATE_DIR: this.stateDir, ENV_FILE: this.envFile };
	}

	/* Each of its processes carries the name of its own configuration in its environment, the sender too. */
	#leftOver() {
		const mark = `ENV_FILE=${this.envFile}\0`;
		return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && hasEnvironment(name, mark)).map(Number);
	}

	url(path) {
		return this.origin + path;
	}

	/* To 127.0.0.1 whatever "localhost" means here, under the name that the page has. */
	request(method, path, { headers = {}, body } = {}) {
		const options = { host: "127.0.0.1", port: this.port, method, path, headers: { host: new URL(this.origin).host, ...headers }, agent: false };
		return new Promise((resolveAnswer, reject) => {
			const sent = httpRequest(options, async (answer) => {
				let text = "";
				for await (const part of answer.setEncoding("utf8")) text += part;
				resolveAnswer({ status: answer.statusCode, headers: answer.headers, text, json: parse(text) });
			});
			sent.on("error", reject);
			sent.end(body);
		});
	}

	async api(method, path, body, { token } = {}) {
		this.#adminToken ??= await this.token("admin");
		const headers = { authorization: `Bearer ${token ?? this.#adminToken}` };
		if (body !== undefined) headers["content-type"] = "application/json";
		return this.request(method, `/v1/pages/default${path}`, { headers, body: body === undefined ? undefined : JSON.stringify(body) });
	}

	async token(scope) {
		const { code, stdout, stderr } = this.atstatus("token", "add", `e2e-${++this.#tokens}`, "--scope", scope);
		if (code !== 0) throw new Error(`atstatus token add: ${stderr}`);
		return stdout.trim();
	}

	atstatus(...args) {
		const { status, stdout, stderr } = spawnSync(join(this.#build, "bin/atstatus"), args, {
			cwd: this.#dir,
			env: { ...this.#environment(), SITE_URL: this.origin, ATSTATUS_ALLOW_ROOT: "1" },
			encoding: "utf8",
		});
		return { code: status, stdout, stderr };
	}

	rows(sql) {
		const { status, stdout, stderr } = spawnSync("sqlite3", ["-cmd", ".timeout 10000", "-json", join(this.stateDir, "data/atstatus.db"), sql], { encoding: "utf8" });
		if (status !== 0) throw new Error(`sqlite3: ${stderr}`);
		return stdout.trim() === "" ? [] : JSON.parse(stdout);
	}

	log() {
		const folder = join(this.stateDir, "data");
		const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
		return [this.#program.output, ...logs.map((name) => `== ${name}\n${readFileSync(join(folder, name), "utf8").slice(-10_000)}`)].join("\n");
	}
}

/* Hands on every connection, until it is shut: then nobody answers at this port, and what was open ends. */
class Door {
	#server = null;
	#sockets = new Set();

	constructor(port, target) {
		Object.assign(this, { port, target });
	}

	async open() {
		if (this.#server) return;
		this.#server = createServer((visitor) => this.#handOn(visitor)).listen(this.port, "127.0.0.1");
		await once(this.#server, "listening");
	}

	async shut() {
		if (!this.#server) return;
		const closed = once(this.#server, "close");
		this.#server.close();
		this.#server = null;
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}

	#handOn(visitor) {
		const host = createConnection({ host: "127.0.0.1", port: this.target });
		for (const [socket, other] of [[visitor, host], [host, visitor]]) {
			this.#sockets.add(socket);
			socket.pipe(other);
			socket.on("error", () => {});
			socket.on("close", () => {
				this.#sockets.delete(socket);
				other.destroy();
			});
		}
	}
}

/* As `npx web-push generate-vapid-keys` prints them. */
export function makeKeys() {
	const pair = createECDH("prime256v1");
	pair.generateKeys();
	const scalar = Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()]).subarray(-32);
	return { publicKey: pair.getPublicKey("base64url"), privateKey: scalar.toString("base64url") };
}

async function findFreePort() {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address();
	server.close();
	await once(server, "close");
	return port;
}

function hasEnvironment(pid, mark) {
	try {
		return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark) && !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
	} catch {
		return false;
	}
}

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
