/*
 * What the parts of the bench share: how much is measured, programs that measure, figures as text.
 *
 *   quick                     true: smaller numbers, about two minutes in all
 *   tool(name, args)          runs a program of $(O)/bench and gives back the JSON that it prints
 *   measured(command, args, options) -> { child, done }
 *                             runs a command under `measure`; done resolves to what it cost:
 *                             { code, user_us, system_us, cpu_us, wall_us, memory_kb, log }
 *   row(goal, name, figure, against, isMet, missedBy)
 *                             one line of the table; isMet undefined: a figure without a goal
 *   note(text)                a line of a part that explains or adds
 */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "../sender/world.mjs";

export const quick = process.env.QUICK === "1";

export const program = (name) => join(build, "bench", name);

export function median(list) {
	const sorted = [...list].sort((a, b) => a - b);
	return sorted.length % 2 ? sorted[(sorted.length - 1) / 2] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
}

export function percentile(list, part) {
	const sorted = [...list].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

export const count = (n) => Math.round(n).toLocaleString("en-US");
export const us = (value) => `${value.toFixed(1)} µs`;
export const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const seconds = (microseconds) => `${(microseconds / 1e6).toFixed(2)} s`;
export const percent = (value) => `${(value * 100).toFixed(1)} %`;
export const times = (value) => `${value.toFixed(2)} x`;
export const mega = (kilobytes) => `${(kilobytes / 1024).toFixed(1)} MB`;

export const row = (goal, name, figure, against, isMet, missedBy = "") => ({ goal, name, figure, against, isMet, missedBy });
export const note = (text) => ({ note: text });

/* Goals that want at least, or at most, so much. */
export const atLeast = (goal, name, value, wanted, show, against) =>
	row(goal, name, show(value), `${against}; >= ${show(wanted)}`, value >= wanted, show(wanted - value));
export const atMost = (goal, name, value, wanted, show, against) =>
	row(goal, name, show(value), `${against === "" ? "" : `${against}; `}<= ${show(wanted)}`, value <= wanted, show(value - wanted));

/* A warning on stderr does not spoil a measurement; a failure does, and says what was said. */
export async function tool(name, args) {
	const { stdout } = await promisify(execFile)(program(name), args.map(String), { maxBuffer: 1 << 26 });
	return JSON.parse(stdout);
}

/* Every process below this one, those first that were started first. */
function descendants() {
	const parents = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
		try {
			return [[Number(pid), Number(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) \S+ /s, "").split(" ")[0])]];
		} catch {
			return []; /* it has just ended */
		}
	});
	const found = [process.pid];
	for (const one of found) found.push(...parents.filter(([, parent]) => parent === one).map(([pid]) => pid));
	return found.slice(1);
}

const states = new Set();

/* Of a state of tests/cgi/harness.mjs whose programs start the real sender: that one is nobody's child. */
export function watchState(state) {
	states.add(state);
	return state;
}

/* The sender at work there, or undefined. */
export function senderOf(state) {
	try {
		const pid = Number(readFileSync(join(state.dir, "data/sender.lock"), "utf8"));
		return readFileSync(`/proc/${pid}/comm`, "utf8") === "push-sender\n" ? pid : undefined;
	} catch {
		return undefined;
	}
}

/* Everything temporary is below one folder. */
const folder = mkdtempSync(join(tmpdir(), "atstatus-bench-"));
process.env.TMPDIR = folder;

/* What was started ends with the bench, however that ends, and what was written is removed. */
process.on("exit", () => {
	for (const pid of [...descendants(), ...[...states].map(senderOf).filter(Boolean)]) {
		try { process.kill(pid, "SIGTERM"); } catch { /* it has just ended */ }
	}
	rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

export function measured(command, args, options = {}) {
	const dir = mkdtempSync(join(tmpdir(), "atstatus-measure-"));
	const out = join(dir, "out");
	const child = spawn(program("measure"), [out, command, ...args], { stdio: ["ignore", "pipe", "pipe"], ...options });
	let log = "", stdout = "";
	child.stdout.on("data", (chunk) => { stdout += chunk; });
	child.stderr.on("data", (chunk) => { log += chunk; });
	const done = new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", () => {
			try {
				const cost = JSON.parse(readFileSync(out, "utf8"));
				resolve({ ...cost, cpu_us: cost.user_us + cost.system_us, log, stdout });
			} catch (error) {
				reject(new Error(`${command} was not measured: ${error.message}\n${log}`));
			}
			rmSync(dir, { recursive: true, force: true });
		});
	});
	return { child, done };
}

/* The same, for what must succeed. */
export async function measuredRun(command, args, options) {
	const cost = await measured(command, args, options).done;
	if (cost.code !== 0) throw new Error(`${command} ended with ${cost.code}:\n${cost.log}`);
	return cost;
}
