/* Maintenances begin and end by themselves: the real sender does it before it drains, publishes, and tells people. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startPushService } from "../pushservice/service.mjs";
import { makeWorld, newId, text, until } from "./world.mjs";

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const ALL = ["starting", "scheduled", "reminder", "overrun", "completed", "rescheduled", "cancelled"].map((word) => `maintenance_${word}`);

let service;
before(async () => { service = await startPushService({ control: false, autopush: false }); });
after(() => service.close());

function inWorld(sentence, body) {
	test(sentence, async () => {
		const world = await makeWorld(service);
		service.clear();
		service.clearAnswers();
		world.sql(`INSERT INTO secrets VALUES ('topic', randomblob(32));
			INSERT INTO settings VALUES ('page_id', '${newId()}'), ${ALL.map((name) => `('trigger.${name}', '1')`).join(", ")};`);
		try {
			await body(world);
		} finally {
			world.close();
		}
	});
}

function component(world, name) {
	const id = newId();
	world.sql(`INSERT INTO components (id, name, position, created_at, updated_at) VALUES ('${id}', ${text(name)}, 1, 1, 1);`);
	return id;
}

/* A maintenance as the forms plan it, from now on in milliseconds. */
function plan(world, from, until, { components = [], ...columns } = {}) {
	const id = newId(), now = Date.now();
	const all = { name: "Database upgrade", status: "scheduled", impact: "maintenance", max_impact: "maintenance", created_at: now - HOUR,
		updated_at: now - HOUR, started_at: now + from, scheduled_for: now + from, scheduled_until: now + until, ...columns };
	world.sql(`INSERT INTO incidents (id, ${Object.keys(all).join(", ")})
		VALUES ('${id}', ${Object.values(all).map((value) => (typeof value === "number" ? value : text(value))).join(", ")});
		${components.map((c) => `INSERT INTO incident_components VALUES ('${id}', '${c}', 'under_maintenance');`).join("\n")}`);
	return id;
}

const row = (world, id) => world.rows(`SELECT * FROM incidents WHERE id = '${id}'`)[0];
const statusOf = (world, id) => world.value(`SELECT status FROM components WHERE id = '${id}'`);
const publicFile = (world, name) => join(world.dir, "state/public", name);
const events = () => service.pushes().map((push) => push.plaintext.data.event);

inWorld("a maintenance that is due begins, its component is under maintenance, the page says so, and people are told", async (world) => {
	const database = component(world, "Database");
	const [browser] = world.subscribe();
	const id = plan(world, -1000, HOUR, { components: [database] });
	await world.run();
	assert.equal(row(world, id).status, "in_progress");
	assert.equal(statusOf(world, database), "under_maintenance");
	assert.deepEqual(world.rows("SELECT new_status, cause, incident_id FROM component_history"),
		[{ new_status: "under_maintenance", cause: "maintenance", incident_id: id }]);
	const [push] = service.pushes(browser.id);
	assert.equal(push.plaintext.title, "🔧 Maintenance started: Database");
	assert.match(push.plaintext.body, /^Until \d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC\. Database upgrade$/);
	assert.equal(push.plaintext.data.event, "maintenance_starting");
	assert.equal(push.plaintext.data.impact, "maintenance");
	assert.equal(push.plaintext.data.url, `https://status.example.com/maintenance/${id}/`);
	assert.match(readFileSync(publicFile(world, "index.html"), "utf8"), /Under maintenance: Database/);
	assert.match(readFileSync(publicFile(world, `maintenance/${id}/index.html`), "utf8"), /In progress/);
	const status = JSON.parse(readFileSync(publicFile(world, "api/v2/status.json"), "utf8")).status;
	assert.deepEqual(status, { indicator: "maintenance", description: "Service Under Maintenance" });
});

inWorld("at its end it completes, its component returns, and the same notification says so", async (world) => {
	const database = component(world, "Database");
	const [browser] = world.subscribe();
	const id = plan(world, -HOUR, 1500, { components: [database] });
	await world.run();
	await until(() => Date.now() >= row(world, id).scheduled_until);
	await world.run();
	assert.equal(row(world, id).status, "completed");
	assert.equal(statusOf(world, database), "operational");
	const [started, completed] = service.pushes(browser.id);
	assert.equal(completed.plaintext.title, "🟢 Maintenance completed: Database");
	assert.equal(completed.plaintext.tag, started.plaintext.tag);
	assert.equal(completed.headers.topic, started.headers.topic);
	assert.ok(completed.plaintext.data.seq > started.plaintext.data.seq);
});

inWorld("a reminder is told once, and is worth nothing when the maintenance begins", async (world) => {
	world.subscribe();
	const id = plan(world, 30 * MINUTE, HOUR);
	world.sql(`INSERT INTO reminders (incident_id, minutes_before) VALUES ('${id}', 60), ('${id}', 1440), ('${id}', 15);`);
	await world.run();
	await world.run();
	assert.deepEqual(events(), ["maintenance_reminder"]);
	assert.equal(service.pushes()[0].plaintext.title, "🔧 Maintenance in 30 minutes: Database upgrade");
	assert.ok(Number(service.pushes()[0].headers.ttl) <= 30 * 60);
	assert.deepEqual(world.rows("SELECT minutes_before, settled FROM reminders ORDER BY 1"),
		[{ minutes_before: 15, settled: 0 }, { minutes_before: 60, settled: 1 }, { minutes_before: 1440, settled: 1 }]);
});

inWorld("one that a person ends is told to take longer, once, and goes on", async (world) => {
	world.subscribe();
	const id = plan(world, -HOUR, -1000, { status: "in_progress", begun_at: Date.now() - HOUR, auto_end: 0 });
	await world.run();
	await world.run();
	assert.deepEqual(events(), ["maintenance_overrun"]);
	assert.equal(row(world, id).status, "in_progress");
});

inWorld("a trigger that is off tells nobody, and the maintenance begins all the same", async (world) => {
	world.subscribe();
	world.sql("UPDATE settings SET value = '0' WHERE name = 'trigger.maintenance_starting';");
	const id = plan(world, -1000, HOUR);
	await world.run();
	assert.equal(row(world, id).status, "in_progress");
	assert.deepEqual(events(), []);
	assert.ok(existsSync(publicFile(world, `maintenance/${id}/index.html`)));
});

inWorld("two that are due at once begin both, and one that cannot be told of does not hold up the other", async (world) => {
	world.subscribe();
	const ids = [plan(world, -2000, HOUR), plan(world, -1000, HOUR)];
	await world.run();
	assert.deepEqual(ids.map((id) => row(world, id).status), ["in_progress", "in_progress"]);
	assert.deepEqual(events(), ["maintenance_starting", "maintenance_starting"]);
});

inWorld("a sender that stays for a retry begins what becomes due meanwhile, when the timer's sender wakes it", async (world) => {
	const [browser] = world.subscribe();
	service.answer(browser.id, "503", "always");
	const job = world.job();
	const sender = world.start();
	await until(() => world.exceptions(job).length === 1);
	const id = plan(world, -1000, HOUR);
	await world.nudge();
	await until(() => row(world, id).status === "in_progress");
	await world.finish(sender);
});
