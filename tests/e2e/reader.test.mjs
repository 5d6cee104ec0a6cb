/*
 * The page as its readers have it before them for hours: in their zone, renewed without a reload, honest about its age,
 * and asking nobody but its own server.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startChromium } from "./chromium.mjs";
import { startSuite } from "./suite.mjs";
import { patienceMs } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
let suite, chromium, checkout, search, office, older;

before(async () => {
	suite = await startSuite();
	chromium = await startChromium();
	checkout = await post("/components", { component: { name: "Checkout" } });
	search = await post("/components", { component: { name: "Search" } });
	office = await post("/components", { component: { name: "Office", group: true } });
	await post("/components", { component: { name: "Mail", group_id: office.id } });
	older = await post("/incidents", { incident: { name: "Search is slow", body: "We look into it.", components: { [search.id]: "degraded_performance" } } });
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

async function change(incident, fields) {
	const { status, text } = await suite.api("PATCH", `/incidents/${incident.id}`, { incident: fields });
	assert.equal(status, 200, text);
}

async function withPage(path, act, { timeZone = "UTC", ...view } = {}) {
	const page = await chromium.newPage(view);
	try {
		await page.travel(timeZone);
		await page.open(suite.url(path));
		await page.waitFor("the script", () => document.querySelector("[data-zone]").textContent.includes("your time zone"));
		return await act(page);
	} finally {
		await page.close();
	}
}

/* As after half a minute, or when the network is back: what comes next need not be waited for. */
const lookAgain = (page) => page.run(() => void dispatchEvent(new Event("online")));
const headline = (page) => page.run(() => document.querySelector("h1").textContent);

describe("times", limit, () => {
	for (const timeZone of ["Asia/Tokyo", "America/St_Johns", "Pacific/Auckland", "UTC"]) {
		test(`are those of ${timeZone}, with UTC as title`, limit, () => withPage("/", async (page) => {
			const times = await page.run(() => [...document.querySelectorAll("main time:not([data-day])")].map(({ dateTime, textContent, title }) => ({ dateTime, textContent, title })));
			assert.ok(times.length > 2);
			for (const { dateTime, textContent, title } of times) {
				const clock = new Date(dateTime).toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
				assert.ok(textContent.includes(clock), `${textContent} has ${clock}`);
				assert.equal(title, `${dateTime.slice(0, 16).replace("T", " ")} UTC`);
			}
			assert.match(await page.run(() => document.querySelector("[data-zone]").textContent), new RegExp(timeZone.replaceAll("_", " ")));
		}, { timeZone }));
	}

	test("without a script are those of UTC, and say so", limit, async () => {
		const page = await chromium.newPage({ withoutScript: true });
		try {
			await page.travel("Asia/Tokyo");
			await page.open(suite.url("/"));
			assert.match(await page.run(() => document.querySelector(".headline time").textContent), /^\d+ \w+ \d{4}, \d\d:\d\d UTC$/);
			assert.equal(await page.run(() => document.querySelector("[data-zone]").textContent), "All times are in UTC.");
		} finally {
			await page.close();
		}
	});
});

describe("news", limit, () => {
	test("a real posting appears without a reload: an open detail, the focus, the scroll and what did not change stay", limit, () => withPage("/", async (page) => {
		const before = await headline(page);
		const group = `c-${office.id}`;
		assert.equal(await page.run((id) => document.getElementById(id).open, group), false);
		await page.run((path, id) => {
			window.stayed = document.getElementById(id);
			window.stayed.querySelector("summary").click();
			document.querySelector(`a[href="${path}"]`).focus({ preventScroll: true });
			document.body.style.setProperty("padding-bottom", "2000px");
			scrollTo(0, document.querySelector("#past").getBoundingClientRect().top + scrollY - 20);
		}, `/incidents/${older.id}/`, group);
		const place = () => page.run(() => document.querySelector("#past").getBoundingClientRect().top);
		const wasAt = await place();

		const made = await post("/incidents", { incident: { name: "Cards are refused", body: "One provider fails.", components: { [checkout.id]: "major_outage" } } });
		await lookAgain(page);
		await page.waitFor("the new headline", () => document.querySelector("h1").textContent === "Major outage: Checkout");
		assert.notEqual(before, "Major outage: Checkout");
		await page.waitFor("the scroll to settle", (at) => Math.abs(document.querySelector("#past").getBoundingClientRect().top - at) < 3, wasAt);
		const now = await page.run((id) => ({
			title: document.title,
			news: document.getElementById("page-news").textContent,
			isLive: document.getElementById("page-news").getAttribute("aria-live"),
			focus: document.activeElement.getAttribute("href"),
			isSame: window.stayed === document.getElementById(id),
			isOpen: document.getElementById(id).open,
			links: [...document.querySelectorAll("#active ~ article h3 a")].map((link) => link.getAttribute("href")),
			elapsed: document.querySelector(".headline time").textContent,
		}), group);
		assert.match(now.title, /^Major outage: Checkout/);
		assert.deepEqual([now.news, now.isLive], ["Major outage: Checkout", "polite"]);
		assert.equal(now.focus, `/incidents/${older.id}/`);
		assert.deepEqual(now.links, [`/incidents/${made.id}/`, `/incidents/${older.id}/`]);
		assert.ok(now.isSame && now.isOpen);
		assert.match(now.elapsed, /\((just now|1 minute)\)$/);

		await change(made, { status: "resolved", body: "All cards work." });
		await lookAgain(page);
		await page.waitFor("the old headline", (text) => document.querySelector("h1").textContent === text, before);
		assert.equal(await page.run(() => document.querySelectorAll("#active ~ article").length), 1);
		assert.ok(await page.run((id) => document.getElementById(id).open, group));
	}));

	test("an incident's own page gets its updates as well", limit, () => withPage(`/incidents/${older.id}/`, async (page) => {
		await change(older, { status: "identified", body: "An index is missing." });
		await lookAgain(page);
		await page.waitFor("the update", () => document.querySelector("main").textContent.includes("An index is missing."));
		assert.match(await page.run(() => document.querySelector(".headline").textContent), /Identified/);
	}));

	test("nothing is touched when nothing changed, however often it looks", limit, () => withPage("/", async (page) => {
		await lookAgain(page);
		const answered = () => performance.getEntriesByType("resource").filter(({ name, responseEnd }) => name.endsWith("/status.json") && responseEnd > 0).length;
		await page.waitFor("a first look", answered);
		await page.run(() => {
			window.changes = 0;
			const isElement = ({ nodeType }) => nodeType === Node.ELEMENT_NODE;
			const counts = ({ type, addedNodes, removedNodes }) => type === "attributes" || [...addedNodes, ...removedNodes].some(isElement);
			new MutationObserver((list) => { window.changes += list.filter(counts).length; })
				.observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "href", "datetime", "open", "id"] });
		});
		for (let i = 0; i < 3; i++) {
			const count = await page.run(answered);
			await lookAgain(page);
			await page.waitFor("another look", (n) => performance.getEntriesByType("resource").filter(({ name, responseEnd }) => name.endsWith("/status.json") && responseEnd > 0).length > n, count);
		}
		assert.equal(await page.run(() => window.changes), 0);
		assert.equal(await page.run(() => document.getElementById("page-news").textContent), "");
	}));

	test("a page that nobody looks at asks nothing; it looks at once when somebody does", limit, () => withPage("/", async (page) => {
		await page.hide(true);
		const before = page.requests.length;
		await lookAgain(page);
		await page.run(() => new Promise((resolve) => { setTimeout(resolve, 300); }));
		/* what the page is made of may still be on its way */
		const looks = page.requests.slice(before).filter((url) => url.endsWith(".json") || url === suite.url("/"));
		assert.deepEqual(looks, []);
		await page.hide(false);
		await page.waitFor("the request", () => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/status.json")));
	}));
});

test("it says its age when nobody brings it up to date, in a place that was there before, and stops when it is fresh", limit, () => withPage("/", async (page) => {
	const write = (ago) => writeFileSync(join(suite.publicDir, "alive.json"), JSON.stringify({ at: new Date(Date.now() - ago).toISOString() }));
	const height = () => page.run(() => document.documentElement.scrollHeight);
	const before = await height();
	write(12.5 * 60_000);
	await lookAgain(page);
	await page.waitFor("the sentence", () => /^This page was last brought up to date 12 minutes ago; what it says may no longer be true\.$/.test(document.getElementById("page-age").textContent));
	assert.equal(await height(), before);
	assert.ok(await page.run(() => {
		const { top, bottom } = document.getElementById("page-age").getBoundingClientRect();
		return top >= 0 && bottom <= innerHeight;
	}), "it is in sight");
	write(0);
	await lookAgain(page);
	await page.waitFor("no sentence", () => document.getElementById("page-age").textContent === "");
	assert.match(await page.run(() => document.querySelector("[data-looked]").textContent), /^Looked at \d\d:\d\d$/);
}));

test("a server that does not answer breaks nothing: what was there stays, and says that it may be old", limit, () => withPage("/", async (page) => {
	const text = await headline(page);
	await page.waitFor("the first look", () => document.querySelector("[data-looked]").textContent !== "");
	await page.run(() => { window.fetch = () => Promise.reject(new TypeError("Failed to fetch")); });
	await lookAgain(page);
	await lookAgain(page);
	await page.waitFor("the sentence", () => /^The server of this page does not answer: this is the state of \d\d:\d\d\.$/.test(document.getElementById("page-age").textContent));
	assert.equal(await headline(page), text);
	assert.deepEqual(page.faults, []);
}));

test("every page asks its own server alone, sets no cookie and keeps to its policy", limit, async () => {
	for (const path of ["/", `/incidents/${older.id}/`, "/help/notifications/", "/history/"]) {
		await withPage(path, async (page) => {
			await lookAgain(page);
			await page.waitFor("the look", () => performance.getEntriesByType("resource").some(({ name, responseEnd }) => name.endsWith("/status.json") && responseEnd > 0));
			assert.ok(page.requests.length > 5);
			assert.deepEqual(page.requests.filter((url) => !url.startsWith(`${suite.origin}/`)), [], path);
			assert.deepEqual(await page.cookies(), [], path);
			assert.deepEqual(page.faults, [], path);
		});
	}
});

test("printed, the page has all that it says, the members of closed groups included, and nothing to press", limit, () => withPage("/", async (page) => {
	const isSeen = (selector) => page.run((one) => document.querySelector(one).checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }), selector);
	for (const selector of ["h1", "#components", `#c-${office.id} li`, "#past", "[data-zone]"]) assert.ok(await isSeen(selector), selector);
	for (const selector of ["#push-subscribe", ".links"]) assert.equal(await isSeen(selector), false, selector);
}, { width: 800, isPrinted: true }));

test("no page is wider than a small phone, and what is pressed is large enough for a thumb", limit, async () => {
	for (const path of ["/", "/help/notifications/"]) {
		await withPage(path, async (page) => {
			const { isWide, small } = await page.run(() => ({
				isWide: document.documentElement.scrollWidth > innerWidth,
				small: [...document.querySelectorAll("header a, header button, nav a, .beside a, .back-in-time a, h3 a, h4 a")]
					.filter((one) => one.checkVisibility({ visibilityProperty: true }))
					.map((one) => ({ name: one.textContent, box: one.getBoundingClientRect() }))
					.filter(({ box }) => box.height < 44 || box.width < 44).map(({ name }) => name),
			}));
			assert.equal(isWide, false, path);
			assert.deepEqual(small, [], path);
		}, { width: 320, height: 640, isMobile: true });
	}
});
