// The history: one page a month, each linked with its neighbours, and every page that a reader can get to by them.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { newId, quote } from "./harness.mjs";
import { openServer } from "./api-client.mjs";
import { assertHarmless, files, headline, publish, read, skeleton, tags, text, title } from "./page-tools.mjs";

const DAY = 86400000;
const HOUR = 3600000;
const HOSTILE = `<script>alert(1)</script>"'&<img src=x onerror=alert(1)> @@name@@`;
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

const today = new Date();
// Midnight of the first day of a month, counted back from this one.
const monthStart = (back) => Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1);
const monthText = (back) => `${MONTHS[new Date(monthStart(back)).getUTCMonth()]} ${new Date(monthStart(back)).getUTCFullYear()}`;
const monthPath = (back) => (back === 0 ? "/history/" : `/history/${new Date(monthStart(back)).toISOString().slice(0, 7)}/`);
const days = (back) => (monthStart(back - 1) - monthStart(back)) / DAY;

const quiet = (html) => [...html.matchAll(/<p class="quiet">([^<]*)<\/p>/g)].map(([, words]) => words);
const links = (html, rel) => tags(html).filter(([name, a]) => name === "a" && a.rel === rel).map(([, a]) => a.href);
const entries = (html) => [...html.matchAll(/<article class="entry">([\s\S]*?)<\/article>/g)].map(([, entry]) => text(entry).replace(/\s+/g, " ").trim());

describe("the history", () => {
  let state, client, close, server;

  before(async () => ({ state, client, close, server } = await openServer()));
  after(() => close?.());

  const page = (back) => read(state, path.join(monthPath(back).slice(1), "index.html"));

  function past(name, at, more = {}) {
    const id = state.incident(name, { status: "resolved", impact: "major", max_impact: "major",
      created_at: at, started_at: at, updated_at: at + 2 * HOUR, resolved_at: at + 2 * HOUR, ...more });
    return id;
  }

  function update(incident, body, at) {
    state.run(`INSERT INTO incident_updates (id, incident_id, status, body, created_at, updated_at, display_at, deliver_notifications)
      VALUES ('${newId()}', '${incident}', 'resolved', ${quote(body)}, ${at}, ${at}, ${at}, 1)`);
  }

  test("a new page has this month, which says that nothing happened, and leads nowhere else", () => {
    publish(state);
    assert.equal(headline(page(0)), monthText(0));
    assert.deepEqual(quiet(page(0)), [`No incidents in ${monthText(0)} so far.`]);
    assert.deepEqual([...links(page(0), "prev"), ...links(page(0), "next")], []);
    assert.deepEqual(files(path.join(state.publicDir, "history")), ["index.html"]);
  });

  test("months reach back to the oldest incident, each linked with its neighbours, an empty one says so once", () => {
    past("Long ago", monthStart(3) + 4 * DAY + 10 * HOUR);
    publish(state);
    for (const back of [0, 1, 2, 3]) {
      const html = page(back);
      assert.equal(headline(html), monthText(back));
      assert.equal(title(html), `${monthText(back)} · History · Status`);
      assert.deepEqual(links(html, "prev"), back === 3 ? [] : [monthPath(back + 1)]);
      assert.deepEqual(links(html, "next"), back === 0 ? [] : [monthPath(back - 1)]);
    }
    for (const back of [1, 2]) assert.deepEqual(quiet(page(back)), [`No incidents in ${monthText(back)}.`]);
    assert.equal(fs.existsSync(path.join(state.publicDir, monthPath(4))), false);
  });

  test("empty days are said once, around the day of the incident", () => {
    const month = MONTHS[new Date(monthStart(3)).getUTCMonth()];
    assert.deepEqual(quiet(page(3)), [`No incidents from 6 to ${days(3)} ${month}`, `No incidents from 1 to 4 ${month}`]);
    assert.match(page(3), new RegExp(`data-day>[A-Z][a-z]+day, 5 ${month}</time>`));
    assert.match(entries(page(3))[0], /^Long ago Major impact Resolved after 2 hours began /);
  });

  test("an entry says the first sentence of the newest update as plain text; hostile words are text", () => {
    const calm = past("Calm", monthStart(2) + HOUR);
    update(calm, "Old.", monthStart(2) + HOUR);
    update(calm, "Calm. More of it.", monthStart(2) + 2 * HOUR);
    publish(state);
    const before = skeleton(page(2));
    assert.match(entries(page(2))[0], /Calm\.$/);
    state.run(`UPDATE incidents SET name = ${quote(HOSTILE)} WHERE id = '${calm}';
      UPDATE incident_updates SET body = ${quote(`They wrote ${HOSTILE} **bold**`)} WHERE incident_id = '${calm}'`);
    publish(state);
    assertHarmless(page(2));
    assert.equal(skeleton(page(2)), before);
    assert.ok(entries(page(2))[0].startsWith(HOSTILE));
    assert.ok(entries(page(2))[0].endsWith("bold"));
  });

  test("a maintenance stands where it was planned for, whenever it was written down", () => {
    const at = monthStart(1) + 9 * DAY + 16 * HOUR;
    const id = state.incident("New disks", { status: "completed", impact: "maintenance", max_impact: "maintenance", created_at: monthStart(2) + DAY,
      started_at: at, scheduled_for: at, scheduled_until: at + 2 * HOUR, begun_at: at, resolved_at: at + 115 * 60000 });
    publish(state);
    assert.match(entries(page(1))[0], /^New disks Maintenance Completed after 1 hour 55 minutes planned for /);
    assert.ok(page(1).includes(`href="/maintenance/${id}/"`));
    assert.equal(page(2).includes("New disks"), false);
  });

  test("what is posted is in this month's page at once, and every link of it leads to a page", async () => {
    const made = await client.incident({ name: "Just now", body: "We look." });
    const html = (await server.request("/history/")).text;
    assert.match(entries(html)[0], /^Just now No impact Investigating began .* We look\.$/);
    for (const back of [0, 1, 2, 3]) {
      for (const [name, a] of tags(page(back))) {
        if (name === "a" && /^\/(history|incidents|maintenance)\//.test(a.href)) assert.equal((await server.request(a.href)).status, 200, a.href);
      }
    }
    await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Over." });
    assert.match(entries(page(0))[0], /^Just now No impact Resolved after less than a minute began .* Over\.$/);
  });

  test("a change to an old incident shows in its month", async () => {
    const id = past("Old one", monthStart(1) + 2 * DAY);
    publish(state);
    assert.match(entries(page(1)).join(), /Old one/);
    await client.patch(`/incidents/${id}`, { status: "resolved", body: "It was a disk." });
    await client.patch(`/incidents/${id}`, { status: "postmortem", body: "# What we learnt" });
    assert.match(entries(page(1)).join(), /Old one Major impact Resolved after 2 hours with postmortem began .* It was a disk\./);
    await client.call("DELETE", `/incidents/${id}`);
    assert.equal(page(1).includes("Old one"), false);
  });

  test("an address without a page says so and leads to the page and its history", async () => {
    const answer = await server.request("/history/1999-01/");
    assert.equal(answer.status, 404);
    const targets = tags(answer.text).filter(([name]) => name === "a").map(([, a]) => a.href);
    assert.ok(targets.includes("/") && targets.includes("/history/"));
  });
});
