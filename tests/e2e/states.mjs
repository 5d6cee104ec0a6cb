/*
 * Pictures, for people: every state of the bell, its welcome, the button that follows, the choices, the check and the steps for a phone,
 * at 390 and 1440 pixels, light and dark. No test.
 *
 *   node tests/e2e/states.mjs FOLDER [LANGUAGE] [ONLY]      "de" pictures the German pages; ONLY: states beginning with it
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openExhibition } from "./exhibition.mjs";
import { becomeVisitor } from "./visitor.mjs";

const [folder, lang = "en", only = ""] = process.argv.slice(2);
if (!folder) {
	process.stderr.write("usage: node tests/e2e/states.mjs FOLDER [LANGUAGE] [ONLY]\n");
	process.exit(2);
}

const permission = (value) => `Object.defineProperty(Notification, "permission", { get: () => ${JSON.stringify(value)} });`;
const click = (selector) => `document.querySelector(${JSON.stringify(selector)}).click();`;
const some = `${click('#push-choices [value="some"]')}${click("#push-choices .tree li li input")}${click('#push-choices [value="quiet"]')}`;
const toEnd = 'for (const one of document.querySelectorAll(".dialog-scroll")) one.scrollTop = one.scrollHeight;';

/* kind of visitor, then what its page is made to be before its scripts, then one press after the other. */
const STATES = {
	"bell-off": { kind: "able" },
	"bell-asking": { kind: "able", before: `${permission("default")}Notification.requestPermission = () => new Promise(() => {});`, steps: [click("#push-subscribe")] },
	"bell-on": { kind: "able", steps: [click("#push-subscribe"), click("#push-welcome .close")] },
	"bell-waiting": { kind: "able", before: 'ServiceWorker.prototype.postMessage = () => {}; delete ServiceWorkerRegistration.prototype.sync; const real = fetch; self.fetch = (...all) => (String(all[0]).startsWith("/cgi-bin/") ? Promise.reject(new TypeError("offline")) : real(...all));', steps: [click("#push-subscribe")] },
	"bell-blocked": { kind: "able", before: permission("denied") },
	"bell-home-screen": { kind: "iphone" },
	"bell-insecure": { kind: "able", before: 'Object.defineProperty(self, "isSecureContext", { get: () => false });' },
	"bell-unsupported": { kind: "able", before: "delete self.PushManager;" },
	"welcome": { kind: "able", steps: [click("#push-subscribe")] },
	"welcome-test": { kind: "able", steps: [click("#push-subscribe"), `self.statusPush.test = async () => ({ sentence: self.say("push.note_test_accepted") });${click("#push-welcome .buttons :last-child")}`] },
	"choices-new": { kind: "able", steps: [click("#push-options")] },
	"choices-some": { kind: "able", steps: [click("#push-options"), some] },
	"choices-none": { kind: "able", steps: [click("#push-options"), click('#push-choices [value="some"]') + click("#push-choices .primary")] },
	"choices-on": { kind: "able", steps: [click("#push-subscribe"), click("#push-options"), toEnd] },
	"check-never-asked": { kind: "able", before: permission("default"), steps: [click("#push-check")] },
	"check-on": { kind: "able", steps: [click("#push-subscribe"), click("#push-check")] },
	"check-on-end": { kind: "able", steps: [click("#push-subscribe"), click("#push-check"), `${click("#push-diagnosis summary")}${toEnd}`] },
	"check-blocked": { kind: "able", before: permission("denied"), steps: [click("#push-check")] },
	"check-iphone": { kind: "iphone", steps: [click("#push-check")] },
	"check-old-iphone": { kind: "old", steps: [click("#push-check")] },
	"check-android-end": { kind: "android", steps: [click("#push-check"), toEnd] },
	"steps-iphone": { kind: "iphone", steps: [click("#push-subscribe")] },
	"steps-old-iphone": { kind: "old", steps: [click("#push-subscribe")] },
	"steps-blocked": { kind: "able", before: permission("denied"), steps: [click("#push-subscribe")] },
	"follow-off": { kind: "able", path: "open" },
	"follow-on": { kind: "able", path: "open", steps: [click("#push-follow")] },
	"follow-maintenance": { kind: "able", path: "scheduled" },
	"follow-silent": { kind: "able", path: "silent" },
};

const settle = () => new Promise((done) => { setTimeout(done, 900); });
const show = await openExhibition();
try {
	for (const { enter } of show.gallery.states) await enter();
	await show.chromium.allow(show.suite.origin);
	mkdirSync(folder, { recursive: true });
	const { ids } = show.gallery;
	const { json: silent } = await show.suite.api("POST", "/incidents", { incident: { name: "Slow answers", impact_override: "minor", deliver_notifications: false } });
	show.suite.rows(`DELETE FROM incident_updates WHERE incident_id = '${silent.id}'`);
	show.suite.atstatus("publish");
	const root = lang === "en" ? "" : `/${lang}`;
	const paths = { open: `${root}/incidents/${ids.open}/`, scheduled: `${root}/maintenance/${ids.scheduled}/`, silent: `${root}/incidents/${silent.id}/` };
	for (const [name, { kind, path, before, steps = [] }] of Object.entries(STATES).filter(([state]) => state.startsWith(only))) {
		const page = await show.chromium.newPage({ width: 390, height: 844, isMobile: true });
		await becomeVisitor(page, kind);
		await page.load(`localStorage.setItem("lang", ${JSON.stringify(lang)});${before ?? ""}`, { beforeOthers: true });
		await page.open(show.suite.url(path ? paths[path] : `${root}/`));
		await page.waitFor("the bell", () => !document.getElementById("push-subscribe").hidden);
		for (const step of steps) {
			await settle();
			await page.load(step);
		}
		await settle();
		for (const width of [390, 1440]) {
			for (const isDark of [false, true]) {
				await page.resize({ width, height: 844, isMobile: width < 600, isDark });
				writeFileSync(join(folder, `${name}-${width}-${isDark ? "dark" : "light"}.png`), await page.glance());
			}
		}
		if (page.faults.length > 0) process.stderr.write(`${name}: ${page.faults.join("\n")}\n`);
		await page.run(async () => {
			if (self.pushDoors.isOn()) await self.statusPush.switchOff().catch(() => {});
			localStorage.clear();
			indexedDB.deleteDatabase("atstatus");
		});
		await page.close();
	}
} finally {
	await show.close();
}
