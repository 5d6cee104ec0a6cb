/*
 * Chance that can be repeated: the same seed gives the same choices.
 *
 *   const chance = startChance("CRASH_SEED")     the seed is that environment variable's number, else any
 *   chance.seed
 *   chance.below(n)                              an integer, 0 to n - 1
 *   chance.pick(list)                            one of its members
 */
import { randomInt } from "node:crypto";

export function startChance(variable) {
	const seed = Number(process.env[variable] ?? randomInt(2 ** 31));
	if (!Number.isInteger(seed)) throw new Error(`${variable} is no integer`);
	let state = seed >>> 0;
	/* mulberry32: short, and good enough to choose moments with */
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
	const below = (n) => Math.floor(next() * n);
	return { seed, below, pick: (list) => list[below(list.length)] };
}
