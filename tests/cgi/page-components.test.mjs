// The components on the page: groups, states, the bars of the past days, their words and per cents.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { hasTestClock } from "./harness.mjs";
import { openCgi } from "./api-client.mjs";
import { decode, inside, publish, read, tags, text } from "./page-tools.mjs";

const DAY = 86400000;
const HOUR = 3600000;
const midnight = Math.floor(Date.now() / DAY) * DAY;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function dateOf(daysAgo) {
  const date = new Date(midnight - daysAgo * DAY);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

// The element with that id, as HTML; undefined where there is none.  None of ours contains its like.
function element(html, tag, id) {
  return new RegExp(`<${tag}\\b[^>]*\\bid="c-${id}"[\\s\\S]*?</${tag}>`).exec(html)?.[0];
}

const row = (html, component) => element(html, "li", component.id);
const card = (html, group) => element(html, "details", group.id);
const summary = (html, group) => /<summary[\s\S]*?<\/summary>/.exec(card(html, group))[0];
const isOpen = (html, group) => /^<details[^>]* open>/.test(card(html, group));
const uptime = (part) => inside(part, "span", "class=\"uptime\"")?.replace("\u00a0", " ");
const stateOf = (part) => [/<span class="state is-(\w+)"/.exec(part)[1], inside(part, "span", "class=\"state"), /#shape-(\w+)/.exec(part)[1]];
const names = (html) => [...(html.match(/<section[^>]*aria-labelledby="components"[\s\S]*?<\/section>/)?.[0] ?? "").matchAll(/<(?:h3|b)>(.*?)<\//g)].map(([, name]) => decode(name));

// What an SVG of bars says and shows: its attributes, and its ink by class.
function bars(part) {
  const svg = /<svg class="bars"[\s\S]*?<\/svg>/.exec(part)?.[0];
  if (svg === undefined) return undefined;
  const all = tags(svg);
  const ink = Object.fromEntries(all.filter(([name]) => name === "path").map(([, { class: kind, d }]) => [kind, d]));
  const { role, "aria-label": words, "data-days": days, "data-known": known } = all[0][1];
  return { role, words: words.replace("\u00a0", " "), days, known: Number(known), ink };
}

// The days that a dashed line or strokes cover.
function daysOf(d) {
  const lines = [...d.matchAll(/M(\d+) \d+H(\d+)/g)].flatMap(([, from, to]) => Array.from({ length: to - from }, (_, i) => Number(from) + i));
  return lines.length > 0 ? lines : [...d.matchAll(/M(\d+)\.35/g)].map(([, day]) => Number(day));
}

describe("the components of the page", () => {
  let state, client, close;

  before(async () => ({ state, client, close } = await openCgi()));
  after(() => close?.());
  beforeEach(() => state.run("DELETE FROM incidents; DELETE FROM components"));

  const status = (component, value) => client.patch(`/components/${component.id}`, { status: value });

  test("each group is a card with its members in order; components without group stand as rows where they are", async () => {
    const first = await client.component("First");
    const group = await client.component({ name: "Europe", group: true, description: "All of <Europe>." });
    const web = await client.component({ name: "Web", group_id: group.id, description: "Pages & \"forms\"." });
    const api = await client.component({ name: "API", group_id: group.id });
    const last = await client.component("Last");
    const html = read(state);
    assert.deepEqual(names(html), ["First", "Europe", "Web", "API", "Last"]);
    assert.equal(html.match(/<div class="card components"/g).length, 3);
    for (const member of [web, api]) assert.ok(card(html, group).includes(row(html, member)));
    for (const single of [first, last]) assert.equal(card(html, group).includes(row(html, single)), false);
    assert.match(text(row(html, web)), /Pages & "forms"\./);
    assert.match(text(card(html, group)), /All of <Europe>\./);
    assert.equal(new Set(tags(html).map(([, { id }]) => id).filter(Boolean)).size, html.match(/\bid="/g).length, "no id twice");
  });

  test("a group has the worst state of its members; an outage is never masked by maintenance", async () => {
    const group = await client.component({ name: "Europe", group: true });
    const members = [];
    for (const name of ["a", "b", "c"]) members.push(await client.component({ name, group_id: group.id }));
    assert.deepEqual(stateOf(summary(read(state), group)), ["operational", "Operational", "operational"]);
    for (const [which, value, worst, label] of [[0, "under_maintenance", "under_maintenance", "Under maintenance"], [1, "degraded_performance", "degraded_performance", "Degraded performance"],
      [2, "partial_outage", "partial_outage", "Partial outage"], [1, "under_maintenance", "partial_outage", "Partial outage"], [0, "major_outage", "major_outage", "Major outage"],
      [2, "under_maintenance", "major_outage", "Major outage"], [0, "operational", "under_maintenance", "Under maintenance"]]) {
      await status(members[which], value);
      assert.deepEqual(stateOf(summary(read(state), group)), [worst, label, worst]);
    }
  });

  test("a group is open while something in it is wrong, and closed else", async () => {
    const group = await client.component({ name: "Europe", group: true });
    const other = await client.component({ name: "Asia", group: true });
    const api = await client.component({ name: "API", group_id: group.id });
    await client.component({ name: "API", group_id: other.id });
    assert.deepEqual([group, other].map((one) => isOpen(read(state), one)), [false, false]);
    await status(api, "degraded_performance");
    assert.deepEqual([group, other].map((one) => isOpen(read(state), one)), [true, false]);
    await status(api, "operational");
    assert.equal(isOpen(read(state), group), false);
  });

  test("hidden components and groups are neither shown nor counted", async () => {
    const group = await client.component({ name: "Europe", group: true });
    const secret = await client.component({ name: "Sekret group", group: true, hidden: true });
    const seen = await client.component({ name: "Seen", group_id: group.id });
    for (const fields of [{ name: "Sekret one", group_id: group.id, hidden: true }, { name: "Sekret two", group_id: secret.id }, { name: "Sekret three", hidden: true }]) {
      await status(await client.component(fields), "major_outage");
    }
    const html = read(state);
    assert.equal(html.includes("Sekret"), false);
    assert.deepEqual(names(html), ["Europe", "Seen"]);
    assert.equal(stateOf(summary(html, group))[0], "operational");
    assert.equal(isOpen(html, group), false);
    assert.deepEqual(Object.keys(bars(summary(html, group)).ink).filter((kind) => kind.startsWith("is-")), []);
    await client.patch(`/components/${seen.id}`, { hidden: true });
    assert.equal(read(state).includes("Europe"), false, "a group of which nothing is seen");
  });

  test("what shows only in trouble shows only then, and an empty group not at all", async () => {
    const group = await client.component({ name: "Europe", group: true });
    await client.component({ name: "Empty", group: true });
    const shy = await client.component({ name: "Shy", group_id: group.id, only_show_if_degraded: true });
    const alone = await client.component({ name: "Alone", only_show_if_degraded: true });
    assert.deepEqual(names(read(state)), []);
    assert.equal(/<section[^>]*"components"/.test(read(state)), false);
    await status(shy, "partial_outage");
    assert.deepEqual(names(read(state)), ["Europe", "Shy"]);
    await status(alone, "under_maintenance");
    assert.deepEqual(names(read(state)), ["Europe", "Shy", "Alone"]);
    await status(shy, "operational");
    assert.deepEqual(names(read(state)), ["Alone"]);
  });

  test("components without group around a group that is not seen share one card", async () => {
    await client.component("One");
    await client.component({ name: "Empty", group: true });
    await client.component("Two");
    const html = read(state);
    assert.equal(html.match(/<div class="card components"/g).length, 1);
    assert.equal(html.match(/class="legend"/g).length, 1, "the legend stands once in a card");
  });

  test("showcase off: neither bars nor per cent", async () => {
    const group = await client.component({ name: "Europe", group: true, showcase: false });
    const plain = await client.component({ name: "Plain", group_id: group.id, showcase: false });
    const shown = await client.component({ name: "Shown", group_id: group.id });
    const html = read(state);
    for (const part of [summary(html, group), row(html, plain)]) assert.deepEqual([bars(part), uptime(part)], [undefined, undefined]);
    assert.ok(bars(row(html, shown)));
    assert.equal(html.match(/class="legend"/g).length, 1);
  });

  test("of days before the start date the bars say that nothing is known, and the words count the rest", async () => {
    const component = await client.component({ name: "API", start_date: new Date(midnight - 9 * DAY).toISOString().slice(0, 10) });
    const { ink, words, days, known, role } = bars(row(read(state), component));
    assert.deepEqual(Object.keys(ink), ["quiet-days", "unknown-days"]);
    assert.deepEqual(daysOf(ink["quiet-days"]), [80, 81, 82, 83, 84, 85, 86, 87, 88, 89]);
    assert.deepEqual(daysOf(ink["unknown-days"]), Array.from({ length: 80 }, (_, i) => i));
    assert.deepEqual({ words, days, known, role }, { words: "API: 100.00 % over 10 days.", days: "", known: 80, role: "img" });
    await client.patch(`/components/${component.id}`, { start_date: new Date(midnight + 9 * DAY).toISOString().slice(0, 10) });
    const later = row(read(state), component);
    assert.equal(bars(later).words, "API: not monitored yet.");
    assert.equal(uptime(later), "");
    assert.equal(bars(later).known, 90);
  });

  test("an outage that has only begun is today's bar, goes on, and leaves no 100.00", async () => {
    const component = await client.component({ name: "API", start_date: new Date(midnight - 89 * DAY).toISOString().slice(0, 10) });
    assert.equal(uptime(row(read(state), component)), "100.00 %");
    await status(component, "partial_outage");
    const part = row(read(state), component);
    assert.equal(uptime(part), "99.99 %");
    assert.deepEqual(daysOf(bars(part).ink["is-partial_outage"]), [89]);
    assert.equal(bars(part).days, "89:partial outage (not over yet)");
    assert.equal(bars(part).words, `API: 99.99 % over 90 days. ${dateOf(0)}: partial outage (not over yet).`);
  });

  test("200 components with bars in 20 groups fit into 300 KB", () => {
    for (let g = 0; g < 20; g++) {
      const group = state.component(`Group ${g}`, { is_group: 1, position: g + 1, created_at: 1 });
      for (let i = 0; i < 10; i++) {
        const id = state.component(`A component called ${g}.${i}`, { group_id: group, position: i + 1, description: "What it is for, in some words.", start_date: "2020-01-01" });
        for (const ago of [3 + i, 40]) {
          const at = midnight - ago * DAY;
          state.run(`INSERT INTO component_history (component_id, at, old_status, new_status, cause) VALUES
            ('${id}', ${at}, 'operational', 'major_outage', 'api'), ('${id}', ${at + HOUR}, 'major_outage', 'operational', 'api')`);
        }
      }
    }
    publish(state);
    const { size } = fs.statSync(path.join(state.publicDir, "index.html"));
    assert.equal(names(read(state)).length, 220);
    assert.ok(size < 300000, `${size} octets`);
  });

  test("a hostile name stays in the words of its bars", async () => {
    const name = "\"><script>alert(1)</script>|7:x & '%s' @@bars@@";
    const component = await client.component({ name });
    const part = row(read(state), component);
    assert.ok(bars(part).words.startsWith(`${name}: `), bars(part).words);
    assert.equal(part.includes("<script"), false);
  });
});

describe("the bars tell what was posted at its time", { skip: !hasTestClock }, () => {
  let state, client, close, group, api, web;

  // Programs, database and page are at that moment.  What is to last two hours gets half a minute more: requests take time.
  const MARGIN = HOUR / 120;
  const at = (daysAgo, hours = 0, margin = 0) => state.shiftClock(midnight - daysAgo * DAY + hours * HOUR + margin - Date.now());
  const status = (component, value) => client.patch(`/components/${component.id}`, { status: value });

  before(async () => {
    ({ state, client, close } = await openCgi());
    at(40);
    group = await client.component({ name: "Europe", group: true });
    api = await client.component({ name: "API", group_id: group.id });
    web = await client.component({ name: "Web", group_id: group.id });
    at(30, 5);
    await status(api, "degraded_performance");
    at(30, 5.5, MARGIN);
    await status(api, "major_outage");
    at(30, 7.5, 2 * MARGIN);
    await status(api, "operational");
    at(20, 23, -MARGIN);
    const incident = await client.incident({ name: "Down", components: { [api.id]: "partial_outage" } });
    at(18, 1, MARGIN);
    await client.patch(`/incidents/${incident.id}`, { status: "resolved" });
    at(10, 1);
    await status(web, "under_maintenance");
    at(10, 3, MARGIN);
    await status(web, "operational");
    at(0, 12);
    publish(state);
  });
  after(() => close?.());

  test("each day in trouble has a stroke of its state in its place, the worst of the day", () => {
    const { ink, known } = bars(row(read(state), api));
    assert.deepEqual(Object.keys(ink).sort(), ["is-major_outage", "is-partial_outage", "quiet-days", "unknown-days"]);
    assert.deepEqual(daysOf(ink["is-major_outage"]), [59]);
    assert.deepEqual(daysOf(ink["is-partial_outage"]), [69, 70, 71]);
    assert.equal(known, 49);
    const quiet = daysOf(ink["quiet-days"]);
    assert.deepEqual([quiet[0], quiet.length, quiet.some((day) => [59, 69, 70, 71].includes(day))], [49, 41 - 4, false]);
    assert.deepEqual(daysOf(bars(row(read(state), web)).ink["is-under_maintenance"]), [79]);
  });

  test("each says how long, the longest state first, and the words are those of the labels, newest first", () => {
    const { days, words } = bars(row(read(state), api));
    const told = { 59: "major outage 2 hours, degraded performance 30 minutes", 69: "partial outage 1 hour", 70: "partial outage all day", 71: "partial outage 1 hour" };
    assert.equal(days, Object.entries(told).map(([day, what]) => `${day}:${what}`).join("|"));
    const percent = uptime(row(read(state), api));
    const expected = days.split("|").reverse().map((day) => ` ${dateOf(89 - Number.parseInt(day, 10))}: ${day.replace(/^\d+:/, "")}.`);
    assert.equal(words, `API: ${percent} over 41 days.${expected.join("")}`);
  });

  test("per cent: an outage counts whole, a partial one half, maintenance not; the group has the mean", () => {
    const html = read(state);
    // 2 h whole and 26 h half of 40.5 days
    const exact = 100 * (1 - (2 + 13) / (40.5 * 24));
    const of = (part) => Number.parseFloat(uptime(part));
    assert.ok(Math.abs(of(row(html, api)) - exact) <= 0.02, `${uptime(row(html, api))}, exactly ${exact}`);
    assert.equal(uptime(row(html, web)), "100.00 %");
    assert.ok(Math.abs(of(summary(html, group)) - (of(row(html, api)) + 100) / 2) < 0.011, uptime(summary(html, group)));
  });

  test("a group's bars hold those of all its members; its words name three days and count the rest", () => {
    const { ink, words } = bars(summary(read(state), group));
    assert.deepEqual(daysOf(ink["is-major_outage"]), [59]);
    assert.deepEqual(daysOf(ink["is-partial_outage"]), [69, 70, 71]);
    assert.deepEqual(daysOf(ink["is-under_maintenance"]), [79]);
    assert.match(words, new RegExp(`^Europe: 9\\d\\.\\d\\d % over 41 days\\. ${dateOf(10)}: under maintenance 2 hours\\. ${dateOf(18)}: partial outage 1 hour\\. ${dateOf(19)}: partial outage all day\\. And 2 more days\\.$`));
  });

  test("the section says which day the first bar is, from which a script names the others", () => {
    const first = tags(read(state)).map(([, attributes]) => attributes["data-first"]).filter(Boolean);
    assert.deepEqual(first, [new Date(midnight - 89 * DAY).toISOString().slice(0, 10)]);
  });

  test("on the next day every bar has moved on by one", () => {
    at(-1, 1);
    publish(state);
    const { ink, known } = bars(row(read(state), api));
    assert.deepEqual(daysOf(ink["is-major_outage"]), [58]);
    assert.equal(known, 48);
    at(-60, 1);
    publish(state);
    assert.equal(bars(row(read(state), api)).ink["is-major_outage"], undefined);
  });
});
