/* Goal 7 and the growth from a thousand to a million: cost, time and memory; then the whole ledger with failures mixed in. */
import { makeStage, withSink } from "../stage.mjs";
import { atMost, count, mega, note, quick, row, seconds, us } from "../tools.mjs";

const hosts = Array.from({ length: 8 }, (_, i) => `service-${i}.push.test`);
const failures = "410/100,400/500,413/250,503/1000,reset/20000,429/200000";

async function grow(stage, sizes) {
	const runs = [];
	for (const n of sizes) runs.push({ size: n, ...await withSink([], (sink) => stage.send({ sink, workers: 2, max: n })) });
	return runs;
}

/* The sink counts by itself which paths it accepted and which it refused for good; both must agree. */
async function whole(stage, n) {
	return withSink(["--fail", failures], async (sink) => {
		const sent = await stage.send({ sink, workers: 2, max: n });
		const counts = await sink.counts();
		const wanted = { accepted: counts.distinct, gone: counts["failed-410"], refused: counts["failed-400"] };
		const seen = counts.distinct + counts["failed-410"] + counts["failed-400"];
		const agrees = Object.entries(wanted).every(([name, value]) => (sent.ledger[name] ?? 0) === value);
		return { ...sent, counts, wanted, seen, isWhole: agrees && sent.n === n && seen === n && counts.repeated === 0 && sent.state === "done" };
	});
}

/* One service: a lane then has more rows than a window from 10,000 on, so what grows beyond that is a fault. */
async function growth(sizes) {
	const stage = await makeStage(sizes.at(-1));
	try {
		await withSink([], (sink) => stage.send({ sink, workers: 2 })); /* rows are proven now */
		return await grow(stage, sizes);
	} finally {
		stage.close();
	}
}

async function ledger(n) {
	const stage = await makeStage(n, { hosts });
	try {
		return await whole(stage, n);
	} finally {
		stage.close();
	}
}

export async function run() {
	const sizes = quick ? [1000, 10_000, 100_000] : [1000, 10_000, 100_000, 1_000_000];
	const n = sizes.at(-1);
	const runs = await growth(sizes);
	const all = await ledger(n);
	const most = Math.max(...runs.map((one) => one.memory_kb), all.memory_kb);
	const more = runs.at(-1).memory_kb - runs[1].memory_kb;
	return [
		atMost(7, "largest sender process, resident", most, 16 * 1024, mega, `with ${hosts.length} services at once, and so more windows under way: ${mega(all.memory_kb)}`),
		atMost(7, `more memory for ${count(n)} than for 10,000`, more, 1024, mega, "one service"),
		...runs.map((one) => row("", `growth: ${count(one.size)} subscriptions`, `${us(one.per_message)} a message`,
			`${seconds(one.wall_us)} with two workers, ${mega(one.memory_kb)} the larger one`)),
		row("", `whole ledger of ${count(n)}, failures mixed in`, all.isWhole ? "complete" : "NOT complete",
			Object.entries(all.ledger).map(([outcome, value]) => `${outcome} ${count(value)}`).join(" + ") + ` = ${count(all.n)}`, all.isWhole,
			JSON.stringify({ wanted: all.wanted, seen: all.seen, repeated: all.counts.repeated, state: all.state })),
		note(`the sink counted ${count(all.seen)} subscriptions by itself, ${count(all.counts.repeated)} told twice; it failed ${failures} (one in N paths) at ${hosts.length} services; ${seconds(all.wall_us)} with the waits that 429 and 503 ask for`),
	];
}
