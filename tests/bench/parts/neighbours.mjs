/*
 * One bad neighbour harms nobody: half of the subscribers at an origin that is dead, hangs, drips, throttles or fails; the
 * other half, at the sink, is to be finished in at most 1.2 times the time that it takes alone.
 *
 *   run()            lines of the table, one for each kind of neighbour
 *   measure(kind)    -> { alone_ms, beside_ms }, start of the sender to the last accepted of the good half; medians
 */
import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { createServer } from "node:net";
import { certificate, connectTo, makeStage, notice, openSink } from "../stage.mjs";
import { atMost, median, ms, quick, times } from "../tools.mjs";

const good = "good.push.test";
const bad = "bad.push.test";
const most = 1.2;

/* How each answers; a silent one does not even speak TLS. */
const kinds = {
	"is silent": null,
	hangs: () => {},
	drips(stream) {
		stream.respond({ ":status": 201 });
		const timer = setInterval(() => stream.write("x"), 1000);
		stream.on("close", () => clearInterval(timer));
	},
	"answers 429, Retry-After: 3600": (stream) => { stream.respond({ ":status": 429, "retry-after": "3600" }, { endStream: true }); },
	"answers 500": (stream) => { stream.respond({ ":status": 500 }, { endStream: true }); },
};

async function startNeighbour(kind) {
	const sockets = new Set();
	const onStream = kinds[kind];
	const server = onStream === null
		? createServer()
		: createSecureServer({ key: readFileSync(certificate.keyFile), cert: readFileSync(certificate.certFile) });
	server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
	server.on("sessionError", () => {});
	server.on("stream", (stream) => {
		stream.on("error", () => {}).resume();
		stream.on("end", () => onStream(stream));
	});
	await new Promise((done) => { server.listen(0, "127.0.0.1", done); });
	return {
		port: server.address().port,
		close() {
			for (const socket of sockets) socket.destroy();
			server.close();
		},
	};
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/* Until the good half has been told: ms from the sender's start to its last acceptance. */
async function send(world, half, max, ports) {
	const job = world.job({ notices: [notice], max });
	const began = Date.now();
	const sender = world.start({ env: {
		PUSH_CONNECT_TO: `${connectTo([good], ports.good)},${connectTo([bad], ports.bad)}`, PUSH_WORKERS: "1",
	} });
	const told = () => world.value(`SELECT coalesce(sum(n), 0) FROM ledger l JOIN origins o ON o.id = l.origin_id
		WHERE job_id = ${job} AND outcome = 'accepted' AND o.origin = 'https://${good}'`) === half;
	while (!sender.isOver && !told()) await pause(100);
	if (!told()) throw new Error(`the good half was not told:\n${sender.log()}`);
	const took = world.value(`SELECT last_at FROM jobs WHERE id = ${job}`) - began;
	sender.child.kill("SIGKILL");
	await sender.ended;
	world.sql("DELETE FROM jobs; UPDATE origins SET paused_until = 0, failures = 0;");
	return took;
}

export async function measure(kind = "hangs", { n = quick ? 20_000 : 60_000, rounds = 3 } = {}) {
	const half = n / 2;
	const stage = await makeStage(n, { hosts: [good, bad] });
	const sink = await openSink();
	const neighbour = await startNeighbour(kind);
	const ports = { good: sink.port, bad: neighbour.port };
	const took = { alone: [], beside: [] };
	try {
		await send(stage.world, half, half, ports); /* rows are proven now */
		for (let i = 0; i < rounds; i++) {
			took.alone.push(await send(stage.world, half, half, ports));
			took.beside.push(await send(stage.world, half, n, ports));
		}
	} finally {
		neighbour.close();
		await sink.close();
		stage.close();
	}
	return { alone_ms: median(took.alone), beside_ms: median(took.beside) };
}

export async function run() {
	const lines = [];
	for (const kind of Object.keys(kinds)) {
		const { alone_ms: alone, beside_ms: beside } = await measure(kind);
		lines.push(atMost("", `half of all at an origin that ${kind}`, beside / alone, most, times, `the other half ${ms(beside)}, alone ${ms(alone)}`));
	}
	return lines;
}

/* node tests/bench/parts/neighbours.mjs [KIND...] */
if (process.argv[1] === new URL(import.meta.url).pathname) {
	process.env.ATSTATUS_ALLOW_ROOT = "1";
	for (const kind of process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(kinds)) console.log(kind, JSON.stringify(await measure(kind)));
}
