/*
 * Goal 11: the public page beside a plain file of its size, from the same web server: with the same configuration (is
 * anything done for a view that is not done for a file?), and with the least one (what do headers and rules cost?).
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, makeState, root } from "../../cgi/harness.mjs";
import { atLeast, count, median, note, percent, quick, row, us } from "../tools.mjs";
import { load, startLighttpd } from "../web.mjs";

/* The least configuration that serves a file. */
function bareConf(state, size) {
	const folder = join(state.dir, "plain"), file = join(state.dir, "plain.conf");
	mkdirSync(folder);
	writeFileSync(join(folder, "index.html"), "x".repeat(size));
	writeFileSync(file, `server.bind = "127.0.0.1"\nserver.port = env.PORT\nserver.document-root = "${folder}"\nindex-file.names = ( "index.html" )\nmimetype.assign = ( ".html" => "text/html; charset=utf-8" )\n`);
	return file;
}

function fill(state) {
	const ids = Array.from({ length: 12 }, (_, i) => state.component(`Component ${i}`, { position: i + 1 }));
	state.incident("Errors at checkout");
	return ids;
}

/* Processor time of a process so far; the kernel counts it in hundredths of a second. */
function cpuUs(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
	return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function ask(server, options) {
	const before = cpuUs(server.child.pid);
	const answer = await load(server.port, options);
	return { ...answer, cpu: (cpuUs(server.child.pid) - before) / answer.requests };
}

export async function run() {
	const rounds = quick ? 3 : 7, seconds = quick ? 1 : 3;
	const state = makeState();
	fill(state);
	const published = state.atstatus("publish");
	if (published.code !== 0) throw new Error(published.stderr);
	const { size } = statSync(join(state.publicDir, "index.html"));
	const plainConf = bareConf(state, size);
	mkdirSync(join(state.publicDir, "plain"));
	writeFileSync(join(state.publicDir, "plain/index.html"), "x".repeat(size));
	const rates = [];
	const real = await startLighttpd({ conf: join(root, "deploy/lighttpd.conf"), env: { ...state.env, STATE_DIR: state.dir, LIBEXEC: join(build, "cgi-bin") } });
	const plain = await startLighttpd({ conf: plainConf, env: {} });
	try {
		for (let i = 0; i < rounds; i++) {
			const theirs = await ask(plain, { seconds });
			const file = await ask(real, { seconds, path: "/plain/" });
			const ours = await ask(real, { seconds });
			if (ours.failed + file.failed + theirs.failed > 0) throw new Error(`failed: ${ours.status} ${file.status} ${theirs.status}`);
			rates.push({ ours: ours.rate, file: file.rate, least: theirs.rate, oursCpu: ours.cpu, fileCpu: file.cpu, leastCpu: theirs.cpu });
		}
	} finally {
		await real.stop();
		await plain.stop();
		state.remove();
	}
	const of = (name) => median(rates.map((one) => one[name]));
	return [
		atLeast(11, "the public page, rate", median(rates.map((one) => one.ours / one.file)), 0.95, percent,
			`of a plain file of ${count(size)} octets, same lighttpd: ${count(of("ours"))}/s beside ${count(of("file"))}/s`),
		row("", "the same beside the least configuration there is", percent(median(rates.map((one) => one.ours / one.least))),
			`of ${count(of("least"))}/s: what the headers and address rules of deploy/lighttpd.conf cost`),
		note(`the server's own CPU a request, which other work on the machine disturbs less: page ${us(of("oursCpu"))}, plain file ${us(of("fileCpu"))}, least configuration ${us(of("leastCpu"))}`),
	];
}
