/*
 * A story that has every kind of notice in it, told through the real write API; the real sender sends after each step.
 *
 *   const { site, at } = await openCore(service)     components API and Web in the group Core, Mail beside it; at: their ids
 *   const got = await live(site, at, from, to)       { browser's id: { step: [push, ...] } }
 */
import { openSite } from "./site.mjs";

const HOUR = 3_600_000;

export async function openCore(service) {
	const site = await openSite(service);
	const at = { api: (await site.api.component("API")).id, web: (await site.api.component("Web")).id, mail: (await site.api.component("Mail")).id };
	at.core = site.state.component("Core", { is_group: 1 });
	site.state.run(`UPDATE components SET group_id = '${at.core}' WHERE id IN ('${at.api}', '${at.web}')`);
	return { site, at };
}

/* The story: each step's name and what is done in it. `at` holds the ids that the steps before have made. */
export const story = [
	["API is down", async (site, at) => { at.outage = (await site.api.incident({ name: "Outage", body: "Looking.", components: { [at.api]: "major_outage" } })).id; }],
	["an update", async (site, at) => site.api.patch(`/incidents/${at.outage}`, { body: "Still looking." })],
	["API is up", async (site, at) => site.api.patch(`/incidents/${at.outage}`, { status: "resolved", body: "Fixed." })],
	["Mail is slow", async (site, at) => { at.slow = (await site.api.incident({ name: "Slow", body: "Slow.", components: { [at.mail]: "degraded_performance" } })).id; }],
	["Mail is well", async (site, at) => site.api.patch(`/incidents/${at.slow}`, { status: "resolved", body: "Fixed." })],
	["a word to everyone", async (site) => site.api.incident({ name: "Hello", body: "Hello." })],
	["Web breaks alone", async (site, at) => site.api.patch(`/components/${at.web}`, { status: "partial_outage" })],
	["Web is back", async (site, at) => site.api.patch(`/components/${at.web}`, { status: "operational" })],
	["work is planned", async (site, at) => {
		at.work = (await site.api.incident({ name: "Upgrade", body: "Upgrade.", component_ids: [at.mail],
			scheduled_for: new Date(Date.now() + 240 * HOUR).toISOString(), scheduled_until: new Date(Date.now() + 242 * HOUR).toISOString() })).id;
	}],
	["work is moved", async (site, at) => site.api.patch(`/incidents/${at.work}`, { scheduled_until: new Date(Date.now() + 243 * HOUR).toISOString() })],
	["a reminder", async (site, at) => site.state.run(`UPDATE reminders SET settled = 1 WHERE incident_id = '${at.work}';
		UPDATE incidents SET scheduled_for = ${Date.now() + HOUR / 2} WHERE id = '${at.work}';
		UPDATE reminders SET settled = 0 WHERE incident_id = '${at.work}' AND minutes_before = 60;`)],
	["work begins", async (site, at) => site.api.patch(`/incidents/${at.work}`, { status: "in_progress" })],
	["work takes longer", async (site, at) => site.state.run(`UPDATE incidents SET auto_end = 0, scheduled_for = ${Date.now() - HOUR},
		scheduled_until = ${Date.now() - 1000} WHERE id = '${at.work}';`)],
	["work is done", async (site, at) => site.api.patch(`/incidents/${at.work}`, { status: "completed" })],
	["other work is called off", async (site, at) => {
		const { id } = await site.api.incident({ name: "Other", component_ids: [at.api], deliver_notifications: false,
			scheduled_for: new Date(Date.now() + 240 * HOUR).toISOString(), scheduled_until: new Date(Date.now() + 242 * HOUR).toISOString() });
		await site.api.patch(`/incidents/${id}`, { status: "cancelled", body: "Not needed." });
	}],
	["a new member of Core breaks", async (site, at) => {
		const search = await site.api.component({ name: "Search", group_id: at.core });
		await site.api.incident({ name: "No search", body: "Looking.", components: { [search.id]: "partial_outage" } });
	}],
];

/* Lives through the story; { browser id: { step: [push, ...] } } */
export async function live(site, at, from = 0, to = story.length) {
	const got = {};
	for (const [step, act] of story.slice(from, to)) {
		await act(site, at);
		for (const push of await site.send()) ((got[push.subscriptionId] ??= {})[step] ??= []).push(push);
	}
	return got;
}
