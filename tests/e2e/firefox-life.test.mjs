/*
 * The life of a subscription in a real Firefox: lost, renewed, forbidden and allowed again, forgotten with the site's
 * data, made and ended while nobody answers, with new keys, in two tabs. Whatever happened, after the next visit the bell
 * is right and the server has exactly one living row for this browser, or none.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { startFirefox } from "./firefox.mjs";
import { Visitor } from "./firefox-visitor.mjs";
import { makeKeys, startSuite } from "./suite.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
let service, suite, firefox, visitor;

before(async () => {
	service = await startPushService();
	suite = await startSuite({ pushService: service, canLeave: true });
	firefox = await startFirefox({ pushUrl: service.autopushUrl });
	visitor = new Visitor(firefox, suite);
}, limit);

after(async () => {
	await firefox?.stop();
	await suite?.stop();
	await service?.close();
}, limit);

/* Each test begins as somebody who was never here. */
beforeEach(async () => {
	await firefox.closeOtherTabs();
	await firefox.open("about:blank");
	await firefox.forgetSite(suite.origin);
	await firefox.forget(suite.origin);
	await firefox.clearRecords();
	suite.rows("DELETE FROM subscriptions");
	service.clear();
	await visitor.openPage();
}, limit);

afterEach(() => assert.deepEqual(service.violations(), [], "the push service found fault with a push"));

/* Exactly one row is sent to: the subscription that this browser has; and something sent to it arrives. */
async function assertAlive(words) {
	await visitor.waitForState("on");
	const { endpoint } = await visitor.subscription();
	await until("one living row", () => visitor.living().length === 1 && visitor.living()[0] === endpoint, { explain: () => `${visitor.living()} is not ${endpoint}\n${suite.log()}` });
	await visitor.postIncident(words, `${words}: it arrives.`);
	await visitor.waitForBodies(`${words}: it arrives.`);
	return endpoint;
}

async function assertNothingLeft() {
	await visitor.waitForState("off", "blocked");
	assert.equal(await visitor.subscription(), null);
	await until("no row", () => suite.rows("SELECT id FROM subscriptions").length === 0, { explain: () => suite.log() });
}

const record = (name) => firefox.page(async (wanted) => (await window.pushStore.recall(wanted)) ?? null, name);
const note = () => firefox.text("#push-status");

/* As an update or a full disk of the browser's does it: nobody is told. */
const loseSubscription = () => firefox.chrome((address) => new Promise((resolve, reject) => {
	const principal = Services.scriptSecurityManager.createContentPrincipal(Services.io.newURI(address), {});
	const push = Cc["@mozilla.org/push/Service;1"].getService(Ci.nsIPushService);
	push.unsubscribe(`${address}/`, principal, (status) => (Components.isSuccessCode(status) ? resolve() : reject(new Error(String(status)))));
}), suite.origin);

test("a subscription that the browser lost is made anew at the next visit", limit, async () => {
	const { endpoint } = await visitor.switchOn();
	await loseSubscription();
	assert.equal(await visitor.subscription(), null);
	await visitor.openPage();
	assert.notEqual(await assertAlive("Lost"), endpoint);
});

test("one that the push service gives another address while no page is open is renewed by the worker alone", limit, async () => {
	const { endpoint } = await visitor.switchOn();
	await firefox.open("about:blank");
	service.autopush.dropUaid();
	await until("another row", () => visitor.living().length === 1 && visitor.living()[0] !== endpoint, { explain: () => suite.log() });
	await visitor.openPage();
	await assertAlive("Renewed");
});

test("choices survive a loss", limit, async () => {
	await visitor.switchOn();
	await firefox.page(() => window.statusPush.save({ min_impact: "major", lang: "de" }));
	await loseSubscription();
	await visitor.openPage();
	await assertAlive("Choices");
	assert.deepEqual(suite.rows("SELECT min_impact, lang FROM subscriptions WHERE dead_at IS NULL"), [{ min_impact: "major", lang: "de" }]);
});

test("a permission taken away erases the row; given back, it is as before", limit, async () => {
	await visitor.switchOn();
	await firefox.page(() => window.statusPush.save({ min_impact: "major" }));
	await firefox.deny(suite.origin);
	await visitor.openPage();
	await visitor.waitForState("blocked");
	await assertNothingLeft();
	assert.equal(await firefox.text("#push-subscribe"), "Show me how");

	await firefox.allow(suite.origin);
	await visitor.openPage();
	await assertAlive("Allowed again");
	assert.deepEqual(suite.rows("SELECT min_impact FROM subscriptions WHERE dead_at IS NULL"), [{ min_impact: "major" }]);
});

test("cleared data of the site: the bell is off, nothing is asked, and the old row is not sent to for long", limit, async () => {
	await visitor.switchOn();
	await firefox.open("about:blank");
	await firefox.forgetSite(suite.origin);
	await visitor.openPage();
	await visitor.waitForState("off");
	assert.equal(await visitor.subscription(), null);
	await visitor.postIncident("Cleared", "Nobody is there.");
	await until("the row to be given up", () => visitor.living().length === 0, { explain: () => suite.log() });

	await visitor.switchOn();
	await assertAlive("On again");
});

test("switching on while nobody answers waits, and is done when the page is online again", limit, async () => {
	await suite.leave();
	await visitor.press();
	await firefox.answerPrompt("allow");
	await visitor.waitForState("waiting");
	assert.equal(await note(), "Saved. Notifications are on as soon as the server can be reached.");
	assert.deepEqual(visitor.living(), []);
	await suite.comeBack();
	await firefox.page(() => void window.dispatchEvent(new Event("online")));
	await assertAlive("Online");
});

test("switching on while nobody answers is done at the next visit, however often the page was opened meanwhile", limit, async () => {
	await suite.leave();
	await visitor.press();
	await firefox.answerPrompt("allow");
	await visitor.waitForState("waiting");
	await visitor.openPage();
	await visitor.waitForState("waiting");
	await suite.comeBack();
	await visitor.openPage();
	await assertAlive("Next visit");
});

test("switching off while nobody answers is done here at once, and on the server at the next visit", limit, async () => {
	await visitor.switchOn();
	await suite.leave();
	await visitor.switchOff();
	assert.match(await note(), /^Notifications are off\. What is stored .* is erased as soon as/);
	assert.equal(await visitor.subscription(), null);
	assert.equal(visitor.living().length, 1);
	await visitor.openPage();
	await visitor.waitForState("off");
	await suite.comeBack();
	await visitor.openPage();
	await assertNothingLeft();
	await until("an empty queue", async () => (await record("queue")) === null);
});

test("off and on again while nobody answers ends as one new row", limit, async () => {
	await visitor.switchOn();
	await suite.leave();
	await visitor.switchOff();
	await visitor.press();
	await visitor.waitForState("waiting");
	await suite.comeBack();
	await visitor.openPage();
	await assertAlive("Again");
});

test("choices made while nobody answers are saved later", limit, async () => {
	await visitor.switchOn();
	await suite.leave();
	await firefox.page(() => window.statusPush.save({ lang: "fr" }));
	await suite.comeBack();
	await visitor.openPage();
	await until("the choice", () => suite.rows("SELECT lang FROM subscriptions")[0].lang === "fr", { explain: () => suite.log() });
	assert.equal(visitor.living().length, 1);
});

test("new keys of `atstatus keys --rotate`: old subscriptions are sent to by the old key until their next visit, then by the new one", limit, async () => {
	const { endpoint } = await visitor.switchOn();
	const before = await firefox.page(() => window.statusPush.config.publicKey);
	/* A page that is open may notice it by itself. */
	await firefox.open("about:blank");
	const { code, stdout, stderr } = suite.atstatus("keys", "--rotate");
	assert.equal(code, 0, stdout + stderr);
	await visitor.postIncident("Between", "Signed by the old key.");
	await firefox.waitForAlerts(1);
	assert.equal(service.pushes().at(-1).vapidKey, before);

	await visitor.openPage();
	await visitor.waitForState("on");
	await until("another subscription", async () => (await visitor.subscription())?.endpoint !== endpoint);
	await firefox.clearRecords();
	await assertAlive("By the new key");
	const now = await firefox.page(() => window.statusPush.config.publicKey);
	assert.notEqual(now, before);
	assert.equal(service.pushes().at(-1).vapidKey, now);
});

test("a pair of keys that somebody puts into the file is taken up, and the old one still known", limit, async () => {
	const { endpoint } = await visitor.switchOn();
	const old = await firefox.page(() => window.statusPush.config.publicKey);
	const before = suite.readConfiguration();
	const keys = makeKeys();
	suite.configure({
		VAPID_PUBLIC_KEY: keys.publicKey,
		VAPID_PRIVATE_KEY: keys.privateKey,
		VAPID_PREVIOUS_PUBLIC_KEY: before.VAPID_PUBLIC_KEY,
		VAPID_PREVIOUS_PRIVATE_KEY: before.VAPID_PRIVATE_KEY,
	});
	assert.equal(old, before.VAPID_PUBLIC_KEY);
	assert.equal(suite.atstatus("publish").code, 0);
	await visitor.openPage();
	await until("another subscription", async () => {
		const now = await visitor.subscription();
		return now && now.endpoint !== endpoint;
	}, { explain: () => suite.log() });
	await assertAlive("By the pair of the file");
	assert.equal(service.pushes().at(-1).vapidKey, keys.publicKey);
});

test("two tabs switched on at the same moment make one subscription, and show the same", limit, async () => {
	await firefox.allow(suite.origin);
	await firefox.newTab(suite.url("/history/"));
	await firefox.waitForPage("the bell", () => !document.getElementById("push-subscribe").hidden);
	await firefox.page(() => { window.heard = new BroadcastChannel("test"); window.heard.onmessage = () => window.statusPush.switchOn(); });
	await firefox.driveTab(suite.url("/"));
	await firefox.page(() => {
		new BroadcastChannel("test").postMessage("now");
		return window.statusPush.switchOn();
	});
	await assertAlive("Two tabs");
	await firefox.driveTab(suite.url("/history/"));
	await visitor.waitForState("on");

	await visitor.switchOff();
	await firefox.driveTab(suite.url("/"));
	await visitor.waitForState("off");
	await assertNothingLeft();
});

test("following one incident alone makes a row for it, and the last one that is let go leaves nothing", limit, async () => {
	const incident = await visitor.postIncident("Followed", "It begins.");
	await firefox.allow(suite.origin);
	await firefox.page((id) => window.statusPush.follow(id, true), incident.id);
	await visitor.waitForState("on");
	assert.equal(await firefox.text("#push-subscribe"), "Following only");
	await visitor.postIncident("Another", "Nobody who follows hears of it.");
	await visitor.postUpdate(incident, { status: "identified", body: "It goes on." });
	await visitor.waitForBodies("It goes on.");
	await firefox.page((id) => window.statusPush.follow(id, false), incident.id);
	await assertNothingLeft();
});

test("a test to this device says what became of it", limit, async () => {
	await visitor.switchOn();
	const { outcome, sentence } = await firefox.page(() => window.statusPush.test());
	assert.equal(outcome, "accepted");
	assert.match(sentence, /push service/);
	await firefox.waitForAlerts(1);
});

test("a test to a subscription that the push service gave up makes a new one", limit, async () => {
	const { endpoint } = await visitor.switchOn();
	service.revoke(service.findSubscription(endpoint).id);
	const { outcome } = await firefox.page(() => window.statusPush.test());
	assert.equal(outcome, "gone");
	assert.notEqual(await assertAlive("After the test"), endpoint);
});
