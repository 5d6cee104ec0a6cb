/*
 * What a visitor does on the page in Firefox, and what an admin does meanwhile, for the tests of push.
 *
 *   const visitor = new Visitor(firefox, suite)
 *     await .openPage(path)            until the bell is there
 *     await .switchOn() -> PushSubscription.toJSON()    answers the browser's question, if it asks
 *     await .switchOff()  .press()     a click on the bell alone
 *     await .waitForState(state)       statusPush.state, and nothing being done any more
 *     await .subscription() -> PushSubscription.toJSON() or null
 *     await .waitForBodies(...bodies)  until the notifications on the screen have these, in whatever order
 *     .living() -> endpoints of the rows that are sent to
 *     await .postIncident(name, body) -> { id, component, url }     takes a component of its own down
 *     await .postUpdate(incident, members)
 */
import assert from "node:assert/strict";
import { until } from "./wait.mjs";

export class Visitor {
	#firefox;
	#suite;
	#components = 0;

	constructor(firefox, suite) {
		this.#firefox = firefox;
		this.#suite = suite;
	}

	async openPage(path = "/") {
		await this.#firefox.open(this.#suite.url(path));
		await this.#firefox.waitForPage("the bell", () => !document.getElementById("push-subscribe").hidden);
	}

	press() {
		return this.#firefox.click("#push-subscribe");
	}

	waitForState(...states) {
		let seen;
		return until(`the state ${states.join(" or ")}`, async () => {
			seen = await this.#firefox.page(() => ({ state: window.statusPush.state, busy: window.statusPush.busy, note: window.statusPush.note }));
			return !seen.busy && states.includes(seen.state) && seen.state;
		}, { explain: () => `seen: ${JSON.stringify(seen)}\n${this.#suite.log().slice(-2000)}` });
	}

	async switchOn() {
		await this.press();
		if ((await this.#firefox.permission(this.#suite.origin)) === "prompt") await this.#firefox.answerPrompt("allow");
		await this.waitForState("on");
		return this.subscription();
	}

	async switchOff() {
		await this.press();
		await this.waitForState("off");
	}

	subscription() {
		return this.#firefox.page(async () => {
			const registration = await navigator.serviceWorker.ready;
			return (await registration.pushManager.getSubscription())?.toJSON() ?? null;
		});
	}

	async waitForBodies(...bodies) {
		let last = [];
		const same = async () => {
			last = await this.#firefox.notifications();
			return JSON.stringify(last.map(({ body }) => body).sort()) === JSON.stringify([...bodies].sort());
		};
		await until(`notifications with the bodies ${bodies.join(" | ")}`, same, { explain: () => `seen: ${JSON.stringify(last)}\n${this.#suite.log()}` });
		return last;
	}

	living() {
		return this.#suite.rows("SELECT endpoint FROM subscriptions WHERE dead_at IS NULL").map(({ endpoint }) => endpoint);
	}

	async #post(path, body, method = "POST") {
		const { status, json, text } = await this.#suite.api(method, path, body);
		assert.ok(status === 200 || status === 201, `${method} ${path} answered ${status}: ${text}`);
		return json;
	}

	async postIncident(name, body) {
		const component = await this.#post("/components", { component: { name: `Part ${++this.#components}`, status: "operational" } });
		const { id } = await this.#post("/incidents", { incident: { name, status: "investigating", body, components: { [component.id]: "major_outage" } } });
		return { id, component: component.name, url: this.#suite.url(`/incidents/${id}/`) };
	}

	postUpdate({ id }, incident) {
		return this.#post(`/incidents/${id}`, { incident }, "PATCH");
	}
}
