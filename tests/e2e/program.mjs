/*
 * A program that a test starts, in a process group of its own, so that ending it ends what it started and nothing else.
 * Should the test itself be killed, the kernel sends the program `signal` (setpriv, of util-linux).
 *
 *   const program = startProgram(file, args, { cwd, env, name, signal }) -> Program
 *     .pid  .output (text of stdout and stderr so far)  .exit (promise: { code, signal })
 *     await .waitForOutput(regularExpression, timeoutMs) -> the match; throws at once when the program has ended
 *     await .stop(timeoutMs) -> { code, signal }; throws if any of its group is left then, and ends those
 *     .members() -> pids of the group that are alive
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { patienceMs, until, within } from "./wait.mjs";

const outputMax = 1 << 20;

export function startProgram(file, args, options = {}) {
	return new Program(file, args, options);
}

class Program {
	#child;
	#name;
	#signal;
	#ended = null;
	output = "";

	constructor(file, args, { cwd, env, name = file, signal = "SIGTERM" }) {
		this.#name = name;
		this.#signal = signal;
		const orphaned = ["--pdeathsig", signal.slice(3), file];
		this.#child = spawn("setpriv", [...orphaned, ...args], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
		this.pid = this.#child.pid;
		for (const stream of [this.#child.stdout, this.#child.stderr]) {
			stream.setEncoding("utf8").on("data", (text) => (this.output = (this.output + text).slice(-outputMax)));
		}
		this.exit = new Promise((resolve) => {
			this.#child.on("error", (error) => {
				this.output += `${error.message}\n`;
				this.#ended = { code: -1, signal: null };
				resolve(this.#ended);
			});
			this.#child.on("exit", (code, signal) => {
				this.#ended = { code, signal };
				resolve(this.#ended);
			});
		});
	}

	get isRunning() {
		return this.#ended === null;
	}

	async waitForOutput(pattern, timeoutMs = patienceMs) {
		const find = () => this.output.match(pattern) ?? (this.isRunning ? null : "ended");
		const match = await until(`${this.#name} to print ${pattern}`, find, { timeoutMs, explain: () => this.output });
		if (match === "ended") throw new Error(`${this.#name} ended (${JSON.stringify(this.#ended)}):\n${this.output}`);
		return match;
	}

	async stop(timeoutMs = patienceMs) {
		if (this.isRunning) this.#child.kill(this.#signal);
		try {
			const ended = await within(`${this.#name} to end`, this.exit, timeoutMs);
			const isEmpty = () => this.members().length === 0;
			await until(`all processes of ${this.#name} to end`, isEmpty, { timeoutMs, explain: () => this.members().map(commandLine).join("\n") });
			return ended;
		} finally {
			this.#killGroup();
		}
	}

	members() {
		if (this.pid === undefined) return [];
		return readdirSync("/proc")
			.filter((name) => /^\d+$/.test(name))
			.map(Number)
			.filter((pid) => groupOf(pid) === this.pid);
	}

	#killGroup() {
		if (this.members().length > 0) process.kill(-this.pid, "SIGKILL");
	}
}

/* A zombie counts as ended: it waits only for its parent to look. */
function groupOf(pid) {
	try {
		const [state, , group] = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "").split(" ");
		return state === "Z" ? null : Number(group);
	} catch {
		return null;
	}
}

function commandLine(pid) {
	try {
		return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")}`;
	} catch {
		return `${pid}`;
	}
}
