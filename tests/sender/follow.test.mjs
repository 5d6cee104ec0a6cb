/*
 * A follow ends by itself: a visitor who follows one incident gets its updates and its resolution and nothing afterwards,
 * and nothing of them is left.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { openSite } from "./site.mjs";

const HOUR = 3_600_000, DAY = 24 * HOUR;

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

/* A site with an open incident. The hourly housekeeping has just been: what ends here does not wait for it. */
function withOutage(sentence, body, fields = { name: "Outage", body: "Looking." }) {
	test(sentence, async () => {
		const site = await openSite(service);
		try {
			const { id } = await site.api.incident(fields);
			await site.send();
			site.state.setting("upkeep_at", Date.now());
			await body(site, id);
		} finally {
			site.close();
		}
	});
}

const eventsFor = (browser, pushes) => pushes.filter(({ subscriptionId }) => subscriptionId === browser.id).map(({ plaintext }) => plaintext.data.event);
const post = async (site, id, fields) => { await site.api.patch(`/incidents/${id}`, fields); return site.send(); };
const timePasses = (site, id, ms) => site.state.run(`UPDATE incidents SET resolved_at = resolved_at - ${ms} WHERE id = '${id}'`);
const follows = (site) => site.state.value("SELECT count(*) FROM follows");

withOutage("who follows an incident gets its updates, its resolution, what follows within a day, and then nothing", async (site, id) => {
	const browser = await site.subscribe({ incident: id });
	assert.deepEqual(eventsFor(browser, await post(site, id, { body: "Still looking." })), ["incident_update"]);
	assert.deepEqual(eventsFor(browser, await post(site, id, { status: "resolved", body: "Fixed." })), ["incident_resolved"]);
	timePasses(site, id, DAY - HOUR);
	assert.deepEqual(eventsFor(browser, await post(site, id, { status: "postmortem", body: "What we learnt." })), ["incident_update"]);
	assert.notEqual(site.row(browser), undefined);
	timePasses(site, id, HOUR);
	assert.deepEqual(await post(site, id, { body: "One more word." }), [], "told a day after the end");
	assert.equal(site.row(browser), undefined, "something of the visitor is left");
	assert.equal(follows(site), 0);
	assert.equal((await site.ask(browser, "state")).status, 404);
	assert.deepEqual(await post(site, (await site.api.incident({ name: "Another", body: "x" })).id, { body: "y" }), []);
});

withOutage("an incident that is reopened within the day is told, to its new end", async (site, id) => {
	const browser = await site.subscribe({ incident: id });
	await post(site, id, { status: "resolved", body: "Fixed." });
	timePasses(site, id, DAY - HOUR);
	assert.deepEqual(eventsFor(browser, await post(site, id, { status: "investigating", body: "It is back." })), ["incident_update"]);
	assert.deepEqual(eventsFor(browser, await post(site, id, { body: "Looking." })), ["incident_update"]);
	assert.deepEqual(eventsFor(browser, await post(site, id, { status: "resolved", body: "Fixed again." })), ["incident_resolved"]);
	timePasses(site, id, DAY - HOUR);
	await site.send();
	assert.equal(follows(site), 1, "the day counts from the last end");
});

withOutage("one that is reopened later is not told to who followed it the first time", async (site, id) => {
	const browser = await site.subscribe({ incident: id });
	await post(site, id, { status: "resolved", body: "Fixed." });
	timePasses(site, id, DAY);
	await site.send();
	assert.deepEqual(eventsFor(browser, await post(site, id, { status: "investigating", body: "It is back." })), []);
});

withOutage("who has other choices too keeps them when the follow ends", async (site, id) => {
	const browser = await site.subscribe({ events: ["component_down"] });
	await site.change(browser, { incident: id });
	const other = (await site.api.incident({ name: "Other", body: "x" })).id;
	const both = await site.subscribe({ incident: id });
	await site.change(both, { incident: other });
	await post(site, id, { status: "resolved", body: "Fixed." });
	timePasses(site, id, DAY);
	const late = await post(site, id, { status: "postmortem", body: "Late." });
	assert.deepEqual([eventsFor(browser, late), eventsFor(both, late)], [[], []]);
	assert.equal(site.row(browser).events, "component_down");
	assert.deepEqual(site.state.rows("SELECT incident_id FROM follows"), [{ incident_id: other }]);
	assert.deepEqual(eventsFor(both, await post(site, other, { body: "y" })), ["incident_update"]);
});

withOutage("a mute until it is resolved ends there: who was told of the end is told that it is back", async (site, id) => {
	const [resolved, end] = [await site.subscribe(), await site.subscribe()];
	await site.ask(resolved, "mute", { incident: id, until: "resolved" });
	await site.ask(end, "mute", { incident: id, until: "end" });
	assert.deepEqual(await post(site, id, { body: "Still looking." }), []);
	assert.deepEqual(eventsFor(resolved, await post(site, id, { status: "resolved", body: "Fixed." })), ["incident_resolved"]);
	const again = await post(site, id, { status: "investigating", body: "It is back." });
	assert.deepEqual(eventsFor(resolved, again), ["incident_update"]);
	assert.deepEqual(eventsFor(end, again), []);
	assert.deepEqual((await site.ask(resolved, "state")).json.mutes, []);
	await site.ask(resolved, "mute", { incident: id, until: "resolved" });
	assert.deepEqual(await post(site, id, { body: "Looking." }), [], "muted again");
});

withOutage("a mute ends with it, also where nobody follows", async (site, id) => {
	const browser = await site.subscribe();
	await site.ask(browser, "mute", { incident: id, until: "end" });
	assert.deepEqual(eventsFor(browser, await post(site, id, { status: "resolved", body: "Fixed." })), []);
	timePasses(site, id, DAY - HOUR);
	await site.send();
	assert.equal(site.state.value("SELECT count(*) FROM mutes"), 1);
	timePasses(site, id, HOUR);
	await site.send();
	assert.equal(site.state.value("SELECT count(*) FROM mutes"), 0);
	assert.notEqual(site.row(browser), undefined);
});

withOutage("an incident that is erased takes with it who followed nothing else", async (site, id) => {
	const [follower, chooser, both] = [await site.subscribe({ incident: id }), await site.subscribe(), await site.subscribe({ incident: id })];
	const other = (await site.api.incident({ name: "Other", body: "x" })).id;
	await site.change(chooser, { incident: id });
	await site.change(both, { incident: other });
	assert.equal((await site.api.call("DELETE", `/incidents/${id}`)).status, 200);
	assert.deepEqual([follower, chooser, both].map((browser) => site.row(browser) !== undefined), [false, true, true]);
	assert.equal(follows(site), 1);
	await site.send();
});

withOutage("more followers than fit in one transaction all end", async (site, id) => {
	const [browser] = [await site.subscribe({ incident: id })];
	site.state.run(`INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, components, created_at, last_seen_at)
		WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1300)
		SELECT randomblob(16), endpoint || n, p256dh, auth, key_id, origin_id, n % 16, CASE WHEN n % 2 = 0 THEN '' ELSE 'aaaaaaaaaaaa' END, created_at, last_seen_at
		FROM subscriptions, numbers WHERE endpoint = '${browser.subscription.endpoint}';
		INSERT INTO follows SELECT id, '${id}' FROM subscriptions WHERE true ON CONFLICT DO NOTHING;
		UPDATE incidents SET status = 'resolved', resolved_at = ${Date.now() - DAY} WHERE id = '${id}';`);
	assert.deepEqual(await site.send(), []);
	assert.equal(follows(site), 0);
	assert.equal(site.state.value("SELECT count(*) FROM subscriptions"), 650);
	assert.equal(site.state.value("SELECT n FROM counters WHERE name = 'subscriptions'"), 650);
});

withOutage("a maintenance that is called off ends its follows a day later too", async (site, id) => {
	const browser = await site.subscribe({ incident: id });
	assert.deepEqual(eventsFor(browser, await post(site, id, { status: "cancelled", body: "Not needed." })), ["maintenance_cancelled"]);
	timePasses(site, id, DAY - HOUR);
	await site.send();
	assert.notEqual(site.row(browser), undefined);
	timePasses(site, id, HOUR);
	await site.send();
	assert.equal(site.row(browser), undefined);
}, { name: "Upgrade", scheduled_for: new Date(Date.now() + DAY).toISOString(), scheduled_until: new Date(Date.now() + DAY + HOUR).toISOString() });
