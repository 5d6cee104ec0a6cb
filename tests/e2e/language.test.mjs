/*
 * The reader's language: found before the page is seen, changed by a link, kept from then on; and the scripts speak the
 * language of their page.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startChromium } from "./chromium.mjs";
import { root, startSuite } from "./suite.mjs";
import { patienceMs } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const words = (tag) => JSON.parse(readFileSync(join(root, "www", `words-${tag}.json`), "utf8"));
let suite, chromium, incident;

before(async () => {
	suite = await startSuite();
	chromium = await startChromium();
	const { status, json } = await suite.api("POST", "/incidents", { incident: { name: "Search is slow", body: "We look into it." } });
	assert.equal(status, 201);
	incident = json;
}, limit);

after(async () => {
	await chromium?.stop();
	await suite?.stop();
}, limit);

/* Nothing is remembered from the visitor before. */
async function visit(languages, path, act, view = {}) {
	const page = await chromium.newPage(view);
	try {
		await page.travel("Asia/Tokyo");
		await page.open(suite.url("/alive.json"));
		await page.run(() => localStorage.clear());
		await page.speak(languages);
		await page.open(suite.url(path));
		return await act(page);
	} finally {
		await page.close();
	}
}

const place = (page) => page.run(() => [location.pathname + location.search + location.hash, document.documentElement.lang]);
const isAt = (page, path) => page.waitFor(`the page ${path}`, (wanted) => location.pathname + location.search + location.hash === wanted && document.readyState === "complete", path);

describe("a visitor", limit, () => {
	for (const [languages, path, there] of [["de-AT,de,en", "/", "/de/"], ["ja", "/?x=1#past", "/ja/?x=1#past"], ["it,nl,fr-CA", "/history/", "/fr/history/"], ["es-MX,en", "/help/notifications/#blocked", "/es/help/notifications/#blocked"]]) {
		test(`with ${languages} who opens ${path} is led to ${there}`, limit, () => visit(languages, path, async (page) => {
			await isAt(page, there);
			assert.equal((await place(page))[1], there.slice(1, 3));
			assert.deepEqual(page.faults, []);
		}));
	}

	test("is led from an incident to the same incident", limit, () => visit("de", `/incidents/${incident.id}/`, (page) => isAt(page, `/de/incidents/${incident.id}/`)));

	test("whose language is the page's, or none of its languages, stays", limit, async () => {
		for (const languages of ["en-US,de", "it,sv"])
			await visit(languages, "/", async (page) => assert.deepEqual(await place(page), ["/", "en"]));
	});

	test("who opens a language by its address stays there", limit, () => visit("de", "/fr/", async (page) => assert.deepEqual(await place(page), ["/fr/", "fr"])));

	test("sees nothing of the page in the other language", limit, () => visit("de", "/", async (page) => {
		await isAt(page, "/de/");
		const painted = await page.run(() => performance.getEntriesByType("navigation")[0].redirectCount);
		assert.equal(painted, 0);
		await page.load("addEventListener('pagehide', () => localStorage.setItem('painted', performance.getEntriesByName('first-contentful-paint').length))", { beforeOthers: true });
		await page.open(suite.url("/"));
		await isAt(page, "/de/");
		assert.equal(await page.run(() => localStorage.getItem("painted")), "0");
	}));

	test("who chose a language by its link keeps it, also the page's own", limit, () => visit("de", "/", async (page) => {
		await isAt(page, "/de/");
		await page.run(() => document.querySelector("a[hreflang=ja]").click());
		await isAt(page, "/ja/");
		await page.open(suite.url("/history/"));
		await isAt(page, "/ja/history/");
		await page.run(() => document.querySelector("a[hreflang=en]").click());
		await isAt(page, "/history/");
		await page.open(suite.url("/"));
		assert.deepEqual(await place(page), ["/", "en"]);
	}));

	test("without JavaScript finds every language by a link", limit, () => visit("de", "/", async (page) => {
		assert.deepEqual(await place(page), ["/", "en"]);
		assert.deepEqual(await page.run(() => [...document.querySelectorAll("a[hreflang]")].map((a) => a.getAttribute("href"))), ["/de/", "/", "/es/", "/fr/", "/ja/"]);
	}, { withoutScript: true }));
});

describe("a script", limit, () => {
	for (const tag of ["de", "es", "fr", "ja"]) {
		test(`speaks ${tag} on the page in ${tag}`, limit, () => visit(tag, `/${tag}/`, async (page) => {
			const { script } = words(tag);
			await page.waitFor("the zone", (text) => document.querySelector("[data-zone]").textContent === text, script.zone.replace("{zone}", "Asia/Tokyo"));
			await page.waitFor("the age", (start) => document.querySelector("[data-looked]").textContent.startsWith(start), script.looked.split("{")[0]);
			assert.match(await page.run(() => document.querySelector("time[data-elapsed]").textContent), new RegExp(`^\\d\\d:\\d\\d \\((${script.just_now}|${script["minute.one"].replace("{n}", 1)}|\\d+.*)\\)$`));
			assert.deepEqual(page.faults, []);
		}));
	}
});
