/* Goal 5: two workers beside one, the sink on the same two cores. */
import { cpus } from "node:os";
import { makeStage, withSink } from "../stage.mjs";
import { atLeast, count, median, note, quick, seconds, times, us } from "../tools.mjs";

export async function run() {
	const n = quick ? 30_000 : 100_000;
	const stage = await makeStage(n);
	const pairs = [];
	try {
		await withSink([], (sink) => stage.send({ sink, workers: 2 })); /* rows are proven now */
		for (let i = 0; i < (quick ? 2 : 3); i++) {
			const one = await withSink([], (sink) => stage.send({ sink, workers: 1 }));
			const two = await withSink([], (sink) => stage.send({ sink, workers: 2 }));
			pairs.push({ one, two, ratio: one.wall_us / two.wall_us });
		}
	} finally {
		stage.close();
	}
	const wall = (name) => median(pairs.map((pair) => pair[name].wall_us));
	return [
		atLeast(5, "two workers beside one, rate", median(pairs.map((pair) => pair.ratio)), 1.7, times,
			`${seconds(wall("two"))} beside ${seconds(wall("one"))} for ${count(n)}, start to exit, ${cpus().length} cores`),
		note(`CPU a message with two workers: ${us(median(pairs.map((pair) => pair.two.per_message)))}`),
	];
}
