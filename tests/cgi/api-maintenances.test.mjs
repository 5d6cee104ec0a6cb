// /v1/pages/{page_id}/incidents with a schedule: planning, moving, beginning, ending, and who may (contract §3, §4).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addToken, assertError, content, doors, openCgi, TIME } from "./api-client.mjs";
import { newId } from "./harness.mjs";

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const iso = (ms) => new Date(ms).toISOString();
const window = (from = HOUR, until = 2 * HOUR) => ({ scheduled_for: iso(Date.now() + from), scheduled_until: iso(Date.now() + until) });

for (const [how, open] of doors) {
  describe(`maintenances ${how}`, () => {
    let state, client, close;

    before(async () => {
      ({ state, client, close } = await open());
      for (const name of ["starting", "scheduled", "reminder", "overrun", "completed", "rescheduled", "cancelled"])
        state.run(`INSERT INTO settings VALUES ('trigger.maintenance_${name}', '1')`);
    });
    after(() => close?.());

    const plan = (fields = {}) => client.incident({ name: "Database upgrade", body: "We move to **new** machines.", ...window(), ...fields });
    const statusOf = (id) => state.value(`SELECT status FROM components WHERE id = '${id}'`);
    // the trigger that a call wrote a job for, or undefined
    const toldBy = async (call) => {
      const before = client.lastJob();
      await call();
      return client.newestJob(before)?.trigger;
    };

    test("planning is 201 with Statuspage's members and ours, status scheduled, impact maintenance, and its own page", async () => {
      const db = await client.component("Database");
      const times = window();
      const made = await plan({ ...times, component_ids: [db.id] });
      assert.match(made.created_at, TIME);
      const expected = { status: "scheduled", impact: "maintenance", impact_override: null, ...times, started_at: times.scheduled_for,
        shortlink: `${state.siteUrl}/maintenance/${made.id}/`, scheduled_auto_in_progress: true, scheduled_auto_completed: true,
        scheduled_remind_prior: true, reminders: [1440, 60], resolved_at: null };
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, made[key]])), expected);
      assert.deepEqual(made.incident_updates.map((u) => [u.status, u.body]), [["scheduled", "We move to **new** machines."]]);
      assert.deepEqual(made.incident_updates[0].affected_components,
        [{ code: db.id, name: "Database", old_status: "operational", new_status: "operational" }]);
      assert.equal(statusOf(db.id), "operational");
      assert.deepEqual((await client.get(`/incidents/${made.id}`)).json, made);
    });

    test("planning writes one job maintenance_scheduled that says when", async () => {
      const before = client.lastJob();
      const made = await plan();
      const job = client.newestJob(before);
      assert.equal(job.trigger, "maintenance_scheduled");
      assert.equal(job.notices[0].title, "🔧 Maintenance scheduled: Database upgrade");
      assert.match(job.notices[0].body, /^\d+ \w{3} \d{4}, \d\d:\d\d.* UTC\. We move to new machines\.$/);
      assert.equal(job.notices[0].path, `/maintenance/${made.id}/`);
      assert.equal(job.notices[0].impact, "maintenance");
    });

    test("each step tells by its own trigger, and the component follows", async () => {
      const db = await client.component("Database");
      const made = await plan({ components: { [db.id]: "under_maintenance" } });
      const step = (fields) => toldBy(() => client.patch(`/incidents/${made.id}`, fields));
      assert.equal(await step({ scheduled_until: iso(Date.now() + 3 * HOUR) }), "maintenance_rescheduled");
      assert.equal(await step({ status: "in_progress", body: "It begins early." }), "maintenance_starting");
      assert.equal(statusOf(db.id), "under_maintenance");
      assert.equal(await step({ status: "verifying" }), "incident_update");
      assert.equal(await step({ body: "Looking good." }), "incident_update");
      assert.equal(await step({ scheduled_until: iso(Date.now() + 4 * HOUR) }), "maintenance_rescheduled");
      assert.equal(await step({ status: "completed" }), "maintenance_completed");
      assert.equal(statusOf(db.id), "operational");
      const done = (await client.get(`/incidents/${made.id}`)).json;
      assert.match(done.resolved_at, TIME);
      assert.deepEqual(done.incident_updates.map((u) => u.status), ["completed", "verifying", "verifying", "in_progress", "scheduled"]);
    });

    test("cancelled before it begins, the component was never touched; deliver_notifications false tells nobody", async () => {
      const db = await client.component("Database");
      const made = await plan({ component_ids: [db.id] });
      assert.equal(await toldBy(() => client.patch(`/incidents/${made.id}`, { status: "cancelled", deliver_notifications: false })), undefined);
      assert.equal(statusOf(db.id), "operational");
      const other = await plan();
      assert.equal(await toldBy(() => client.patch(`/incidents/${other.id}`, { status: "cancelled" })), "maintenance_cancelled");
    });

    test("a silent edit of name or switches tells nobody; the answer of a maintenance may be changed and sent back", async () => {
      const made = await plan();
      assert.equal(await toldBy(() => client.patch(`/incidents/${made.id}`, { name: "Other name", scheduled_auto_completed: false })), undefined);
      const now = (await client.get(`/incidents/${made.id}`)).json;
      assert.equal(now.scheduled_auto_completed, false);
      assert.equal(await toldBy(() => client.patch(`/incidents/${made.id}`, { ...now, status: undefined, name: "Third" })), undefined);
      assert.equal((await client.get(`/incidents/${made.id}`)).json.name, "Third");
    });

    test("until it begins component_ids says all of its components; afterwards none is taken out", async () => {
      const [a, b] = [await client.component("A"), await client.component("B")];
      const made = await plan({ component_ids: [a.id, b.id] });
      const ids = async (fields) => (await client.patch(`/incidents/${made.id}`, fields)).components.map((c) => c.id);
      assert.deepEqual((await ids({ name: "x" })).sort(), [a.id, b.id].sort());
      assert.deepEqual(await ids({ component_ids: [b.id] }), [b.id]);
      await client.patch(`/incidents/${made.id}`, { status: "in_progress" });
      assert.deepEqual([statusOf(a.id), statusOf(b.id)], ["operational", "under_maintenance"]);
      assert.deepEqual(await ids({ component_ids: [] }), [b.id]);
    });

    test("reminders are minutes before the beginning, or none", async () => {
      const reminders = async (fields) => (await plan(fields)).reminders;
      assert.deepEqual(await reminders({ reminders: [15, 10080] }), [10080, 15]);
      assert.deepEqual(await reminders({ scheduled_remind_prior: false }), []);
      assert.deepEqual(await reminders({ scheduled_remind_prior: true }), [1440, 60]);
      assert.deepEqual(await reminders({ reminders: [] }), []);
      const made = await plan();
      assert.deepEqual((await client.patch(`/incidents/${made.id}`, { reminders: [60] })).reminders, [60]);
    });

    test("what is past can be recorded as completed, with the times as they were", async () => {
      const times = window(-3 * HOUR, -2 * HOUR);
      const made = await plan({ ...times, status: "completed", deliver_notifications: false });
      assert.deepEqual([made.status, made.started_at, made.resolved_at], ["completed", times.scheduled_for, times.scheduled_until]);
    });

    test("the lists: all, unresolved, scheduled, upcoming, active_maintenance", async () => {
      const incident = await client.incident({ name: "Down" });
      const planned = await plan(), active = await plan({ status: "in_progress" }), over = await plan();
      await client.patch(`/incidents/${over.id}`, { status: "cancelled" });
      const listed = async (path) => {
        const ids = (await client.get(`/incidents${path}`)).json.map((one) => one.id);
        return [incident, planned, active, over].map((one) => ids.includes(one.id));
      };
      assert.deepEqual(await listed(""), [true, true, true, true]);
      assert.deepEqual(await listed("/unresolved"), [true, false, false, false]);
      assert.deepEqual(await listed("/scheduled"), [false, true, true, true]);
      assert.deepEqual(await listed("/upcoming"), [false, true, false, false]);
      assert.deepEqual(await listed("/active_maintenance"), [false, false, true, false]);
      assert.equal((await client.call("POST", "/incidents/upcoming", { incident: { name: "x" } })).status, 405);
      assert.equal((await client.get("/incidents/nothing")).status, 404);
    });

    test("deleting one that is at work returns its components", async () => {
      const db = await client.component("Database");
      const made = await plan({ component_ids: [db.id], status: "in_progress" });
      assert.equal(statusOf(db.id), "under_maintenance");
      assert.equal((await client.call("DELETE", `/incidents/${made.id}`)).status, 200);
      assert.equal(statusOf(db.id), "operational");
    });
  });
}

describe("maintenances that are refused", () => {
  let state, client, close;

  before(async () => ({ state, client, close } = await openCgi()));
  after(() => close?.());

  const create = (fields) => client.call("POST", "/incidents", { incident: { name: "x", ...fields } });
  const refused = async (call, ...expected) => {
    const before = content(state);
    assertError(await call(), ...expected);
    assert.equal(content(state), before);
  };

  test("times that make no window are 422 at their field and change nothing", async () => {
    const at = (from, until) => ({ scheduled_for: iso(Date.now() + from), scheduled_until: iso(Date.now() + until) });
    await refused(() => create({ scheduled_for: iso(Date.now() + HOUR) }), 422, /ends/, "scheduled_until");
    await refused(() => create({ scheduled_until: iso(Date.now() + HOUR) }), 422, /begins/, "scheduled_for");
    await refused(() => create(at(2 * HOUR, HOUR)), 422, /later than the beginning/, "scheduled_until");
    await refused(() => create(at(-2 * HOUR, -HOUR)), 422, /past already/, "scheduled_until");
    await refused(() => create(at(HOUR, 400 * 24 * HOUR)), 422, /a year at most/, "scheduled_until");
    await refused(() => create({ ...at(HOUR, 2 * HOUR), scheduled_for: "tomorrow" }), 422, null, "scheduled_for");
    await refused(() => create({ scheduled_for: "2090-01-01T16:00", scheduled_until: "2090-01-01T18:00" }), 422, /with its zone/, "scheduled_for");
  });

  test("statuses, impacts and reminders that a maintenance cannot have are 422", async () => {
    for (const [fields, field] of [[{ status: "investigating" }, "status"], [{ impact_override: "major" }, "impact_override"],
      [{ reminders: [7] }, "reminders"], [{ reminders: ["soon"] }, "reminders"]])
      await refused(() => create({ ...window(), ...fields }), 422, null, field);
  });

  test("steps that are not possible are 409: an incident has no schedule, what began keeps its start, what is over stays over", async () => {
    const made = (await create(window())).json;
    const patch = (id, fields) => client.call("PATCH", `/incidents/${id}`, { incident: fields });
    await refused(() => patch(made.id, { status: "verifying" }), 409, /begin the maintenance first/, "status");
    await client.patch(`/incidents/${made.id}`, { status: "in_progress" });
    await refused(() => patch(made.id, { status: "scheduled" }), 409, /has begun/, "status");
    await refused(() => patch(made.id, { scheduled_for: iso(Date.now() + 90 * MINUTE) }), 409, /only its end can be moved/, "scheduled_for");
    await client.patch(`/incidents/${made.id}`, { status: "completed" });
    await refused(() => patch(made.id, { status: "in_progress" }), 409, /is over/, "status");
    await refused(() => patch(made.id, { scheduled_until: iso(Date.now() + 5 * HOUR) }), 409, /is over/, "scheduled_for");
    const incident = await client.incident({ name: "Down" });
    await refused(() => patch(incident.id, window()), 422, /has no schedule/, "scheduled_for");
    await refused(() => patch(incident.id, { status: "in_progress" }), 422, null, "status");
    await refused(() => create({ ...window(), status: "cancelled" }), 409, /A new maintenance is/, "status");
    await refused(() => create({ ...window(), status: "verifying" }), 409, /A new maintenance is/, "status");
    await refused(() => create({ ...window(), status: "completed" }), 409, /has not begun/, "status");
  });

  test("maintenances need the scope maintenance, incidents the scope incidents; each may read the other", async () => {
    const planned = (await create(window())).json, incident = await client.incident({ name: "Down" });
    const maintenance = client.with(addToken(state, "maintenance")), incidents = client.with(addToken(state, "incidents"));
    const status = async (who, method, path, body) => (await who.call(method, path, body)).status;
    assert.equal(await status(maintenance, "POST", "/incidents", { incident: { name: "x", ...window() } }), 201);
    assert.equal(await status(maintenance, "POST", "/incidents", { incident: { name: "x" } }), 403);
    assert.equal(await status(incidents, "POST", "/incidents", { incident: { name: "x", ...window() } }), 403);
    for (const [who, other, own] of [[maintenance, incident, planned], [incidents, planned, incident]]) {
      assert.equal(await status(who, "GET", `/incidents/${other.id}`), 200);
      assert.equal(await status(who, "PATCH", `/incidents/${other.id}`, { incident: { name: "y" } }), 403);
      assert.equal(await status(who, "DELETE", `/incidents/${other.id}`), 403);
      assert.equal(await status(who, "PATCH", `/incidents/${own.id}`, { incident: { name: "y" } }), 200);
    }
    assert.equal(await status(client.with(addToken(state, "read")), "PATCH", `/incidents/${planned.id}`, { incident: { name: "y" } }), 403);
  });
});

describe("correcting an update", () => {
  let state, client, close;

  before(async () => ({ state, client, close } = await openCgi()));
  after(() => close?.());

  test("PATCH of an incident's update changes its text, says when, and tells nobody", async () => {
    const made = await client.incident({ name: "Down", body: "Tpyo." });
    const job = client.lastJob();
    const path = `/incidents/${made.id}/incident_updates/${made.incident_updates[0].id}`;
    const answer = await client.call("PATCH", path, { incident_update: { body: "Typo." } });
    assert.equal(answer.status, 200, answer.text);
    const [update] = answer.json.incident_updates;
    assert.equal(update.body, "Typo.");
    assert.ok(update.updated_at > update.created_at);
    assert.equal(update.display_at, made.incident_updates[0].display_at);
    assert.equal(client.lastJob(), job);
  });

  test("an unknown update is 404, an update without text 422, another method 405", async () => {
    const made = await client.incident({ name: "Down", body: "x" });
    const other = await client.incident({ name: "Other", body: "x" });
    const at = (id, update) => `/incidents/${id}/incident_updates/${update}`;
    const patch = (path, fields) => client.call("PATCH", path, { incident_update: fields });
    const before = content(state);
    assertError(await patch(at(made.id, newId()), { body: "y" }), 404, /no update/);
    assertError(await patch(at(made.id, other.incident_updates[0].id), { body: "y" }), 404, /no update/);
    assertError(await patch(at(newId(), made.incident_updates[0].id), { body: "y" }), 404);
    assertError(await patch(at(made.id, made.incident_updates[0].id), {}), 422, null, "body");
    assert.equal((await client.call("DELETE", at(made.id, made.incident_updates[0].id))).status, 405);
    assert.equal(content(state), before);
  });
});
