// The read API of Statuspage as its readers see it: the real programs behind lighttpd, read by the npm client statuspage.io,
// which nobody of us wrote, and member by member against the documentation.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import statuspage from "statuspage.io";
import { openServer } from "./api-client.mjs";
import { files } from "./read-api-shapes.mjs";
import { publish } from "./page-tools.mjs";

// the client would ask a proxy of the environment even for this machine
process.env.NO_PROXY = "*";

const HOUR = 3_600_000;
const inHours = (hours) => new Date(Date.now() + hours * HOUR).toISOString();
const names = (list) => list.map(({ name }) => name);

function reader(server) {
  const client = new statuspage.Statuspage("anything");
  client.setApiUrl(`http://127.0.0.1:${server.port}`);
  return client.api;
}

describe("npm statuspage.io reads the right state", () => {
  let state, server, client, close, api, component;
  before(async () => {
    ({ state, server, client, close } = await openServer());
    api = reader(server);
    component = await client.component("Checkout");
    await client.component("Search");
  });
  after(() => close?.());

  const read = async () => ({
    summary: await api.getSummary(),
    status: (await api.getStatus()).status,
    components: (await api.getComponents()).components,
    all: (await api.incidents.getAll()).incidents,
    unresolved: (await api.incidents.getUnresolved()).incidents,
    upcoming: (await api.scheduledMaintenances.getUpcoming()).scheduled_maintenances,
  });

  const assertWell = ({ summary, status, components, unresolved, upcoming }) => {
    const well = { indicator: "none", description: "All Systems Operational" };
    assert.deepEqual([status, summary.status], [well, well]);
    assert.deepEqual(components.map(({ status: word }) => word), ["operational", "operational"]);
    assert.deepEqual([unresolved, upcoming, summary.incidents, summary.scheduled_maintenances], [[], [], [], []]);
  };

  test("before, during and after an incident", async () => {
    const first = await read();
    assertWell(first);
    assert.equal(first.summary.page.url, server.url);
    assert.deepEqual(first.all, []);

    const made = await client.incident({ name: "Payments <fail>", body: "Looking.", components: { [component.id]: "partial_outage" } });
    const during = await read();
    assert.deepEqual(during.status, { indicator: "major", description: "Partial System Outage" });
    assert.deepEqual(during.summary.status, during.status);
    assert.deepEqual(during.components.map(({ status: word }) => word), ["partial_outage", "operational"]);
    const [told] = during.unresolved;
    assert.deepEqual([told.id, told.name, told.status, told.impact, told.incident_updates[0].body],
      [made.id, "Payments <fail>", "investigating", "major", "Looking."]);
    assert.deepEqual(names(told.components), ["Checkout"]);
    assert.deepEqual([during.all, during.summary.incidents], [[told], [told]]);
    assert.ok(Date.parse(during.summary.page.updated_at) > Date.parse(first.summary.page.updated_at));
    assert.equal((await server.request(new URL(told.shortlink).pathname)).status, 200);

    await client.patch(`/incidents/${made.id}`, { status: "monitoring", body: "Repaired.", components: { [component.id]: "degraded_performance" } });
    const better = await read();
    assert.deepEqual(better.status, { indicator: "minor", description: "Partially Degraded Service" });
    assert.equal(better.unresolved[0].incident_updates.length, 2);
    assert.notEqual(better.unresolved[0].monitoring_at, null);

    await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Over." });
    const end = await read();
    assertWell(end);
    assert.deepEqual([end.all[0].status, end.all[0].impact], ["resolved", "major"]);
    assert.notEqual(end.all[0].resolved_at, null);
  });

  test("before, during and after a maintenance", async () => {
    assertWell(await read());
    const made = await client.incident({ name: "New disks", body: "Planned.", scheduled_for: inHours(1), scheduled_until: inHours(2),
      components: { [component.id]: "under_maintenance" } });
    const ahead = await read();
    assert.equal(ahead.status.indicator, "none");
    assert.equal(ahead.components[0].status, "operational");
    assert.deepEqual(ahead.unresolved, []);
    const [told] = ahead.upcoming;
    assert.deepEqual([told.id, told.name, told.status, told.impact], [made.id, "New disks", "scheduled", "maintenance"]);
    assert.equal(Date.parse(told.scheduled_until) - Date.parse(told.scheduled_for) > HOUR / 2, true);
    assert.equal((await server.request(new URL(told.shortlink).pathname)).status, 200);
    assert.deepEqual(ahead.summary.scheduled_maintenances, [told]);

    await client.patch(`/incidents/${made.id}`, { status: "in_progress", body: "Begun." });
    const during = await read();
    assert.deepEqual(during.status, { indicator: "maintenance", description: "Service Under Maintenance" });
    assert.equal(during.components[0].status, "under_maintenance");
    assert.deepEqual([during.upcoming, names(during.summary.scheduled_maintenances)], [[], ["New disks"]]);
    const active = await server.request("/api/v2/scheduled-maintenances/active.json");
    assert.deepEqual(names(active.json.scheduled_maintenances), ["New disks"]);

    await client.patch(`/incidents/${made.id}`, { status: "completed", body: "Done." });
    assertWell(await read());
    const all = await server.request("/api/v2/scheduled-maintenances.json");
    assert.deepEqual([all.json.scheduled_maintenances[0].id, all.json.scheduled_maintenances[0].status], [made.id, "completed"]);
  });

  test("trouble is never hidden by a maintenance", async () => {
    const made = await client.incident({ name: "More disks", scheduled_for: inHours(1), scheduled_until: inHours(2), status: "scheduled",
      components: { [component.id]: "under_maintenance" } });
    await client.patch(`/incidents/${made.id}`, { status: "in_progress" });
    const trouble = await client.incident({ name: "Down", components: { [component.id]: "major_outage" } });
    assert.deepEqual((await read()).status, { indicator: "critical", description: "Major System Outage" });
    for (const { id } of [trouble, made]) assert.equal((await client.call("DELETE", `/incidents/${id}`)).status, 200);
    assertWell(await read());
  });

  test("a page that is published twice without a change keeps its files to the byte", async () => {
    const one = (await server.request("/api/v2/summary.json")).text;
    publish(state);
    assert.equal((await server.request("/api/v2/summary.json")).text, one);
  });
});

describe("every member of every file", () => {
  const secret = "Zebra";
  let state, server, client, close;

  before(async () => {
    ({ state, server, client, close } = await openServer());
    state.run(`INSERT INTO settings VALUES ('site_name', 'Name "of" </the> page') ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
    const group = await client.component({ name: "Europe", group: true });
    const api = await client.component({ name: "API", group_id: group.id, description: "What programs\ncall", start_date: "2025-02-28", showcase: true });
    const web = await client.component({ name: "Web", only_show_if_degraded: true });
    const hidden = await client.component({ name: secret, hidden: true });
    const all = { [api.id]: "degraded_performance", [web.id]: "partial_outage", [hidden.id]: "major_outage" };
    await client.incident({ name: "Open", body: "**Text**", components: all });
    await client.incident({ name: "Without text", status: "identified", impact_override: "none" });
    const over = await client.incident({ name: "Over", body: "x", components: { [hidden.id]: "major_outage" } });
    await client.patch(`/incidents/${over.id}`, { status: "monitoring", body: "x" });
    await client.patch(`/incidents/${over.id}`, { status: "resolved", body: "x" });
    await client.patch(`/incidents/${over.id}`, { status: "postmortem", body: "# Why\n\nBecause." });
    const plan = (name, fields = {}) => client.incident({ name, body: "x", scheduled_for: inHours(1), scheduled_until: inHours(3),
      components: { [api.id]: "under_maintenance", [hidden.id]: "under_maintenance" }, ...fields });
    await plan("Scheduled");
    for (const status of ["in_progress", "verifying", "completed", "cancelled"]) {
      const { id } = await plan(`Will be ${status}`);
      if (status !== "cancelled") await client.patch(`/incidents/${id}`, { status: "in_progress" });
      if (status !== "in_progress") await client.patch(`/incidents/${id}`, { status, body: "x" });
    }
    publish(state);
  });
  after(() => close?.());

  const read = async (name) => (await server.request(`/api/v2/${name}`)).json;

  for (const [name, check] of Object.entries(files)) {
    test(`${name} is what the documentation says, no member more or less`, async () => {
      const body = await read(name);
      check(body, name);
      assert.equal(body.page.name, 'Name "of" </the> page');
      assert.equal(body.page.url, server.url);
    });
  }

  test("each list has what belongs there, and what was called off is in none", async () => {
    assert.deepEqual(names((await read("incidents.json")).incidents).sort(), ["Open", "Over", "Without text"]);
    assert.deepEqual(names((await read("incidents/unresolved.json")).incidents).sort(), ["Open", "Without text"]);
    assert.deepEqual(names((await read("scheduled-maintenances/upcoming.json")).scheduled_maintenances), ["Scheduled"]);
    assert.deepEqual(names((await read("scheduled-maintenances/active.json")).scheduled_maintenances).sort(), ["Will be in_progress", "Will be verifying"]);
    assert.deepEqual(names((await read("scheduled-maintenances.json")).scheduled_maintenances).sort(),
      ["Scheduled", "Will be completed", "Will be in_progress", "Will be verifying"]);
    const summary = await read("summary.json");
    assert.deepEqual(names(summary.incidents).sort(), ["Open", "Without text"]);
    assert.deepEqual(names(summary.scheduled_maintenances).sort(), ["Scheduled", "Will be in_progress", "Will be verifying"]);
  });

  test("values are those that were posted", async () => {
    const { components } = await read("components.json");
    const [group, api, web] = components;
    assert.deepEqual(names(components), ["Europe", "API", "Web"]);
    assert.deepEqual([group.group, group.components, group.status], [true, [api.id], api.status]);
    assert.deepEqual([api.group_id, api.description, api.start_date, api.showcase], [group.id, "What programs\ncall", "2025-02-28", true]);
    assert.deepEqual([web.group_id, web.description, web.start_date, web.only_show_if_degraded], [null, null, null, true]);
    const { incidents } = await read("incidents.json");
    const open = incidents.find(({ name }) => name === "Open");
    assert.deepEqual(names(open.components).sort(), ["API", "Web"]);
    assert.deepEqual(open.incident_updates[0].affected_components.map(({ name, old_status: from, new_status: to }) => [name, from, to]).sort(),
      [["Europe - API", "operational", "degraded_performance"], ["Web", "operational", "partial_outage"]]);
    const over = incidents.find(({ name }) => name === "Over");
    assert.deepEqual([over.status, over.incident_updates.map(({ status }) => status), over.components],
      ["postmortem", ["postmortem", "resolved", "monitoring", "investigating"], []]);
  });

  test("what is hidden is named nowhere, and has no badge", async () => {
    const id = state.value(`SELECT id FROM components WHERE name = '${secret}'`);
    for (const name of Object.keys(files)) {
      const { text } = await server.request(`/api/v2/${name}`);
      assert.ok(!text.includes(secret) && !text.includes(id) && !text.includes('"hidden"'), name);
    }
    assert.equal((await server.request(`/badge/${id}.svg`)).status, 404);
  });

  test("badges tell the page's state and that of a component", async () => {
    const id = state.value("SELECT id FROM components WHERE name = 'Web'");
    for (const [address, words] of [["/badge.svg", "Name &quot;of&quot; &lt;/the&gt; page: Partial outage"], [`/badge/${id}.svg`, "Web: Partial outage"]]) {
      const answer = await server.request(address);
      assert.deepEqual([answer.status, answer.headers["content-type"], answer.headers["access-control-allow-origin"]], [200, "image/svg+xml", "*"], address);
      assert.match(answer.text, new RegExp(`<title>${words}</title>`));
    }
  });

  test("the long list ends with the fiftieth, and the summary still has all that are open", async () => {
    for (let i = 0; i < 52; i++) {
      state.run(`INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at)
        VALUES ('many00000${String(i).padStart(3, "0")}', 'Many ${i}', 'investigating', 'minor', 'minor', ${Date.now()}, ${Date.now()}, ${Date.now()})`);
    }
    await client.component("Raises the revision");
    assert.equal((await read("incidents.json")).incidents.length, 50);
    assert.equal((await read("summary.json")).incidents.length, 54);
  });
});
