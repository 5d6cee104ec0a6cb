/* Goal 9: storing subscriptions, beside the least program that could, behind the same lighttpd with the same settings. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { build, freePort, makeState, root } from "../../cgi/harness.mjs";
import { atLeast, atMost, count, median, ms, note, percent, program, quick } from "../tools.mjs";
import { load, startLighttpd, writeHeaders, writeSubscriptions } from "../web.mjs";

const conf = join(root, "deploy/lighttpd.conf");

/* A folder of programs in which the bare one stands in subscribe's place. */
function bareFolder(state) {
	const folder = join(state.dir, "bare");
	mkdirSync(folder);
	symlinkSync(program("bare/subscribe"), join(folder, "subscribe"));
	for (const name of ["admin-settings", "incident-post"]) symlinkSync(join(build, "cgi-bin", name), join(folder, name));
	return folder;
}

async function measure(libexec, seconds) {
	const state = makeState();
	const port = await freePort();
	state.writeConf({ SITE_URL: `http://localhost:${port}` });
	const folder = libexec === "bare" ? bareFolder(state) : join(build, "cgi-bin");
	const bodies = join(state.dir, "bodies"), headers = join(state.dir, "headers");
	writeSubscriptions(bodies, seconds * 8000);
	writeHeaders(headers, port);
	const server = await startLighttpd({ conf, port, env: { ...state.env, STATE_DIR: state.dir, LIBEXEC: folder } });
	try {
		return await load(server.port, { seconds, path: "/cgi-bin/subscribe", headers, bodies });
	} finally {
		await server.stop();
		state.remove();
	}
}

export async function run() {
	const rounds = quick ? 2 : 5, seconds = quick ? 3 : 6;
	const pairs = [];
	for (let i = 0; i < rounds; i++) pairs.push({ bare: await measure("bare", seconds), ours: await measure("ours", seconds) });
	const of = (who, name) => median(pairs.map((pair) => pair[who][name]));
	const failed = pairs.reduce((sum, pair) => sum + pair.ours.failed + pair.bare.failed, 0);
	return [
		atLeast(9, "POST subscribe, rate", median(pairs.map((pair) => pair.ours.rate / pair.bare.rate)), 0.85, percent,
			`of a bare libfcgi + json-c + upsert program: ${count(of("ours", "rate"))}/s beside ${count(of("bare", "rate"))}/s`),
		atMost(9, "POST subscribe, p99 with 32 clients", of("ours", "p99_ms"), 20, ms, `the bare program: ${ms(of("bare", "p99_ms"))}`),
		note(`every one new, each commit on disk (synchronous=FULL), deploy/lighttpd.conf; median ${ms(of("ours", "p50_ms"))} beside ${ms(of("bare", "p50_ms"))}; ${failed} failed of either`),
	];
}
