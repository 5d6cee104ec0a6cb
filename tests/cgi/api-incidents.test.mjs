// /v1/pages/{page_id}/incidents: what each call answers, stores, does to components, and tells whom (contract §3, §4).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newId } from "./harness.mjs";
import { assertError, content, doors, ID, openCgi, TIME } from "./api-client.mjs";

for (const [how, open] of doors) {
  describe(`incidents ${how}`, () => {
    let state, client, close, pageId;

    before(async () => {
      ({ state, client, close } = await open());
      pageId = state.value("SELECT value FROM settings WHERE name = 'page_id'");
    });
    after(() => close?.());

    const row = (id) => state.row(`SELECT * FROM incidents WHERE id = '${id}'`);
    const updates = (id) => state.rows(`SELECT * FROM incident_updates WHERE incident_id = '${id}' ORDER BY created_at, rowid`);
    const statusOf = (id) => state.value(`SELECT status FROM components WHERE id = '${id}'`);

    test("a new incident is 201, with every member of Statuspage's incident and its first update", async () => {
      const api = await client.component({ name: "API" });
      const made = await client.incident({ name: "Checkout fails", body: "We are **looking**.", components: { [api.id]: "partial_outage" } });
      const [update] = made.incident_updates;
      assert.match(made.id, ID);
      assert.match(update.id, ID);
      for (const at of ["created_at", "updated_at", "started_at"]) assert.match(made[at], TIME);
      assert.deepEqual(made, {
        id: made.id, name: "Checkout fails", status: "investigating", created_at: made.created_at, updated_at: made.created_at,
        monitoring_at: null, resolved_at: null, impact: "major", impact_override: null,
        shortlink: `${state.siteUrl}/incidents/${made.id}/`, started_at: made.created_at, page_id: pageId,
        incident_updates: [{
          id: update.id, status: "investigating", body: "We are **looking**.", incident_id: made.id, created_at: made.created_at,
          updated_at: made.created_at, display_at: made.created_at,
          affected_components: [{ code: api.id, name: "API", old_status: "operational", new_status: "partial_outage" }],
          deliver_notifications: true, custom_tweet: null, tweet_id: null,
        }],
        components: [(await client.get(`/components/${api.id}`)).json], reminder_intervals: null,
      });
      assert.deepEqual((await client.get(`/incidents/${made.id}`)).json, made);
    });

    test("a new incident is one row, one update, one audit row by the token's name, and the statuses with their cause", async () => {
      const api = await client.component("Rows");
      const made = await client.incident({ name: "Rows", body: "x", components: { [api.id]: "major_outage" } });
      const at = Date.parse(made.created_at);
      assert.deepEqual(row(made.id), { id: made.id, name: "Rows", status: "investigating", impact: "critical", impact_override: null,
        max_impact: "critical", created_at: at, started_at: at, updated_at: at, monitoring_at: null, resolved_at: null,
        scheduled_for: null, scheduled_until: null, begun_at: null, overrun_at: null, auto_start: 1, auto_end: 1, sequence: 0,
        content_rev: row(made.id).content_rev });
      assert.deepEqual(updates(made.id).map((u) => [u.status, u.body, u.deliver_notifications]), [["investigating", "x", 1]]);
      assert.deepEqual(state.rows(`SELECT old_status, new_status, cause, incident_id FROM component_history WHERE component_id = '${api.id}'`),
        [{ old_status: "operational", new_status: "major_outage", cause: "incident", incident_id: made.id }]);
      const name = state.value("SELECT name FROM tokens LIMIT 1");
      assert.deepEqual(state.rows(`SELECT actor, action, detail FROM audit WHERE object = '${made.id}'`),
        [{ actor: `token ${name}`, action: "incident.create", detail: "investigating" }]);
    });

    test("a grouped component is called \"Group - Component\" in an update", async () => {
      const group = await client.component({ name: "Europe", group: true });
      const api = await client.component({ name: "API", group_id: group.id });
      const made = await client.incident({ name: "x", components: { [api.id]: "degraded_performance" } });
      assert.equal(made.incident_updates[0].affected_components[0].name, "Europe - API");
    });

    test("an incident without a status is investigating; identified, monitoring and resolved may be given", async () => {
      assert.equal((await client.incident({ name: "x" })).status, "investigating");
      for (const status of ["investigating", "identified", "monitoring", "resolved"]) {
        const made = await client.incident({ name: "x", status });
        assert.equal(made.status, status);
        assert.equal(made.monitoring_at, status === "monitoring" ? made.created_at : null);
        assert.equal(made.resolved_at, status === "resolved" ? made.created_at : null);
      }
    });

    test("the worst component decides the impact, and an override wins over it", async () => {
      const [a, b] = [await client.component("A"), await client.component("B")];
      for (const [status, impact] of [["operational", "none"], ["under_maintenance", "none"], ["degraded_performance", "minor"],
        ["partial_outage", "major"], ["major_outage", "critical"]]) {
        const made = await client.incident({ name: "x", components: { [a.id]: status, [b.id]: "operational" } });
        assert.equal(made.impact, impact, status);
        await client.patch(`/incidents/${made.id}`, { status: "resolved" });
      }
      const made = await client.incident({ name: "x", components: { [a.id]: "major_outage" }, impact_override: "minor" });
      assert.deepEqual([made.impact, made.impact_override], ["minor", "minor"]);
      const lifted = await client.patch(`/incidents/${made.id}`, { impact_override: null });
      assert.deepEqual([lifted.impact, lifted.impact_override], ["critical", null]);
    });

    test("component_ids affect a component without changing its status; an id in both counts by its status", async () => {
      const [a, b] = [await client.component({ name: "A", status: "degraded_performance" }), await client.component("B")];
      const made = await client.incident({ name: "x", component_ids: [a.id, b.id], components: { [b.id]: "partial_outage" } });
      assert.deepEqual(made.components.map((x) => [x.id, x.status]), [[a.id, "degraded_performance"], [b.id, "partial_outage"]]);
      assert.deepEqual(made.incident_updates[0].affected_components.map((x) => [x.code, x.old_status, x.new_status]).sort(),
        [[a.id, "degraded_performance", "degraded_performance"], [b.id, "operational", "partial_outage"]].sort());
      assert.equal(statusOf(a.id), "degraded_performance");
    });

    test("a PATCH with status and body is an update: newest first, and the components it leaves out keep their status", async () => {
      const [a, b] = [await client.component("A"), await client.component("B")];
      const { id } = await client.incident({ name: "x", body: "One.", components: { [a.id]: "major_outage", [b.id]: "partial_outage" } });
      const changed = await client.patch(`/incidents/${id}`, { status: "identified", body: "Two.", components: { [a.id]: "degraded_performance" } });
      assert.deepEqual(changed.incident_updates.map((u) => [u.status, u.body]), [["identified", "Two."], ["investigating", "One."]]);
      assert.deepEqual(changed.incident_updates[0].affected_components, [{ code: a.id, name: "A", old_status: "major_outage", new_status: "degraded_performance" }]);
      assert.deepEqual([changed.status, changed.impact, statusOf(a.id), statusOf(b.id)], ["identified", "major", "degraded_performance", "partial_outage"]);
      assert.ok(changed.updated_at >= changed.created_at);
      const body = await client.patch(`/incidents/${id}`, { body: "Three." });
      assert.deepEqual([body.status, body.incident_updates[0].status, body.incident_updates[0].body], ["identified", "identified", "Three."]);
      assert.equal(body.incident_updates[0].affected_components, null);
    });

    test("resolving returns the components to operational, keeps the impact and notes the end", async () => {
      const [a, b] = [await client.component("A"), await client.component("B")];
      const { id } = await client.incident({ name: "x", components: { [a.id]: "major_outage", [b.id]: "partial_outage" } });
      const over = await client.patch(`/incidents/${id}`, { status: "resolved", body: "Done.", components: { [b.id]: "degraded_performance" } });
      assert.deepEqual([over.status, over.resolved_at, statusOf(a.id), statusOf(b.id)], ["resolved", over.updated_at, "operational", "degraded_performance"]);
      assert.equal(over.impact, "critical");
      assert.equal(row(id).max_impact, "critical");
      assert.deepEqual(over.incident_updates[0].affected_components.map((x) => [x.code, x.new_status]).sort(),
        [[a.id, "operational"], [b.id, "degraded_performance"]].sort());
    });

    test("a resolved incident can be reopened, and resolved again with a new end", async () => {
      const { id } = await client.incident({ name: "x" });
      const first = await client.patch(`/incidents/${id}`, { status: "resolved" });
      const open = await client.patch(`/incidents/${id}`, { status: "investigating", body: "Back." });
      assert.equal(open.resolved_at, null);
      const second = await client.patch(`/incidents/${id}`, { status: "resolved" });
      assert.ok(second.resolved_at >= first.resolved_at && second.resolved_at === second.updated_at);
      assert.equal(second.incident_updates.length, 4);
    });

    test("a postmortem follows the end and is 409 before it, with nothing stored", async () => {
      const { id } = await client.incident({ name: "x" });
      const rows = content(state);
      assertError(await client.call("PATCH", `/incidents/${id}`, { incident: { status: "postmortem", body: "Why." } }), 409, /resolve/, "status");
      assertError(await client.call("POST", "/incidents", { incident: { name: "x", status: "postmortem" } }), 409, /resolve/, "status");
      assert.deepEqual(content(state), rows);
      const over = await client.patch(`/incidents/${id}`, { status: "resolved" });
      const told = await client.patch(`/incidents/${id}`, { status: "postmortem", body: "Why." });
      assert.deepEqual([told.status, told.resolved_at, told.incident_updates[0].body], ["postmortem", over.resolved_at, "Why."]);
    });

    test("a PATCH without status and body is a silent edit: no update, no job", async () => {
      const api = await client.component("API");
      const { id } = await client.incident({ name: "Old", body: "x" });
      const before = client.lastJob();
      const edited = await client.patch(`/incidents/${id}`, { name: "New", impact_override: "critical", component_ids: [api.id] });
      assert.deepEqual([edited.name, edited.impact, edited.components.length, edited.incident_updates.length], ["New", "critical", 1, 1]);
      const same = await client.patch(`/incidents/${id}`, { body: "", deliver_notifications: true });
      assert.equal(same.incident_updates.length, 1);
      assert.equal(client.lastJob(), before);
      assert.deepEqual(state.rows(`SELECT action FROM audit WHERE object = '${id}' ORDER BY id`).map((x) => x.action),
        ["incident.create", "incident.edit", "incident.edit"]);
    });

    test("a deleted incident is answered as it was; its rows are gone, its components free, its jobs stopped", async () => {
      const api = await client.component("API");
      const made = await client.incident({ name: "Doomed", components: { [api.id]: "major_outage" } });
      const job = client.newestJob();
      const answer = await client.call("DELETE", `/incidents/${made.id}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.json, made);
      for (const table of ["incident_updates", "incident_components"]) {
        assert.equal(state.value(`SELECT count(*) FROM ${table} WHERE incident_id = '${made.id}'`), 0);
      }
      assert.equal(row(made.id), undefined);
      assert.equal(statusOf(api.id), "operational");
      assert.equal(state.value(`SELECT state FROM jobs WHERE id = ${job.id}`), "stopped");
      assert.equal(client.lastJob(), job.id);
      assertError(await client.get(`/incidents/${made.id}`), 404);
      assertError(await client.call("DELETE", `/incidents/${made.id}`), 404);
    });

    test("the list is a bare array, newest first, at most 100, each as it is alone", async () => {
      state.run(`DELETE FROM incidents; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 105)
        INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at)
        SELECT printf('aaaaaaaaa%03d', i), 'n', 'investigating', 'none', 'none', i, i, i FROM n`);
      const newest = await client.incident({ name: "Newest" });
      const list = (await client.get("/incidents")).json;
      assert.equal(list.length, 100);
      assert.deepEqual(list[0], newest);
      assert.deepEqual(list[1], (await client.get("/incidents/aaaaaaaaa105")).json);
      assert.deepEqual(list.map((x) => x.created_at), list.map((x) => x.created_at).sort().reverse());
      state.run("DELETE FROM incidents");
    });

    test("a member that is not known is refused with a sentence, and nothing is stored", async () => {
      const { id } = await client.incident({ name: "x" });
      const rows = content(state);
      for (const fields of [{ name: "x", sev: 1 }, { name: "x", message: "y" }, { name: "x", Status: "resolved" }, { name: "x", auto_pilot: true }]) {
        const unknown = new RegExp(`member "${Object.keys(fields)[1]}"`);
        assertError(await client.call("POST", "/incidents", { incident: fields }), 400, unknown);
        assertError(await client.call("PATCH", `/incidents/${id}`, { incident: fields }), 400, unknown);
      }
      assert.deepEqual(content(state), rows);
    });

    test("members of Statuspage that say nothing here are taken and ignored", async () => {
      const made = await client.incident({ name: "Lenient", metadata: { a: { b: [1] } }, backfilled: false, backfill_date: null,
        reminder_intervals: "[3, 6]", scheduled_remind_prior: true, scheduled_auto_in_progress: false, scheduled_auto_completed: false,
        auto_transition_to_maintenance_state: false, auto_transition_to_operational_state: true, auto_tweet_at_beginning: true,
        auto_tweet_on_creation: false, auto_tweet_on_completion: false, auto_tweet_one_hour_before: false, impact: "critical" });
      assert.deepEqual([made.impact, made.status], ["none", "investigating"]);
    });

    test("an answer, changed and sent back, is understood; its list of components says nothing", async () => {
      const api = await client.component("Sent back");
      const made = await client.incident({ name: "Before", body: "One.", components: { [api.id]: "partial_outage" } });
      made.components[0].status = "operational";
      const back = await client.patch(`/incidents/${made.id}`, { ...made, name: "After", status: "identified" });
      assert.deepEqual([back.id, back.name, back.status, back.impact, back.created_at], [made.id, "After", "identified", "major", made.created_at]);
      assert.equal(statusOf(api.id), "partial_outage");
    });

    test("a wrong value is 422, names its member, and nothing is stored", async () => {
      const api = await client.component("API");
      const group = await client.component({ name: "Group", group: true });
      const { id } = await client.incident({ name: "x" });
      const rows = content(state);
      const cases = [[{}, "name"], [{ name: null }, "name"], [{ name: "" }, "name"], [{ name: "  " }, "name"], [{ name: 1 }, "name"],
        [{ name: "a\nb" }, "name"], [{ name: "x".repeat(201) }, "name"], [{ name: "x", status: "down" }, "status"],
        [{ name: "x", status: 1 }, "status"], [{ name: "x", status: "scheduled" }, "status"], [{ name: "x", status: "completed" }, "status"],
        [{ name: "x", body: 1 }, "body"], [{ name: "x", body: { text: "x" } }, "body"], [{ name: "x", body: "x".repeat(25001) }, "body"],
        [{ name: "x", impact_override: "huge" }, "impact_override"], [{ name: "x", impact_override: "maintenance" }, "impact_override"],
        [{ name: "x", components: [api.id] }, "components"], [{ name: "x", components: { [api.id]: "down" } }, "components"],
        [{ name: "x", components: { [api.id]: null } }, "components"], [{ name: "x", components: { x: "operational" } }, "components"],
        [{ name: "x", components: { [newId()]: "operational" } }, "components"], [{ name: "x", components: { [group.id]: "major_outage" } }, "components"],
        [{ name: "x", component_ids: api.id }, "component_ids"], [{ name: "x", component_ids: [1] }, "component_ids"],
        [{ name: "x", component_ids: [api.id, api.id] }, "component_ids"], [{ name: "x", component_ids: ["x"] }, "component_ids"],
        [{ name: "x", component_ids: [newId()] }, "component_ids"], [{ name: "x", component_ids: [group.id] }, "component_ids"],
        [{ name: "x", deliver_notifications: "false" }, "deliver_notifications"], [{ name: "x", deliver_notifications: 0 }, "deliver_notifications"]];
      for (const [fields, name] of cases) {
        assertError(await client.call("POST", "/incidents", { incident: fields }), 422, undefined, name);
        if (fields.name === undefined || fields.name === null) continue;
        assertError(await client.call("PATCH", `/incidents/${id}`, { incident: { ...fields, status: fields.status ?? "identified" } }), 422, undefined, name);
      }
      assert.deepEqual(content(state), rows);
    });

    test("a refused member beside valid ones changes nothing at all", async () => {
      const api = await client.component("API");
      const rows = content(state);
      assertError(await client.call("POST", "/incidents",
        { incident: { name: "x", components: { [api.id]: "major_outage", [newId()]: "major_outage" } } }), 422, /no component/, "components");
      assert.deepEqual(content(state), rows);
    });

    test("200 characters of name and 25,000 of body are kept to the last code point", async () => {
      const [name, body] = ["🔥é".repeat(100), "漢🚀".repeat(12500)];
      const made = await client.incident({ name, body });
      assert.deepEqual([made.name, made.incident_updates[0].body], [name, body]);
    });
  });
}

// Which notices a change writes: the table of contract §4, with every trigger on and off.
describe("what a call tells subscribers", () => {
  let state, client, close;

  before(async () => ({ state, client, close } = await openCgi()));
  after(() => close?.());

  const ALL = ["incident_new", "incident_update", "incident_resolved", "component_down", "component_recovered"];
  const only = (...on) => state.run(ALL.map((t) => `INSERT INTO settings VALUES ('trigger.${t}', '${on.includes(t) ? 1 : 0}')
    ON CONFLICT (name) DO UPDATE SET value = excluded.value;`).join("\n"));
  const defaults = () => state.run("DELETE FROM settings WHERE name LIKE 'trigger.%'");

  // Runs the call and gives the triggers of the job that it wrote, [] for none; never more than one job.
  async function told(call) {
    const before = client.lastJob();
    const answer = await call();
    if (answer.status !== undefined && typeof answer.status === "number") assert.ok(answer.status < 300, answer.text);
    assert.ok(state.value(`SELECT count(*) FROM jobs WHERE id > ${before}`) <= 1);
    return client.newestJob(before)?.notices.map((n) => n.trigger) ?? [];
  }

  // One incident's life on a component, and what each step of it can tell.
  const life = [
    ["new", ["incident_new", "component_down"]],
    ["update", ["incident_update"]],
    ["resolve", ["incident_resolved", "component_recovered"]],
    ["reopen", ["incident_update"]],
  ];

  async function live(id) {
    const result = {};
    let incident;
    result.new = await told(async () => { incident = await client.incident({ name: "x", components: { [id]: "major_outage" } }); return incident; });
    result.update = await told(() => client.patch(`/incidents/${incident.id}`, { status: "identified", body: "y" }));
    result.resolve = await told(() => client.patch(`/incidents/${incident.id}`, { status: "resolved" }));
    result.reopen = await told(() => client.patch(`/incidents/${incident.id}`, { status: "investigating" }));
    await client.call("DELETE", `/incidents/${incident.id}`);
    return result;
  }

  const expected = (on) => Object.fromEntries(life.map(([step, can]) => [step, can.filter((t) => on.includes(t))]));

  test("before an admin chose, incidents are told and components are not", async () => {
    defaults();
    const { id } = await client.component("Default");
    assert.deepEqual(await live(id), expected(["incident_new", "incident_update", "incident_resolved"]));
  });

  for (const trigger of ALL) {
    test(`with ${trigger} alone switched on, that is all that is told`, async () => {
      only(trigger);
      const { id } = await client.component("Only");
      assert.deepEqual(await live(id), expected([trigger]));
    });

    test(`with ${trigger} alone switched off, everything else is told`, async () => {
      const on = ALL.filter((t) => t !== trigger);
      only(...on);
      const { id } = await client.component("But");
      assert.deepEqual(await live(id), expected(on));
    });
  }

  test("with every trigger off no call writes a job", async () => {
    only();
    const { id } = await client.component("None");
    assert.deepEqual(await live(id), expected([]));
  });

  test("with push switched off no call writes a job", async () => {
    only(...ALL);
    state.setting("push_enabled", 0);
    const { id } = await client.component("Off");
    assert.deepEqual(await live(id), expected([]));
    assert.deepEqual(await told(() => client.patch(`/components/${id}`, { status: "major_outage" })), []);
    state.setting("push_enabled", 1);
  });

  test("deliver_notifications false stores the update and writes no job, true and left out do", async () => {
    only(...ALL);
    const { id } = await client.component("Quiet");
    let made;
    assert.deepEqual(await told(async () => {
      made = await client.incident({ name: "x", components: { [id]: "major_outage" }, deliver_notifications: false });
      return made;
    }), []);
    assert.equal(made.incident_updates[0].deliver_notifications, false);
    assert.equal(state.value(`SELECT deliver_notifications FROM incident_updates WHERE incident_id = '${made.id}'`), 0);
    assert.deepEqual(await told(() => client.patch(`/incidents/${made.id}`, { body: "y", deliver_notifications: true })), ["incident_update"]);
    assert.deepEqual(await told(() => client.patch(`/incidents/${made.id}`, { body: "z" })), ["incident_update"]);
    assert.deepEqual(await told(() => client.patch(`/incidents/${made.id}`, { status: "resolved", deliver_notifications: false })), []);
  });

  test("a component's own change tells when it goes down and when it recovers, partial to major once", async () => {
    only(...ALL);
    const { id } = await client.component("Own");
    const steps = [["degraded_performance", []], ["operational", []], ["under_maintenance", []], ["operational", []],
      ["partial_outage", ["component_down"]], ["major_outage", ["component_down"]], ["partial_outage", []], ["major_outage", []],
      ["degraded_performance", []], ["operational", ["component_recovered"]], ["major_outage", ["component_down"]],
      ["major_outage", []], ["under_maintenance", []], ["operational", ["component_recovered"]]];
    for (const [status, triggers] of steps) {
      assert.deepEqual(await told(() => client.patch(`/components/${id}`, { status })), triggers, status);
    }
  });

  test("one action is one job: the incident's notice first, then its components, worst first", async () => {
    only(...ALL);
    const [a, b] = [await client.component("A"), await client.component("B")];
    const made = await client.incident({ name: "Both", body: "First sentence. Second.", components: { [a.id]: "partial_outage", [b.id]: "major_outage" } });
    const job = client.newestJob();
    assert.deepEqual(job.notices.map((n) => [n.trigger, n.subject_id, n.impact]),
      [["incident_new", made.id, "critical"], ["component_down", b.id, "critical"], ["component_down", a.id, "major"]]);
    assert.deepEqual([job.trigger, job.incident_id, job.component_id, job.title, job.state, job.is_test, job.spread],
      ["incident_new", made.id, null, "🔴 Major outage: Both", "sending", 0, 0]);
    assert.deepEqual(job.notices.map((n) => n.title), ["🔴 Major outage: Both", "🔴 Major outage: B", "🟠 Partial outage: A"]);
    assert.equal(job.notices[0].body, "First sentence.");
    assert.deepEqual(job.notices[0].components.split(" ").sort(), [a.id, b.id].sort());
    assert.ok(job.notices.every((n) => n.path === `/incidents/${made.id}/`));
    assert.ok(job.notices.every((n) => Math.abs(n.expires_at - Date.parse(made.created_at) - 86400000) < 5000), "a day");
  });

  test("the notices of one incident have one topic and a growing seq, those of another a topic of its own", async () => {
    only("incident_new", "incident_update");
    const made = await client.incident({ name: "x" });
    const first = client.newestJob().notices[0];
    await client.patch(`/incidents/${made.id}`, { body: "y" });
    const second = client.newestJob().notices[0];
    await client.incident({ name: "z" });
    const other = client.newestJob().notices[0];
    assert.match(first.topic, /^[0-9a-f]{32}$/);
    assert.equal(second.topic, first.topic);
    assert.ok(second.seq > first.seq);
    assert.notEqual(other.topic, first.topic);
  });

  test("a job's audience ends with the subscription that was there when it was written", async () => {
    only("incident_new");
    await client.incident({ name: "x" });
    assert.equal(client.newestJob().max_subscription_id, state.value("SELECT coalesce(max(id), 0) FROM subscriptions"));
  });

  test("with one affected component the title names it, and the end says how long it took", async () => {
    only("incident_new", "incident_resolved");
    const { id } = await client.component("Payments");
    const made = await client.incident({ name: "Cards are declined", components: { [id]: "major_outage" } });
    assert.equal(client.newestJob().title, "🔴 Major outage: Payments");
    state.run(`UPDATE incidents SET started_at = started_at - 5460000 WHERE id = '${made.id}'`);
    await client.patch(`/incidents/${made.id}`, { status: "resolved" });
    assert.equal(client.newestJob().title, "🟢 Resolved: Payments, down 1 hour 31 minutes");
  });

  test("no notice names or tells of a component that is hidden, by itself or by its group", async () => {
    only(...ALL);
    const group = await client.component({ name: "Hidden group", group: true, hidden: true });
    const hidden = [await client.component({ name: "Sekret", hidden: true }), await client.component({ name: "Sekret", group_id: group.id })];
    for (const { id } of hidden) {
      const made = await client.incident({ name: "Visible name", components: { [id]: "major_outage" } });
      const job = client.newestJob();
      assert.deepEqual(job.notices.map((n) => [n.trigger, n.title]), [["incident_new", "🔵 Incident: Visible name"]]);
      assert.deepEqual(await told(() => client.patch(`/incidents/${made.id}`, { status: "resolved" })), ["incident_resolved"]);
      assert.deepEqual(await told(() => client.patch(`/components/${id}`, { status: "major_outage" })), []);
    }
    assert.equal(state.value("SELECT count(*) FROM job_texts WHERE title LIKE '%Sekret%' OR body LIKE '%Sekret%'"), 0);
  });

  test("a component that recovers while an incident stays open is told by itself", async () => {
    only(...ALL);
    const { id } = await client.component("Half");
    const made = await client.incident({ name: "x", components: { [id]: "major_outage" } });
    assert.deepEqual(await told(() => client.patch(`/incidents/${made.id}`, { components: { [id]: "operational" } })), ["component_recovered"]);
    assert.equal((await client.get(`/incidents/${made.id}`)).json.status, "investigating");
  });

  test("the sender is started after a call that may have work for it, and not for reading", async () => {
    only(...ALL);
    const { until } = await import("./harness.mjs");
    /* the senders of the calls before write their line when they come to it */
    const settled = async () => {
      for (let count = state.senderStarts(); ; count = state.senderStarts()) {
        await new Promise((resolve) => { setTimeout(resolve, 300); });
        if (state.senderStarts() === count) return count;
      }
    };
    state.run("UPDATE jobs SET state = 'done', spread = 1");
    const started = await settled();
    await client.get("/incidents");
    assert.equal(await settled(), started);
    await client.incident({ name: "x" });
    await until(() => state.senderStarts() === started + 1);
  });
});
