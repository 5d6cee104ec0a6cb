/*
 * The dialog of choices and the button that follows one incident, in a real Firefox with a real subscription: each choice
 * arrives in the server's row and is shown again, nothing chosen is refused in words, and erasing leaves nothing.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { startFirefox } from "./firefox.mjs";
import { startSuite } from "./suite.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const OFFERED = ["incident_new", "incident_update", "incident_resolved", "component_down", "maintenance_reminder"];
let service, suite, firefox, ids;

before(async () => {
	service = await startPushService();
	suite = await startSuite({ pushService: service });
	const add = async (component) => (await post("/components", { component })).id;
	const europe = await add({ name: "Europe", group: true });
	ids = { europe, checkout: await add({ name: "Checkout", group_id: europe }), search: await add({ name: "Search", group_id: europe }), website: await add({ name: "Website" }) };
	offer(OFFERED);
	firefox = await startFirefox({ pushUrl: service.autopushUrl });
}, limit);

after(async () => {
	await firefox?.stop();
	await suite?.stop();
	await service?.close();
}, limit);

/* Each test begins as a visitor who allows notifications and has none. */
beforeEach(async () => {
	await firefox.allow(suite.origin);
	await openPage();
	if (await isOn()) {
		await firefox.click("#push-subscribe");
		await waitForBell(false);
	}
}, limit);

async function post(path, body, method = "POST") {
	const { status, json, text } = await suite.api(method, path, body);
	assert.ok(status === 200 || status === 201, text);
	return json;
}

/* What the operator has switched on. */
function offer(events) {
	suite.rows(`DELETE FROM settings WHERE name LIKE 'trigger.%'`);
	const all = ["incident_new", "incident_update", "incident_resolved", "component_down", "component_recovered", "maintenance_starting", "maintenance_reminder"];
	for (const name of all) suite.rows(`INSERT INTO settings (name, value) VALUES ('trigger.${name}', '${events.includes(name) ? 1 : 0}')`);
	suite.rows("UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE name = 'content_rev'");
	assert.equal(suite.atstatus("publish").code, 0);
}

async function openPage(path = "/") {
	await firefox.open(suite.url(path));
	await firefox.waitForPage("the bell", () => !document.getElementById("push-subscribe").hidden);
}

const isOn = () => firefox.page(() => document.getElementById("push-subscribe").getAttribute("aria-pressed") === "true");

const waitForBell = (isPressed) => firefox.waitForPage(`the bell to say ${isPressed}`, (wanted) => {
	const bell = document.getElementById("push-subscribe");
	return bell.getAttribute("aria-pressed") === wanted && bell.getAttribute("aria-busy") !== "true";
}, String(isPressed));

async function openDialog() {
	await firefox.waitForPage("what was open to close", () => !document.querySelector("dialog[open]"));
	await firefox.click("#push-options");
	await firefox.waitForPage("the dialog to be filled", () => document.querySelector("#push-choices[open] .dialog-scroll:not([inert])"));
}

const isOpen = () => firefox.page(() => document.getElementById("push-choices").open);
const message = () => firefox.page(() => document.querySelector("#push-choices .message").textContent);
const waitForMessage = (pattern) => firefox.waitForPage(`the message ${pattern}`, (text) => new RegExp(text).test(document.querySelector("#push-choices .message").textContent), pattern.source);
const press = (value) => firefox.click(`#push-choices label:has(> [value="${value}"])`);
const submit = () => firefox.click("#push-choices .primary");

/* Sets selects and times as a person would leave them. */
function set(values) {
	return firefox.page((wanted) => {
		const fields = [...document.querySelectorAll("#push-choices :is(select, input[type=time])")];
		for (const [index, value] of wanted.entries()) {
			fields[index].value = value;
			fields[index].dispatchEvent(new Event("change", { bubbles: true }));
		}
	}, values);
}

/* What the form shows. */
const form = () => firefox.page(() => {
	const all = (selector) => [...document.querySelectorAll(`#push-choices ${selector}`)];
	return {
		ticked: all("[value]:is([type=checkbox], [type=radio])").filter((one) => one.checked && one.checkVisibility()).map((one) => one.value),
		mixed: all("[type=checkbox]").filter((one) => one.indeterminate).map((one) => one.value),
		fields: all(":is(select, input[type=time])").filter((one) => one.checkVisibility()).map((one) => one.value),
	};
});

const rows = () => suite.rows("SELECT components, events, min_impact, lang, quiet_from, quiet_to, quiet_tz, quiet_critical FROM subscriptions WHERE dead_at IS NULL");
const sorted = (words) => words.split(" ").sort();

describe("the dialog", () => {
	test("shows what the operator offers, and before a subscription everything is chosen", limit, async () => {
		await openDialog();
		assert.deepEqual((await form()).ticked, ["all", ...OFFERED]);
		assert.equal(await firefox.text("#push-choices .primary"), "Get notified");
		const languages = await firefox.page(() => [...document.querySelectorAll("#push-choices [lang]")].map((one) => one.textContent));
		assert.deepEqual([...languages].sort(), ["Deutsch", "English", "Español", "Français", "日本語"]);
	});

	test("each choice goes along with the subscription, and is shown again after a reload", limit, async () => {
		await openDialog();
		await press("some");
		await press(ids.europe);
		await press(ids.website);
		await press("incident_update");
		await press("quiet");
		await press("critical");
		await set(["major", "de", "23:00", "06:30"]);
		await submit();
		await waitForBell(true);

		const [row, ...others] = rows();
		assert.deepEqual(others, []);
		const zone = await firefox.page(() => new Intl.DateTimeFormat().resolvedOptions().timeZone);
		assert.deepEqual(sorted(row.components), [ids.europe, ids.website].sort());
		assert.deepEqual(sorted(row.events), OFFERED.filter((name) => name !== "incident_update").sort());
		assert.deepEqual([row.min_impact, row.lang, row.quiet_from, row.quiet_to, row.quiet_tz, Number(row.quiet_critical)], ["major", "de", "23:00", "06:30", zone, 0]);

		await openPage();
		await waitForBell(true);
		await openDialog();
		const { ticked, mixed, fields } = await form();
		assert.deepEqual([...ticked].sort(), ["some", ids.europe, ids.checkout, ids.search, ids.website, ...OFFERED.filter((name) => name !== "incident_update"), "quiet"].sort());
		assert.deepEqual([mixed, fields], [[], ["major", "de", "23:00", "06:30"]]);
		assert.equal(await firefox.text("#push-choices .primary"), "Save");
	});

	test("what is saved later replaces it, and all of it again means whatever is added", limit, async () => {
		await firefox.click("#push-subscribe");
		await waitForBell(true);
		await openDialog();
		await press("some");
		await press(ids.checkout);
		assert.deepEqual((await form()).mixed, [ids.europe]);
		await submit();
		await until("the row", () => rows()[0].components === ids.checkout);

		await openDialog();
		await press(ids.search);
		assert.ok((await form()).ticked.includes(ids.europe), "every member of a group is the group");
		await submit();
		await until("the row", () => rows()[0].components === ids.europe);

		await openDialog();
		await press(ids.search);
		await submit();
		await until("the row", () => rows()[0].components === ids.checkout);

		await openDialog();
		await press("all");
		await submit();
		await until("the row", () => [null, ""].includes(rows()[0].components));
		assert.equal(rows()[0].events || null, null);
	});

	test("nothing chosen is refused in words, and changes nothing", limit, async () => {
		await openDialog();
		await press("some");
		await submit();
		assert.match(await message(), /Nothing is chosen/);
		assert.ok(await isOpen());
		await press(ids.website);
		for (const name of OFFERED) await press(name);
		await submit();
		assert.match(await message(), /at least one occasion/);
		await press("incident_new");
		await press("quiet");
		await set(["none", "en", "08:00", "08:00"]);
		await submit();
		assert.match(await message(), /another time/);
		assert.deepEqual(rows(), []);
	});

	test("an event that the operator switched off meanwhile is not lost by saving", limit, async () => {
		await openDialog();
		await press("incident_update");
		await submit();
		await waitForBell(true);
		offer(OFFERED.filter((name) => name !== "component_down"));
		try {
			await openPage();
			await openDialog();
			assert.ok(!(await form()).ticked.includes("component_down"));
			await press("incident_resolved");
			await submit();
			await until("the row", () => !rows()[0].events.includes("incident_resolved"));
			assert.deepEqual(sorted(rows()[0].events), ["component_down", "incident_new", "maintenance_reminder"]);
		} finally {
			offer(OFFERED);
		}
	});

	test("what is not saved stays, through Escape and through news of the page", limit, async () => {
		await openDialog();
		await press("some");
		await press(ids.website);
		await post("/incidents", { incident: { name: "News", body: "Something happened.", deliver_notifications: false } });
		await firefox.page(() => { for (let i = 0; i < 3; i++) dispatchEvent(new Event("online")); });
		await firefox.waitForPage("the news", () => document.getElementById("main").textContent.includes("Something happened."));
		assert.ok(await isOpen());
		assert.ok((await form()).ticked.includes(ids.website));

		await firefox.page(() => document.getElementById("push-choices").requestClose?.() ?? document.getElementById("push-choices").close());
		await firefox.click("#push-options");
		await waitForMessage(/not saved yet/);
		assert.ok((await form()).ticked.includes(ids.website));
		assert.deepEqual(rows(), []);
	});

	test("a test says what became of it", limit, async () => {
		await firefox.click("#push-subscribe");
		await waitForBell(true);
		await openDialog();
		await firefox.page(() => [...document.querySelectorAll("#push-choices .button")].find((one) => one.textContent.startsWith("Send a test")).click());
		const verdict = await firefox.waitForPage("the verdict", () => {
			const { textContent } = document.querySelector("#push-choices .verdict");
			return /on its way/.test(textContent) ? null : textContent;
		});
		assert.match(verdict, /was handed to your browser/);
		await until("the test to arrive", async () => (await firefox.notifications()).length === 1);
	});

	test("one click erases everything about this browser", limit, async () => {
		await firefox.click("#push-subscribe");
		await waitForBell(true);
		assert.equal(rows().length, 1);
		await openDialog();
		await firefox.page(() => [...document.querySelectorAll("#push-choices .button")].find((one) => one.textContent.startsWith("Erase")).click());
		await waitForMessage(/Nothing about this browser is stored/);
		assert.deepEqual(suite.rows("SELECT id FROM subscriptions"), []);
		assert.equal(await firefox.page(async () => (await (await navigator.serviceWorker.ready).pushManager.getSubscription()) === null), true);
		assert.equal(await firefox.text("#push-choices .primary"), "Get notified");
	});
});

describe("following one", () => {
	const button = () => firefox.page(() => {
		const one = document.getElementById("push-follow");
		return one && { text: one.textContent.trim(), isPressed: one.getAttribute("aria-pressed"), isShown: one.checkVisibility({ visibilityProperty: true }) };
	});
	const waitForButton = (isPressed) => firefox.waitForPage(`the button to say ${isPressed}`, (wanted) => {
		const one = document.getElementById("push-follow");
		return one?.checkVisibility({ visibilityProperty: true }) && one.getAttribute("aria-pressed") === wanted && one.getAttribute("aria-busy") !== "true";
	}, String(isPressed)).catch(async (error) => { throw new Error(`${error.message} ${await explain()}`); });
	const explain = () => firefox.page(() => JSON.stringify([self.statusPush.state, self.statusPush.note, self.statusPush.busy, self.statusPush.follows, document.getElementById("push-follow-note").textContent, document.getElementById("push-follow").outerHTML]));
	const follows = () => suite.rows("SELECT incident_id FROM follows").map((row) => row.incident_id);

	test("asks, subscribes to this one only, and ends by a second click", limit, async () => {
		const { id } = await post("/incidents", { incident: { name: "Followed", body: "We look into it.", components: { [ids.website]: "partial_outage" } } });
		await firefox.forget(suite.origin);
		await openPage(`/incidents/${id}/`);
		await waitForButton(false);
		assert.equal((await button()).text, "Follow this incident");
		await firefox.click("#push-follow");
		await firefox.answerPrompt("allow");
		await waitForButton(true);
		assert.equal((await button()).text, "Following");
		assert.deepEqual(follows(), [id]);
		assert.equal(rows()[0].components, "");
		assert.match(await firefox.text("#push-follow-note"), /ends by itself/);

		await firefox.reload();
		await waitForButton(true);
		await firefox.click("#push-follow");
		await waitForButton(false);
		assert.deepEqual(suite.rows("SELECT id FROM subscriptions"), []);
		await post(`/incidents/${id}`, { incident: { status: "resolved", body: "Over." } }, "PATCH");
	});

	test("is over when it is over, and the page says so", limit, async () => {
		const inAnHour = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();
		const { id } = await post("/incidents", { incident: { name: "New disks", body: "We plan it.", scheduled_for: inAnHour(1), scheduled_until: inAnHour(2), components: { [ids.website]: "under_maintenance" } } });
		await openPage(`/maintenance/${id}/`);
		await waitForButton(false);
		assert.equal((await button()).text, "Follow this maintenance");
		await firefox.click("#push-follow");
		await waitForButton(true);
		await post(`/incidents/${id}`, { incident: { status: "cancelled", body: "Not needed." } }, "PATCH");
		await until("the button to go", async () => {
			await firefox.page(() => dispatchEvent(new Event("online")));
			return (await button()) === null;
		});
		assert.match(await firefox.text("#push-follow-note"), /over/);
	});

	test("is offered besides everything, and says that it is heard of anyway", limit, async () => {
		const { id } = await post("/incidents", { incident: { name: "Again", body: "We look into it." } });
		await firefox.click("#push-subscribe");
		await waitForBell(true);
		await openPage(`/incidents/${id}/`);
		await waitForButton(false);
		await firefox.waitForPage("the sentence", () => /told of everything/.test(document.getElementById("push-follow-note").textContent));
		await firefox.click("#push-follow");
		await waitForButton(true);
		assert.deepEqual(follows(), [id]);
		assert.notEqual(rows()[0].components, "");
	});
});
