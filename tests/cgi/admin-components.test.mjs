// admin-components.test.mjs - what can be said of a component by form, the cause of its state, its order by keyboard; the
// page's time zone; the triggers of maintenances; an update that is corrected.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { makeState, newId, quote, startServer } from "./harness.mjs";
import { encode, formOf, INCIDENTS, mainOf, messageOf, Person, SETTINGS } from "./admin-client.mjs";

const COMPONENTS = `${SETTINGS}/components`;
const NOTIFICATIONS = `${SETTINGS}/settings/notifications`;
const SITE = `${SETTINGS}/settings/page`;

describe("components, zone and corrections", () => {
  let state;
  let server;
  let owner;
  const page = (id) => `${COMPONENTS}/${id}`;
  const row = (id) => state.row(`SELECT * FROM components WHERE id = ${quote(id)}`);

  before(async () => {
    state = makeState();
    server = await startServer(state);
    owner = Person.signedIn(state, server);
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  it("everything of a component is set, shown again and taken back", async () => {
    const id = await owner.addComponent("API", { start_date: "2025-02-28" });
    assert.deepEqual([row(id).start_date, row(id).showcase], ["2025-02-28", 1]);
    const { fields } = formOf((await owner.get(page(id))).text, page(id));
    assert.deepEqual([fields.get("start_date"), fields.get("showcase")], ["2025-02-28", "1"]);
    await owner.done(page(id), page(id), { start_date: "", showcase: null, only_show_if_degraded: "1", hidden: "1", description: "Words" });
    const one = row(id);
    assert.deepEqual([one.start_date, one.showcase, one.only_show_if_degraded, one.hidden, one.description], [null, 0, 1, 1, "Words"]);
    assert.ok(!formOf((await owner.get(page(id))).text, page(id)).fields.has("showcase"));
    for (const start of ["2025-02-30", "28.02.2025", "2025-2-28", "<b>", "2025-02-28T00:00"]) {
      const answer = await owner.submit(page(id), page(id), { start_date: start, name: "Kept" });
      assert.equal(answer.status, 422, start);
      assert.match(answer.text, /id="start_date"[^>]* aria-invalid="true" aria-describedby="start_date-hint start_date-wrong"/);
      const kept = formOf(answer.text, page(id)).fields;
      assert.deepEqual([kept.get("start_date"), kept.get("name")], [start, "Kept"]);
    }
    assert.equal(row(id).name, "API");
  });

  it("its page says since when and by what it is as it is", async () => {
    const id = await owner.addComponent("Checkout");
    const last = async () => /<p class="hint since">([^]*?)<\/p>/.exec((await owner.get(page(id))).text)?.[1];
    assert.equal(await last(), undefined);
    await owner.done(page(id), `${page(id)}/status`, { status: "degraded_performance" });
    assert.match(await last(), /^Degraded performance since <time datetime="[^"]+" title="[^"]+ UTC">\d\d:\d\d UTC<\/time>, by hand/);
    const incident = await owner.addIncident({ name: "It <fails>", body: "x", [`components[${id}]`]: "major_outage" });
    assert.match(await last(), new RegExp(`by incident\\s+<a href="${INCIDENTS}/${incident}">It &lt;fails&gt;</a>`));
    state.run(`UPDATE component_history SET at = ${Date.parse("2026-01-10T15:00Z")} WHERE component_id = ${quote(id)} AND cause = 'incident'`);
    state.run(`DELETE FROM component_history WHERE component_id = ${quote(id)} AND cause = 'manual'`);
    assert.match(await last(), />10 Jan 2026, 15:00 UTC</);
    await owner.done(`${INCIDENTS}/${incident}/delete`, `${INCIDENTS}/${incident}/delete`, {});
    assert.match(await last(), /by an incident that is deleted/);
    state.run(`UPDATE component_history SET cause = 'api', incident_id = NULL WHERE component_id = ${quote(id)}`);
    assert.match(await last(), /by API/);
    const planned = await owner.addMaintenance({ name: "New disks", body: "x", scheduled_for: "2090-01-10T16:00", scheduled_until: "2090-01-10T18:00",
      [`components[${id}]`]: "under_maintenance" });
    await owner.done(`${INCIDENTS}/maintenance/${planned}`, `${INCIDENTS}/maintenance/${planned}/start`, {});
    assert.match(await last(), new RegExp(`^Under maintenance since [^]*by maintenance\\s+<a href="${INCIDENTS}/maintenance/${planned}">New disks</a>`));
  });

  it("the list shows groups as bad as their worst member", async () => {
    await owner.done(`${COMPONENTS}/new-group`, COMPONENTS, { name: "Payments" });
    const group = state.value("SELECT id FROM components WHERE name = 'Payments'");
    const a = await owner.addComponent("Cards", { group_id: group });
    const b = await owner.addComponent("Invoices", { group_id: group });
    await owner.done(page(a), `${page(a)}/status`, { status: "under_maintenance" });
    await owner.done(page(b), `${page(b)}/status`, { status: "partial_outage" });
    const item = new RegExp(`<li class="is-group"><div class="row-name"><a href="${page(group)}">Payments</a>[^]*?</li>`).exec((await owner.get(COMPONENTS)).text)[0];
    assert.match(item, /class="state is-partial_outage"/);
  });

  it("after a move the same button has the focus again", async () => {
    const [a, b] = [await owner.addComponent("First"), await owner.addComponent("Second")];
    const focused = (text) => [...text.matchAll(/<button [^>]*aria-label="([^"]*)" autofocus>/g)].map(([, label]) => label);
    assert.deepEqual(focused((await owner.get(COMPONENTS)).text), []);
    const location = await owner.done(COMPONENTS, `${page(b)}/move`, { direction: "up" });
    const { text } = await owner.get(location);
    assert.deepEqual(focused(text), ["Move Second up"]);
    assert.equal(messageOf(text), "The order is changed.");
    assert.ok(row(b).position < row(a).position);
    assert.deepEqual(focused((await owner.get(await owner.done(COMPONENTS, `${page(b)}/move`, { direction: "down" }))).text), ["Move Second down"]);
    assert.deepEqual(focused((await owner.get(`${COMPONENTS}?at=${newId()}&way=up`)).text), []);
    assert.deepEqual(focused((await owner.get(`${COMPONENTS}?at=%22%3E&way=%22autofocus`)).text), []);
  });

  it("the time zone is checked, stored with an audit row, and every time is shown in it", async () => {
    const incident = await owner.addIncident({ name: "Dated", body: "x" });
    state.run(`UPDATE incidents SET started_at = ${Date.parse("2026-07-10T22:30Z")} WHERE id = ${quote(incident)}`);
    assert.match((await owner.get(`${INCIDENTS}/${incident}`)).text, /10 Jul 2026, 22:30 UTC/);
    assert.equal(formOf((await owner.get(SITE)).text, SITE).fields.get("time_zone"), "Etc/UTC");
    for (const zone of ["", "Mars/Olympus", "../../etc/passwd", "Europe/berlin\n", "<b>", "x".repeat(65)]) {
      const answer = await owner.submit(SITE, SITE, { time_zone: zone, site_name: "Kept name" });
      assert.equal(answer.status, 422, zone);
      assert.match(answer.text, /id="time_zone"[^>]* aria-invalid="true" aria-describedby="time_zone-hint time_zone-wrong"/);
      assert.equal(formOf(answer.text, SITE).fields.get("site_name"), "Kept name");
      assert.ok(answer.text.includes(encode(zone.trim())));
    }
    assert.equal(await owner.done(SITE, SITE, { time_zone: "Europe/Berlin" }), `${SITE}?done=saved`);
    const audit = state.row("SELECT actor, object, detail FROM audit WHERE action = 'settings.save' ORDER BY id DESC LIMIT 1");
    assert.deepEqual([audit.actor, audit.object], [owner.name, "time_zone"]);
    assert.match((await owner.get(`${INCIDENTS}/${incident}`)).text, /11 Jul 2026, 00:30 CEST/);
    assert.match((await owner.get(SITE)).text, /it is \d\d:\d\d CES?T there/);
    assert.match((await owner.get("/cgi-bin/incident-post/maintenance/new")).text, /Time zone: Europe\/Berlin/);
    const viewer = Person.signedIn(state, server, "viewer");
    assert.doesNotMatch((await viewer.get(SITE)).text, /<button class="button primary">Save/);
  });

  it("each trigger of maintenances has its tick, its meaning and its place", async () => {
    const { text } = await owner.get(NOTIFICATIONS);
    const groups = [...text.matchAll(/<fieldset class="field"><legend class="label">(\w+)<\/legend>([^]*?)<\/fieldset>/g)];
    assert.deepEqual(groups.map(([, name]) => name), ["Incidents", "Components", "Maintenance"]);
    assert.deepEqual(groups.map(([, , html]) => [...html.matchAll(/type="checkbox" name="(\w+)"/g)].map(([, name]) => name)), [
      ["incident_new", "incident_update", "incident_resolved"], ["component_down", "component_recovered"],
      ["maintenance_starting", "maintenance_scheduled", "maintenance_reminder", "maintenance_overrun", "maintenance_completed",
        "maintenance_rescheduled", "maintenance_cancelled"]]);
    const more = ["scheduled", "reminder", "overrun", "completed", "rescheduled", "cancelled"].map((word) => `maintenance_${word}`);
    const { fields } = formOf(text, NOTIFICATIONS);
    assert.deepEqual(more.filter((name) => fields.has(name)), []);
    for (const name of more) {
      await owner.done(NOTIFICATIONS, NOTIFICATIONS, { [name]: "1" });
      assert.equal(state.value(`SELECT value FROM settings WHERE name = ${quote(`trigger.${name}`)}`), "1", name);
    }
    const after = formOf((await owner.get(NOTIFICATIONS)).text, NOTIFICATIONS).fields;
    assert.deepEqual(more.filter((name) => !after.has(name)), []);
  });

  it("an update is corrected without telling anybody, and both pages say that it was", async () => {
    const id = await owner.addIncident({ name: "Typo", body: "We are lookign." });
    const place = `${INCIDENTS}/${id}`;
    const update = state.row(`SELECT * FROM incident_updates WHERE incident_id = ${quote(id)}`);
    const jobs = state.value("SELECT count(*) FROM jobs");
    const edit = `${place}/updates/${update.id}`;
    assert.ok((await owner.get(place)).text.includes(`href="${edit}"`));
    const { text } = await owner.get(edit);
    assert.match(text, /Nobody is notified\./);
    assert.match(text, /Time zone: Europe\/Berlin/);
    assert.equal(formOf(text, edit).fields.get("body"), "We are lookign.");
    const location = await owner.done(edit, edit, { body: "We are looking." });
    assert.equal(location, `${place}?done=update_edited&update=${update.id}`);
    const shown = (await owner.get(location)).text;
    assert.match(shown, new RegExp(`data-clear="update-${update.id}"`));
    assert.match(shown, /Edited <time/);
    const now = () => state.row(`SELECT * FROM incident_updates WHERE id = ${quote(update.id)}`);
    assert.deepEqual([now().body, now().display_at, now().deliver_notifications], ["We are looking.", update.display_at, update.deliver_notifications]);
    assert.equal(state.value("SELECT count(*) FROM jobs"), jobs);
    assert.match(fs.readFileSync(path.join(state.publicDir, "incidents", id, "index.html"), "utf8"), /We are looking\./);
    assert.equal(state.value(`SELECT actor FROM audit WHERE action = 'incident.edit-update' AND object = ${quote(id)}`), owner.name);
    // in Berlin, in winter
    await owner.done(edit, edit, { display_at: "2020-01-10T16:00" });
    assert.equal(now().display_at, Date.parse("2020-01-10T15:00Z"));
    for (const [field, value] of [["display_at", ""], ["display_at", "soon"], ["display_at", "2090-01-01T00:00"], ["body", "x".repeat(25_001)]]) {
      const answer = await owner.submit(edit, edit, { body: "Kept", [field]: value });
      assert.equal(answer.status, 422, value.slice(0, 20));
      assert.match(answer.text, new RegExp(`id="${field}-wrong"`));
      if (field !== "body") assert.equal(formOf(answer.text, edit).fields.get("body"), "Kept");
    }
    assert.equal((await owner.get(`${place}/updates/${newId()}`)).status, 404);
    const other = await owner.addIncident({ name: "Another", body: "x" });
    assert.equal((await owner.get(`${INCIDENTS}/${other}/updates/${update.id}`)).status, 404);
    const viewer = Person.signedIn(state, server, "viewer");
    assert.equal((await viewer.get(edit)).status, 403);
    assert.doesNotMatch(mainOf((await viewer.get(place)).text), /updates\//);
  });
});
