/*
 * The page without a network, in both browsers: it opens with what was seen last, says how old that is, and never looks
 * like the present; nothing of the admin's is kept. And that it can be installed.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startChromium } from "./chromium.mjs";
import { startFirefox } from "./firefox.mjs";
import { startSuite } from "./suite.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
let suite;

before(async () => {
	suite = await startSuite({ canLeave: true });
}, limit);

after(() => suite?.stop(), limit);

async function post(path, body, method = "POST") {
	const { status, json, text } = await suite.api(method, path, body);
	assert.ok(status < 300, text);
	return json;
}

/* What both browsers are driven by. */
const drivers = {
	async Firefox() {
		const firefox = await startFirefox();
		return { open: (path) => firefox.open(suite.url(path)), run: (...args) => firefox.page(...args), stop: () => firefox.stop() };
	},
	async Chromium() {
		const chromium = await startChromium();
		const page = await chromium.newPage();
		return { open: (path) => page.open(suite.url(path)), run: (...args) => page.run(...args), stop: () => chromium.stop(), chromium, page };
	},
};

for (const [name, start] of Object.entries(drivers)) {
	describe(name, () => {
		let browser;

		before(async () => {
			browser = await start();
			await browser.open("/");
			await until("the worker to be in charge", () => browser.run(() => navigator.serviceWorker.controller?.state === "activated"));
		}, limit);

		after(async () => {
			await suite.comeBack().catch(() => {});
			await browser?.stop();
		}, limit);

		const look = () => browser.run(() => ({
			kept: document.documentElement.dataset.kept ?? null,
			age: document.getElementById("page-age").textContent,
			headline: document.querySelector("h1")?.textContent,
			text: document.body.innerText,
		}));

		async function offline(act) {
			await suite.leave();
			try {
				await act();
			} finally {
				await suite.comeBack();
			}
		}

		test("the page opens with its last known state and its age", limit, async () => {
			await post("/incidents", { incident: { name: `Seen by ${name}`, status: "investigating", body: "We look." } });
			await browser.open("/");
			assert.equal((await look()).kept, null);
			await offline(async () => {
				await browser.open("/");
				const { kept, age, text } = await look();
				assert.ok(Math.abs(Date.parse(kept) - Date.now()) < patienceMs, kept);
				assert.match(text, new RegExp(`Seen by ${name}`));
				assert.match(age, /this is the state of .*\d\d:\d\d/);
				assert.ok(await browser.run(() => getComputedStyle(document.body).fontFamily.includes("system-ui") || document.styleSheets[0].cssRules.length > 10), "it has its style");
			});
		});

		test("a page that was never open is answered by the front page, an incident by itself", limit, async () => {
			const { id } = await post("/incidents", { incident: { name: `Open by ${name}`, status: "investigating", body: "We look." } });
			await browser.open(`/incidents/${id}/`);
			await offline(async () => {
				await browser.open("/history/");
				assert.notEqual((await look()).kept, null);
				await browser.open(`/incidents/${id}/`);
				const { headline, age } = await look();
				assert.equal(headline, `Open by ${name}`);
				assert.match(age, /this is the state of/);
			});
		});

		test("what changed meanwhile is there before the copy counts as the present", limit, async () => {
			const { id } = await post("/incidents", { incident: { name: `Stale for ${name}`, status: "investigating", body: "We look." } });
			await browser.open("/");
			await suite.leave();
			await browser.open("/");
			await post(`/incidents/${id}`, { incident: { status: "resolved", body: "Done." } }, "PATCH");
			await suite.comeBack();
			await browser.run(() => void window.dispatchEvent(new Event("online")));
			/* At no moment is the age gone and the incident still open. */
			await until("the news", async () => {
				const { age, text } = await look();
				const isOpen = new RegExp(`Stale for ${name}[^]*Past fourteen days`).test(text);
				assert.ok(age !== "" || !isOpen, "a stale incident is shown as current");
				return age === "" && !isOpen;
			}, { everyMs: 5 });
		});

		test("nothing of the programs, the read API and the settings is kept", limit, async () => {
			await browser.open("/admin");
			await browser.open("/");
			await browser.run(() => Promise.all(["/api/v2/summary.json", "/push.json", "/alive.json", "/feed.atom"].map((path) => fetch(path))));
			const kept = await browser.run(async () => {
				const cache = await caches.open((await caches.keys())[0]);
				return (await cache.keys()).map(({ url }) => new URL(url).pathname);
			});
			assert.ok(kept.includes("/") && kept.includes("/style.css"), String(kept));
			assert.deepEqual(kept.filter((path) => /^\/(admin|cgi-bin|v1|api)|json$|atom$|sw-/.test(path)), []);
			await offline(async () => {
				await assert.rejects(browser.run(() => fetch("/alive.json").then(({ status }) => status)));
			});
		});
	});
}

describe("Chromium, installed", () => {
	let browser;

	before(async () => {
		browser = await drivers.Chromium();
		await browser.open("/");
	}, limit);

	after(() => browser?.stop(), limit);

	test("nothing stands in the way of installing the page, and its manifest is understood", limit, async () => {
		const { errors, data } = await browser.page.manifest();
		assert.deepEqual(errors, []);
		const manifest = JSON.parse(data);
		assert.equal(manifest.display, "standalone");
		assert.deepEqual([manifest.id, manifest.start_url, manifest.scope], ["/", "/", "/"]);
		for (const { src, type } of manifest.icons) {
			const { status, headers } = await suite.request("GET", src);
			assert.deepEqual([src, status, headers["content-type"]], [src, 200, type]);
		}
		assert.ok(manifest.icons.some(({ purpose }) => purpose === "maskable"));
		await until("nothing against installing", async () => JSON.stringify(await browser.page.installabilityErrors()) === "[]", {
			explain: () => "see Page.getInstallabilityErrors",
		});
	});

	test("the number on the icon is that of the open incidents, and goes with them", limit, async () => {
		const open = await post("/incidents", { incident: { name: "Counted", status: "investigating", body: "x" } });
		const unresolved = async () => (await suite.request("GET", "/api/v2/incidents/unresolved.json")).json.incidents.length;
		await browser.page.load(`
			window.badges = [];
			navigator.setAppBadge = async (n) => window.badges.push(n);
			const real = window.matchMedia.bind(window);
			window.matchMedia = (query) => (query.includes("display-mode") ? { matches: query.includes("standalone") } : real(query));
		`, { beforeOthers: true });
		await browser.open("/");
		await browser.page.waitFor("a number", () => window.badges.length > 0);
		assert.equal(await browser.run(() => window.badges.at(-1)), await unresolved());
		for (const { id } of (await suite.request("GET", "/api/v2/incidents/unresolved.json")).json.incidents) await post(`/incidents/${id}`, { incident: { status: "resolved", body: "x" } }, "PATCH");
		await browser.page.hide(true);
		await browser.page.hide(false);
		await browser.page.waitFor("no number", () => window.badges.at(-1) === 0);
		assert.ok(open.id);
	});
});
