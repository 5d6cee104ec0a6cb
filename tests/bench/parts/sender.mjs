/* Goal 2: the sender end to end, all its processes, beside the arithmetic alone; the raw limit is measured before each run. */
import { makeStage, withSink } from "../stage.mjs";
import { atLeast, count, median, note, percent, quick, tool, us } from "../tools.mjs";

const rows = 20_000;

export async function run() {
	const rounds = quick ? 3 : 7;
	const stage = await makeStage(rows);
	const runs = [];
	let octets;
	try {
		for (let i = 0; i <= rounds; i++) {
			const raw = median((await tool("limit", [3, 0])).raw_us);
			const sent = await withSink([], async (sink) => {
				const result = await stage.send({ sink });
				octets = (await sink.counts()).octets / rows;
				return result;
			});
			if (sent.ledger.accepted !== rows) throw new Error(`accepted ${sent.ledger.accepted} of ${rows}`);
			runs.push({ ...sent, raw, ratio: raw / sent.per_message });
		}
	} finally {
		stage.close();
	}
	const [first, ...rest] = runs;
	const of = (name) => median(rest.map((one) => one[name]));
	return [
		atLeast(2, `the sender end to end, ${count(rows)} rows`, of("ratio"), 0.82, percent,
			`of the raw limit: ${us(of("per_message"))} a message beside ${us(of("raw"))}`),
		note(`${count(1e6 / of("per_message"))} messages per CPU-second; user ${us(of("user_us") / rows)}, system ${us(of("system_us") / rows)} a message; bodies of ${octets} octets; ${rest.length} runs`),
		note(`the very first run after subscribing, which also marks each row as proven: ${us(first.per_message)}, ${percent(first.ratio)}`),
	];
}
