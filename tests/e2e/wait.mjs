/*
 * Waiting for what other programs do.
 *
 *   await until(what, condition, { timeoutMs, everyMs, explain }) -> the first truthy value of condition()
 *
 * what is the end of the sentence "waited for …". A condition that throws counts as "not yet"; its last error is named
 * when the time is over. explain() -> text with what else helps to understand a failure. No test sleeps for a fixed
 * time: the time-out is only how long a broken program may keep us.
 */
import { setTimeout as pause } from "node:timers/promises";

export const patienceMs = 60_000;

export async function until(what, condition, { timeoutMs = patienceMs, everyMs = 50, explain } = {}) {
	const started = Date.now();
	let last = {};
	do {
		last = await attempt(condition);
		if (last.value) return last.value;
		await pause(everyMs);
	} while (Date.now() - started < timeoutMs);
	const reason = last.error ? `: ${last.error.message}` : `, it is ${show(last.value)}`;
	throw new Error(`waited ${timeoutMs / 1000} s for ${what}${reason}${explain ? `\n${explain()}` : ""}`);
}

async function attempt(condition) {
	try {
		return { value: await condition() };
	} catch (error) {
		return { error };
	}
}

function show(value) {
	return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/* promise, or an error with that sentence after the time. */
export async function within(what, promise, timeoutMs = patienceMs) {
	const timer = new AbortController();
	const tooLate = pause(timeoutMs, undefined, { signal: timer.signal }).then(() => {
		throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
	});
	tooLate.catch(() => {});
	try {
		return await Promise.race([promise, tooLate]);
	} finally {
		timer.abort();
	}
}
