/* Goal 3: npm web-push on the same subscriptions, at the same sink, in turn with the sender. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { certificate, makeStage, textLength, withSink } from "../stage.mjs";
import { atLeast, count, median, note, quick, times, us } from "../tools.mjs";

const rows = 20_000;
const program = fileURLToPath(new URL("../tools/web-push.mjs", import.meta.url));

/* Its own processor time, start and warm-up left out. */
async function peer(stage, sink, n) {
	const file = join(stage.world.dir, "peer.json");
	const subscriptions = stage.world.rows(`SELECT endpoint, hex(p256dh) AS p256dh, hex(auth) AS auth FROM subscriptions LIMIT ${n}`);
	writeFileSync(file, JSON.stringify({ keys: stage.world.keys, port: sink.port, ca: certificate.caPem, payload: "x".repeat(textLength), rows: subscriptions }));
	const { stdout } = await promisify(execFile)(process.execPath, [program, file]);
	return JSON.parse(stdout);
}

export async function run() {
	const n = quick ? 1500 : 6000;
	const rounds = quick ? 2 : 3;
	const stage = await makeStage(rows);
	const pairs = [];
	try {
		for (let i = 0; i < rounds; i++) {
			const theirs = await withSink(["--http1"], (sink) => peer(stage, sink, n));
			const ours = await withSink([], (sink) => stage.send({ sink }));
			pairs.push({ theirs: theirs.cpu_us / theirs.sent, ours: ours.per_message, failed: theirs.failed });
		}
	} finally {
		stage.close();
	}
	const of = (name) => median(pairs.map((one) => one[name]));
	return [
		atLeast(3, "beside npm web-push, messages per CPU-second", median(pairs.map((one) => one.theirs / one.ours)), 12, times,
			`${us(of("ours"))} beside ${us(of("theirs"))} a message`),
		note(`web-push: ${count(n)} of the same rows, 100 at once over kept HTTP/1.1 connections, its start and 300 messages of warm-up not counted, ${of("failed")} failed`),
	];
}
