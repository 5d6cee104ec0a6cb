/*
 * A real Chromium as the visitor. It cannot subscribe without its maker's servers, so a push is handed to the real
 * worker by the DevTools; all the rest is the real page, served as `make run` serves it.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { startChromium } from "./chromium.mjs";
import { startSuite } from "./suite.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const longWord = "Donaudampfschifffahrtsgesellschaftskapitaenskajuetentuerschluessel";
const component = "Checkout";
let suite, chromium, incident;

before(async () => {
	suite = await startSuite();
	chromium = await startChromium();
	await chromium.allow(suite.origin);
	const checkout = await post("/components", { component: { name: component, status: "operational" } });
	await post("/components", { component: { name: longWord, status: "operational" } });
	incident = await post("/incidents", {
		incident: {
			name: `Payments fail: ${longWord}`,
			status: "investigating",
			body: `We are looking into **card payments**.\n\n${longWord.repeat(3)}`,
			components: { [checkout.id]: "partial_outage" },
		},
	});
}, limit);

after(async () => {
	await chromium?.stop();
	await suite?.stop();
}, limit);

async function post(path, body) {
	const { status, json, text } = await suite.api("POST", path, body);
	assert.equal(status, 201, text);
	return json;
}

async function withPage(view, act) {
	const page = await chromium.newPage(view);
	try {
		return await act(page);
	} finally {
		await page.close();
	}
}

/* For people: SHOTS=folder keeps a picture of each page that was judged. */
async function keepPicture(page, name) {
	if (!process.env.SHOTS) return;
	mkdirSync(process.env.SHOTS, { recursive: true });
	writeFileSync(join(process.env.SHOTS, `${name}.png`), await page.screenshot());
}

const paths = () => ({ page: "/", incident: `/incidents/${incident.id}/`, missing: "/no/such/page" });

test("no page breaks its own content security policy, misses a file or throws", limit, () =>
	withPage({}, async (page) => {
		for (const path of [paths().page, paths().incident]) {
			await page.open(suite.url(path));
			await page.waitFor("the button", () => !document.getElementById("push-subscribe").hidden);
		}
		assert.deepEqual(page.faults, []);

		await page.run(() => document.body.append(Object.assign(document.createElement("style"), { textContent: "p { color: red }" })));
		await until("the report of a style that is not allowed", () => page.faults.some((fault) => fault.startsWith("policy: ")));
	}));

test("page and incident are readable without JavaScript, and offer no button that could not work", limit, () =>
	withPage({ withoutScript: true }, async (page) => {
		await page.open(suite.url("/"));
		const { text, isHidden, times } = await page.run(() => ({
			text: document.body.innerText,
			isHidden: document.getElementById("push-subscribe").checkVisibility({ visibilityProperty: true }) === false,
			times: [...document.querySelectorAll("time")].map((time) => time.textContent),
		}));
		for (const words of [component, "Payments fail", "card payments", "Partial outage", "Investigating"]) assert.ok(text.includes(words), `the page does not say "${words}"`);
		assert.ok(isHidden, "the button is shown");
		assert.ok(times.length > 0 && times.every((time) => time.trim() !== ""), "times are written out");

		await page.open(suite.url(paths().incident));
		assert.match(await page.run(() => document.body.innerText), /Payments fail[\s\S]*card payments/);
	}));

describe("nothing overflows", () => {
	for (const width of [320, 390, 768, 1440]) {
		test(`at ${width} pixels`, limit, () =>
			withPage({ width, height: 800, isMobile: width < 700 }, async (page) => {
				for (const [name, path] of Object.entries(paths())) {
					for (const isDark of [false, true]) {
						await page.resize({ width, height: 800, isMobile: width < 700, isDark });
						await page.open(suite.url(path));
						await keepPicture(page, `${name}-${width}-${isDark ? "dark" : "light"}`);
						const { wide, outside } = await page.run((most) => {
							const isOutside = (element) => element.getBoundingClientRect().right > most + 0.5 && !element.closest("svg, .skip");
							const outside = [...document.body.querySelectorAll("*")].filter(isOutside).map((element) => element.outerHTML.slice(0, 100));
							return { wide: document.documentElement.scrollWidth, outside };
						}, width);
						assert.deepEqual({ path, wide: Math.max(wide, width), outside }, { path, wide: width, outside: [] });
					}
				}
			}));
	}
});

test("the title of each incident is large enough for a thumb", limit, () =>
	withPage({ width: 390, height: 800, isMobile: true }, async (page) => {
		await post("/incidents", { incident: { name: "Up", status: "resolved" } });
		await page.open(suite.url("/"));
		const sizes = await page.run(() => [...document.querySelectorAll("main a[href^='/incidents/']")].map((link) => {
			const { width, height } = link.getBoundingClientRect();
			return [link.textContent, width >= 44 && height >= 44];
		}));
		assert.ok(sizes.length >= 3, JSON.stringify(sizes));
		assert.deepEqual(sizes.filter(([, isLarge]) => !isLarge), []);
	}));

describe("the worker shows each push as one notification", () => {
	let page;

	before(async () => {
		page = await chromium.newPage();
		await page.open(suite.url("/"));
		await page.run(async () => void (await navigator.serviceWorker.ready));
	}, limit);

	beforeEach(async () => {
		await page.run(async () => {
			const registration = await navigator.serviceWorker.ready;
			for (const notification of await registration.getNotifications()) notification.close();
		});
		await until("an empty screen", async () => (await shown()).length === 0);
	}, limit);

	function shown() {
		return page.run(async () => {
			const registration = await navigator.serviceWorker.ready;
			return (await registration.getNotifications()).map(({ title, body, icon, badge, tag, data }) => ({ title, body, icon, badge, tag, data }));
		});
	}

	/* Hands them over one after the other, sees that each shows something once, and says what is on the screen then. */
	async function deliver(...messages) {
		for (const message of messages) {
			const { status, displayed } = await page.deliver(suite.origin, typeof message === "string" ? message : JSON.stringify(message));
			assert.equal(status, "Success");
			assert.equal(displayed.length, 1, `shown for one push: ${displayed}`);
		}
		return shown();
	}

	async function deliverOne(message) {
		const screen = await deliver(message);
		assert.equal(screen.length, 1, JSON.stringify(screen));
		return screen[0];
	}

	const ours = () => ({ icon: suite.url("/logo.png"), badge: suite.url("/badge.png") });
	const generic = () => ({ title: "Status page update", body: "Open the page to see what has changed.", ...ours(), tag: "", data: { url: suite.url("/") } });

	test("a flat message", limit, async () => {
		const data = { url: suite.url("/incidents/abcdefghijkl/"), event: "incident_new", seq: 7, ts: Date.now() };
		const message = { title: "🔴 Major outage: API", body: "We look.", ...ours(), tag: "t", data };
		assert.deepEqual(await deliverOne(message), message);
	});

	test("a declarative message without flat members", limit, async () => {
		const navigate = suite.url("/incidents/abcdefghijkl/");
		const message = { web_push: 8030, notification: { title: "Declared", body: "We look.", navigate, ...ours(), tag: "t" } };
		assert.deepEqual(await deliverOne(message), { title: "Declared", body: "We look.", ...ours(), tag: "t", data: { url: navigate } });
	});

	test("a push without data", limit, async () => assert.deepEqual(await deliverOne(""), generic()));

	for (const [name, message] of Object.entries({
		"text that is not JSON": "<script>alert(1)</script>",
		"a list": "[1,2]",
		"null": "null",
		"members of wrong types": { title: { a: 1 }, body: ["x"], icon: 5, badge: null, tag: {}, data: "x", notification: [] },
		"addresses of others": {
			title: "Status page update",
			body: "Open the page to see what has changed.",
			icon: "https://example.net/x.png",
			badge: "data:image/png;base64,AAAA",
			data: { url: "javascript:alert(1)" },
		},
		"a page of others": { title: "Status page update", body: "Open the page to see what has changed.", data: { url: "https://example.net/" } },
		"options that nobody asked for": { title: "Status page update", body: "Open the page to see what has changed.", requireInteraction: true, actions: [{ action: "x", title: "x" }], data: { other: 1 } },
	})) {
		test(name, limit, async () => assert.deepEqual(await deliverOne(message), generic()));
	}

	test("a message far too long is cut", limit, async () => {
		const one = await deliverOne({ title: "x".repeat(3000), body: "😀".repeat(3000), tag: "y".repeat(3000) });
		assert.ok(one.title.length <= 200 && one.body.length <= 1000 && one.tag.length <= 100);
		assert.doesNotThrow(() => encodeURIComponent(one.body), "half of a character is left");
	});

	test("the newest of one incident, whatever the order", limit, async () => {
		const message = (title, seq) => ({ title, body: "", tag: "incident", data: { url: suite.url("/"), seq } });
		const screen = await deliver(message("second", 2), message("first", 1), message("third", 3), message("second", 2));
		assert.deepEqual(screen.map(({ title }) => title), ["third"]);
	});

	test("two incidents as two", limit, async () => {
		const screen = await deliver({ title: "one", tag: "a", data: { seq: 1 } }, { title: "two", tag: "b", data: { seq: 2 } });
		assert.deepEqual(screen.map(({ title }) => title).sort(), ["one", "two"]);
	});

	test("and fails at none of them", limit, () => assert.deepEqual(page.faults, []));
});
