/* PUSH_PROXY: both transports go through it and nothing goes around it; its failures are its own and cost nobody a message. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { startConnectProxy } from "./connect-proxy.mjs";
import { makeWorld, until } from "./world.mjs";

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

/* The names of two services that only the proxy can find; the second one speaks HTTP/1.1 alone. */
const modern = "modern.push.test", old = "old.push.test";

function behindProxy(sentence, body) {
	test(sentence, async () => {
		const proxy = await startConnectProxy();
		const world = await makeWorld(service, { env: settings(proxy.url) });
		service.clear();
		service.clearAnswers();
		try {
			await body(world, proxy);
		} finally {
			world.close();
			await proxy.close();
		}
	});
}

function settings(url) {
	return { PUSH_PROXY: url, PUSH_CONNECT_TO: "", PUSH_EXTRA_HOSTS: `${modern}:${service.port},${old}:${service.http1Port}` };
}

function subscribeBoth(world, count) {
	world.subscribe(count, { host: modern });
	world.subscribe(count, { host: old, http1: true });
	return world.job();
}

const pausedOrigins = (world) => world.rows(`SELECT pause_reason, last_error FROM origins WHERE paused_until > ${Date.now()}`);
const countOf = (log, pattern) => [...log.matchAll(pattern)].length;

/* Runs the sender until both services are paused, and looks that nothing is lost by that. */
async function runUntilPaused(world, job, reason) {
	const { log } = await world.runUntil(() => pausedOrigins(world).length === 2);
	for (const origin of pausedOrigins(world)) {
		assert.equal(origin.pause_reason, "proxy");
		assert.match(origin.last_error, reason);
	}
	assert.deepEqual(service.requests(), []);
	assert.deepEqual(world.ledger(job), {});
	assert.equal(countOf(log, /BREAKER-01 /g), 2, log);
	assert.equal(countOf(log, /COURIER-07 /g), 2, log);
	return log;
}

async function runAfterPause(world, job, count) {
	world.sql("UPDATE origins SET paused_until = 0");
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: count });
	assert.equal(service.pushes().length, count);
}

behindProxy("through PUSH_PROXY everybody is told, over HTTP/2 and HTTP/1.1, by names that only the proxy can resolve", async (world, proxy) => {
	const job = subscribeBoth(world, 20);
	await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 40 });
	assert.deepEqual(service.violations(), []);
	const { byProtocol, connections } = service.stats();
	assert.deepEqual(byProtocol, { "2.0": 20, "1.1": 20 });
	assert.deepEqual([...new Set(proxy.asked.map(({ target }) => target))].sort(), [`${modern}:${service.port}`, `${old}:${service.http1Port}`]);
	assert.equal(connections.opened, proxy.asked.length, "a connection went around the proxy");
});

behindProxy("the proxy learns names and ports, and nothing of requests and keys", async (world, proxy) => {
	subscribeBoth(world, 3);
	await world.run();
	for (const { headers } of proxy.asked)
		assert.deepEqual(Object.keys(headers).filter((name) => !["host", "proxy-connection", "user-agent"].includes(name)), []);
});

behindProxy("user and password of PUSH_PROXY are shown to the proxy alone, and stand in no log", async (world, proxy) => {
	proxy.password = "me:pass@word";
	world.configure(settings(proxy.urlFor("me:pass%40word")));
	const job = subscribeBoth(world, 5);
	const { log } = await world.run();
	assert.deepEqual(world.ledger(job), { accepted: 10 });
	assert.ok(!/pass|bWU6/.test(log), log);
	for (const { headers } of service.requests()) assert.ok(!("proxy-authorization" in headers));
});

for (const status of [403, 407, 502, 503])
	behindProxy(`a ${status} of the proxy pauses the services, is said once for each, and costs nobody a message`, async (world, proxy) => {
		proxy.refusal = status;
		const job = subscribeBoth(world, 10);
		await runUntilPaused(world, job, new RegExp(String(status)));
		proxy.refusal = null;
		await runAfterPause(world, job, 20);
	});

behindProxy("a proxy that drips instead of answering is given up, and costs nobody a message", async (world, proxy) => {
	proxy.drips = true;
	const job = subscribeBoth(world, 10);
	await runUntilPaused(world, job, /proxy/i);
	proxy.drips = false;
	await runAfterPause(world, job, 20);
});

behindProxy("a proxy that is not there costs nobody a message", async (world, proxy) => {
	world.configure(settings("http://127.0.0.1:9"));
	const job = subscribeBoth(world, 10);
	await runUntilPaused(world, job, /proxy/i);
	world.configure(settings(proxy.url));
	await runAfterPause(world, job, 20);
});

behindProxy("a proxy that cuts its tunnels in the middle loses nobody", async (world, proxy) => {
	service.answer("*", { status: 201, delayMs: 200 }, "always");
	const job = subscribeBoth(world, 30);
	const sender = world.start();
	await service.waitForRequest("*", 20);
	proxy.cut();
	service.clearAnswers();
	await until(() => world.ledger(job).accepted === 60, 40_000);
	await world.finish(sender);
	assert.deepEqual(world.ledger(job), { accepted: 60 });
});

test("a host that is not allowed is not allowed through a proxy either", async () => {
	const proxy = await startConnectProxy();
	const world = await makeWorld(service, { env: { ...settings(proxy.url), PUSH_EXTRA_HOSTS: "" } });
	try {
		const job = subscribeBoth(world, 2);
		await world.run();
		assert.deepEqual(proxy.asked, []);
		assert.deepEqual(world.ledger(job), { refused: 4 });
	} finally {
		world.close();
		await proxy.close();
	}
});
