/*
 * Choices are obeyed, for each kind of them: browsers that chose differently live through the same story of a site, and what
 * each got from the push service, decrypted, is what it asked for.
 *
 * The choices are made through the real /cgi-bin/subscribe, the story is told through the real write API, and the real sender
 * sends after each step (story.mjs).
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { siteUrl, TRIGGERS, wallClock } from "./site.mjs";
import { live, openCore } from "./story.mjs";

const now = (zone, critical) => ({ from: wallClock(zone, -120), to: wallClock(zone, 120), tz: zone, critical });
const later = (zone) => ({ from: wallClock(zone, 120), to: wallClock(zone, 240), tz: zone, critical: false });

const everything = {
	"API is down": "incident_new", "an update": "incident_update", "API is up": "incident_resolved", "Mail is slow": "incident_new", "Mail is well": "incident_resolved",
	"a word to everyone": "incident_new", "Web breaks alone": "component_down", "Web is back": "component_recovered", "work is planned": "maintenance_scheduled",
	"work is moved": "maintenance_rescheduled", "a reminder": "maintenance_reminder", "work begins": "maintenance_starting", "work takes longer": "maintenance_overrun",
	"work is done": "maintenance_completed", "other work is called off": "maintenance_cancelled", "a new member of Core breaks": "incident_new",
};
const only = (...steps) => Object.fromEntries(steps.map((step) => [step, everything[step]]));
const without = (...steps) => only(...Object.keys(everything).filter((step) => !steps.includes(step)));
const workOnMail = ["work is planned", "work is moved", "a reminder", "work begins", "work takes longer", "work is done"];
const outage = ["API is down", "an update", "API is up"];

/* The sentence; what the browser chose (a function where that takes ids); what it gets in which step. */
const cases = [
	["who chose nothing in particular is told of everything", {}, everything],
	["who says so is told of everything", { components: "all", events: "all", min_impact: "none" }, everything],

	["who chose a component is told of it, of its maintenance, and of what concerns everyone", ({ api }) => ({ components: [api] }),
		only(...outage, "a word to everyone", "other work is called off")],
	["who chose another component is not told of the first", ({ mail }) => ({ components: [mail] }), only("Mail is slow", "Mail is well", "a word to everyone", ...workOnMail)],
	["who chose two is told of both", ({ api, mail }) => ({ components: [api, mail] }), without("Web breaks alone", "Web is back", "a new member of Core breaks")],
	["who chose a group is told of its members, also of one that was added later", ({ core }) => ({ components: [core] }),
		only(...outage, "a word to everyone", "Web breaks alone", "Web is back", "other work is called off", "a new member of Core breaks")],
	["who chose all members of a group by name is not told of one that was added later", ({ api, web }) => ({ components: [api, web] }),
		only(...outage, "a word to everyone", "Web breaks alone", "Web is back", "other work is called off")],

	["who wants critical alone is told of the outage, to its end, and of maintenances", { min_impact: "critical" },
		only(...outage, ...workOnMail, "other work is called off")],
	["who wants major and above is not told of what is minor or has no impact", { min_impact: "major" }, without("Mail is slow", "Mail is well", "a word to everyone")],
	["who wants minor and above is not told of what has no impact", { min_impact: "minor" }, without("a word to everyone")],
	["component, event and impact must all be right", ({ core }) => ({ components: [core], events: ["incident_new", "component_down"], min_impact: "major" }),
		only("API is down", "Web breaks alone", "a new member of Core breaks")],

	...TRIGGERS.map((event) => [`who chose ${event} alone is told of that and nothing else`, { events: [event] },
		{ ...Object.fromEntries(Object.entries(everything).filter(([, told]) => told === event)),
			...(event === "component_down" ? { "API is down": event, "a new member of Core breaks": event } : {}),
			...(event === "component_recovered" ? { "API is up": event } : {}) }]),
	["who chose two events is told of both", { events: ["incident_resolved", "maintenance_starting"] }, only("API is up", "Mail is well", "work begins")],
];

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

/* { step: event } of what a browser got, each step once. */
function eventsOf(pushes = {}) {
	return Object.fromEntries(Object.entries(pushes).map(([step, list]) => {
		assert.equal(list.length, 1, `${step}: one action tells nobody twice`);
		return [step, list[0].plaintext.data.event];
	}));
}

describe("components, groups, events and impact", () => {
	let site, got;
	const browsers = [];
	before(async () => {
		const core = await openCore(service);
		site = core.site;
		for (const [, choices] of cases) browsers.push(await site.subscribe(typeof choices === "function" ? choices(core.at) : choices));
		got = await live(site, core.at);
	});
	after(() => site?.close());

	cases.forEach(([sentence, , expected], index) => {
		test(sentence, () => assert.deepEqual(eventsOf(got[browsers[index].id]), expected));
	});
});

describe("one incident: follow and mute", () => {
	const choices = {
		"who follows only this incident gets its updates and its resolution, and nothing else": [
			async (site, at) => site.subscribe({ incident: at.outage }), only("an update", "API is up")],
		"who follows it besides other choices gets it and what they chose": [
			async (site, at) => {
				const browser = await site.subscribe({ components: [at.mail], events: ["incident_resolved"] });
				await site.change(browser, { incident: at.outage });
				return browser;
			}, only("an update", "API is up", "Mail is well")],
		"who ended the follow gets nothing more of it": [
			async (site, at) => {
				const browser = await site.subscribe({ components: [at.mail], events: ["incident_new"] });
				await site.change(browser, { incident: at.outage });
				assert.equal((await site.ask(browser, "remove", { incident: at.outage })).status, 200);
				return browser;
			}, only("Mail is slow", "a word to everyone")],
		"who muted it until it is resolved hears of its end alone, and of everything else": [
			async (site, at) => {
				const browser = await site.subscribe();
				assert.equal((await site.ask(browser, "mute", { incident: at.outage, until: "resolved" })).status, 200);
				return browser;
			}, only("API is up", "Mail is slow", "Mail is well", "a word to everyone")],
		"who muted it to the end hears nothing more of it, but of everything else": [
			async (site, at) => {
				const browser = await site.subscribe();
				assert.equal((await site.ask(browser, "mute", { incident: at.outage, until: "end" })).status, 200);
				return browser;
			}, only("Mail is slow", "Mail is well", "a word to everyone")],
		"a mute is stronger than a follow": [
			async (site, at) => {
				const browser = await site.subscribe({ incident: at.outage });
				assert.equal((await site.ask(browser, "mute", { incident: at.outage, until: "end" })).status, 200);
				return browser;
			}, {}],
		"who said nothing of it hears of everything": [
			async (site) => site.subscribe(), only("an update", "API is up", "Mail is slow", "Mail is well", "a word to everyone")],
	};
	let site, got;
	const browsers = {};
	before(async () => {
		const core = await openCore(service);
		site = core.site;
		await live(site, core.at, 0, 1);
		for (const [sentence, [make]] of Object.entries(choices)) browsers[sentence] = await make(site, core.at);
		got = await live(site, core.at, 1, 6);
	});
	after(() => site?.close());

	for (const [sentence, [, expected]] of Object.entries(choices)) test(sentence, () => assert.deepEqual(eventsOf(got[browsers[sentence].id]), expected));
});

describe("a maintenance: follow and mute", () => {
	test("who follows only this maintenance gets all of it and nothing else; who muted it until it is over hears that it is done", async () => {
		const { site, at } = await openCore(service);
		try {
			await live(site, at, 8, 9);
			const follower = await site.subscribe({ incident: at.work });
			const muted = await site.subscribe();
			const deaf = await site.subscribe();
			await site.ask(muted, "mute", { incident: at.work, until: "resolved" });
			await site.ask(deaf, "mute", { incident: at.work, until: "end" });
			const got = await live(site, at, 9);
			assert.deepEqual(eventsOf(got[follower.id]), only("work is moved", "a reminder", "work begins", "work takes longer", "work is done"));
			assert.deepEqual(eventsOf(got[muted.id]), only("work is done", "other work is called off", "a new member of Core breaks"));
			assert.deepEqual(eventsOf(got[deaf.id]), only("other work is called off", "a new member of Core breaks"));
		} finally {
			site.close();
		}
	});
});

describe("quiet hours", () => {
	/* What is heard of the first nine steps; the rest comes silently. */
	const heard = ["API is down", "an update"];
	const choices = {
		"who has no quiet hours hears everything": [{}, "all"],
		"in the quiet hours everything comes, silently": [{ quiet: now("Etc/UTC", false) }, []],
		"a critical incident breaks them where that was ticked, its end and whatever is less does not": [{ quiet: now("Etc/UTC", true) }, heard],
		"they are hours of the zone that was chosen": [{ quiet: now("Asia/Kolkata", false) }, []],
		"also of one on the other side of the world": [{ quiet: now("Pacific/Honolulu", false) }, []],
		"the same hours of another zone are not now": [{ quiet: { ...now("Etc/UTC", false), tz: "Asia/Tokyo" } }, "all"],
		"outside of them everything is heard": [{ quiet: later("Europe/Berlin") }, "all"],
		"a component's major outage breaks them where that was ticked": [{ events: ["component_down"], quiet: now("Etc/UTC", true) }, ["API is down"]],
		"without that it is silent too": [{ events: ["component_down"], quiet: now("Etc/UTC", false) }, []],
	};
	let site, got;
	const browsers = {};
	before(async () => {
		const core = await openCore(service);
		site = core.site;
		for (const [sentence, [members]] of Object.entries(choices)) browsers[sentence] = await site.subscribe(members);
		got = await live(site, core.at, 0, 9);
	});
	after(() => site?.close());

	for (const [sentence, [{ events }, expected]] of Object.entries(choices)) {
		test(sentence, () => {
			const pushes = got[browsers[sentence].id];
			assert.deepEqual(Object.keys(pushes), events ? ["API is down", "Web breaks alone"] : Object.keys(everything).slice(0, 9), "nothing is left out");
			for (const [step, [push]] of Object.entries(pushes)) {
				const loud = expected === "all" || expected.includes(step);
				const { plaintext } = push;
				assert.deepEqual([plaintext.silent, plaintext.notification.silent], loud ? [undefined, undefined] : [true, true], step);
				assert.equal(push.urgency === "low", !loud, `${step}: Urgency ${push.urgency}`);
			}
		});
	}

	test("silent or not, it is the same notice", () => {
		const loud = got[browsers["who has no quiet hours hears everything"].id]["API is down"][0].plaintext;
		const { silent, notification, ...rest } = got[browsers["in the quiet hours everything comes, silently"].id]["API is down"][0].plaintext;
		const { silent: inside, ...declared } = notification;
		assert.deepEqual([silent, inside], [true, true]);
		assert.deepEqual({ ...rest, notification: declared }, loud);
	});

	test("who changed their mind hears the next one", async () => {
		const browser = browsers["in the quiet hours everything comes, silently"];
		await site.change(browser, { quiet: null });
		await site.api.incident({ name: "Late", body: "Late." });
		const [push] = (await site.send()).filter(({ subscriptionId }) => subscriptionId === browser.id);
		assert.equal(push.plaintext.silent, undefined);
		assert.equal(push.urgency, "normal");
	});

	test("a test push is heard in the quiet hours too", async () => {
		const browser = browsers["they are hours of the zone that was chosen"];
		assert.equal((await site.ask(browser, "test")).status, 202);
		const [push] = await site.send();
		assert.equal(push.subscriptionId, browser.id);
		assert.equal(push.plaintext.data.event, "test");
		assert.equal(push.plaintext.silent, undefined);
		assert.equal(push.urgency, "high");
	});
});

describe("languages", () => {
	const words = {
		en: ["🔴 Major outage: API", /^🟢 Resolved: API, down /, "Test notification"],
		de: ["🔴 Ausfall: API", /^🟢 Behoben: API, Ausfalldauer /, "Testbenachrichtigung"],
		fr: ["🔴 Panne majeure\u00a0: API", /^🟢 Résolu\u00a0: API, indisponible pendant /, "Notification de test"],
		es: ["🔴 Interrupción grave: API", /^🟢 Resuelto: API, sin servicio durante /, "Notificación de prueba"],
		ja: ["🔴 重大な障害：API", /^🟢 解決：API（停止時間 /, "テスト通知"],
	};
	const asked = { en: "en", de: "de", fr: "fr", es: "es", ja: "ja", "de-AT": "de", "fr-CA": "fr", "pt-BR": "en", sv: "en" };
	let site, got;
	const browsers = {};
	before(async () => {
		const core = await openCore(service);
		site = core.site;
		for (const lang of Object.keys(asked)) browsers[lang] = await site.subscribe({ lang });
		got = await live(site, core.at, 0, 3);
		browsers.follower = await site.subscribe({ incident: core.at.outage, lang: "ja" });
		got.later = (await (async () => {
			await site.api.patch(`/incidents/${core.at.outage}`, { status: "postmortem", body: "What we learnt." });
			return site.send();
		})()).find(({ subscriptionId }) => subscriptionId === browsers.follower.id);
	});
	after(() => site?.close());

	for (const [lang, told] of Object.entries(asked)) {
		test(`who speaks ${lang} is told in ${told}, and what an admin wrote is left as it is`, () => {
			const { "API is down": [down], "an update": [update], "API is up": [up] } = got[browsers[lang].id];
			assert.equal(down.plaintext.title, words[told][0]);
			assert.match(up.plaintext.title, words[told][1]);
			assert.deepEqual([down, update, up].map(({ plaintext }) => plaintext.body), ["Looking.", "Still looking.", "Fixed."]);
			for (const { plaintext } of [down, update, up]) {
				assert.deepEqual([plaintext.notification.lang, plaintext.data.lang], [told, told]);
				assert.equal(plaintext.data.url, `${siteUrl}/incidents/${plaintext.data.incident}/`, "one address for all languages");
			}
		});
	}

	test("who follows one incident is told in the language they had then", () => {
		assert.equal(got.later.plaintext.data.lang, "ja");
		assert.match(got.later.plaintext.title, /^🟢 解決：/);
	});

	test("a test push speaks the language of the browser that asked for it", async () => {
		for (const lang of ["de", "de-AT", "ja", "sv"]) {
			assert.equal((await site.ask(browsers[lang], "test")).status, 202);
			const [{ plaintext }] = await site.send();
			assert.deepEqual([plaintext.title, plaintext.data.lang], [words[asked[lang]][2], asked[lang]]);
		}
	});

	test("who was missed and is told again is told in their language", async () => {
		const { id } = browsers.fr;
		service.answer(id, { status: 418 });
		await site.api.incident({ name: "Again", body: "x" });
		await site.send();
		const [{ id: notification, refused }] = (await site.api.get("/notifications")).json;
		assert.equal(refused, 1);
		assert.equal((await site.api.call("POST", `/notifications/${notification}/retry`, undefined, { headers: { "content-length": "0" } })).status, 201);
		const pushes = await site.send();
		assert.deepEqual(pushes.map(({ subscriptionId, plaintext }) => [subscriptionId, plaintext.title]), [[id, "🔵 Incident\u00a0: Again"]]);
	});

	test("the ledger shows the English title", async () => {
		const titles = (await site.api.get("/notifications")).json.map(({ title }) => title);
		assert.ok(titles.includes("🔴 Major outage: API"));
		assert.ok(titles.every((title) => /^\p{Extended_Pictographic} [A-Z]/u.test(title)), titles.join("\n"));
	});

	test("who changed the language is told in the new one", async () => {
		await site.change(browsers.en, { lang: "es" });
		await site.api.patch(`/components/${site.state.value("SELECT id FROM components WHERE name = 'Mail'")}`, { status: "major_outage" });
		const push = (await site.send()).find(({ subscriptionId }) => subscriptionId === browsers.en.id);
		assert.deepEqual([push.plaintext.title, push.plaintext.body], ["🔴 Interrupción grave: Mail", "Mail no está disponible."]);
	});
});
