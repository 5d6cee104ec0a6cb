// The pages of an incident and of a maintenance: what happened, to which components, and nothing of what is hidden.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { quote, until } from "./harness.mjs";
import { openCgi } from "./api-client.mjs";
import { assertHarmless, headline, incidentFile, inside, publish, read, skeleton, tags, text } from "./page-tools.mjs";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const HOSTILE = `<script>alert(1)</script>"'&<img src=x onerror=alert(1)> @@name@@`;
const maintenanceFile = (id) => `maintenance/${id}/index.html`;
const spaces = (html) => text(html).replace(/\s+/g, " ").trim();

// "24 Nov 2026, 16:00 UTC", as the pages say a time before the script changed it.
function timeText(ms) {
  const d = new Date(ms);
  const month = d.toLocaleString("en", { month: "short", timeZone: "UTC" });
  return `${d.getUTCDate()} ${month} ${d.getUTCFullYear()}, ${d.toISOString().slice(11, 16)} UTC`;
}

// The updates of a timeline as a reader sees them, newest first.
function updates(html) {
  const list = /<ol class="timeline">([\s\S]*?)<\/ol>/.exec(html)?.[1] ?? "";
  return list.split(/<li class="step-/).slice(1).map((item) => spaces(`<li class="step-${item}`));
}

// The chips of the facts: ["API Partial outage", ...].
function chips(html) {
  const list = /<ul class="chips">([\s\S]*?)<\/ul>/.exec(html)?.[1] ?? "";
  return [...list.matchAll(/<li[\s\S]*?<\/li>/g)].map(([item]) => spaces(item));
}

const facts = (html) => spaces(/<dl[\s\S]*?<\/dl>/.exec(html)[0].replaceAll("</dt>", "</dt> "));
const banner = (html) => spaces(/<header class="(headline|past)[\s\S]*?<\/header>/.exec(html)[0]);

describe("the page of an incident", () => {
  let state, client, close;

  before(async () => ({ state, client, close } = await openCgi()));
  after(() => close?.());

  const page = (id) => read(state, incidentFile(id));

  test("the headline names the components and since when, as long as they are in trouble", async () => {
    const api = await client.component("API");
    const web = await client.component("Web");
    const made = await client.incident({ name: "Checkout is failing", body: "We look.",
      components: { [api.id]: "partial_outage", [web.id]: "degraded_performance" } });
    assert.equal(headline(page(made.id)), "Checkout is failing");
    assert.match(banner(page(made.id)), new RegExp(`Partial outage: API Investigating, since ${timeText(Date.parse(made.started_at ?? made.created_at))}`));
    await client.patch(`/incidents/${made.id}`, { components: { [web.id]: "partial_outage" }, body: "Both." });
    assert.match(banner(page(made.id)), /Partial outage: API and Web Investigating/);
    await client.patch(`/incidents/${made.id}`, { status: "monitoring", components: { [api.id]: "operational", [web.id]: "operational" } });
    assert.match(banner(page(made.id)), /^Checkout is failing Monitoring, since/);
    await client.patch(`/incidents/${made.id}`, { status: "resolved" });
  });

  test("each update tells what it changed, by the component's name of today", async () => {
    const api = await client.component("Old name");
    const made = await client.incident({ name: "Told", body: "First.", components: { [api.id]: "major_outage" } });
    await client.patch(`/components/${api.id}`, { name: "API gateway" });
    await client.patch(`/incidents/${made.id}`, { body: "Better.", components: { [api.id]: "degraded_performance" } });
    await client.patch(`/incidents/${made.id}`, { body: "Only words." });
    await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Over." });
    const told = updates(page(made.id));
    assert.match(told[0], /^Resolved .* Over\. API gateway: degraded performance → operational$/);
    assert.match(told[1], /^Investigating .* Only words\.$/);
    assert.match(told[2], /Better\. API gateway: major outage → degraded performance$/);
    assert.match(told[3], /First\. API gateway: operational → major outage$/);
    assert.equal(page(made.id).includes("Old name"), false);
    assert.deepEqual(chips(page(made.id)), ["API gateway Major outage"]);
    assert.equal((page(made.id).match(/<h3 class="step">/g)).length, 4);
  });

  test("a component that is hidden now is not named, neither by itself, nor by its group, nor when it is gone", async () => {
    const group = await client.component({ name: "Group of ours", group: true });
    const [shown, hidden, grouped, deleted] = await Promise.all(["Shown", "Sekret one", "Sekret two", "Sekret three"].map((name) =>
      client.component(name === "Sekret two" ? { name, group_id: group.id } : name)));
    const made = await client.incident({ name: "Discreet", body: "We look.",
      components: Object.fromEntries([shown, hidden, grouped, deleted].map((c) => [c.id, "major_outage"])) });
    for (const name of ["Shown", "Sekret one", "Sekret two", "Sekret three"]) assert.ok(page(made.id).includes(`<b>${name}</b>: operational`), name);
    await client.patch(`/components/${hidden.id}`, { hidden: true });
    await client.patch(`/components/${group.id}`, { hidden: true });
    await client.call("DELETE", `/components/${deleted.id}`);
    publish(state);
    assert.equal(/Sekret|Group of ours/.test(page(made.id)), false);
    assert.deepEqual(chips(page(made.id)), ["Shown Major outage"]);
    assert.match(banner(page(made.id)), /Major outage: Shown Investigating/);
    assert.match(updates(page(made.id))[0], /Shown: operational → major outage$/);
    await client.patch(`/incidents/${made.id}`, { status: "resolved" });
    assert.equal(/Sekret|Group of ours/.test(page(made.id)), false);
  });

  test("an update that was edited says when; one that was not says nothing", async () => {
    const made = await client.incident({ name: "Corrected", body: "A tpyo." });
    await client.patch(`/incidents/${made.id}`, { body: "News." });
    assert.equal(page(made.id).includes("edited"), false);
    const [{ id, created_at: created }] = state.rows(`SELECT id, created_at FROM incident_updates WHERE incident_id = '${made.id}' AND body = 'A tpyo.'`);
    await until(() => Date.now() > created);
    const answer = await client.call("PATCH", `/incidents/${made.id}/incident_updates/${id}`, { incident_update: { body: "A typo." } });
    assert.equal(answer.status, 200, answer.text);
    const at = state.value(`SELECT updated_at FROM incident_updates WHERE id = '${id}'`);
    const told = updates(page(made.id));
    assert.equal(told[0].includes("edited"), false);
    assert.match(told[1], new RegExp(`edited ${timeText(at)} A typo\\.$`));
  });

  test("a reopened one says so, on top and where it happened, and counts from its beginning", async () => {
    const made = await client.incident({ name: "Back again", body: "First." });
    assert.equal(facts(page(made.id)).includes("Reopened"), false);
    await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Over." });
    assert.match(facts(page(made.id)), /Resolved .* Duration less than a minute/);
    await client.patch(`/incidents/${made.id}`, { status: "investigating", body: "Not over." });
    assert.match(banner(page(made.id)), /^Back again Investigating, since/);
    assert.match(facts(page(made.id)), /Started .* Reopened \d/);
    assert.match(updates(page(made.id))[0], /^Reopened: investigating .* Not over\.$/);
    await client.patch(`/incidents/${made.id}`, { status: "identified", body: "Known." });
    assert.match(updates(page(made.id))[0], /^Identified/);
    await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Really." });
    assert.match(facts(page(made.id)), /Reopened .* Resolved .* Duration/);
  });

  test("a postmortem has a section of its own above the updates, with its Markdown, and is not among them", async () => {
    const made = await client.incident({ name: "Explained", body: "First." });
    assert.equal(page(made.id).includes("Postmortem"), false);
    await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Over." });
    await client.patch(`/incidents/${made.id}`, { status: "postmortem", body: "# Why\n\nA **disk** was full." });
    const html = page(made.id);
    assert.match(html, /<h2 id="postmortem">Postmortem<\/h2>[\s\S]*<strong>disk<\/strong>[\s\S]*<h2 id="updates">Updates<\/h2>/);
    assert.equal(updates(html).length, 2);
    assert.match(updates(html)[0], /^Resolved .* Over\.$/);
    assert.match(banner(html), /^Resolved Explained$/);
    // headings go down one step at a time
    const levels = tags(html).map(([name]) => /^h([1-6])$/.exec(name)?.[1]).filter(Boolean).map(Number);
    assert.ok(levels.every((level, i) => i === 0 || level <= levels[i - 1] + 1), levels.join());
  });

  test("it can be followed as long as it is not over, also before the first update, which it says is missing", async () => {
    state.setting("push.enabled", 1);
    const followers = (html) => tags(html).filter(([, a]) => a.id === "push-follow").map(([name, a]) => `${name} ${a["data-incident"]} ${a["data-kind"]}`);
    const silent = await client.incident({ name: "Silent" });
    state.run(`DELETE FROM incident_updates WHERE incident_id = '${silent.id}'`);
    publish(state);
    assert.deepEqual(followers(page(silent.id)), [`button ${silent.id} incident`]);
    assert.deepEqual(updates(page(silent.id)), []);
    assert.match(spaces(inside(page(silent.id), "section") ?? page(silent.id)), /Updates Follow this incident No update has been published yet\./);
    assertHarmless(page(silent.id));
    await client.patch(`/incidents/${silent.id}`, { body: "We look." });
    assert.deepEqual(followers(page(silent.id)), [`button ${silent.id} incident`]);
    assert.match(updates(page(silent.id))[0], /We look\.$/);
    assert.doesNotMatch(page(silent.id), /No update has been/);

    const never = await client.incident({ name: "Never told" });
    await client.patch(`/incidents/${never.id}`, { status: "resolved" });
    state.run(`DELETE FROM incident_updates WHERE incident_id = '${never.id}'`);
    publish(state);
    assert.deepEqual(followers(page(never.id)), []);
    assert.doesNotMatch(page(never.id), /id="updates"/);
  });

  test("hostile names and texts are text, and change nothing of the page", async () => {
    const plain = await client.component("Plain");
    const evil = await client.component(HOSTILE.slice(0, 100));
    const posted = async (name, body, id) => {
      const made = await client.incident({ name, body, components: { [id]: "major_outage" } });
      await client.patch(`/incidents/${made.id}`, { status: "resolved", body });
      await client.patch(`/incidents/${made.id}`, { status: "postmortem", body });
      return page(made.id);
    };
    const calm = await posted("Calm", "Calm", plain.id);
    const hostile = await posted(HOSTILE, HOSTILE, evil.id);
    assertHarmless(hostile);
    assert.equal(skeleton(hostile), skeleton(calm));
    assert.equal(headline(hostile), HOSTILE);
    assert.ok(text(hostile).includes(`${HOSTILE.slice(0, 100)}: operational → major outage`));
  });
});

describe("the page of a maintenance", () => {
  let state, client, close, database;

  before(async () => {
    ({ state, client, close } = await openCgi());
    database = await client.component("Database");
  });
  after(() => close?.());

  const page = (id) => read(state, maintenanceFile(id));
  const planned = (from, until, more = {}) => client.incident({ name: "New disks", body: "We change disks.",
    scheduled_for: new Date(from).toISOString(), scheduled_until: new Date(until).toISOString(),
    components: { [database.id]: "under_maintenance" }, ...more });
  const set = (id, fields) => {
    state.run(`UPDATE incidents SET ${Object.entries(fields).map(([name, value]) => `${name} = ${quote(value)}`).join(", ")} WHERE id = '${id}'`);
    publish(state);
    return page(id);
  };

  test("planned: when, how long, which components and how they will be; the calendar offers itself", async () => {
    const from = Math.ceil(Date.now() / HOUR) * HOUR + 48 * HOUR;
    const made = await planned(from, from + 2 * HOUR);
    const html = page(made.id);
    assert.equal(banner(html), `New disks Scheduled for ${timeText(from)}`);
    assert.ok(html.includes("is-under_maintenance") && html.includes("#shape-under_maintenance"));
    assert.deepEqual(tags(html).filter(([name, a]) => name === "time" && [from, from + 2 * HOUR].includes(Date.parse(a.datetime))).length, 3);
    assert.match(facts(html), /^Planned for .* Duration 2 hours Will be affected Database Under maintenance$/);
    assert.match(html, /<a class="button" href="\/maintenance\.ics">Add to calendar<\/a>/);
    assert.match(updates(html)[0], /^Scheduled .* We change disks\.$/);
    assert.equal(updates(html)[0].includes("→"), false);
  });

  test("planned without a word it can be followed too", async () => {
    const from = Math.ceil(Date.now() / HOUR) * HOUR + 48 * HOUR;
    const made = await planned(from, from + HOUR, { body: undefined });
    state.run(`DELETE FROM incident_updates WHERE incident_id = '${made.id}'`);
    publish(state);
    assert.ok(page(made.id).includes(`data-incident="${made.id}" data-kind="maintenance"`));
    assert.match(spaces(page(made.id)), /No update has been published yet\./);
  });

  test("in progress, verifying, completed: each in its words, with the components as they are, then as they were", async () => {
    const from = Date.now() + 10 * MINUTE;
    const made = await planned(from, from + 2 * HOUR);
    await client.patch(`/incidents/${made.id}`, { status: "in_progress", body: "We begin." });
    assert.equal(banner(page(made.id)), `New disks In progress, until ${timeText(from + 2 * HOUR)}`);
    assert.match(facts(page(made.id)), /Began .* (9|10) minutes earlier than planned Affected Database Under maintenance/);
    assert.match(updates(page(made.id))[0], /^In progress .* We begin\. Database: operational → under maintenance$/);
    await client.patch(`/incidents/${made.id}`, { status: "verifying" });
    assert.equal(banner(page(made.id)), `New disks Verifying, until ${timeText(from + 2 * HOUR)}`);
    await client.patch(`/incidents/${made.id}`, { status: "completed", body: "Done." });
    const html = page(made.id);
    assert.match(banner(html), /^Completed after less than a minute New disks$/);
    assert.match(facts(html), /Was planned for .* Completed .* 2 hours (9|10) minutes earlier than planned Was affected Database Under maintenance$/);
    assert.equal(html.includes("Add to calendar"), false);
    assert.match(updates(html)[0], /^Completed .* Done\. Database: under maintenance → operational$/);
  });

  test("it says how long it took, and what was off the plan", async () => {
    const made = await planned(Date.now() + HOUR, Date.now() + 3 * HOUR);
    const begun = Date.parse("2025-11-21T16:00:00Z");
    const times = { scheduled_for: begun, scheduled_until: begun + 2 * HOUR, begun_at: begun + 30000 };
    let html = set(made.id, { ...times, status: "completed", resolved_at: begun + 115 * MINUTE + 30000 });
    assert.match(banner(html), /^Completed after 1 hour 55 minutes New disks$/);
    assert.match(facts(html), /Began 21 Nov 2025, 16:00 UTC Completed 21 Nov 2025, 17:55 UTC 5 minutes earlier than planned/);
    html = set(made.id, { resolved_at: begun + 150 * MINUTE });
    assert.match(facts(html), /Completed 21 Nov 2025, 18:30 UTC 30 minutes later than planned/);
    html = set(made.id, { resolved_at: begun + 120 * MINUTE });
    assert.equal(facts(html).includes("than planned"), false);
  });

  test("one that overruns says that it was to end and goes on, until its end is moved", async () => {
    const made = await planned(Date.now() + HOUR, Date.now() + 3 * HOUR, { name: "Slow" });
    const end = Date.parse("2025-11-21T18:00:00Z");
    const html = set(made.id, { status: "in_progress", begun_at: end - 2 * HOUR, scheduled_for: end - 2 * HOUR, scheduled_until: end, overrun_at: end + 500 });
    assert.equal(banner(html), "Slow In progress. It was to end at 21 Nov 2025, 18:00 UTC and goes on.");
    assert.match(banner(set(made.id, { scheduled_until: Date.now() + HOUR })), /^Slow In progress, until \d/);
  });

  test("one that nobody began says that it was planned and has not begun", async () => {
    const made = await planned(Date.now() + HOUR, Date.now() + 3 * HOUR, { name: "Forgotten", scheduled_auto_in_progress: false });
    const from = Date.parse("2025-11-21T18:00:00Z");
    assert.equal(banner(set(made.id, { scheduled_for: from })), "Forgotten It was planned for 21 Nov 2025, 18:00 UTC and has not begun.");
  });

  test("an outage that it did not cause is not told as its doing", async () => {
    const broken = await client.component("Broken");
    await client.patch(`/components/${broken.id}`, { status: "major_outage" });
    const made = await planned(Date.now() + HOUR, Date.now() + 3 * HOUR, { components: { [broken.id]: "under_maintenance" } });
    await client.patch(`/incidents/${made.id}`, { status: "in_progress" });
    assert.deepEqual(chips(page(made.id)), ["Broken Major outage"]);
    await client.patch(`/incidents/${made.id}`, { status: "completed" });
    assert.deepEqual(chips(page(made.id)), ["Broken Under maintenance"]);
    assert.equal(page(made.id).includes("→"), false);
  });

  test("a cancelled one says what would have been, and offers no calendar", async () => {
    const from = Date.now() + 50 * HOUR;
    const made = await planned(from, from + HOUR, { name: "Not after all" });
    await client.patch(`/incidents/${made.id}`, { status: "cancelled", body: "No parts." });
    const html = page(made.id);
    assert.equal(banner(html), "Cancelled Not after all");
    assert.match(facts(html), /^Was planned for .* Cancelled .* Was to be affected Database Under maintenance$/);
    assert.equal(facts(html).includes("than planned"), false);
    assert.equal(html.includes("Add to calendar"), false);
    assert.match(updates(html)[0], /^Cancelled .* No parts\.$/);
  });

  test("hidden components are not named, and hostile names are text", async () => {
    const secret = await client.component({ name: "Sekret", hidden: true });
    const from = Date.now() + 90 * HOUR;
    const made = await planned(from, from + HOUR, { name: HOSTILE, body: HOSTILE, components: { [database.id]: "under_maintenance", [secret.id]: "under_maintenance" } });
    const html = page(made.id);
    assertHarmless(html);
    assert.equal(headline(html), HOSTILE);
    assert.equal(html.includes("Sekret"), false);
    assert.deepEqual(chips(html), ["Database Under maintenance"]);
    const calm = await planned(from, from + HOUR, { name: "Calm", body: "Calm" });
    assert.equal(skeleton(html), skeleton(page(calm.id)));
  });
});
