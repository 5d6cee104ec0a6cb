/*
 * Accessibility, judged by axe-core (npm, of Deque) in a real browser: no page has a violation of WCAG 2.2 A or AA or of
 * axe's best practices, in light and dark, on a phone and a desk.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { adminPages } from "../cgi/gallery.mjs";
import { inLanguages, openExhibition } from "./exhibition.mjs";
import { patienceMs } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const source = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const views = [390, 1440].flatMap((width) => [false, true].map((isDark) => ({ width, height: 900, isMobile: width < 600, isDark })));
let show;

before(async () => {
	show = await openExhibition();
}, limit);

after(() => show?.close(), limit);

/* Empty, or a line for each fault. */
async function judge(page) {
	await page.load(source);
	return page.run(async () => {
		const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
		const { violations, passes } = await window.axe.run(document, { runOnly: { type: "tag", values }, rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] });
		if (passes.length < 10) return [`only ${passes.length} rules had anything to judge`];
		return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary, html }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary.split("\n")[1]?.trim()}: ${html.slice(0, 120)}`));
	});
}

/* In each view, by one page that is only resized: the scripts are the same. */
async function assertFaultless(pages, act = (address) => show.open(address)) {
	const found = [];
	for (const [what, address] of Object.entries(pages)) {
		const page = await act(address);
		try {
			for (const view of views) {
				await page.resize(view);
				for (const fault of await judge(page)) found.push(`${what}, ${view.width} px${view.isDark ? ", dark" : ""}: ${fault}`);
			}
		} finally {
			await page.close();
		}
	}
	assert.deepEqual(found, []);
}

test("the page without any component", limit, () => assertFaultless({ empty: "/" }));

for (const name of ["all well", "planned", "outage", "outage and maintenance"]) {
	test(`the page: ${name}`, limit, async () => {
		await show.gallery.states.find((state) => state.name === name).enter();
		await assertFaultless({ [name]: "/" });
	});
}

test("incidents, maintenances, history, help and the page that is not there", limit, () => assertFaultless(show.gallery.pages()));

test("the page and its help in every other language", { timeout: 10 * patienceMs }, () =>
	assertFaultless(inLanguages({ "the page": "/", help: "/help/notifications/", incident: show.gallery.pages()["an open incident"] })));

test("with everything opened that can be", limit, () => assertFaultless({ "all open": "/" }, async (address) => {
	const page = await show.open(address);
	await page.run(() => {
		for (const details of document.querySelectorAll("details")) details.open = true;
		document.querySelector(".bars").focus();
	});
	return page;
}));

test("the admin's pages", { timeout: 10 * patienceMs }, async () => {
	const first = await show.chromium.newPage();
	await first.open(show.suite.url("/admin"));
	assert.deepEqual(await judge(first), []);
	await show.signIn(first);
	await first.close();
	await assertFaultless(adminPages(show.gallery.ids), async (address) => {
		const page = await show.open(address);
		await page.run(() => {
			for (const details of document.querySelectorAll("details")) details.open = true;
		});
		return page;
	});
});

test("a page that is broken on purpose is complained of", limit, async () => {
	const page = await show.open("/");
	await page.run(() => {
		document.documentElement.removeAttribute("lang");
		document.querySelector("h1").insertAdjacentHTML("afterend", '<h4>Skips</h4><img src="/logo.png"><a href="/x"></a><button id="b"></button><p id="pale">pale</p>');
		document.getElementById("pale").style.color = "#cccccc";
		document.getElementById("pale").style.background = "#ffffff";
	});
	const rules = new Set((await judge(page)).map((fault) => fault.split(":")[0]));
	for (const rule of ["html-has-lang", "heading-order", "image-alt", "link-name", "button-name", "color-contrast"]) assert.ok(rules.has(rule), rule);
	await page.close();
});
