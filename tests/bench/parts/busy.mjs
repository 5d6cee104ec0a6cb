/* Goal 10: subscribing while very many are being told; and whether Save is as quick with very many subscriptions. */
import { join } from "node:path";
import { Client } from "../../cgi/api-client.mjs";
import { build, freePort, httpRequest, makeState, root, until } from "../../cgi/harness.mjs";
import { certificate, connectTo, defaultHost, openSink } from "../stage.mjs";
import { atMost, count, median, ms, note, quick, row, senderOf, watchState } from "../tools.mjs";
import { fillState, load, startLighttpd, writeHeaders, writeSubscriptions } from "../web.mjs";

const conf = join(root, "deploy/lighttpd.conf");
const clients = 32, rate = 200;

const serve = (state, port, env = {}) => startLighttpd({ conf, port, env: { ...state.env, STATE_DIR: state.dir, LIBEXEC: join(build, "cgi-bin"), ...env } });

function speak(state, port) {
	return new Client(state, (path, { method, body, headers }) => {
		const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
		const { origin, "sec-fetch-site": site, ...rest } = headers;
		return httpRequest(port, `/v1${path}`, { method, bytes, headers: { ...rest, "content-type": "application/json" } });
	});
}

/* Milliseconds of a posted incident, nobody being told yet: the sender is a stub. */
async function answerTime(state, port, n) {
	const server = await serve(state, port);
	const client = speak(state, port);
	const times = [];
	try {
		for (let i = 0; i <= n; i++) {
			const began = performance.now();
			await client.incident({ name: `Number ${i}`, body: "We look into it." });
			times.push(performance.now() - began);
		}
	} finally {
		await server.stop();
	}
	state.run("DELETE FROM jobs;");
	return median(times.slice(1));
}

async function whileSending(state, port, sink, seconds) {
	const headers = join(state.dir, "headers"), bodies = join(state.dir, "bodies");
	writeHeaders(headers, port);
	writeSubscriptions(bodies, seconds * 4000);
	const env = { ATSTATUS_SENDER: join(build, "libexec/push-sender") };
	const server = await serve(state, port, env);
	try {
		await speak(state, port).incident({ name: "Everything is down", body: "We look into it." });
		await until(async () => (await sink.counts()).total > 1000, 20_000);
		const options = { clients, path: "/cgi-bin/subscribe", headers, bodies };
		const steady = await load(port, { ...options, seconds, rate });
		const total = (await sink.counts()).total;
		writeSubscriptions(bodies, seconds * 4000);
		const flat = await load(port, { ...options, seconds: Math.ceil(seconds / 3) });
		const sent = (await sink.counts()).total;
		return { steady, flat, total, sent };
	} finally {
		await server.stop();
	}
}

async function endSender(state) {
	const pid = senderOf(state);
	if (pid === undefined) return;
	process.kill(pid, "SIGTERM");
	await until(() => senderOf(state) !== pid, 15_000);
}

export async function run() {
	const n = quick ? 100_000 : 1_000_000;
	const sink = await openSink();
	const state = watchState(makeState({ conf: { PUSH_CA_FILE: certificate.caFile, PUSH_CONNECT_TO: connectTo([defaultHost], sink.port) } }));
	const port = await freePort();
	state.writeConf({ SITE_URL: `http://localhost:${port}` });
	try {
		fillState(state, 10, defaultHost);
		const few = await answerTime(state, port, quick ? 15 : 40);
		state.run("DELETE FROM subscriptions;");
		fillState(state, n, defaultHost);
		const many = await answerTime(state, port, quick ? 15 : 40);
		const { steady, flat, total, sent } = await whileSending(state, port, sink, quick ? 3 : 15);
		await endSender(state);
		const failed = steady.failed + flat.failed;
		return [
			row(10, `POST subscribe while ${count(n)} are being told`, `${count(failed)} of ${count(steady.requests + flat.requests)} failed`, "none may fail", failed === 0, `${failed} failed, status ${steady.status || flat.status}`),
			atMost(10, `its p99 at ${rate} a second from ${clients} clients`, steady.p99_ms, 50, ms, `${count(total)} had been told when it ended${total < n ? "" : ": TOO SOON, the send was over"}`),
			note(`without a pause between requests, ${clients} clients: ${count(flat.rate)}/s, median ${ms(flat.p50_ms)}, p99 ${ms(flat.p99_ms)}; ${count(sent)} told by then${sent < n ? "" : " (the send was over)"}`),
			atMost("", `a posted incident with ${count(n)} subscriptions answered`, many, few * 1.5 + 2, ms, `with 10: ${ms(few)}`),
		];
	} finally {
		await endSender(state).catch(() => {});
		await sink.close();
		state.remove();
	}
}
