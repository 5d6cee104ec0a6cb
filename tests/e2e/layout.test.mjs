/*
 * Nothing overflows, nothing jumps, everything can be pressed: the pages measured in a real browser, from a small phone to
 * a wide screen, light and dark, enlarged, with names that nobody would choose, and on paper.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { adminPages, hostileWords } from "../cgi/gallery.mjs";
import { inLanguages, openExhibition } from "./exhibition.mjs";
import { patienceMs } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const long = { timeout: 10 * patienceMs };
const widths = [320, 390, 768, 1440];
const viewOf = (width, isDark = false) => ({ width, height: 900, isMobile: width < 600, isDark });

/* What sticks out of the window, and what is cut off inside; empty where all is well. Runs in the page. */
function findOverflow() {
	const { scrollWidth } = document.scrollingElement;
	const name = (one) => `${one.localName}${one.id && `#${one.id}`}.${[...one.classList].join(".")} "${one.textContent.trim().slice(0, 20)}"`;
	if (scrollWidth > innerWidth) {
		const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5).slice(0, 3);
		return [`${scrollWidth} px in ${innerWidth}: ${wide.map(name).join(", ")}`];
	}
	/* A text that is wider than a box that hides what sticks out is lost. */
	return [...document.querySelectorAll("main *, header *")]
		.filter((one) => !one.closest(".scrolls, .unseen, svg, select, input, textarea, [hidden]") && getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1)
		.map((one) => `${name(one)} hides a part of itself`);
}

/* What stands alone and is smaller than a finger. A link inside a sentence is exempt, as WCAG 2.5.8 has it. Runs in the page. */
function findSmall() {
	const isInSentence = (one) => {
		if (one.localName !== "a" || getComputedStyle(one).display !== "inline") return false;
		const block = one.closest("p, li, dd, td, blockquote, h4, h5, h6, pre");
		return block && block.textContent.trim() !== one.textContent.trim();
	};
	const areaOf = (one) => (["radio", "checkbox"].includes(one.type) ? one.closest("label") ?? one : one).getBoundingClientRect();
	return [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")]
		.filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".prose") && !one.matches(".skip") && !isInSentence(one))
		.map((one) => ({ one, box: areaOf(one) }))
		.filter(({ box }) => box.width < 43.9 || box.height < 43.9)
		.map(({ one, box }) => `${one.localName} "${(one.textContent || one.name || "").trim().slice(0, 30)}" ${Math.round(box.width)} x ${Math.round(box.height)}`);
}

async function measure(show, pages, views, find, prepare) {
	const found = [];
	for (const [what, address] of Object.entries(pages)) {
		const page = await show.open(address, views[0]);
		try {
			if (prepare) await page.run(prepare);
			for (const view of views) {
				await page.resize(view);
				for (const fault of await page.run(find)) found.push(`${what}, ${view.width} px${view.isDark ? ", dark" : ""}: ${fault}`);
			}
		} finally {
			await page.close();
		}
	}
	return found;
}

const everyView = widths.flatMap((width) => [viewOf(width), viewOf(width, true)]);
const openAll = () => {
	for (const details of document.querySelectorAll("details")) details.open = true;
};
const enlarged = (width) => ({ ...viewOf(width), letters: 32 });

for (const [kind, words] of [["ordinary", undefined], ["hostile", hostileWords()]]) {
	describe(`with ${kind} names and texts`, long, () => {
		let show;
		before(async () => {
			show = await openExhibition({ words });
		}, limit);
		after(() => show?.close(), limit);

		for (const index of [0, 1, 2, 3]) {
			test(`nothing overflows in state ${index + 1}`, long, async () => {
				const { name, enter } = show.gallery.states[index];
				await enter();
				assert.deepEqual(await measure(show, { [name]: "/" }, everyView, findOverflow, openAll), []);
			});
		}

		test("nor on any other page", long, async () => {
			assert.deepEqual(await measure(show, show.gallery.pages(), everyView, findOverflow, openAll), []);
		});

		test("nor in any other language, also with letters of twice the size", { timeout: 3 * long.timeout }, async () => {
			const pages = inLanguages({ "the page": "/", ...show.gallery.pages() });
			assert.deepEqual(await measure(show, pages, [viewOf(320), enlarged(320)], findOverflow, openAll), []);
			assert.deepEqual(await measure(show, inLanguages({ "the page": "/" }), [viewOf(320)], findSmall, openAll), []);
		});

		test("nor with letters of twice the size", long, async () => {
			const size = (one) => one.run(() => getComputedStyle(document.body).fontSize);
			const page = await show.open("/", enlarged(390));
			assert.equal(await size(page), "32px");
			await page.close();
			const pages = { "the page": "/", ...show.gallery.pages() };
			assert.deepEqual(await measure(show, pages, [enlarged(320), enlarged(390), enlarged(1280)], findOverflow, openAll), []);
		});

		test("what is pressed is large enough for a finger", long, async () => {
			const pages = { "the page": "/", ...show.gallery.pages() };
			assert.deepEqual(await measure(show, pages, [viewOf(320), viewOf(1440)], findSmall, openAll), []);
		});

		test("the same holds for the admin's pages", long, async () => {
			const page = await show.chromium.newPage();
			await show.signIn(page);
			await page.close();
			const pages = adminPages(show.gallery.ids);
			assert.deepEqual(await measure(show, pages, [viewOf(320), viewOf(390), viewOf(1440)], findOverflow, openAll), []);
			assert.deepEqual(await measure(show, pages, [enlarged(320)], findOverflow, openAll), []);
			assert.deepEqual(await measure(show, pages, [viewOf(320), viewOf(1440)], findSmall, openAll), []);
		});
	});
}

describe("with an outage and a maintenance", long, () => {
	let show;
	before(async () => {
		show = await openExhibition();
		for (const { enter } of show.gallery.states) await enter();
	}, limit);
	after(() => show?.close(), limit);

	/* Counts every shift from the first frame on. */
	const watchShifts = `window.shifts = []; new PerformanceObserver((list) => {
		for (const { value, sources } of list.getEntries()) window.shifts.push({ value, of: sources.map(({ node }) => node?.outerHTML?.slice(0, 80)) });
	}).observe({ type: "layout-shift", buffered: true });`;
	const settle = (page) => page.run(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 300))); }));

	async function openWatched(address, view) {
		const page = await show.chromium.newPage(view);
		await page.load(watchShifts, { beforeOthers: true });
		await page.open(show.suite.url(address));
		await page.waitFor("the script", () => document.querySelector("[data-zone]").textContent.includes("your time zone"));
		await settle(page);
		return page;
	}

	test("the measure of jumps sees one", limit, async () => {
		const page = await openWatched("/", viewOf(390));
		await page.run(() => {
			const block = document.createElement("div");
			block.style.height = "200px";
			document.querySelector("main").prepend(block);
		});
		await settle(page);
		assert.ok((await page.run(() => window.shifts.length)) > 0);
		await page.close();
	});

	for (const width of widths) {
		test(`nothing jumps at ${width} px, neither while the scripts begin nor when they look again`, limit, async () => {
			for (const [what, address] of Object.entries({ "the page": "/", ...show.gallery.pages() })) {
				const page = await openWatched(address, viewOf(width));
				const asked = () => performance.getEntriesByType("resource").filter(({ name, responseEnd }) => name.endsWith("/status.json") && responseEnd > 0).length;
				for (let turn = 0; turn < 2; turn++) {
					const count = await page.run(asked);
					await page.run(() => void dispatchEvent(new Event("online")));
					await page.waitFor("another look", (n) => performance.getEntriesByType("resource").filter(({ name, responseEnd }) => name.endsWith("/status.json") && responseEnd > 0).length > n, count);
				}
				await settle(page);
				assert.deepEqual(await page.run(() => window.shifts), [], what);
				await page.close();
			}
		});
	}

	test("nothing moves where the reader asked for stillness, and nothing takes longer than 150 ms where not", limit, async () => {
		const findMoving = () => [...document.querySelectorAll("*")].flatMap((one) => {
			const { transitionDuration, animationDuration, animationName, scrollBehavior } = getComputedStyle(one);
			const seconds = Math.max(...transitionDuration.split(",").map(Number.parseFloat), ...(animationName === "none" ? [0] : animationDuration.split(",").map(Number.parseFloat)));
			return seconds > 0 || scrollBehavior === "smooth" ? [{ name: one.localName, seconds, scrollBehavior }] : [];
		});
		const page = await show.open("/", { ...viewOf(390), isStill: true });
		assert.ok(await page.run(() => matchMedia("(prefers-reduced-motion: reduce)").matches));
		assert.deepEqual(await page.run(findMoving), []);
		await page.resize(viewOf(390));
		assert.deepEqual((await page.run(findMoving)).filter(({ seconds }) => seconds > 0.15), []);
		await page.close();
	});

	test("on paper every sentence is there in black on white, and nothing that is only pressed", limit, async () => {
		for (const [what, address] of Object.entries({ "the page": "/", ...show.gallery.pages() })) {
			const screen = await show.open(address, viewOf(768));
			const told = () => [...document.querySelectorAll("main h1, main h2, main h3, main .prose > *, main .state, main time, main .row-name")].map((one) => one.textContent.trim()).filter((words) => words !== "");
			const words = await screen.run(told);
			await screen.resize({ ...viewOf(768), isDark: true, isPrinted: true });
			const paper = await screen.run(() => ({
				lost: [...document.querySelectorAll("main h1, main h2, main h3, main .prose > *, main .state, main time, main .row-name")]
					.filter((one) => one.textContent.trim() !== "" && !one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })).map((one) => one.outerHTML.slice(0, 100)),
				bell: document.getElementById("push-subscribe").checkVisibility({ visibilityProperty: true }),
				ink: getComputedStyle(document.querySelector("h1")).color,
				ground: getComputedStyle(document.body).backgroundColor,
				isWide: document.scrollingElement.scrollWidth > innerWidth,
			}));
			assert.ok(words.length > 0, what);
			assert.deepEqual(paper, { lost: [], bell: false, ink: "rgb(0, 0, 0)", ground: "rgb(255, 255, 255)", isWide: false }, what);
			await screen.close();
		}
	});
});
