/*
 * Proves the sink: every request is answered and counted once, whatever is asked of it.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:http2";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ensureCertificate } from "./certificate.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const body = Buffer.alloc(303, 7);
let dir, program, certificate;

before(() => {
	dir = mkdtempSync("/tmp/sink-test-");
	program = join(dir, "sink");
	certificate = ensureCertificate(dir);
	const sources = ["sink.c", "sink-peer.c", "sink-paths.c", "sink-fail.c", "sink-http1.c"].map(here);
	execFileSync(process.env.CC || "cc", ["-O2", "-D_GNU_SOURCE", ...sources, "-o", program, "-lnghttp2", "-lssl", "-lcrypto"]);
});

after(() => rmSync(dir, { recursive: true }));

async function withSink(args, use) {
	const log = join(dir, "log");
	const child = spawn(program, ["--cert", certificate.certFile, "--key", certificate.keyFile, "--port", "0", "--log", log, ...args], { stdio: ["ignore", "pipe", "inherit"] });
	const [line] = await once(child.stdout, "data");
	const port = Number(/^port (\d+)\n$/.exec(line.toString())[1]);
	const counts = () => Object.fromEntries(readFileSync(log, "utf8").trim().split("\n").map((row) => [row.split(" ")[0], Number(row.split(" ")[1])]));
	try {
		await use(port, async () => {
			child.kill("SIGUSR1");
			await sleep(50);
			return counts();
		});
	} finally {
		child.kill("SIGTERM");
		assert.deepEqual(await once(child, "exit"), [0, null]);
	}
	return counts();
}

async function open(port) {
	const session = connect(`https://localhost:${port}`, { host: "127.0.0.1", ca: certificate.caPem });
	session.on("error", () => {});
	await once(session, "remoteSettings");
	return session;
}

function post(session, path) {
	return new Promise((resolve) => {
		const stream = session.request({ ":method": "POST", ":path": path });
		let status = 0;
		stream.on("response", (headers) => (status = headers[":status"]));
		stream.on("error", () => {});
		stream.on("close", () => resolve(status));
		stream.resume();
		stream.end(body);
	});
}

const paths = (count, from = 0) => Array.from({ length: count }, (_, i) => `/push/${from + i}-${"x".repeat(100)}`);

async function postAll(session, list) {
	const statuses = [];
	for (let i = 0; i < list.length; i += 50) statuses.push(...(await Promise.all(list.slice(i, i + 50).map((path) => post(session, path)))));
	return statuses;
}

test("each request is answered 201 and counted, and a path asked for again is noticed", async () => {
	const counts = await withSink([], async (port, look) => {
		const sessions = [await open(port), await open(port)];
		assert.ok((await postAll(sessions[0], paths(1000))).every((status) => status === 201));
		assert.equal((await look()).total, 1000);
		assert.ok((await postAll(sessions[1], paths(1000, 990))).every((status) => status === 201));
		assert.equal((await look()).open, 2);
		for (const session of sessions) session.close();
	});
	assert.deepEqual([counts.total, counts.distinct, counts.repeated, counts.connections, counts.octets], [2000, 1990, 10, 2, 2000 * 303]);
});

test("the table grows beyond its first size", async () => {
	const counts = await withSink([], async (port) => {
		const session = await open(port);
		await postAll(session, paths(40_000));
		session.close();
	});
	assert.deepEqual([counts.total, counts.distinct, counts.repeated], [40_000, 40_000, 0]);
});

test("answers can be late, without holding up others", async () => {
	await withSink(["--delay-ms", "80"], async (port) => {
		const session = await open(port);
		const start = Date.now();
		assert.ok((await postAll(session, paths(50))).every((status) => status === 201));
		const took = Date.now() - start;
		assert.ok(took >= 80 && took < 400, `${took} ms`);
		session.close();
	});
});

test("a sender that goes away before its late answers does no harm", async () => {
	const counts = await withSink(["--delay-ms", "100"], async (port, look) => {
		const gone = await open(port);
		const answers = paths(20).map((path) => post(gone, path));
		await sleep(50);
		gone.destroy();
		await Promise.all(answers);
		await sleep(120);
		assert.equal((await look()).open, 0);
		const session = await open(port);
		assert.equal(await post(session, "/later"), 201);
		session.close();
	});
	assert.equal(counts.total, 21);
});

test("the number of streams is announced", async () => {
	await withSink(["--max-streams", "7"], async (port) => {
		const session = await open(port);
		assert.equal(session.remoteSettings.maxConcurrentStreams, 7);
		session.close();
	});
});

test("GOAWAY names the Nth stream; just those up to it are answered and counted", async () => {
	for (const delay of ["0", "40"]) {
		const counts = await withSink(["--goaway-after", "5", "--delay-ms", delay], async (port) => {
			const session = await open(port);
			const goaway = once(session, "goaway");
			const statuses = await Promise.all(paths(12).map((path) => post(session, path)));
			const [code, lastStream] = await goaway;
			assert.deepEqual([code, lastStream], [0, 9]);
			assert.deepEqual(statuses, [201, 201, 201, 201, 201, 0, 0, 0, 0, 0, 0, 0]);
		});
		assert.deepEqual([counts.total, counts.distinct, counts.octets], [5, 5, 5 * 303]);
	}
});

test("rules make some paths fail, lasting refusals for ever and the rest once, and only what is accepted counts", async () => {
	const counts = await withSink(["--fail", "410/4,503/4,refuse/4,reset/4"], async (port) => {
		const session = await open(port);
		const first = await Promise.all(paths(400).map((path) => post(session, path)));
		const second = await Promise.all(paths(400).map((path) => post(session, path)));
		const of = (list, status) => list.filter((one) => one === status).length;
		for (const status of [410, 503, 0]) assert.ok(of(first, status) > 20, `${status}: ${of(first, status)}`);
		assert.equal(of(second, 410), of(first, 410));
		assert.equal(of(second, 201), 400 - of(first, 410));
		session.close();
	});
	assert.equal(counts.distinct, 400 - counts["failed-410"]);
	assert.equal(counts.repeated, 400 - counts["failed-410"] - counts["failed-503"] - counts["failed-refuse"] - counts["failed-reset"]);
});

test("a connection that is killed has given the answers that came before", async () => {
	const counts = await withSink(["--fail", "kill/50"], async (port) => {
		const answers = new Map();
		for (let left = paths(200); left.length > 0; left = left.filter((path) => answers.get(path) !== 201)) {
			const session = await open(port);
			await Promise.all(left.slice(0, 50).map(async (path) => { answers.set(path, await post(session, path)); }));
			session.destroy();
		}
	});
	assert.ok(counts["failed-kill"] > 0);
	assert.deepEqual([counts.distinct, counts.repeated], [200, 0]);
});

test("a sender that offers only HTTP/1.1 is served where that is wanted", async () => {
	const counts = await withSink(["--http1"], async (port) => {
		const agent = new Agent({ keepAlive: true, maxSockets: 3, ca: certificate.caPem });
		const ask = (path) => new Promise((resolve, reject) => {
			const sent = request({ host: "127.0.0.1", port, servername: "localhost", path, method: "POST", agent }, (answer) => {
				answer.resume().on("end", () => resolve(answer.statusCode));
			});
			sent.on("error", reject);
			sent.end(body);
		});
		assert.ok((await Promise.all(paths(60).map(ask))).every((status) => status === 201));
		agent.destroy();
		const session = await open(port);
		assert.equal(await post(session, "/two"), 201);
		session.close();
	});
	assert.deepEqual([counts.total, counts.distinct, counts.octets], [61, 61, 61 * 303]);
});
