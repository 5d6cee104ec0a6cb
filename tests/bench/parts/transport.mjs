/* Goal 4, and the first half of goal 12: bringing requests to the service without everything else. */
import { certificate, connectTo, defaultHost, withSink } from "../stage.mjs";
import { atLeast, atMost, count, median, note, percent, quick, tool, us } from "../tools.mjs";

const bodyLength = 1127; /* as of a sender's message */

/* The sink guards itself against rapid resets, as every nghttp2 server does by default. */
async function carry(args, n) {
	return withSink(args, async (sink) => {
		const sent = await tool("carrier", [certificate.caFile, `${defaultHost}:443`, connectTo([defaultHost], sink.port), n, bodyLength]);
		return { ...sent, counts: await sink.counts() };
	});
}

export async function run() {
	const n = quick ? 100_000 : 500_000;
	const plain = [];
	for (let i = 0; i < (quick ? 3 : 5); i++) plain.push(await carry([], n));
	const rough = await carry(["--goaway-after", "1000"], n);
	const calls = plain.map((one) => one.calls / n);
	const requests = plain.reduce((sum, one) => sum + one.requests, rough.requests);
	const failed = plain.reduce((sum, one) => sum + one.failed, rough.failed);
	return [
		atMost(4, "transport alone, CPU a message", median(plain.map((one) => one.cpu_us / n)), 6, us, `bodies of ${count(bodyLength)} octets`),
		calls[0] < 0 ? note("this kernel does not count reads and writes (/proc/self/io): system calls are unknown")
			: atMost(4, "transport alone, system calls a message", median(calls), 0.3, (value) => value.toFixed(3), "reads, writes, epoll"),
		atLeast(12, "success at the first try, rapid-reset protection on", 1 - failed / requests, 0.999, percent, `${count(failed)} of ${count(requests)} failed`),
		note(`with GOAWAY each 1,000 streams: ${rough.connections} connections, ${count(rough.failed)} failed, ${count(rough.counts.repeated)} sent twice, ${us(rough.cpu_us / n)} a message`),
	];
}
