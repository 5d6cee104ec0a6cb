/*
 * Where senders are measured: real rows in a real database, the real push-sender, and the sink at the far
 * end, a process of its own on loopback that reads every body and answers 201.
 *
 *   const stage = await makeStage(count, { hosts })   a world (tests/sender/world.mjs) with rows
 *   stage.send({ sink, workers, max }) -> { job, n, accepted, counts, first_at, last_at, started_at, cost... }
 *        one job to the rows up to id `max`, sent by one push-sender run; `cost` counts all its processes
 *   stage.close()
 *   openSink(args) -> { port, counts(), stamps, close() }
 *
 * Rows do not name the sink's port: the sender is told by PUSH_CONNECT_TO, as an operator would.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCertificate } from "../pushservice/certificate.mjs";
import { makeWorld, senderProgram, startSink } from "../sender/world.mjs";
import { measured } from "./tools.mjs";

export const certificate = ensureCertificate(mkdtempSync(join(tmpdir(), "certificate-")));
export const defaultHost = "sink.push.test";

/* What an admin would write.  With all that docs/contract.md §5 puts around it the text of the message has some 850
 * octets and is padded to 1,024. */
export const textLength = 850;
export const notice = {
	title: "Major outage: Checkout",
	body: "Payments by card fail for customers in Europe. We are investigating.",
};

export const connectTo = (hosts, port) => hosts.map((host) => `${host}:443:127.0.0.1:${port}`).join(",");

export const openSink = (args = []) => startSink({ certFile: certificate.certFile, keyFile: certificate.keyFile }, args);

export async function withSink(args, use) {
	const sink = await openSink(args);
	try {
		return await use(sink);
	} finally {
		await sink.close();
	}
}

export async function makeStage(n, { hosts = [defaultHost] } = {}) {
	const world = await makeWorld({ caFile: certificate.caFile }, { env: { PUSH_CONNECT_TO: connectTo(hosts, 9) } });
	for (const host of hosts) world.subscribeMany(Math.ceil(n / hosts.length), `https://${host}`);
	world.sql("PRAGMA wal_checkpoint(TRUNCATE);");
	return new Stage(world, hosts);
}

class Stage {
	constructor(world, hosts) {
		Object.assign(this, { world, hosts });
	}

	/* A job and a sender for it, under way: { job, started_at, child, done }. */
	start({ sink, workers = 1, max }) {
		const job = this.world.job({ notices: [notice], max });
		const started_at = Date.now();
		const env = {
			PATH: process.env.PATH, ENV_FILE: this.world.envFile, ATSTATUS_ALLOW_ROOT: "1",
			PUSH_WORKERS: String(workers), PUSH_CONNECT_TO: connectTo(this.hosts, sink.port),
		};
		return { job, started_at, ...measured(senderProgram, [], { cwd: this.world.dir, env }) };
	}

	async send(options) {
		return this.finish(this.start(options));
	}

	async finish(run) {
		const cost = await run.done;
		if (cost.code !== 0) throw new Error(`push-sender ended with ${cost.code}:\n${cost.log}`);
		const ledger = this.world.ledger(run.job);
		const { first_at, last_at, state } = this.world.jobRow(run.job);
		const n = Object.values(ledger).reduce((sum, one) => sum + one, 0);
		return { ...cost, job: run.job, ledger, n, state, first_ms: first_at - run.started_at, last_ms: last_at - run.started_at, per_message: cost.cpu_us / n };
	}

	close() {
		this.world.close();
	}
}
