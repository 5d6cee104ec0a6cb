/*
 * npm web-push as it is used: sendNotification for each subscription, a hundred at once.
 *
 *   node web-push.mjs FILE     { keys, port, ca, payload, rows: [{ endpoint, p256dh, auth }] }
 *
 * Prints { sent, failed, cpu_us }: processor time of this process for all but the first messages.
 */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import webPush from "web-push";

const warmUp = 300;
const parallel = 100;

const { keys, port, ca, payload, rows } = JSON.parse(readFileSync(process.argv[2], "utf8"));

/* Connects to the sink whatever the endpoint's name says. */
class SinkAgent extends Agent {
	createConnection(options, done) {
		return super.createConnection({ ...options, host: "127.0.0.1", port, servername: options.servername || options.host }, done);
	}
}

const options = {
	TTL: 86400, urgency: "high", topic: "0123456789abcdef0123456789abcdef", agent: new SinkAgent({ keepAlive: true, maxSockets: parallel, ca }),
	vapidDetails: { subject: "mailto:admin@status.example.com", publicKey: keys.publicKey, privateKey: keys.privateKey },
};
const subscriptions = rows.map(({ endpoint, p256dh, auth }) => ({
	endpoint, keys: { p256dh: Buffer.from(p256dh, "hex").toString("base64url"), auth: Buffer.from(auth, "hex").toString("base64url") },
}));

let failed = 0;

async function sendAll(list) {
	let next = 0;
	await Promise.all(Array.from({ length: parallel }, async () => {
		while (next < list.length) {
			try {
				await webPush.sendNotification(list[next++], payload, options);
			} catch {
				failed++;
			}
		}
	}));
}

await sendAll(subscriptions.slice(0, warmUp));
const before = process.cpuUsage();
await sendAll(subscriptions);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ sent: subscriptions.length, failed, cpu_us: user + system }));
options.agent.destroy();
