/*
 * Goal 12: nothing lost, nothing sent twice, whatever the service does. The waits after a 429 are a minute long,
 * so this part starts early, lies idle while others measure, and is looked at in the end.
 */
import { makeStage, openSink } from "../stage.mjs";
import { count, note, quick, row, seconds } from "../tools.mjs";

const failures = "refuse/300,reset/2000,503/1000,kill/3000,429/5000";

export async function start() {
	const n = quick ? 20_000 : 100_000;
	const stage = await makeStage(n);
	const sink = await openSink(["--goaway-after", "1000", "--fail", failures]);
	const run = stage.start({ sink });
	run.done.catch(() => {}); /* looked at below */
	await new Promise((done) => { setTimeout(done, quick ? 3000 : 15_000); });
	return { n, stage, sink, run };
}

export async function finish({ n, stage, sink, run }) {
	try {
		const sent = await stage.finish(run);
		const counts = await sink.counts();
		const lost = n - counts.distinct;
		const isMet = lost === 0 && counts.repeated === 0 && sent.ledger.accepted === n;
		const happened = Object.entries(counts).filter(([name]) => name.startsWith("failed-")).map(([name, value]) => `${name.slice(7)} ${count(value)}`);
		return [
			row(12, `${count(n)} over GOAWAY, RST_STREAM, 429, 503, kills`, `${count(lost)} lost, ${count(counts.repeated)} twice`,
				`counted by the sink; ledger: ${count(sent.ledger.accepted ?? 0)} accepted; none may be lost or told twice`, isMet, `${lost} lost, ${counts.repeated} twice`),
			note(`the sink ended ${count(counts.connections)} connections (GOAWAY each 1,000 streams) and failed: ${happened.join(", ")}; all done after ${seconds(sent.wall_us)}`),
		];
	} finally {
		await sink.close();
		stage.close();
	}
}
