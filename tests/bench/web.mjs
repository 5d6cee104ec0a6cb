/*
 * A lighttpd for measuring, and clients that ask it.
 *
 *   startLighttpd({ conf, env }) -> { port, stop() }      conf: path of a configuration that reads PORT from env
 *   load(port, { clients, seconds, rate, path, headers, bodies }) -> what tools/load.c prints
 *   fillState(state, n, host)                             n subscriptions into a state of tests/cgi/harness.mjs
 *   writeSubscriptions(file, n)                           bodies for POST /cgi-bin/subscribe, a line each
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import net from "node:net";
import { freePort, makeKeys, until } from "../cgi/harness.mjs";
import { tool } from "./tools.mjs";

function answers(port) {
	return new Promise((resolve) => {
		const socket = net.connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true); });
		socket.on("error", () => resolve(false));
	});
}

export async function startLighttpd({ conf, env, port }) {
	const own = port ?? await freePort();
	let log = "";
	const child = spawn("lighttpd", ["-D", "-f", conf], {
		env: { ...env, PATH: `${process.env.PATH}:/usr/sbin`, PORT: String(own) }, stdio: ["ignore", "ignore", "pipe"],
	});
	child.stderr.on("data", (chunk) => { log += chunk; });
	const ended = new Promise((resolve) => { child.on("close", resolve); });
	try {
		await until(() => {
			if (child.exitCode !== null) throw new Error(`lighttpd did not start: ${log}`);
			return answers(own);
		});
	} catch (error) {
		child.kill();
		throw error;
	}
	return {
		port: own, child,
		async stop() { child.kill(); await ended; },
	};
}

export function load(port, { clients = 32, seconds, rate = 0, path = "/", headers, bodies }) {
	return tool("load", [port, clients, seconds, rate, path, ...(bodies ? [headers, bodies] : [])]);
}

const keyPool = Array.from({ length: 64 }, () => makeKeys().publicKey);

export function writeSubscriptions(file, n) {
	const lines = Array.from({ length: n }, (_, i) => JSON.stringify({ subscription: {
		endpoint: `https://fcm.googleapis.com/fcm/send/${randomBytes(12).toString("base64url")}:${"APA91b".padEnd(120, "x")}${i}`,
		expirationTime: null, keys: { p256dh: keyPool[i % 64], auth: randomBytes(16).toString("base64url") },
	} }));
	writeFileSync(file, lines.join("\n") + "\n");
}

export function writeHeaders(file, port) {
	writeFileSync(file, `Origin: http://localhost:${port}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n`);
}

/* Rows as if they had been posted, without the time that takes. */
export function fillState(state, n, host) {
	const blob = (text) => `x'${Buffer.from(text, "base64url").toString("hex")}'`;
	const now = Date.now();
	state.run(`INSERT INTO vapid_keys (public_key, created_at) VALUES (${blob(state.keys.publicKey)}, ${now}) ON CONFLICT DO NOTHING;
		INSERT INTO origins (origin, suffix) VALUES ('https://${host}', '') ON CONFLICT DO NOTHING;
		CREATE TEMP TABLE key_pool (n INTEGER PRIMARY KEY, p BLOB);
		INSERT INTO key_pool (p) VALUES ${keyPool.map((key) => `(${blob(key)})`).join(", ")};
		INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, created_at, last_seen_at)
		WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${n})
		SELECT randomblob(16), 'https://${host}' || printf('/push/%010d', n), (SELECT p FROM key_pool WHERE key_pool.n = 1 + numbers.n % 64),
			randomblob(16), (SELECT max(id) FROM vapid_keys), (SELECT id FROM origins WHERE origin = 'https://${host}'),
			abs(random()) % 16, ${now}, ${now} FROM numbers;`);
}
