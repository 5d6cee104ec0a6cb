/*
 * A real Firefox as the visitor, from the button on the real page to the notification: the suite runs as `make run`
 * starts it, the push service is the double, everything between them is what an operator would have.
 */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { push } from "../pushservice/sender.mjs";
import { startPushService } from "../pushservice/service.mjs";
import { startFirefox } from "./firefox.mjs";
import { startSuite } from "./suite.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
let service, suite, firefox;
let components = 0;

before(async () => {
	service = await startPushService();
	suite = await startSuite({ pushService: service });
	firefox = await startFirefox({ pushUrl: service.autopushUrl });
}, limit);

after(async () => {
	await firefox?.stop();
	await suite?.stop();
	await service?.close();
}, limit);

/* Each test begins as a visitor who was never asked, on the page. */
beforeEach(async () => {
	await firefox.closeOtherTabs();
	await openPage();
	if (await isOn()) await switchOff();
	await firefox.forget(suite.origin);
	await openPage();
	await firefox.clearRecords();
	service.clear();
}, limit);

afterEach(() => assert.deepEqual(service.violations(), [], "the push service found fault with a push"));

/* What the visitor does. */

async function openPage() {
	await firefox.open(suite.url("/"));
	await firefox.waitForPage("the subscribe button", () => !document.getElementById("push-subscribe").hidden);
}

function isOn() {
	return firefox.page(() => document.getElementById("push-subscribe").getAttribute("aria-pressed") === "true");
}

function waitForBell(isPressed) {
	return firefox.waitForPage(
		`the button to say ${isPressed ? "on" : "off"}`,
		(wanted) => {
			const bell = document.getElementById("push-subscribe");
			return bell.getAttribute("aria-pressed") === wanted && bell.getAttribute("aria-busy") !== "true";
		},
		String(isPressed),
	);
}

async function switchOn() {
	await firefox.click("#push-subscribe");
	if ((await firefox.permission(suite.origin)) === "prompt") await firefox.answerPrompt("allow");
	await waitForBell(true);
	return subscription();
}

async function switchOff() {
	await firefox.click("#push-subscribe");
	await waitForBell(false);
}

/* PushSubscription.toJSON(), or null. */
function subscription() {
	return firefox.page(async () => {
		const registration = await navigator.serviceWorker.ready;
		return (await registration.pushManager.getSubscription())?.toJSON() ?? null;
	});
}

function storedEndpoints() {
	return suite.rows("SELECT endpoint FROM subscriptions WHERE dead_at IS NULL").map((row) => row.endpoint);
}

/* What the admin does. */

async function post(path, body, method = "POST") {
	const { status, json, text } = await suite.api(method, path, body);
	assert.ok(status === 200 || status === 201, `${method} ${path} answered ${status}: ${text}`);
	return json;
}

/* -> { id, component, url }: an incident that takes a component of its own down. */
async function postIncident(name, body) {
	const component = await post("/components", { component: { name: `Part ${++components}`, status: "operational" } });
	const { id } = await post("/incidents", { incident: { name, status: "investigating", body, components: { [component.id]: "major_outage" } } });
	return { id, component: component.name, url: suite.url(`/incidents/${id}/`) };
}

function postUpdate({ id }, incident) {
	return post(`/incidents/${id}`, { incident }, "PATCH");
}

/* Until the notifications on the screen have these bodies, in whatever order. */
async function waitForBodies(...bodies) {
	let last = [];
	const same = async () => {
		last = await firefox.notifications();
		const shown = last.map(({ body }) => body).sort();
		return JSON.stringify(shown) === JSON.stringify([...bodies].sort());
	};
	await until(`notifications with the bodies ${bodies.join(" | ")}`, same, { explain: () => `seen: ${JSON.stringify(last)}\n${suite.log()}` });
	return last;
}

/* A push of our own making, signed as the suite signs. */
async function pushDirectly(target, message, topic = "00000000000000000000000000000001") {
	const publicKey = Buffer.from(suite.keys.publicKey, "base64url");
	const key = {
		kty: "EC",
		crv: "P-256",
		x: publicKey.subarray(1, 33).toString("base64url"),
		y: publicKey.subarray(33).toString("base64url"),
		d: suite.keys.privateKey,
	};
	const vapid = { publicKey: suite.keys.publicKey, privateKey: createPrivateKey({ key, format: "jwk" }) };
	return push(service, target, vapid, { plaintext: JSON.stringify(message), headers: { topic } });
}

test("a click on the button asks, subscribes and stores one row", limit, async () => {
	assert.deepEqual(storedEndpoints(), []);
	assert.equal(await firefox.permission(suite.origin), "prompt", "nothing was asked before the click");

	const { endpoint } = await switchOn();

	assert.deepEqual(storedEndpoints(), [endpoint]);
	assert.ok(service.findSubscription(endpoint), "the endpoint is one that the push service gave out");
	assert.equal(await firefox.text("#push-subscribe"), "Notifications on");
});

test("the switch stays on after a reload, and the row stays one", limit, async () => {
	const { endpoint } = await switchOn();

	await openPage();
	await waitForBell(true);

	assert.deepEqual(storedEndpoints(), [endpoint]);
	assert.equal((await subscription()).endpoint, endpoint);
});

test("an incident posted by the write API is shown with its title, body, icon, tag and page", limit, async () => {
	await switchOn();
	const incident = await postIncident("Checkout fails", "We are looking into it.");

	const [shown] = await waitForBodies("We are looking into it.");
	assert.equal(shown.title, `🔴 Major outage: ${incident.component}`);
	assert.equal(shown.icon, suite.url("/logo.png"));
	assert.ok(shown.tag.length > 0);
	assert.equal(shown.data.url, incident.url);

	const [alert] = await firefox.waitForAlerts();
	assert.equal(alert.title, shown.title);
	assert.equal(alert.text, "We are looking into it.");
	assert.equal(alert.imageURL, suite.url("/logo.png"));
});

test("the push holds the message of the contract, and nothing else reaches the push service", limit, async () => {
	const { endpoint } = await switchOn();
	const incident = await postIncident("Search is slow", "Answers take longer than usual.");

	const [received] = await firefox.waitForPushes();
	const { id } = service.findSubscription(endpoint);
	const [sent] = await service.waitForPush(id, 1, patienceMs);
	const message = JSON.parse(received.text);

	assert.equal(message.web_push, 8030);
	assert.equal(message.notification.navigate, incident.url);
	for (const member of ["title", "body", "icon", "badge", "tag"]) assert.equal(message[member], message.notification[member], member);
	assert.equal(message.badge, suite.url("/badge.png"));
	const { event, status, impact, incident: about, lang } = message.data;
	assert.deepEqual({ event, status, impact, about, lang }, { event: "incident_new", status: "investigating", impact: "critical", about: incident.id, lang: "en" });
	assert.match(sent.topic, /^[0-9a-f]{32}$/);
	assert.equal(sent.vapidKey, suite.keys.publicKey);
	await service.autopush.waitForAck({ subscription: id, kind: "ack" }, 1, patienceMs);
	assert.deepEqual(service.autopush.acks({ subscription: id }).map(({ kind, code }) => `${kind} ${code}`), ["ack 100"], "Firefox decrypted it");
	assert.equal(service.pushes(id).length, 1, "one incident is one push");
});

test("an incident, its update and its resolution end as one notification, the newest", limit, async () => {
	await switchOn();
	const incident = await postIncident("Mail is late", "Mail is delivered late.");
	await waitForBodies("Mail is delivered late.");
	await postUpdate(incident, { status: "identified", body: "A queue is stuck." });
	await waitForBodies("A queue is stuck.");
	await postUpdate(incident, { status: "resolved", body: "All mail has been delivered." });

	const [shown] = await waitForBodies("All mail has been delivered.");
	assert.match(shown.title, /^🟢 Resolved: /);
	assert.equal(shown.data.status, "resolved");

	const alerts = await firefox.alerts();
	assert.equal(alerts.length, 3, "each was shown once");
	assert.equal(new Set(alerts.map(({ name }) => name)).size, 1, "each took the place of the one before");
	assert.deepEqual(alerts.filter(({ isOpen }) => isOpen).map(({ text }) => text), ["All mail has been delivered."]);
	assert.equal(new Set(service.pushes().map(({ topic }) => topic)).size, 1, "the push service was given one topic");
});

test("two incidents are two notifications", limit, async () => {
	await switchOn();
	await postIncident("One", "The first is down.");
	await postIncident("Two", "The second is down.");

	const shown = await waitForBodies("The first is down.", "The second is down.");
	assert.notEqual(shown[0].tag, shown[1].tag);
});

test("an incident that is not to be told is not pushed", limit, async () => {
	await switchOn();
	await post("/incidents", { incident: { name: "Quiet", status: "investigating", body: "Nobody is told.", deliver_notifications: false } });
	await postIncident("Loud", "Everybody is told.");

	await waitForBodies("Everybody is told.");
	assert.equal(service.pushes().length, 1);
});

test("an older message that comes late never takes the place of a newer one", limit, async () => {
	const target = await switchOn();
	const incident = await postIncident("Late", "The newer text.");
	const [shown] = await waitForBodies("The newer text.");
	const data = { ...shown.data, seq: shown.data.seq - 1 };
	assert.equal(shown.data.incident, incident.id);

	const late = { title: "Old", body: "The older text.", tag: shown.tag, data };
	assert.equal((await pushDirectly(target, late)).status, 201);

	await firefox.waitForAlerts(2);
	assert.deepEqual((await waitForBodies("The newer text.")).map(({ title, data: { seq } }) => ({ title, seq })), [{ title: shown.title, seq: shown.data.seq }]);
});

test("a click opens the incident's page, in the tab that is there", limit, async () => {
	await switchOn();
	const incident = await postIncident("Click", "Click here.");
	await waitForBodies("Click here.");

	const [alert] = await firefox.waitForAlerts();
	await firefox.clickAlert(alert.index);

	await firefox.driveTab(incident.url);
	assert.deepEqual(await firefox.tabs(), [{ url: incident.url, isSelected: true }]);
	assert.match(await firefox.text("h1"), /Click/);
	assert.deepEqual(await firefox.notifications(), [], "the notification went away");
});

test("with the page closed the push is shown all the same, and a click opens the incident's page", limit, async () => {
	await switchOn();
	await firefox.open("about:blank");
	const incident = await postIncident("Closed", "Nobody has the page open.");

	const [alert] = await firefox.waitForAlerts();
	assert.equal(alert.text, "Nobody has the page open.");
	assert.deepEqual((await firefox.tabs()).map(({ url }) => url), ["about:blank"]);
	await firefox.clickAlert(alert.index);

	await firefox.driveTab(incident.url);
	const tabs = await firefox.tabs();
	assert.deepEqual(tabs.find(({ isSelected }) => isSelected), { url: incident.url, isSelected: true });
});

test("a second click on the button unsubscribes here and on the server", limit, async () => {
	const target = await switchOn();
	await switchOff();

	assert.equal(await subscription(), null);
	assert.deepEqual(suite.rows("SELECT id FROM subscriptions"), []);
	await until("the browser to give its endpoint back", () => service.autopush.unregisters().some(({ code }) => code === 200));
	assert.equal((await pushDirectly(target, { title: "Too late" })).status, 410);
	assert.equal(await firefox.text("#push-subscribe"), "Get notified");

	await postIncident("Unheard", "Nobody hears of it.");
	assert.equal(service.pushes().length, 0);
});

test("whoever refuses is told how to allow it, and nothing is stored", limit, async () => {
	await firefox.click("#push-subscribe");
	await firefox.answerPrompt("deny");
	await firefox.waitForPage("the words for a blocked page", () => /Blocked in this browser/.test(document.getElementById("push-status").textContent));

	assert.equal(await firefox.permission(suite.origin), "deny");
	await waitForBell(false);
	await firefox.click("#push-subscribe");
	await firefox.waitForPage("the way to allow it", () => /padlock/.test(document.querySelector("#push-steps[open]")?.textContent ?? ""));
	assert.equal(await subscription(), null);
	assert.deepEqual(suite.rows("SELECT id FROM subscriptions"), []);
});

test("when the permission is taken away, the next visit erases the row", limit, async () => {
	await switchOn();
	await firefox.deny(suite.origin);
	await openPage();

	await until("the row to be erased", () => suite.rows("SELECT id FROM subscriptions").length === 0, { explain: () => suite.log() });
	await waitForBell(false);
});

test("a subscription that the push service renews keeps receiving, and the row stays one", limit, async () => {
	const before = await switchOn();
	service.autopush.dropUaid();

	await until("a new endpoint in place of the old one", () => {
		const [endpoint, ...others] = storedEndpoints();
		return endpoint !== undefined && endpoint !== before.endpoint && others.length === 0;
	}, { explain: () => suite.log() });
	await postIncident("Renewed", "It still arrives.");
	await waitForBodies("It still arrives.");
});

test("the page breaks no rule of its own content security policy", limit, async () => {
	const reports = () => firefox.chrome(() =>
		Services.console.getMessageArray()
			.filter((message) => message instanceof Ci.nsIScriptError && /CSP|Content-Security-Policy/i.test(message.category + message.errorMessage))
			.map((message) => message.errorMessage));
	assert.deepEqual(await reports(), []);

	await firefox.page(() => document.body.append(Object.assign(document.createElement("style"), { textContent: "p { color: red }" })));
	await until("the report of a style that is not allowed", async () => (await reports()).length === 1);
});
