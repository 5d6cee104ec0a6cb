/* Which transport serves a push service: what ALPN says, remembered in the database, mended by itself; libcurl only where it is needed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { makeWorld, senderProgram, until } from "./world.mjs";

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body) {
	test(sentence, async () => {
		const world = await makeWorld(service);
		service.clear();
		service.clearAnswers();
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

const remembered = (world) => world.rows("SELECT transport FROM origins ORDER BY id").map(({ transport }) => transport);

inWorld("what ALPN chose is remembered for each push service, and the next process begins with it", async (world) => {
	world.subscribe(1);
	world.subscribe(1, { http1: true });
	world.job();
	await world.run();
	assert.deepEqual(remembered(world), ["h2", "http1"]);
	assert.equal(service.stats().connections.opened, 3, "the service with HTTP/1.1 alone had to be asked");
	service.clear();
	const job = world.job();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 2 });
	assert.equal(service.stats().connections.opened, 2, "one connection each: nobody was asked again");
});

inWorld("a service that has learnt HTTP/2 gets it, and its row is mended", async (world) => {
	world.subscribe(60);
	world.sql("UPDATE origins SET transport = 'http1'");
	const job = world.job();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 60 });
	assert.equal(service.pushes().length, 60);
	assert.deepEqual(service.stats().byProtocol, { "2.0": 60 });
	assert.deepEqual(remembered(world), ["h2"]);
});

inWorld("a service that has lost HTTP/2 gets HTTP/1.1, and its row is mended", async (world) => {
	world.subscribe(60, { http1: true });
	world.sql("UPDATE origins SET transport = 'h2'");
	const job = world.job();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 60 });
	assert.equal(service.pushes().length, 60);
	assert.deepEqual(service.stats().byProtocol, { "1.1": 60 });
	assert.deepEqual(remembered(world), ["http1"]);
});

inWorld("over HTTP/1.1 several requests are under way at once", async (world) => {
	world.subscribe(100, { http1: true });
	service.answer("*", { status: 201, delayMs: 100 }, "always");
	const job = world.job();
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 100 });
	const { maxOpenConnections } = service.stats();
	assert.ok(maxOpenConnections > 4 && maxOpenConnections <= 17, `${maxOpenConnections} connections`);
});

test("push-sender does not link libcurl", () => {
	const { stdout } = spawnSync("readelf", ["-d", senderProgram], { encoding: "utf8" });
	assert.match(stdout, /libnghttp2/);
	assert.doesNotMatch(stdout, /libcurl/);
});

inWorld("a sender that meets only HTTP/2 does not load libcurl", async (world) => {
	const isLoaded = (pid) => readFileSync(`/proc/${pid}/maps`, "utf8").includes("libcurl");
	service.answer("*", { status: 201, delayMs: 400 }, "always");
	world.subscribe(1);
	world.job();
	const first = world.start();
	await service.waitForRequest("*", 1);
	assert.equal(isLoaded(first.child.pid), false);
	await first.ended;
	service.clear();
	world.subscribe(1, { http1: true });
	world.job();
	const second = world.start();
	await service.waitForRequest("*", 2);
	assert.equal(isLoaded(second.child.pid), true);
	await second.ended;
});

inWorld("where libcurl is missing it is said in one line, services with HTTP/2 are told, and the others wait", async (world) => {
	const broken = join(world.dir, "libraries");
	mkdirSync(broken);
	writeFileSync(join(broken, "libcurl.so.4"), "no library");
	world.subscribe(3);
	world.subscribe(3, { http1: true });
	const job = world.job();
	const { log } = await world.runUntil(() => world.ledger(job).accepted === 3 && world.value(`SELECT count(*) FROM origins WHERE paused_until > ${Date.now()}`) === 1, { env: { LD_LIBRARY_PATH: broken } });
	assert.equal([...log.matchAll(/FETCH-08 libcurl cannot be used[^\n]*libcurl4/g)].length, 1, log);
	assert.deepEqual(world.ledger(job), { accepted: 3 });
	world.sql("UPDATE origins SET paused_until = 0");
	await world.run();
	await until(() => world.ledger(job).accepted === 6);
});
