/*
 * What a notification in a real Firefox can do beside being clicked: its buttons, muting while nobody answers; and that
 * the same message is one that a browser with Declarative Web Push shows by itself.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { startFirefox } from "./firefox.mjs";
import { Visitor } from "./firefox-visitor.mjs";
import { startSuite } from "./suite.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
let service, suite, firefox, visitor;

before(async () => {
	service = await startPushService();
	suite = await startSuite({ pushService: service, canLeave: true });
	firefox = await startFirefox({ pushUrl: service.autopushUrl });
	visitor = new Visitor(firefox, suite);
	await visitor.openPage();
	await visitor.switchOn();
}, limit);

after(async () => {
	await firefox?.stop();
	await suite?.stop();
	await service?.close();
}, limit);

beforeEach(async () => {
	await firefox.closeOtherTabs();
	await visitor.openPage();
	await visitor.waitForState("on");
	await firefox.clearRecords();
	service.clear();
}, limit);

const mutes = () => suite.rows("SELECT incident_id, until FROM mutes");

async function nextAlert(n) {
	return (await firefox.waitForAlerts(n)).at(-1);
}

test("an incident that is not over has two buttons, one that is over has none", limit, async () => {
	const incident = await visitor.postIncident("Buttons", "It begins.");
	const alert = await nextAlert(1);
	assert.deepEqual(alert.actions, [{ action: "open", title: "View" }, { action: "mute", title: "Mute this incident" }]);
	await visitor.postUpdate(incident, { status: "resolved", body: "It is over." });
	assert.deepEqual((await nextAlert(2)).actions, []);
});

test("the button that opens takes the tab to the incident", limit, async () => {
	const incident = await visitor.postIncident("Open", "Press the button.");
	await firefox.pressAlert((await nextAlert(1)).index, "open");
	await firefox.driveTab(incident.url);
	assert.deepEqual(await firefox.tabs(), [{ url: incident.url, isSelected: true }]);
});

test("muting is known to the server at once, opens nothing; the resolution is told", limit, async () => {
	const incident = await visitor.postIncident("Muted", "It begins.");
	await firefox.pressAlert((await nextAlert(1)).index, "mute");
	await until("the mute on the server", () => mutes().some((row) => row.incident_id === incident.id && row.until === "resolved"), { explain: () => suite.log() });
	assert.deepEqual((await firefox.tabs()).map(({ url }) => url), [suite.url("/")]);
	assert.deepEqual(await firefox.notifications(), []);

	await visitor.postUpdate(incident, { status: "identified", body: "Nobody hears of it." });
	const other = await visitor.postIncident("Not muted", "Another one.");
	await visitor.waitForBodies("Another one.");
	assert.equal(service.pushes().length, 2);
	await visitor.postUpdate(incident, { status: "resolved", body: "It is over." });
	await visitor.waitForBodies("Another one.", "It is over.");
	assert.equal((await firefox.alerts()).at(-1).silent, false);
	assert.notEqual(other.id, incident.id);
});

test("muting while nobody answers: silent from then on, in the same place, and told to the server when it is back", limit, async () => {
	const incident = await visitor.postIncident("Muted offline", "It begins.");
	const alert = await nextAlert(1);
	await suite.leave();
	await firefox.pressAlert(alert.index, "mute");
	await until("the mute in the queue", () => firefox.page(async () => (await window.pushStore.recall("queue"))?.length === 1));
	await visitor.postUpdate(incident, { status: "identified", body: "It was on its way." });
	const second = await nextAlert(2);
	assert.deepEqual([second.text, second.silent, second.name, second.actions], ["It was on its way.", true, alert.name, []]);
	assert.deepEqual(mutes().filter((row) => row.incident_id === incident.id), []);

	await suite.comeBack();
	await visitor.postUpdate(incident, { status: "identified", body: "This wakes the worker." });
	await until("the mute on the server", () => mutes().some((row) => row.incident_id === incident.id), { explain: () => suite.log() });
	await visitor.postUpdate(incident, { status: "monitoring", body: "Not sent any more." });
	await visitor.postUpdate(incident, { status: "resolved", body: "It is over." });
	await visitor.waitForBodies("It is over.");
	/* Five were posted. After the second the worker may have found the server back already: then the third was not sent either. */
	assert.ok([3, 4].includes(service.pushes().length), `${service.pushes().length} were sent`);
});

/*
 * What WebKit's parser of Declarative Web Push asks of a message (its NotificationJSONParser; also that of the W3C draft):
 * -> what the browser would show by itself, or throws the rule that was broken, and then only a worker could show it.
 */
function readDeclared(text) {
	const message = JSON.parse(text);
	assert.equal(message.web_push, 8030, "the number, not a string");
	const { notification } = message;
	assert.ok(notification && typeof notification === "object" && !Array.isArray(notification), "notification is an object");
	assert.ok(typeof notification.title === "string" && notification.title !== "", "title");
	for (const name of ["body", "lang", "dir", "tag", "icon", "badge", "image"]) assert.ok(["undefined", "string"].includes(typeof notification[name]), name);
	for (const name of ["silent", "renotify", "requireInteraction"]) assert.ok(["undefined", "boolean"].includes(typeof notification[name]), name);
	for (const name of ["navigate", "icon", "badge"]) if (name === "navigate" || notification[name] !== undefined) assert.equal(new URL(notification[name]).href, notification[name], `${name} is absolute`);
	assert.ok(!(notification.renotify && !notification.tag), "renotify with a tag only");
	assert.ok(!(notification.silent && notification.vibrate), "silent or vibrating");
	assert.ok(message.app_badge === undefined || (Number.isInteger(message.app_badge) && message.app_badge >= 0), "app_badge");
	assert.notEqual(message.mutable, true, "mutable messages wait for the worker");
	return notification;
}

test("the message that arrives is one that a browser can show without a worker, with the same words and page", limit, async () => {
	const incident = await visitor.postIncident("Declared", "The browser reads it.");
	const [alert] = await firefox.waitForAlerts(1);
	const [{ text }] = await firefox.waitForPushes(1);
	const { title, body, navigate, tag } = readDeclared(text);
	const [shown] = await firefox.notifications();
	assert.deepEqual([title, body, navigate, tag], [alert.title, alert.text, incident.url, shown.tag]);
	for (const broken of [{ web_push: "8030" }, { notification: [] }, { notification: { title: "", navigate } }, { notification: { title, navigate: "/incidents/" } }, { mutable: true }]) {
		assert.throws(() => readDeclared(JSON.stringify({ ...JSON.parse(text), ...broken })));
	}
});

/* Firefox ESR 153 has nothing behind that switch yet: whoever does it, it must be once, and right. */
test("with Firefox's switch for declared messages on, there is one notification, and a click goes to its page", limit, async () => {
	const declarative = await startFirefox({ pushUrl: service.autopushUrl, prefs: { "dom.push.declarative.enabled": true } });
	try {
		const reader = new Visitor(declarative, suite);
		await reader.openPage();
		await reader.switchOn();
		const incident = await reader.postIncident("Declared", "Somebody reads it.");
		const [alert] = await declarative.waitForAlerts(1);
		assert.deepEqual([alert.title, alert.text], [`🔴 Major outage: ${incident.component}`, "Somebody reads it."]);
		await declarative.clickAlert(alert.index);
		await declarative.driveTab(incident.url);
		await reader.postUpdate(incident, { status: "resolved", body: "It is over." });
		assert.equal((await declarative.waitForAlerts(2))[1].text, "It is over.");
		assert.equal((await declarative.alerts()).length, 2, "each was shown once");
	} finally {
		await declarative.stop();
	}
});
