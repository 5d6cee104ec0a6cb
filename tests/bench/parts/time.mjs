/* Goal 6: how long many subscriptions take on one core, and when answers are slow. */
import { makeStage, withSink } from "../stage.mjs";
import { atLeast, atMost, count, note, percent, quick } from "../tools.mjs";

const streams = 100;

/* Between the first and the last acceptance; the ramp from one connection to many is part of it. */
const rateOf = (sent) => sent.n / (sent.last_ms - sent.first_ms) * 1000;

async function slow(stage, delay, perConnection, n) {
	return withSink(["--delay-ms", String(delay), "--max-streams", String(perConnection)], async (sink) => {
		const sent = await stage.send({ sink, max: n });
		const { connections } = await sink.counts();
		return { rate: rateOf(sent), connections, limit: connections * perConnection / delay * 1000 };
	});
}

export async function run() {
	const n = quick ? 20_000 : 100_000;
	const stage = await makeStage(n);
	try {
		await withSink([], (sink) => stage.send({ sink }));
		const plain = await withSink([], (sink) => stage.send({ sink }));
		const late = await slow(stage, 50, streams, n);
		const narrow = await slow(stage, 50, 10, quick ? 8000 : 30_000);
		const cpuRate = rateOf(plain);
		return [
			atMost(6, `${count(n)} subscriptions, one worker, last 201`, plain.last_ms / 1000, n / 10_000, (value) => `${value.toFixed(2)} s`,
				quick ? "10 s for 100,000" : "from the start of the sender"),
			atLeast(6, "answers after 50 ms, 100 streams a connection, rate", late.rate / Math.min(late.limit, cpuRate), 0.85, percent,
				`of ${late.limit < cpuRate ? "streams / answer time" : "its own rate without delay, which is below streams / answer time"}: ${count(late.rate)}/s beside ${count(Math.min(late.limit, cpuRate))}/s`),
			atLeast(6, "the same with 10 streams a connection, rate", narrow.rate / narrow.limit, 0.85, percent,
				`of streams / answer time: ${count(narrow.rate)}/s beside ${count(narrow.limit)}/s`),
			note(`connections opened by themselves: ${late.connections} and ${narrow.connections}; without delay ${count(cpuRate)}/s`),
		];
	} finally {
		stage.close();
	}
}
