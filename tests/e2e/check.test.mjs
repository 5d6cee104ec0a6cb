/*
 * "Not getting notifications?", the steps for a phone, and both dialogs for people without mouse or sight: in a real
 * Chromium, and in a real Firefox where a subscription is needed.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { openExhibition } from "./exhibition.mjs";
import { startFirefox } from "./firefox.mjs";
import { startSuite } from "./suite.mjs";
import { becomeVisitor } from "./visitor.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const ORDER = ["admin", "https", "browser", "worker", "permission", "subscription", "key", "server", "last"];

/* Runs in the page: { check: "mark" }, and the sentences. */
function readFindings() {
	const lines = [...document.querySelectorAll("#push-diagnosis .finding")];
	return Object.fromEntries(lines.map((line) => [line.dataset.check, { mark: line.dataset.mark, sign: line.querySelector(".sign").textContent, text: line.textContent }]));
}
const isJudged = () => document.querySelector('#push-diagnosis [data-check="quiet"]') !== null;

describe("in Chromium", () => {
	let show, incident;

	before(async () => {
		show = await openExhibition();
		for (const { enter } of show.gallery.states) await enter();
		incident = `/incidents/${show.gallery.ids.open}/`;
		await show.chromium.allow(show.suite.origin);
	}, limit);
	after(() => show?.close(), limit);

	async function visit(kind, act, { path = "/", ...view } = {}) {
		const page = await show.chromium.newPage({ width: 390, height: 844, isMobile: true, ...view });
		try {
			await becomeVisitor(page, kind);
			await page.open(show.suite.url(path));
			await page.waitFor("the bell", () => !document.getElementById("push-subscribe").hidden);
			await act(page);
			assert.deepEqual(page.faults, []);
		} finally {
			await page.run(async () => {
				if (self.pushDoors.isOn()) await self.statusPush.switchOff();
				localStorage.clear();
			});
			await page.close();
		}
	}

	const click = (page, selector) => page.run((of) => document.querySelector(of).click(), selector);
	const waitForDialog = (page, id) => page.waitFor(`the dialog ${id}`, (of) => document.getElementById(of)?.open && !document.querySelector(`#${of} [inert]`), id);

	async function judge(page) {
		await page.load(axe);
		return page.run(async (values) => {
			const { violations, passes } = await window.axe.run(document, { runOnly: { type: "tag", values }, rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] });
			if (passes.length < 10) return [`only ${passes.length} rules had anything to judge`];
			return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`));
		}, TAGS);
	}

	/* What is pressed and smaller than a finger, and what sticks out. Runs in the page. */
	function measure() {
		const dialog = document.querySelector("dialog[open], #push-welcome");
		const areaOf = (one) => (["radio", "checkbox"].includes(one.type) ? one.closest("label") : one).getBoundingClientRect();
		const small = [...dialog.querySelectorAll("a[href], button, input, select, textarea, summary")].filter((one) => one.checkVisibility())
			.filter((one) => areaOf(one).width < 43.9 || areaOf(one).height < 43.9).map((one) => one.outerHTML.slice(0, 80));
		const { right } = dialog.getBoundingClientRect();
		const wide = [...dialog.querySelectorAll("*")].filter((one) => one.checkVisibility() && !one.closest("svg") && one.getBoundingClientRect().right > right + 0.5).map((one) => one.outerHTML.slice(0, 80));
		return { small, wide, isWide: document.scrollingElement.scrollWidth > innerWidth };
	}

	const views = [390, 1440].flatMap((width) => [false, true].map((isDark) => ({ width, height: 844, isMobile: width < 600, isDark })));
	const views320 = [...views, { width: 320, height: 568, isMobile: true }, { width: 320, height: 568, isMobile: true, letters: 32 }];

	async function assertFaultless(page, what) {
		for (const view of views) {
			await page.resize(view);
			assert.deepEqual(await judge(page), [], `${what} ${JSON.stringify(view)}`);
		}
		for (const view of views320) {
			await page.resize(view);
			assert.deepEqual(await page.run(measure), { small: [], wide: [], isWide: false }, `${what} ${JSON.stringify(view)}`);
		}
	}

	test("axe finds nothing in the choices, everything in them opened", limit, () => visit("subscribed", async (page) => {
		await click(page, "#push-subscribe");
		await page.waitFor("the bell to be on", () => document.getElementById("push-subscribe").getAttribute("aria-pressed") === "true");
		await click(page, "#push-options");
		await waitForDialog(page, "push-choices");
		await page.run(() => {
			document.querySelector('#push-choices [value="some"]').click();
			document.querySelector('#push-choices [value="quiet"]').click();
			document.querySelector("#push-choices .primary").click();
		});
		assert.match(await page.run(() => document.querySelector("#push-choices .message").textContent), /Nothing is chosen/);
		await assertFaultless(page, "choices");
	}));

	const pressBell = async (page, isOn) => {
		await click(page, "#push-subscribe");
		await page.waitFor("the bell", (wanted) => {
			const bell = document.getElementById("push-subscribe");
			return bell.getAttribute("aria-pressed") === wanted && bell.getAttribute("aria-busy") !== "true";
		}, String(isOn));
	};
	const waitForWelcome = (page) => page.waitFor("the welcome", () => document.querySelector("#push-welcome p")?.textContent);

	test("a click that switched the bell on is answered by a welcome, which moves nothing and takes no focus", limit, () => visit("able", async (page) => {
		const places = () => page.run(() => [...document.querySelectorAll("header.top > :not(.welcome-place), .bells > *, main, main > *, footer")].map((one) => {
			const { left, top, width, height } = one.getBoundingClientRect();
			return [one.id || one.className || one.localName, left, top, width, height].join(" ");
		}));
		for (const view of views320) {
			await page.resize(view);
			await page.run(() => document.getElementById("push-subscribe").focus());
			await pressBell(page, true);
			await waitForWelcome(page);
			assert.equal(await page.run(() => document.activeElement.id), "push-subscribe");
			assert.match(await page.run(() => document.querySelector("#push-welcome [role=status]").textContent), /told of everything/);
			const isBelow = await page.run(() => document.getElementById("push-welcome").getBoundingClientRect().top >= document.getElementById("push-subscribe").getBoundingClientRect().bottom);
			assert.ok(isBelow, "below the bell");
			const before = await places();
			await page.press("Escape");
			assert.equal(await page.run(() => document.getElementById("push-welcome")), null);
			assert.deepEqual(await places(), before, JSON.stringify(view));
			await pressBell(page, false);
		}
	}));

	test("axe finds nothing in the welcome, and a verdict of a test fits into it", limit, () => visit("able", async (page) => {
		await pressBell(page, true);
		await waitForWelcome(page);
		await page.run(() => {
			self.statusPush.test = async () => ({ outcome: "accepted", sentence: self.say("push.note_test_accepted") });
			document.querySelectorAll("#push-welcome .button")[1].click();
		});
		await page.waitFor("the verdict", () => /was handed/.test(document.querySelector("#push-welcome .verdict").textContent));
		await assertFaultless(page, "welcome");
	}));

	test("the welcome goes with its button, with the bell and with the choices that it leads to; a later visit has none", limit, () => visit("able", async (page) => {
		const isThere = () => page.run(() => document.getElementById("push-welcome") !== null);
		await pressBell(page, true);
		await waitForWelcome(page);
		await page.run(() => document.querySelector("#push-welcome .close").focus());
		await page.press("Enter");
		assert.deepEqual([await isThere(), await page.run(() => document.activeElement.id)], [false, "push-subscribe"]);

		await pressBell(page, false);
		await pressBell(page, true);
		await waitForWelcome(page);
		await pressBell(page, false);
		assert.equal(await isThere(), false);

		await pressBell(page, true);
		await waitForWelcome(page);
		await click(page, "#push-welcome .button");
		await waitForDialog(page, "push-choices");
		assert.equal(await isThere(), false);
		await page.press("Escape");
		await page.waitFor("the choices to close", () => !document.getElementById("push-choices").open);
		assert.equal(await page.run(() => document.activeElement.id), "push-options");

		await page.open(show.suite.url("/"));
		await page.waitFor("the bell", () => document.getElementById("push-subscribe").getAttribute("aria-pressed") === "true");
		/* As after mending something: the state is told anew, and nobody clicked. */
		await page.run(async () => {
			localStorage.removeItem("fake-push");
			dispatchEvent(new Event("online"));
			await new Promise((done) => { setTimeout(done, 1500); });
		});
		assert.equal(await page.run(() => document.getElementById("push-subscribe").getAttribute("aria-pressed")), "true");
		assert.equal(await isThere(), false);
	}));

	test("nobody waits for the words of the dialogs before one is opened", limit, () => visit("able", async (page) => {
		const asked = () => page.requests.filter((address) => address.endsWith("/words-en-dialog.js")).length;
		assert.equal(asked(), 0);
		await click(page, "#push-check");
		await page.waitFor("the findings", isJudged);
		assert.equal(asked(), 1);
		await page.run(() => document.getElementById("push-diagnosis").close());
		await click(page, "#push-options");
		await waitForDialog(page, "push-choices");
		assert.equal(asked(), 1);
		const unsaid = await page.run(() => [...document.querySelectorAll("dialog, dialog *")].flatMap((one) => [one.getAttribute("aria-label"), one.getAttribute("placeholder"), ...[...one.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data)]).filter((text) => /^(dialog|push)\.\w/.test(text ?? "")));
		assert.deepEqual(unsaid, []);
	}));

	test("axe finds nothing in the check, nor in the steps", limit, async () => {
		await visit("able", async (page) => {
			await click(page, "#push-check");
			await page.waitFor("the findings", isJudged);
			await page.run(() => { document.querySelector("#push-diagnosis details").open = true; });
			await assertFaultless(page, "check");
		});
		await visit("iphone", async (page) => {
			await click(page, "#push-subscribe");
			await waitForDialog(page, "push-steps");
			await assertFaultless(page, "steps");
		});
	});

	test("axe finds nothing on the page of an incident that is followed", limit, () => visit("able", async (page) => {
		await click(page, "#push-follow");
		await page.waitFor("the button", () => document.getElementById("push-follow").getAttribute("aria-pressed") === "true");
		for (const view of views) {
			await page.resize(view);
			assert.deepEqual(await judge(page), []);
		}
		await click(page, "#push-follow");
		await page.waitFor("the button", () => document.getElementById("push-follow").getAttribute("aria-pressed") === "false");
	}, { path: incident }));

	test("the keyboard alone: opens, chooses, saves, leaves with Escape, and is where it was", limit, () => visit("able", async (page) => {
		const focused = () => page.run(() => document.activeElement.id || document.activeElement.value || document.activeElement.className);
		await page.run(() => document.getElementById("push-options").focus());
		await page.press("Enter");
		await waitForDialog(page, "push-choices");
		assert.equal(await focused(), "push-choices-title");
		const path = [];
		for (let i = 0; i < 4; i++) {
			await page.press("Tab");
			path.push(await focused());
		}
		assert.deepEqual(path.slice(0, 2), ["close", "all"]);
		await page.run(() => document.querySelector('#push-choices [value="all"]').focus());
		await page.press("ArrowDown");
		assert.equal(await page.run(() => document.querySelector('#push-choices [value="some"]').checked), true);
		await page.press("Tab");
		await page.press("Tab");
		await page.press(" ");
		assert.ok((await page.run(() => [...document.querySelectorAll("#push-choices .tree input")].filter((one) => one.checked || one.indeterminate).length)) > 0);
		/* No way out of an open dialog by Tab alone. */
		for (let i = 0; i < 60; i++) {
			await page.press("Tab");
			assert.ok(await page.run(() => document.activeElement === document.body || document.activeElement.closest("#push-choices") !== null));
		}
		await page.run(() => document.querySelector("#push-choices .primary").focus());
		await page.press("Enter");
		await page.waitFor("the bell to be on", () => document.getElementById("push-subscribe").getAttribute("aria-pressed") === "true");
		await page.waitFor("the word of it", () => /Notifications are on/.test(document.querySelector("#push-choices .message").textContent));
		await page.press("Escape");
		await page.waitFor("the dialog to close", () => !document.getElementById("push-choices").open);
		assert.equal(await focused(), "push-options");
	}, { width: 1440, isMobile: false }));

	test("a search shows what has it in its name, and says where nothing has", limit, () => visit("able", async (page) => {
		await page.run(() => {
			self.statusPush.config.components = Array.from({ length: 30 }, (_, i) => ({ id: `c${String(i).padStart(11, "0")}`, name: `Part ${i}`, group: i % 2 ? null : { id: "g00000000000", name: "Even" } }));
		});
		await click(page, "#push-options");
		await waitForDialog(page, "push-choices");
		const search = (text) => page.run((wanted) => {
			const find = document.querySelector("#push-choices [type=search]");
			find.value = wanted;
			find.dispatchEvent(new Event("input", { bubbles: true }));
			return { shown: [...document.querySelectorAll("#push-choices .tree li")].filter((one) => one.checkVisibility()).map((one) => one.querySelector("span").firstChild.data), said: document.querySelector("#push-choices .choose [role=status]").textContent };
		}, text);
		await click(page, '#push-choices [value="some"]');
		assert.deepEqual(await search("part 28"), { shown: ["Even", "Part 28"], said: "" });
		assert.deepEqual((await search("EVEN")).shown.length, 16);
		const none = await search("nowhere");
		assert.deepEqual(none.shown, []);
		assert.match(none.said, /No component/);
		await search("");
		const { height, inner } = await page.run(() => ({ height: document.querySelector(".tree").clientHeight, inner: document.querySelector(".tree").scrollHeight }));
		assert.ok(height < 300 && inner > height, "a long list scrolls inside");
	}));

	test("each way of not being able is named, with what to do", limit, async () => {
		const check = (kind, name, words) => visit(kind, async (page) => {
			await click(page, "#push-check");
			await page.waitFor("the findings", isJudged);
			const findings = await page.run(readFindings);
			assert.deepEqual(Object.keys(findings).slice(0, ORDER.length), ORDER);
			assert.equal(findings[name].mark, name === "permission" ? "unknown" : "fail", JSON.stringify(findings));
			assert.match(findings[name].text, words);
			assert.match(await page.run(() => document.querySelector("#push-diagnosis .summary").textContent), /Look here first/);
		});
		await check("iphone", "browser", /Home Screen/);
		await check("ipad", "browser", /Home Screen/);
		await check("old", "browser", /16\.3/);
		await check("in-app", "browser", /another app/);
	});

	for (const kind of ["iphone", "ipad"]) {
		test(`the steps to the Home Screen are drawn: ${kind}`, limit, () => visit(kind, async (page) => {
			await click(page, "#push-subscribe");
			await waitForDialog(page, "push-steps");
			const { steps, pictures } = await page.run(() => ({
				steps: [...document.querySelectorAll("#push-steps .steps li")].map((one) => one.textContent),
				pictures: [...document.querySelectorAll("#push-steps svg.picture")].filter((one) => one.getBoundingClientRect().height > 40 && one.querySelectorAll("path, rect").length > 3).length,
			}));
			assert.equal(steps.length, 4);
			assert.equal(pictures, 4);
			assert.match(steps.join(" "), /Share.*Add to Home Screen.*new icon.*Allow/s);
		}));
	}

	test("Android has its own hints", limit, () => visit("android", async (page) => {
		await click(page, "#push-check");
		await page.waitFor("the findings", isJudged);
		assert.match((await page.run(readFindings)).quiet.text, /Battery/);
	}));

	test("the link of the page of help opens it too, and other clicks are the browser's", limit, () => visit("able", async (page) => {
		assert.equal(await page.run(() => {
			const event = new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: true });
			document.addEventListener("click", (seen) => { window.wasLeft = !seen.defaultPrevented; seen.preventDefault(); }, { once: true });
			document.querySelector("main [data-push-check]").dispatchEvent(event);
			return window.wasLeft;
		}), true);
		await click(page, "main [data-push-check]");
		await waitForDialog(page, "push-diagnosis");
	}, { path: "/help/notifications/" }));

	test("the page can be installed from the choices where the browser offers it", limit, () => visit("able", async (page) => {
		await page.run(() => dispatchEvent(Object.assign(new Event("beforeinstallprompt", { cancelable: true }), { prompt: () => { window.wasAsked = true; } })));
		await click(page, "#push-options");
		await waitForDialog(page, "push-choices");
		await page.run(() => [...document.querySelectorAll("#push-choices .button")].find((one) => one.checkVisibility() && one.textContent.startsWith("Install")).click());
		assert.equal(await page.run(() => window.wasAsked), true);
	}));
});

describe("in Firefox", () => {
	let service, suite, firefox;

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

	async function openPage() {
		await firefox.open(suite.url("/"));
		await firefox.waitForPage("the bell", () => !document.getElementById("push-subscribe").hidden);
	}

	async function check() {
		await firefox.page(() => document.getElementById("push-check").click());
		await firefox.waitForPage("the findings", isJudged);
		return firefox.page(readFindings);
	}

	async function switchOn() {
		await firefox.allow(suite.origin);
		await openPage();
		await firefox.page(() => self.pushDoors.isOn() || void document.getElementById("push-subscribe").click());
		await firefox.waitForPage("the bell to be on", () => document.getElementById("push-subscribe").getAttribute("aria-pressed") === "true");
	}

	const marksOf = (findings) => Object.fromEntries(Object.entries(findings).map(([name, { mark }]) => [name, mark]));

	test("somebody who was never asked, and somebody who refused", limit, async () => {
		await openPage();
		const asked = await check();
		assert.deepEqual([asked.worker.mark, asked.permission.mark, asked.subscription.mark], ["ok", "unknown", "unknown"]);
		assert.match(asked.permission.text, /not been asked/);

		await firefox.deny(suite.origin);
		await openPage();
		const refused = await check();
		assert.equal(refused.permission.mark, "fail");
		assert.match(refused.permission.text, /padlock/);
		await firefox.page(() => document.getElementById("push-diagnosis").close());
		await firefox.click("#push-subscribe");
		await firefox.waitForPage("how to allow it", () => /padlock/.test(document.querySelector("#push-steps[open]")?.textContent ?? ""));
	});

	test("all is well, a test proves it, and the report holds no secret", limit, async () => {
		await switchOn();
		const { last, quiet, test: tested, ...others } = marksOf(await check());
		assert.deepEqual(others, Object.fromEntries(ORDER.slice(0, -1).map((name) => [name, "ok"])));
		assert.deepEqual([last, quiet, tested], ["unknown", "unknown", "unknown"]);
		assert.match(await firefox.text("#push-diagnosis .summary"), /nothing is in the way/);

		await firefox.page(() => document.querySelector('#push-diagnosis [data-check="test"] button').click());
		await firefox.waitForPage("the verdict", () => document.querySelector('#push-diagnosis [data-check="test"]').dataset.mark === "ok");
		await until("the test to arrive", async () => (await firefox.notifications()).length === 1);

		const report = await firefox.page(() => document.querySelector("#push-diagnosis textarea").value);
		for (const name of [...ORDER, "test"]) assert.match(report, new RegExp(`^[✓✗?] ?${name}: |^${name}: `, "m"));
		assert.match(report, /Firefox/);
		const { endpoint, keys } = await firefox.page(async () => (await (await navigator.serviceWorker.ready).pushManager.getSubscription()).toJSON());
		const path = new URL(endpoint).pathname;
		for (const secret of [endpoint, path, path.split("/").at(-1), keys.p256dh, keys.auth, suite.keys.publicKey, suite.keys.privateKey]) assert.ok(!report.includes(secret), secret);

		await firefox.page(() => document.getElementById("push-diagnosis").close());
		assert.equal(marksOf(await check()).last, "ok");
	});

	test("what became of the last notification is said in words", limit, async () => {
		await switchOn();
		await firefox.page(() => {
			const { post } = self.pushStore;
			self.pushStore.post = async (action, body) => (action === "/state" ? { status: "subscribed", last_test: { at: null, outcome: null }, last_push: { at: "2026-11-12T10:00:00.000Z", outcome: window.wanted } } : post(action, body));
		});
		const said = new Set();
		for (const [outcome, mark, words] of [
			["accepted", "ok", /^✓Last notificationAccepted by/], ["sending", "unknown", /On its way/], ["retrying", "unknown", /tried again/], ["refused", "fail", /refused it/],
			["expired", "fail", /too old/], ["missed", "fail", /never came through/], ["stopped", "unknown", /stopped it/], ["gone", "fail", /has ended/],
		]) {
			await firefox.page((value) => { window.wanted = value; }, outcome);
			const { last } = await check();
			await firefox.page(() => document.getElementById("push-diagnosis").close());
			assert.equal(last.mark, mark, outcome);
			assert.match(last.text, words);
			assert.doesNotMatch(last.text, /[{}]|push\.|dialog\.|\((sending|retrying|refused|expired|missed|stopped|gone)\)/);
			said.add(last.text);
		}
		assert.equal(said.size, 8);
	});

	test("the welcome of somebody who was just asked sends a test, and says what became of it", limit, async () => {
		await firefox.allow(suite.origin);
		await openPage();
		if (await firefox.page(() => self.pushDoors.isOn())) {
			await firefox.click("#push-subscribe");
			await firefox.waitForPage("the bell to be off", () => self.statusPush.state === "off" && !self.statusPush.busy);
		}
		await firefox.click("#push-subscribe");
		await firefox.waitForPage("the welcome", () => /told of everything/.test(document.getElementById("push-welcome")?.textContent ?? ""));
		suite.rows("UPDATE subscriptions SET last_test_at = NULL");
		await firefox.page(() => document.querySelectorAll("#push-welcome .button")[1].click());
		await firefox.waitForPage("the verdict", () => /was handed to your browser/.test(document.querySelector("#push-welcome .verdict").textContent));
	});

	test("a row that the server lost, one that is gone, and a server that is silent", limit, async () => {
		await switchOn();
		await firefox.waitForPage("an idle page", () => new Promise((resolve) => { setTimeout(() => resolve(true), 1000); }));
		suite.rows("UPDATE subscriptions SET dead_at = 1, dead_reason = 'gone'");
		assert.match((await check()).server.text, /has ended/);
		await firefox.page(() => document.getElementById("push-diagnosis").close());
		suite.rows("DELETE FROM subscriptions");
		const lost = await check();
		assert.equal(lost.server.mark, "fail");
		assert.match(lost.server.text, /does not know/);
		await firefox.page(() => document.getElementById("push-diagnosis").close());
		await firefox.page(() => { window.fetch = () => Promise.reject(new TypeError("offline")); });
		const silent = marksOf(await check());
		assert.deepEqual([silent.admin, silent.server, silent.key], ["unknown", "unknown", "unknown"]);
	});

	test("an operator who switched it off", limit, async () => {
		await openPage();
		await firefox.page(() => { window.fetch = async () => new Response(JSON.stringify({ enabled: false, publicKey: "x", components: [] })); });
		const { admin } = await check();
		assert.equal(admin.mark, "fail");
		assert.match(admin.text, /switched notifications off/);
	});
});
