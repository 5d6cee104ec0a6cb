// admin-maintenance.test.mjs - maintenances by the forms for people, behind a real lighttpd: planned, begun, moved, completed
// and cancelled, with times in the page's zone.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeState, makeSubscription, newId, quote, startServer } from "./harness.mjs";
import { encode, formOf, formsOf, INCIDENTS, mainOf, messageOf, Person, SETTINGS } from "./admin-client.mjs";

const LIST = `${INCIDENTS}/maintenance`;
const NEW = `${LIST}/new`;
const MAINTENANCE_TRIGGERS = ["scheduled", "reminder", "overrun", "completed", "rescheduled", "cancelled", "starting"];
const WINTER = { scheduled_for: "2090-01-10T16:00", scheduled_until: "2090-01-10T18:00" };

describe("maintenances by form", () => {
  let state;
  let server;
  let editor;
  let api;
  let web;
  const page = (id) => `${LIST}/${id}`;
  const row = (id) => state.row(`SELECT * FROM incidents WHERE id = ${quote(id)}`);
  const status = (id) => state.value(`SELECT status FROM components WHERE id = ${quote(id)}`);
  const triggers = (id) => state.rows(`SELECT trigger FROM jobs WHERE incident_id = ${quote(id)} ORDER BY id`).map(({ trigger }) => trigger);
  const reminders = (id) => state.rows(`SELECT minutes_before AS n FROM reminders WHERE incident_id = ${quote(id)} ORDER BY n`).map(({ n }) => n);
  const planned = (id) => state.rows(`SELECT component_id AS c, status FROM incident_components WHERE incident_id = ${quote(id)}`);
  const buttons = (html) => [...html.matchAll(/<button class="[^"]*" name="deliver_notifications" value="(\d)">([^<]*)</g)].map(([, ...one]) => one);
  // the form for an action that has some field: two forms of a page may lead to the same address
  const formWith = (text, action, field) => formsOf(text).find((form) => form.action === action && form.html.includes(`name="${field}"`));
  const local = (ms) => new Date(ms).toISOString().slice(0, 16);

  before(async () => {
    state = makeState();
    for (const trigger of MAINTENANCE_TRIGGERS) state.setting(`trigger.maintenance_${trigger}`, "1");
    server = await startServer(state);
    editor = Person.signedIn(state, server, "editor");
    const owner = Person.signedIn(state, server);
    api = await owner.addComponent("API");
    web = await owner.addComponent("Website");
    const answer = await server.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription() } });
    assert.equal(answer.status, 201, answer.text);
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  it("the navigation has four words, and an empty list says so", async () => {
    const { text } = await editor.get(LIST);
    const nav = /<nav class="admin-nav"[^]*?<\/nav>/.exec(text)[0];
    assert.deepEqual([...nav.matchAll(/>(\w+)<\/a>/g)].map(([, word]) => word), ["Incidents", "Components", "Maintenance", "Settings"]);
    assert.match(nav, /aria-current="page">Maintenance</);
    assert.match(text, /No maintenance is planned\./);
  });

  it("one screen plans it: every field, the usual reminders, and two ways to publish", async () => {
    const { text } = await editor.get(NEW);
    const { html, fields } = formOf(text, LIST);
    for (const name of ["name", "body", "scheduled_for", "scheduled_until", `components[${api}]`, `components[${web}]`, "csrf", "post_id"]) {
      assert.ok(fields.has(name), name);
    }
    assert.deepEqual(fields.getAll("reminders[]"), ["1440", "60"]);
    assert.deepEqual([fields.get("scheduled_auto_in_progress"), fields.get("scheduled_auto_completed")], ["1", "1"]);
    assert.deepEqual(buttons(html), [["1", "Schedule and notify 1 browser"], ["0", "Schedule quietly"]]);
    assert.match(html, /Time zone: Etc\/UTC/);
    assert.doesNotMatch(html, /value="operational"/);
  });

  it("planning writes the row, what is planned, reminders and job; components wait for the beginning", async () => {
    const answer = await editor.submit(NEW, LIST, { name: "New machines", body: "The API **pauses**. For a while.", ...WINTER,
      [`components[${api}]`]: "under_maintenance", [`components[${web}]`]: "partial_outage", deliver_notifications: "1" });
    assert.equal(answer.status, 303, answer.text);
    const [, id] = /^\/cgi-bin\/incident-post\/maintenance\/([a-z0-9]{12})\?done=scheduled$/.exec(answer.headers.location);
    const one = row(id);
    assert.deepEqual([one.status, one.impact, one.auto_start, one.auto_end], ["scheduled", "maintenance", 1, 1]);
    assert.deepEqual([one.scheduled_for, one.scheduled_until], [Date.parse("2090-01-10T16:00Z"), Date.parse("2090-01-10T18:00Z")]);
    assert.deepEqual(reminders(id), [60, 1440]);
    assert.deepEqual(planned(id).map((p) => p.status).sort(), ["partial_outage", "under_maintenance"]);
    assert.deepEqual([status(api), status(web)], ["operational", "operational"]);
    assert.deepEqual(triggers(id), ["maintenance_scheduled"]);
    assert.equal(state.value(`SELECT actor FROM audit WHERE object = ${quote(id)} AND action = 'maintenance.create'`), editor.name);
    const { text } = await editor.get(answer.headers.location);
    assert.equal(messageOf(text), "The maintenance is planned and on the page.");
    assert.match(text, /data-clear="maintenance-new"/);
    assert.match(text, /10 Jan 2090, 16:00–18:00 UTC/);
    assert.match(text, /Affected, and what is planned[^]*<b>API<\/b> <span>Under maintenance</);
    assert.match(text, /24 hours and 1 hour before it begins/);
    assert.match((await editor.get(LIST)).text, /Upcoming[^]*New machines[^]*10 Jan 2090, 16:00–18:00 UTC/);
    assert.doesNotMatch(mainOf((await editor.get(INCIDENTS)).text), /New machines/);
  });

  it("what is sent twice is one maintenance and one job", async () => {
    const fields = await editor.fill(NEW, LIST, { name: "Twice", body: "Once.", ...WINTER });
    const answers = [await editor.post(LIST, fields), await editor.post(LIST, fields)];
    assert.equal(answers[0].headers.location, answers[1].headers.location);
    assert.equal(state.value("SELECT count(*) FROM incidents WHERE name = 'Twice'"), 1);
    assert.equal(triggers(state.value("SELECT id FROM incidents WHERE name = 'Twice'")).length, 1);
    fields.set("scheduled_until", "2090-01-10T19:00");
    assert.equal((await editor.post(LIST, fields)).status, 409);
  });

  it("switches and reminders are as they were ticked, and quietly means no job", async () => {
    const fields = await editor.fill(NEW, LIST, { name: "By hand", ...WINTER, scheduled_auto_in_progress: null, scheduled_auto_completed: null,
      "reminders[]": "15", deliver_notifications: "0" });
    fields.append("reminders[]", "10080");
    const { headers } = await editor.post(LIST, fields);
    const id = /([a-z0-9]{12})\?/.exec(headers.location)[1];
    assert.deepEqual([row(id).auto_start, row(id).auto_end, reminders(id), triggers(id)], [0, 0, [15, 10080], []]);
    const { text } = await editor.get(page(id));
    assert.match(text, /It begins and ends when somebody says so\./);
    assert.match(text, /7 days and 15 minutes before it begins/);
    const edit = formOf(text, `${page(id)}/edit`).fields;
    assert.deepEqual(edit.getAll("reminders[]"), ["10080", "15"]);
    // one that a program chose is not lost by a form that does not show it
    state.run(`INSERT INTO reminders (incident_id, minutes_before) VALUES (${quote(id)}, 45)`);
    edit.delete("reminders[]");
    edit.set("scheduled_auto_completed", "1");
    assert.equal((await editor.post(`${page(id)}/edit`, edit)).headers.location, `${page(id)}?done=edited`);
    assert.deepEqual([row(id).auto_start, row(id).auto_end, reminders(id)], [0, 1, [45]]);
  });

  it("an edit changes title and plan, tells nobody and adds no update", async () => {
    const id = await editor.addMaintenance({ name: "Wrong name", body: "One.", ...WINTER, [`components[${api}]`]: "under_maintenance",
      deliver_notifications: "0" });
    assert.equal(await editor.done(page(id), `${page(id)}/edit`, { name: "Right name", [`components[${web}]`]: "major_outage",
      [`components[${api}]`]: "degraded_performance" }), `${page(id)}?done=edited`);
    assert.equal(row(id).name, "Right name");
    assert.deepEqual(Object.fromEntries(planned(id).map((p) => [p.c, p.status])), { [api]: "degraded_performance", [web]: "major_outage" });
    assert.deepEqual(triggers(id), []);
    assert.equal(state.value(`SELECT count(*) FROM incident_updates WHERE incident_id = ${quote(id)}`), 1);
    assert.deepEqual([status(api), status(web)], ["operational", "operational"]);
  });

  it("it is started, extended and completed by one tap each, with the usual sentence ready", async () => {
    const id = await editor.addMaintenance({ name: "Taps", body: "Soon.", ...WINTER, [`components[${api}]`]: "under_maintenance" });
    const before = (await editor.get(page(id))).text;
    const start = formOf(before, `${page(id)}/start`);
    assert.equal(start.fields.get("body"), "The maintenance has begun.");
    assert.deepEqual(buttons(start.html), [["1", "Start now and notify 1 browser"], ["0", "Start now quietly"]]);
    assert.ok(!formsOf(before).some(({ action }) => action === `${page(id)}/complete`));
    assert.equal(await editor.done(page(id), `${page(id)}/start`, {}), `${page(id)}?done=started`);
    assert.deepEqual([row(id).status, status(api)], ["in_progress", "under_maintenance"]);
    assert.equal(state.value(`SELECT cause FROM component_history WHERE component_id = ${quote(api)} ORDER BY id DESC`), "maintenance");
    assert.match((await editor.get(LIST)).text, /In progress[^]*Taps/);

    const { text } = await editor.get(page(id));
    const extend = formWith(text, `${page(id)}/move`, "extend");
    assert.match(extend.html, /Notify 1 browser/);
    const until = row(id).scheduled_until;
    extend.fields.set("extend", "30");
    assert.equal((await editor.post(`${page(id)}/move`, extend.fields)).headers.location, `${page(id)}?done=rescheduled`);
    assert.equal(row(id).scheduled_until, until + 30 * 60_000);
    const quiet = formWith((await editor.get(page(id))).text, `${page(id)}/move`, "extend").fields;
    quiet.set("extend", "120");
    quiet.set("deliver_notifications", "0");
    await editor.post(`${page(id)}/move`, quiet);
    assert.equal(row(id).scheduled_until, until + 150 * 60_000);

    // what is at work is changed by an update, not by the way
    await editor.done(page(id), `${page(id)}/edit`, { name: "Taps", [`components[${api}]`]: "major_outage" });
    assert.equal(status(api), "under_maintenance");
    await editor.done(page(id), page(id), { status: "verifying", body: "Looking." });
    assert.equal(row(id).status, "verifying");
    const complete = formOf((await editor.get(page(id))).text, `${page(id)}/complete`);
    assert.equal(complete.fields.get("body"), "The maintenance is completed.");
    assert.equal(await editor.done(page(id), `${page(id)}/complete`, {}), `${page(id)}?done=completed`);
    assert.deepEqual([row(id).status, status(api)], ["completed", "operational"]);
    assert.deepEqual(triggers(id), ["maintenance_scheduled", "maintenance_starting", "maintenance_rescheduled", "incident_update",
      "maintenance_completed"]);
    const over = (await editor.get(page(id))).text;
    for (const action of ["start", "complete", "cancel", "move"]) assert.ok(!formsOf(over).some((form) => form.action === `${page(id)}/${action}`), action);
    assert.match((await editor.get(LIST)).text, /Past[^]*Taps/);
    // one more word about what is over
    await editor.done(page(id), page(id), { body: "A look back." });
    assert.equal(row(id).status, "completed");
  });

  it("a form that was open while somebody else moved the beginning moves only what was changed in it", async () => {
    const id = await editor.addMaintenance({ name: "Two at once", body: "x", ...WINTER, deliver_notifications: "0" });
    const { fields } = formWith((await editor.get(page(id))).text, `${page(id)}/move`, "scheduled_for");
    const moved = row(id).scheduled_for - 3600000;
    state.run(`UPDATE incidents SET scheduled_for = ${moved} WHERE id = ${quote(id)}`);
    const until = fields.get("scheduled_until");
    fields.set("scheduled_until", `${until.slice(0, 14)}30`);
    assert.equal((await editor.post(`${page(id)}/move`, fields)).status, 303);
    assert.equal(row(id).scheduled_for, moved);
    assert.equal(new Date(row(id).scheduled_until).getUTCMinutes(), 30);
  });

  it("an extension after the planned end counts from now", async () => {
    const now = Date.now();
    const id = await editor.addMaintenance({ name: "Late", body: "x", scheduled_for: local(now - 7_200_000), scheduled_until: local(now + 3_600_000) });
    await editor.done(page(id), `${page(id)}/start`, {});
    state.run(`UPDATE incidents SET scheduled_until = ${now - 1_800_000} WHERE id = ${quote(id)}`);
    const { text } = await editor.get(page(id));
    assert.match(text, /30 minutes longer than planned/);
    const { fields } = formWith(text, `${page(id)}/move`, "extend");
    fields.set("extend", "60");
    assert.equal((await editor.post(`${page(id)}/move`, fields)).status, 303);
    assert.ok(Math.abs(row(id).scheduled_until - (Date.now() + 3_600_000)) < 60_000);
    await editor.done(page(id), `${page(id)}/complete`, {});
  });

  it("moving keeps what is not changed, says why, and is refused where it makes no sense", async () => {
    const id = await editor.addMaintenance({ name: "Moves", body: "x", ...WINTER, deliver_notifications: "0" });
    // seconds that the field does not show
    state.run(`UPDATE incidents SET scheduled_for = scheduled_for + 12345 WHERE id = ${quote(id)}`);
    const from = row(id).scheduled_for;
    const move = async (changes) => {
      const { fields } = formWith((await editor.get(page(id))).text, `${page(id)}/move`, "scheduled_until");
      for (const [name, value] of Object.entries(changes)) fields.set(name, value);
      return editor.post(`${page(id)}/move`, fields);
    };
    assert.equal((await move({ scheduled_until: "2090-01-10T20:15", body: "The truck is late." })).headers.location, `${page(id)}?done=rescheduled`);
    assert.deepEqual([row(id).scheduled_for, row(id).scheduled_until], [from, Date.parse("2090-01-10T20:15Z")]);
    assert.deepEqual(triggers(id), ["maintenance_rescheduled"]);
    assert.match((await editor.get(page(id))).text, /The truck is late\./);
    for (const [changes, field] of [[{ scheduled_until: "2090-01-10T15:00" }, "scheduled_until"], [{ scheduled_until: "nonsense" }, "scheduled_until"],
      [{ scheduled_for: "2090-02-30T10:00" }, "scheduled_for"], [{}, "scheduled_until"]]) {
      const answer = await move({ body: "Kept words", ...changes });
      assert.equal(answer.status, 422, JSON.stringify(changes));
      assert.match(answer.text, new RegExp(`id="${field}-wrong"`));
      const { fields } = formWith(answer.text, `${page(id)}/move`, "scheduled_until");
      assert.equal(fields.get("body"), "Kept words");
      for (const [name, value] of Object.entries(changes)) assert.equal(fields.get(name), value);
    }
    await editor.done(page(id), `${page(id)}/start`, {});
    const begun = formWith((await editor.get(page(id))).text, `${page(id)}/move`, "scheduled_until");
    assert.ok(!begun.fields.has("scheduled_for"));
    assert.equal((await move({ scheduled_until: "2090-01-10T21:00" })).status, 303);
    await editor.done(page(id), `${page(id)}/cancel`, {});
  });

  it("cancelling returns what began, is final, and a form that comes too late loses nothing", async () => {
    const id = await editor.addMaintenance({ name: "Called off", body: "x", ...WINTER, [`components[${web}]`]: "under_maintenance" });
    const late = await editor.fill(page(id), `${page(id)}/start`, { body: "We begin, with care." });
    const cancel = formOf((await editor.get(page(id))).text, `${page(id)}/cancel`);
    assert.equal(cancel.fields.get("body"), "This maintenance is cancelled.");
    assert.deepEqual(buttons(cancel.html)[0], ["1", "Cancel the maintenance and notify 1 browser"]);
    assert.equal(await editor.done(page(id), `${page(id)}/cancel`, { body: "The machines did not come." }), `${page(id)}?done=cancelled`);
    assert.deepEqual([row(id).status, status(web), triggers(id).at(-1)], ["cancelled", "operational", "maintenance_cancelled"]);
    const refused = await editor.post(`${page(id)}/start`, late);
    assert.equal(refused.status, 409);
    assert.match(refused.text, /This maintenance is over/);
    assert.equal(formOf(refused.text, page(id)).fields.get("body"), "We begin, with care.");
    assert.equal(row(id).status, "cancelled");
  });

  it("wrong input is 422 with the same form, a message at the field, and all that was written", async () => {
    const was = state.value("SELECT count(*) FROM incidents");
    const good = { name: "Kept title", body: "Kept <text>", ...WINTER, scheduled_auto_completed: null, "reminders[]": "15",
      [`components[${api}]`]: "partial_outage" };
    for (const [field, value] of [["name", ""], ["scheduled_for", ""], ["scheduled_until", ""], ["scheduled_for", "tomorrow"],
      ["scheduled_until", "2090-01-10T16:00"], ["scheduled_until", "2090-13-10T16:00"], ["scheduled_for", "1999-01-10T16:00"],
      ["scheduled_until", "2099-01-10T16:00"]]) {
      const answer = await editor.submit(NEW, LIST, { ...good, [field]: value });
      assert.equal(answer.status, 422, `${field}=${value}`);
      assert.match(answer.text, new RegExp(`id="${field}"[^>]* aria-invalid="true" aria-describedby="${field}-hint ${field}-wrong"`), `${field}=${value}`);
      const { fields } = formOf(answer.text, LIST);
      for (const [name, kept] of Object.entries({ ...good, [field]: value })) assert.equal(fields.get(name), kept, name);
      assert.match(answer.text, /data-redrawn/);
    }
    for (const [field, value] of [["reminders[]", "17"], ["scheduled_auto_completed", "perhaps"], [`components[${api}]`, "on fire"],
      [`components[${newId()}]`, "under_maintenance"], ["post_id", null]]) {
      assert.equal((await editor.submit(NEW, LIST, { ...good, [field]: value })).status, 422, field);
    }
    const past = await editor.submit(NEW, LIST, { ...good, scheduled_for: "2020-01-10T16:00", scheduled_until: "2020-01-10T17:00" });
    assert.equal(past.status, 422);
    assert.match(past.text, /This time is past already/);
    assert.equal(state.value("SELECT count(*) FROM incidents"), was);
    const id = await editor.addMaintenance({ name: "Empty update", body: "x", ...WINTER });
    assert.equal((await editor.submit(page(id), page(id), { body: "" })).status, 422);
    const jump = await editor.submit(page(id), page(id), { body: "Kept jump", status: "verifying" });
    assert.equal(jump.status, 409);
    assert.equal(formOf(jump.text, page(id)).fields.get("body"), "Kept jump");
  });

  it("an incident is no maintenance, and the other way round", async () => {
    const incident = await editor.addIncident({ name: "Only an incident", body: "x" });
    const id = await editor.addMaintenance({ name: "Only planned", body: "x", ...WINTER });
    assert.equal((await editor.get(`${INCIDENTS}/${id}?done=stopped`)).headers.location, `${page(id)}?done=stopped`);
    assert.equal((await editor.get(page(incident))).headers.location, `${INCIDENTS}/${incident}`);
    const csrf = (await editor.fill(page(id), `${page(id)}/cancel`, {})).get("csrf");
    assert.equal((await editor.post(`${page(incident)}/cancel`, { csrf, post_id: newId() })).status, 404);
    const plan = { name: "Not so", [`status`]: "in_progress" };
    assert.equal((await editor.submit(`${INCIDENTS}/new`, INCIDENTS, plan)).status, 422);
  });

  it("deleting asks first and names what is lost", async () => {
    const id = await editor.addMaintenance({ name: "To be gone", body: "x", ...WINTER });
    const { text } = await editor.get(`${page(id)}/delete`);
    assert.match(text, /Delete “To be gone”\?/);
    assert.match(text, /Lost for good: the maintenance, its updates and its page\./);
    assert.equal(await editor.done(`${page(id)}/delete`, `${page(id)}/delete`, {}), `${LIST}?done=maintenance_deleted`);
    assert.equal(row(id), undefined);
    assert.equal((await editor.get(page(id))).status, 404);
  });

  it("the ledger stands on its page, and sending is stopped from there", async () => {
    const id = await editor.addMaintenance({ name: "Told", body: "x", ...WINTER });
    const { text } = await editor.get(page(id));
    assert.match(text, /Sending\. No push service has answered yet\./);
    const stop = formOf(text, `${INCIDENTS}/${id}/stop`);
    const answer = await editor.post(stop.action, stop.fields);
    assert.equal(answer.status, 303);
    const there = await editor.get(answer.headers.location);
    assert.equal(there.headers.location, `${page(id)}?done=stopped`);
    assert.equal(messageOf((await editor.get(there.headers.location)).text), "No further notification of this one is sent.");
  });

  it("where its trigger is off there is one button and a sentence that says so", async () => {
    state.setting("trigger.maintenance_scheduled", "0");
    state.setting("trigger.maintenance_reminder", "0");
    try {
      const { html } = formOf((await editor.get(NEW)).text, LIST);
      assert.deepEqual(buttons(html), [["0", "Schedule"]]);
      assert.match(html, /Nobody is notified: Settings → Notifications has this event switched off\./);
      assert.match(html, /Nobody is reminded just now/);
    } finally {
      state.setting("trigger.maintenance_scheduled", "1");
      state.setting("trigger.maintenance_reminder", "1");
    }
  });

  it("the preview is what would be published, with its times, and stores nothing", async () => {
    const { text } = await editor.get(NEW);
    const [, action, csrf] = /data-preview="([^"]*)" data-preview-csrf="([^"]*)"/.exec(text);
    const preview = async (changes) => {
      const fields = await editor.fill(NEW, LIST, { name: "Soon", body: "It **pauses**.", csrf, ...changes });
      const answer = await editor.post(action, fields);
      assert.equal(answer.status, 200);
      return answer.text;
    };
    const was = state.value("SELECT count(*) FROM incidents");
    const drawn = await preview({ ...WINTER, [`components[${api}]`]: "under_maintenance" });
    assert.match(drawn, /10 Jan 2090, 16:00–18:00 UTC/);
    assert.match(drawn, /<strong>pauses<\/strong>/);
    assert.match(drawn, /🔧/);
    assert.match(await preview({ scheduled_for: "", scheduled_until: "half" }), /When it is, is not said yet/);
    assert.equal(state.value("SELECT count(*) FROM incidents"), was);
  });

  it("hostile text is shown as it is", async () => {
    for (const text of ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "@@csrf@@ @@block x@@", "%s%n"]) {
      const id = await editor.addMaintenance({ name: text, body: text, ...WINTER, deliver_notifications: "0" });
      for (const address of [LIST, page(id), `${page(id)}/delete`]) {
        const shown = (await editor.get(address)).text;
        assert.ok(shown.includes(encode(text)), `${address} ${text}`);
        assert.doesNotMatch(shown, /<script>|<img src=x/);
      }
    }
  });

  it("a viewer sees it all and changes nothing", async () => {
    const id = await editor.addMaintenance({ name: "Looked at", body: "x", ...WINTER });
    const viewer = Person.signedIn(state, server, "viewer");
    const { text } = await viewer.get(page(id));
    assert.match(text, /Looked at/);
    assert.deepEqual(formsOf(mainOf(text)), []);
    assert.equal((await viewer.get(NEW)).status, 403);
    assert.doesNotMatch((await viewer.get(LIST)).text, /Plan a maintenance/);
  });

  describe("in the zone of the page", () => {
    before(async () => {
      const owner = Person.signedIn(state, server);
      const site = `${SETTINGS}/settings/page`;
      await owner.done(site, site, { time_zone: "Europe/Berlin" });
    });

    const plan = async (from, until) => {
      const id = await editor.addMaintenance({ name: "In Berlin", body: "x", scheduled_for: from, scheduled_until: until, deliver_notifications: "0" });
      return { id, ...row(id), iso: (ms) => new Date(ms).toISOString().slice(0, 16) };
    };

    it("16:00 typed is 15:00 UTC in winter and 14:00 in summer, and is shown as typed", async () => {
      const winter = await plan("2030-01-10T16:00", "2030-01-10T18:00");
      assert.deepEqual([winter.iso(winter.scheduled_for), winter.iso(winter.scheduled_until)], ["2030-01-10T15:00", "2030-01-10T17:00"]);
      const { text } = await editor.get(page(winter.id));
      assert.match(text, /10 Jan 2030, 16:00–18:00 CET/);
      assert.match(text, /Time zone: Europe\/Berlin/);
      const { fields } = formWith(text, `${page(winter.id)}/move`, "scheduled_for");
      assert.deepEqual([fields.get("scheduled_for"), fields.get("scheduled_until")], ["2030-01-10T16:00", "2030-01-10T18:00"]);
      const summer = await plan("2030-07-10T16:00", "2030-07-10T18:00");
      assert.equal(summer.iso(summer.scheduled_for), "2030-07-10T14:00");
      assert.match((await editor.get(page(summer.id))).text, /10 Jul 2030, 16:00–18:00 CEST/);
    });

    it("a time that the change to summer leaves out is refused as none, and nothing typed is lost", async () => {
      // 31 March 2030: 02:00 CET becomes 03:00 CEST
      const count = () => state.value("SELECT count(*) FROM incidents");
      const before = count();
      await assert.rejects(() => plan("2030-03-31T01:30", "2030-03-31T02:30"), /There is no such time/);
      assert.equal(count(), before);
      const beside = await plan("2030-03-31T01:30", "2030-03-31T03:00");
      assert.deepEqual([beside.iso(beside.scheduled_for), beside.iso(beside.scheduled_until)], ["2030-03-31T00:30", "2030-03-31T01:00"]);
    });

    it("a time that there is twice stays the one it is when it is not touched", async () => {
      // 27 October 2030: 03:00 CEST becomes 02:00 CET
      const twice = await plan("2030-10-27T01:00", "2030-10-27T02:30");
      assert.equal(twice.iso(twice.scheduled_until), "2030-10-27T00:30");
      state.run(`UPDATE incidents SET scheduled_until = ${Date.parse("2030-10-27T01:30Z")} WHERE id = ${quote(twice.id)}`);
      const { fields } = formWith((await editor.get(page(twice.id))).text, `${page(twice.id)}/move`, "scheduled_for");
      assert.equal(fields.get("scheduled_until"), "2030-10-27T02:30");
      fields.set("scheduled_for", "2030-10-27T00:45");
      assert.equal((await editor.post(`${page(twice.id)}/move`, fields)).status, 303);
      assert.equal(row(twice.id).scheduled_until, Date.parse("2030-10-27T01:30Z"));
    });
  });
});
