/*
 * The bars of the past days in a real Chromium: the label of a day by mouse, finger and arrow keys, that nothing moves or
 * overflows for it, and that bars which the live page brings later answer too.
 */
import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startChromium } from "./chromium.mjs";
import { root, startSuite } from "./suite.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const DAY = 86_400_000;
const HOUR = 3_600_000;
const midnight = Math.floor(Date.now() / DAY) * DAY;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
let suite, chromium, group, api, web;

function dateOf(daysAgo) {
	const date = new Date(midnight - daysAgo * DAY);
	return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

before(async () => {
	suite = await startSuite();
	chromium = await startChromium();
	group = await post("/components", { component: { name: "Europe", group: true } });
	const start = new Date(midnight - 60 * DAY).toISOString().slice(0, 10);
	api = await post("/components", { component: { name: "API", group_id: group.id, start_date: start } });
	web = await post("/components", { component: { name: "Web", start_date: start } });
	addTrouble(api.id, 20, "partial_outage", 42);
	addTrouble(api.id, 19, "major_outage", 23 * 60);
	addTrouble(api.id, 1, "degraded_performance", 125);
	await change(web.id, "degraded_performance");
	await change(api.id, "partial_outage");
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

async function change(id, status) {
	const answer = await suite.api("PATCH", `/components/${id}`, { component: { status } });
	assert.equal(answer.status, 200, answer.text);
}

/* What was weeks ago cannot be posted today. */
function addTrouble(id, daysAgo, status, minutes) {
	const at = midnight - daysAgo * DAY + HOUR / 2;
	suite.rows(`INSERT INTO component_history (component_id, at, old_status, new_status, cause)
		VALUES ('${id}', ${at}, 'operational', '${status}', 'api'), ('${id}', ${at + minutes * 60_000}, '${status}', 'operational', 'api')`);
}

const views = {
	desk: { width: 1440, height: 900 },
	phone: { width: 390, height: 800, isMobile: true },
};

async function onPage(view, act) {
	const page = await chromium.newPage(view);
	try {
		await page.open(suite.url("/"));
		await page.waitFor("the script", () => document.querySelector("li > .bars")?.getAttribute("role") === "slider");
		/* Its own script writes times and ages into the page until this was answered. */
		await page.waitFor("the age of the page", () => performance.getEntriesByName(`${location.origin}/alive.json`).length > 0);
		await page.run(() => new Promise((resolve) => {
			document.getElementById("components").scrollIntoView();
			requestAnimationFrame(() => requestAnimationFrame(resolve));
		}));
		await act(page);
		assert.deepEqual(page.faults, []);
	} finally {
		await page.close();
	}
}

/* The middle of a day's bar in the window. */
function spotOf(page, id, daysAgo) {
	return page.run((of, day) => {
		const box = document.querySelector(`#c-${of} .bars`).getBoundingClientRect();
		return [box.left + ((day + 0.35) * box.width) / 89.7, box.top + box.height / 2];
	}, id, 89 - daysAgo);
}

const shown = (page) => page.run(() => {
	const label = document.querySelector(".bars-label");
	return label.checkVisibility() ? label.textContent : null;
});
const focus = (page, selector) => page.run((of) => document.querySelector(of).focus(), selector);
const heightOf = (page) => page.run(() => document.documentElement.scrollHeight);

async function keepPicture(page, name) {
	if (!process.env.SHOTS) return;
	mkdirSync(process.env.SHOTS, { recursive: true });
	writeFileSync(join(process.env.SHOTS, `${name}.png`), await page.glance());
}

describe("a mouse", () => {
	test("shows the day that it points at, and hides it when it leaves", limit, () => onPage(views.desk, async (page) => {
		assert.equal(await shown(page), null);
		for (const [daysAgo, text] of [[20, "partial outage 42 minutes"], [19, "major outage 23 hours"], [1, "degraded performance 2 hours 5 minutes"], [30, "operational"], [0, "partial outage (not over yet)"], [70, "not monitored yet"], [60, "operational"], [61, "not monitored yet"]]) {
			await page.hover(...await spotOf(page, api.id, daysAgo));
			assert.equal(await shown(page), `${dateOf(daysAgo)}: ${text}`);
		}
		await keepPicture(page, "bars-desk");
		await page.hover(2, 2);
		assert.equal(await shown(page), null);
	}));

	test("opens and closes a group also by a click on its bars", limit, () => onPage(views.desk, async (page) => {
		const isOpen = () => page.run((id) => document.getElementById(`c-${id}`).open, group.id);
		assert.equal(await isOpen(), true);
		await page.click(...await spotOf(page, group.id, 20));
		assert.equal(await isOpen(), false);
	}));
});

describe("a finger", () => {
	test("means the trouble beside it, else the very day, and tapping elsewhere hides the label", limit, () => onPage(views.phone, async (page) => {
		await page.tap(...await spotOf(page, api.id, 22));
		assert.equal(await shown(page), `${dateOf(20)}: partial outage 42 minutes`);
		await page.tap(...await spotOf(page, api.id, 40));
		assert.equal(await shown(page), `${dateOf(40)}: operational`);
		await page.tap(195, 20);
		assert.equal(await shown(page), null);
	}));

	test("asks a group's bars for a day and leaves the group as it is", limit, () => onPage(views.phone, async (page) => {
		await page.tap(...await spotOf(page, group.id, 20));
		assert.equal(await shown(page), `${dateOf(20)}: partial outage 42 minutes`);
		assert.equal(await page.run((id) => document.getElementById(`c-${id}`).open, group.id), true);
	}));

	test("has 44 pixels to hit", limit, () => onPage(views.phone, async (page) => {
		assert.deepEqual(await page.run(() => [...document.querySelectorAll(".bars")].filter((bars) => bars.getBoundingClientRect().height < 44).length), 0);
	}));
});

describe("the keyboard", () => {
	const stateOf = (page, id) => page.run((of) => {
		const bars = document.querySelector(`#c-${of} .bars`);
		return Object.fromEntries(["role", "tabindex", "aria-readonly", "aria-valuemax", "aria-valuenow", "aria-valuetext"].map((name) => [name, bars.getAttribute(name)]));
	}, id);

	test("walks through the days of a component, which tells each as its value", limit, () => onPage(views.desk, async (page) => {
		await page.press("Tab"); // keyboard in use, so that focus is visible
		await focus(page, `#c-${web.id} .bars`);
		const today = `${dateOf(0)}: degraded performance (not over yet)`;
		assert.equal(await shown(page), today);
		assert.deepEqual(await stateOf(page, web.id), { role: "slider", tabindex: "0", "aria-readonly": "true", "aria-valuemax": "89", "aria-valuenow": "89", "aria-valuetext": today });
		await page.press("ArrowRight");
		assert.equal(await shown(page), today);
		await page.press("ArrowLeft");
		await page.press("ArrowLeft");
		assert.equal(await shown(page), `${dateOf(2)}: operational`);
		assert.equal((await stateOf(page, web.id))["aria-valuetext"], `${dateOf(2)}: operational`);
		await page.press("Home");
		assert.equal(await shown(page), `${dateOf(89)}: not monitored yet`);
		await page.press("ArrowUp");
		await page.press("ArrowDown");
		await page.press("ArrowLeft");
		assert.equal((await stateOf(page, web.id))["aria-valuenow"], "0");
		await page.press("End");
		assert.equal(await shown(page), today);
	}));

	test("Escape hides the label, an arrow brings it back, and leaving hides it", limit, () => onPage(views.desk, async (page) => {
		await page.press("Tab");
		await focus(page, `#c-${web.id} .bars`);
		await page.press("ArrowLeft");
		await page.press("Escape");
		assert.equal(await shown(page), null);
		await page.press("ArrowLeft");
		assert.equal(await shown(page), `${dateOf(1)}: operational`);
		await page.press("Tab");
		assert.equal(await page.run(() => document.activeElement.matches(".bars")), false);
		assert.equal(await shown(page), null);
		await page.hover(...await spotOf(page, api.id, 20));
		assert.notEqual(await shown(page), null);
		await page.press("Escape");
		assert.equal(await shown(page), null);
	}));

	test("a group's button answers to left and right for its bars, which take no focus themselves", limit, () => onPage(views.desk, async (page) => {
		assert.equal(await page.run(() => document.querySelectorAll("summary [tabindex], summary [role=slider]").length), 0);
		await focus(page, `#c-${group.id} summary`);
		assert.equal(await shown(page), null);
		await page.press("ArrowLeft");
		assert.equal(await shown(page), `${dateOf(0)}: partial outage (not over yet)`);
		await page.press("ArrowLeft");
		assert.equal(await shown(page), `${dateOf(1)}: degraded performance 2 hours 5 minutes`);
		assert.equal(await page.run(() => document.querySelector(".bars-label").ariaLive), "polite");
		await page.press("Enter");
		assert.equal(await page.run((id) => document.getElementById(`c-${id}`).open, group.id), false);
	}));
});

test("the label moves nothing and stays within the window, at both ends", limit, async () => {
	for (const [name, view] of Object.entries({ ...views, small: { width: 320, height: 700, isMobile: true } })) {
		await onPage(view, async (page) => {
			const before = await heightOf(page);
			for (const daysAgo of [0, 1, 19, 20, 45, 88, 89]) {
				await page.hover(...await spotOf(page, api.id, daysAgo));
				assert.notEqual(await shown(page), null);
				const { left, right, wide } = await page.run(() => {
					const box = document.querySelector(".bars-label").getBoundingClientRect();
					return { left: box.left, right: box.right, wide: document.documentElement.scrollWidth };
				});
				assert.ok(left >= 0 && right <= view.width && wide <= view.width, JSON.stringify({ name, daysAgo, left, right, wide }));
				assert.equal(await heightOf(page), before);
			}
			await keepPicture(page, `bars-${name}`);
		});
	}
});

test("bars that come to the page later answer as well, and a label whose bars are gone goes too", limit, () => onPage(views.desk, async (page) => {
	await page.hover(...await spotOf(page, api.id, 20));
	await page.run((id) => {
		const row = document.getElementById(`c-${id}`);
		row.replaceWith(new DOMParser().parseFromString(row.outerHTML.replace("slider", "img").replace(/ tabindex="0"/, ""), "text/html").body.firstChild);
	}, api.id);
	await until("the label to go", async () => (await shown(page)) === null);
	assert.equal(await page.run((id) => document.querySelector(`#c-${id} .bars`).role, api.id), "slider");
	await page.hover(...await spotOf(page, api.id, 19));
	assert.equal(await shown(page), `${dateOf(19)}: major outage 23 hours`);
}));

test("without the script each picture tells the same in words", limit, async () => {
	const page = await chromium.newPage({ ...views.phone, withoutScript: true });
	try {
		await page.open(suite.url("/"));
		const found = await page.run(() => [...document.querySelectorAll(".bars")].map((bars) => [bars.getAttribute("role"), bars.hasAttribute("tabindex"), bars.getAttribute("aria-label")]));
		assert.equal(found.length, 3);
		for (const [role, isFocusable] of found) assert.deepEqual([role, isFocusable], ["img", false]);
		assert.ok(found[1][2].includes(`${dateOf(20)}: partial outage 42 minutes.`), found[1][2]);
	} finally {
		await page.close();
	}
});

test("the script is smaller than 5 KB", () => assert.ok(statSync(join(root, "www/bars.js")).size < 5120));
