/*
 * One payload for both worlds: what the sender sends is a notification for Safari's own parser (declarative.mjs) and says the
 * same to a service worker, for every trigger, in every language, silent or not, cut to any size, with whatever people wrote.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { parseDeclarative } from "./declarative.mjs";
import { LANGUAGES, siteUrl, TRIGGERS, wallClock } from "./site.mjs";
import { live, openCore, story } from "./story.mjs";

const good = { web_push: 8030, notification: { title: "T", navigate: "https://status.example.com/" } };
const inside = (more) => JSON.stringify({ ...good, notification: { ...good.notification, ...more } });
const beside = (more) => JSON.stringify({ ...good, ...more });

describe("the parser of this test refuses what WebKit refuses", () => {
	const refused = [
		["text that is no JSON", "{"], ["an array", "[]"], ["null", "null"], ["a string", '"x"'], ["nothing", ""],
		["no web_push", JSON.stringify({ notification: good.notification })], ["web_push as text", beside({ web_push: "8030" })], ["another number", beside({ web_push: 8031 })],
		["no notification", JSON.stringify({ web_push: 8030 })], ["a notification that is a list", beside({ notification: [] })], ["one that is null", beside({ notification: null })],
		["no title", inside({ title: undefined })], ["an empty title", inside({ title: "" })], ["a title that is a number", inside({ title: 1 })],
		["no navigate", inside({ navigate: undefined })], ["a relative navigate", inside({ navigate: "/incidents/x/" })], ["a navigate that is no address", inside({ navigate: "https://" })],
		["a navigate to localhost", inside({ navigate: "https://localhost/x" })],
		["a relative icon", inside({ icon: "/logo.png" })], ["a badge that is null", inside({ badge: null })], ["a body that is a number", inside({ body: 5 })],
		["a body that is null", inside({ body: null })], ["a lang that is a list", inside({ lang: ["en"] })], ["a tag that is a number", inside({ tag: 7 })],
		["another direction", inside({ dir: "up" })], ["silent as text", inside({ silent: "true" })], ["silent with vibrate", inside({ silent: true, vibrate: [200] })],
		["renotify without a tag", inside({ renotify: true })], ["requireInteraction as a number", inside({ requireInteraction: 1 })], ["a timestamp as text", inside({ timestamp: "1" })],
		["an action without navigate", inside({ actions: [{ action: "a", title: "A" }] })], ["actions that are no list", inside({ actions: {} })],
		["app_badge as text", beside({ app_badge: "1" })], ["a negative app_badge", beside({ app_badge: -1 })], ["half an app_badge", beside({ app_badge: 0.5 })],
		["app_badge null", beside({ app_badge: null })], ["mutable as text", beside({ mutable: "false" })],
	];
	for (const [what, text] of refused) test(what, () => assert.ok(parseDeclarative(text).fault, "it was taken"));
	test("and takes the example", () => assert.equal(parseDeclarative(inside({ silent: true, tag: "x", data: {}, unknown: null })).fault, undefined));
});

/* What both worlds must find in a message, whole or smallest. */
function assertBoth(push, lang) {
	const { text, plaintext, paddedLength } = push;
	const declared = parseDeclarative(text);
	assert.equal(declared.fault, undefined, text);
	assert.equal(declared.mutable, false, "a worker that is started and fails would show nothing");
	assert.ok(declared.navigate.startsWith(`${siteUrl}/`));
	assert.ok(Buffer.byteLength(text) <= paddedLength && paddedLength <= 2800);
	assert.doesNotMatch(text, /[<\u2028\u2029]/, "it can be put anywhere");
	if (!("data" in plaintext)) {
		assert.deepEqual(Object.keys(plaintext.notification).filter((name) => name !== "silent"), ["title", "navigate", "tag"]);
		return declared;
	}
	for (const name of ["title", "body", "icon", "badge", "tag", "silent"]) assert.deepEqual(plaintext[name], plaintext.notification[name], name);
	assert.equal(plaintext.data.url, declared.navigate);
	assert.equal(declared.options.lang, lang);
	assert.equal(plaintext.data.lang, lang);
	assert.ok(Number.isSafeInteger(declared.appBadge));
	return declared;
}

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

describe("a whole story, in every language, heard and silent, whole and smallest", () => {
	const badges = Object.fromEntries(story.map(([step]) => [step, { "API is up": 0, "Mail is well": 0, "a new member of Core breaks": 2 }[step] ?? 1]));
	let site, got;
	const browsers = [];
	before(async () => {
		const core = await openCore(service);
		site = core.site;
		const quiet = { from: wallClock("Etc/UTC", -120), to: wallClock("Etc/UTC", 120), tz: "Etc/UTC", critical: false };
		for (const lang of LANGUAGES) {
			for (const [how, members] of [["heard", {}], ["silent", { quiet }], ["components", { events: ["component_down", "component_recovered"] }]]) {
				browsers.push({ lang, how, ...(await site.subscribe({ lang, ...members })) });
			}
			const small = await site.subscribe({ lang, quiet });
			site.state.run(`UPDATE subscriptions SET max_payload = 1 WHERE endpoint = '${small.subscription.endpoint}'`);
			browsers.push({ lang, how: "smallest", ...small });
		}
		got = await live(site, core.at);
	});
	after(() => site?.close());

	for (const lang of LANGUAGES) {
		test(`every trigger is a notification in ${lang}, for Safari and for a service worker`, () => {
			const events = new Set();
			for (const { id, how } of browsers.filter((browser) => browser.lang === lang)) {
				for (const [step, [push]] of Object.entries(got[id])) {
					const { title, options, appBadge } = assertBoth(push, lang);
					assert.equal(options.silent === true, how === "silent" || how === "smallest", step);
					assert.match(title, /^(🔴|🟠|🟡|🔵|🟢|🔧) /u);
					if (how === "smallest") continue;
					assert.equal(appBadge, badges[step], `open incidents: ${step}`);
					events.add(push.plaintext.data.event);
				}
			}
			assert.deepEqual([...events].sort(), [...TRIGGERS].sort());
		});
	}

	test("a test to one browser too", async () => {
		for (const browser of browsers.filter(({ how }) => how === "heard")) {
			assert.equal((await site.ask(browser, "test")).status, 202);
			const [push] = await site.send();
			assertBoth(push, browser.lang);
		}
	});
});

describe("whatever people write", () => {
	const texts = {
		"quotes and braces": '"}]\\"{name}{duration}\\\\ \' ` ${x}', "mark-up": "<script>alert(1)</script><!-- &amp; ]]>", "line separators": "a\u2028b\u2029c", "right to left": "תקלה ב-API \u200f(דחוף)",
		"combined signs": "👩‍👩‍👧‍👦🇩🇪e\u0301", "a word without end": "x".repeat(200), "only wide signs": "🔴".repeat(200), "spaces": "a\u00a0b\u3000c\u200bd", "like a number": "8030", "like nothing": "null",
		"a byte order mark": "\ufeffx", "signs without a form": "\ufffe\uffff\ue000",
	};
	let site, api;
	const browsers = [];
	before(async () => {
		const core = await openCore(service);
		({ site } = core);
		api = core.at.api;
		for (const lang of LANGUAGES) browsers.push({ lang, ...(await site.subscribe({ lang })) });
	});
	after(() => site?.close());

	for (const [what, text] of Object.entries(texts)) {
		test(`${what}: in a name, in an update and as a component`, async () => {
			const steps = [
				() => site.api.incident({ name: text, body: text }),
				() => site.api.incident({ name: text }),
				() => site.api.incident({ name: "Outage", body: `${text} `.repeat(60) }),
				() => site.api.patch(`/components/${api}`, { name: [...text].slice(0, 100).join(""), status: "major_outage" }),
				() => site.api.patch(`/components/${api}`, { status: "operational" }),
			];
			for (const step of steps) {
				await step();
				const pushes = await site.send();
				assert.equal(pushes.length, browsers.length);
				for (const push of pushes) assertBoth(push, browsers.find(({ id }) => id === push.subscriptionId).lang);
			}
		});
	}
});
