/*
 * A whole site for tests of what people get: the real programs on a state of their own, browsers that the push service
 * double has made, and the real push-sender, which runs when the test says so.
 *
 *   const site = await openSite(service)       every trigger is on
 *     site.subscribe(members) -> browser       POST /cgi-bin/subscribe with these members beside the subscription
 *     site.ask(browser, action, members)       POST /cgi-bin/subscribe[/action] with the browser's proof
 *     site.api                                 the write API (../cgi/api-client.mjs)
 *     site.state                               database and files (../cgi/harness.mjs)
 *     site.send() -> pushes                    runs the sender; what the double got by it
 *     site.close()
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { Client } from "../cgi/api-client.mjs";
import { binary, makeState, plainCgi } from "../cgi/harness.mjs";

export const siteUrl = "https://status.example.com";

export const TRIGGERS = ["incident_new", "incident_update", "incident_resolved", "component_down", "component_recovered",
	"maintenance_starting", "maintenance_scheduled", "maintenance_reminder", "maintenance_overrun", "maintenance_completed",
	"maintenance_rescheduled", "maintenance_cancelled"];

export const LANGUAGES = ["de", "en", "es", "fr", "ja"];

export async function openSite(service) {
	return new Site(service);
}

class Site {
	constructor(service) {
		this.service = service;
		this.state = makeState({ conf: { SITE_URL: siteUrl, PUSH_CA_FILE: service.caFile, PUSH_EXTRA_HOSTS: `localhost:${service.port}` } });
		this.state.run(`INSERT INTO settings VALUES ${TRIGGERS.map((trigger) => `('trigger.${trigger}', '1')`).join(", ")}`);
		this.api = new Client(this.state, (path, request) => plainCgi("incident-post", this.state, { script: "/v1", path, ...request }));
	}

	async subscribe(members = {}) {
		const made = this.service.createSubscription({ vapidPublicKey: this.state.keys.publicKey });
		const answer = await plainCgi("subscribe", this.state, { body: { subscription: made.subscription, ...members } });
		assert.equal(answer.status, 201, answer.text);
		return made;
	}

	/* Further members of the same subscription. */
	async change({ subscription }, members) {
		const answer = await plainCgi("subscribe", this.state, { body: { subscription, ...members } });
		assert.equal(answer.status, 200, answer.text);
	}

	async ask({ subscription }, action, members = {}) {
		const { endpoint, keys: { auth } } = subscription;
		return plainCgi("subscribe", this.state, { path: `/${action}`, body: { endpoint, auth, ...members } });
	}

	row({ subscription }) {
		return this.state.row(`SELECT * FROM subscriptions WHERE endpoint = '${subscription.endpoint}'`);
	}

	async send() {
		this.service.clear();
		const child = spawn(binary("push-sender"), [], { cwd: this.state.dir, env: this.state.env, stdio: ["ignore", "ignore", "pipe"] });
		let log = "";
		child.stderr.setEncoding("utf8").on("data", (chunk) => { log += chunk; });
		const code = await new Promise((done) => { child.on("close", done); });
		assert.equal(code, 0, log);
		assert.deepEqual(this.service.violations(), []);
		return this.service.pushes();
	}

	close() { this.state.remove(); }
}

/* "HH:MM" of a moment so many minutes from now, on a wall clock there.  By the system's zones: those inside of Node may be years
 * older, and a country has changed its hours since. */
export function wallClock(zone, minutes) {
	const seconds = Math.floor(Date.now() / 1000) + minutes * 60;
	return execFileSync("date", ["-d", `@${seconds}`, "+%H:%M"], { env: { ...process.env, TZ: zone }, encoding: "utf8" }).trim();
}
