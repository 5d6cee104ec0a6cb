// What the page tells its readers besides incidents: maintenance that is planned, running or over; what other programs
// read in its head; its footer; and the help page.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { makeState, newId, quote } from "./harness.mjs";
import { assertHarmless, files, headline, inside, publish, read, tags, text, title } from "./page-tools.mjs";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const midnight = () => Math.floor(Date.now() / DAY) * DAY;
const two = (n) => String(n).padStart(2, "0");

function momentText(ms) {
  const d = new Date(ms);
  const year = d.getUTCFullYear() === new Date().getUTCFullYear() ? "" : ` ${d.getUTCFullYear()}`;
  return `${DAYS[d.getUTCDay()]} ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}${year} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

let state;

before(() => { state = makeState(); });
after(() => state.remove());
beforeEach(() => state.run("DELETE FROM components; DELETE FROM incidents; DELETE FROM component_history"));

function say(incident, status, body, at) {
  state.run(`INSERT INTO incident_updates (id, incident_id, status, body, created_at, updated_at, display_at, deliver_notifications)
    VALUES ('${newId()}', '${incident}', '${status}', ${quote(body)}, ${at}, ${at}, ${at}, 0)`);
}

function maintenance(name, status, from, until, { components = [], body = "", ...extra } = {}) {
  const id = state.incident(name, { status, impact: "maintenance", max_impact: "maintenance", created_at: Math.min(from, Date.now()) - DAY,
    started_at: from, scheduled_for: from, scheduled_until: until, auto_start: 0, auto_end: 0, ...extra });
  for (const component of components) state.run(`INSERT INTO incident_components VALUES ('${id}', '${component}', 'under_maintenance')`);
  if (body) say(id, status, body, Date.now());
  return id;
}

function published() {
  state.run("UPDATE settings SET value = value + 1 WHERE name = 'content_rev'");
  publish(state);
  return read(state);
}

const section = (html, name) => new RegExp(`<section[^>]*aria-labelledby="${name}">([\\s\\S]*?)</section>`).exec(html)?.[1];
const words = (html) => text(html).replace(/\s+/g, " ").trim();
const articles = (html) => [...html.matchAll(/<article[\s\S]*?<\/article>/g)].map(([article]) => article);

describe("maintenance that is not over", () => {
  test("a page without any says nothing of it", () => {
    state.component("API");
    assert.equal(section(published(), "planned"), undefined);
  });

  test("stands in its section, the next first, with window, components, newest text and page; and is no trouble yet", () => {
    const api = state.component("API");
    const hidden = state.component("Sekret", { hidden: 1 });
    const from = midnight() + 2 * DAY + 16 * HOUR;
    const later = maintenance("Later", "scheduled", from + 3 * DAY, from + 3 * DAY + 20 * HOUR);
    const next = maintenance("Next", "scheduled", from, from + 2 * HOUR, { components: [api, hidden], body: "First *words*." });
    say(next, "scheduled", "Newest *words*.", Date.now() + 1000);
    const html = published();
    const planned = section(html, "planned");
    assert.equal(headline(html), "API is operational");
    assert.equal(section(html, "active"), undefined);
    const [first, second] = articles(planned);
    assert.match(first, new RegExp(`<a href="/maintenance/${next}/">Next</a>`));
    assert.match(second, new RegExp(`<a href="/maintenance/${later}/">Later</a>`));
    assert.ok(words(first).includes(`Scheduled ${momentText(from)}–${two(new Date(from + 2 * HOUR).getUTCHours())}:00 UTC`), words(first));
    assert.ok(words(second).includes(`${momentText(from + 3 * DAY)} – ${momentText(from + 3 * DAY + 20 * HOUR)} UTC`), words(second));
    assert.match(first, new RegExp(`<span data-window><time datetime="${new Date(from).toISOString()}">[^<]*</time>–<time datetime="${new Date(from + 2 * HOUR).toISOString()}">`));
    assert.match(first, /Newest <em>words<\/em>/);
    assert.equal(/First|Sekret|Operational/.test(first), false);
    assert.match(words(first), /API/);
    assert.equal(planned.match(/href="\/maintenance\.ics"/g).length, 1);
  });

  test("in progress it is among what happens now, with its timeline, and not among what is planned", () => {
    const db = state.component("Database", { status: "under_maintenance" });
    const now = Date.now();
    maintenance("Soon", "scheduled", now + HOUR, now + 2 * HOUR);
    const running = maintenance("Upgrade", "in_progress", now - HOUR, now + HOUR, { components: [db], body: "It has begun.", begun_at: now - HOUR });
    const html = published();
    assert.equal(headline(html), "Under maintenance: Database");
    assert.match(html, /class="headline filled is-under_maintenance"/);
    const active = section(html, "active");
    assert.match(active, new RegExp(`<a href="/maintenance/${running}/">Upgrade</a>`));
    assert.match(words(active), /Maintenance In progress/);
    assert.match(active, /It has begun/);
    const planned = articles(section(html, "planned"));
    assert.deepEqual([planned.length, /Soon/.test(planned[0])], [1, true]);
    assert.equal(html.split("It has begun").length, 2);
    state.run(`UPDATE incidents SET scheduled_until = ${now - 1000}, status = 'verifying' WHERE id = '${running}'`);
    assert.match(words(section(published(), "active")), /Verifying .* takes longer than planned/);
  });

  test("one without components is the headline where nothing else is, since it began", () => {
    const now = Date.now();
    state.component("API");
    maintenance("Office network", "in_progress", now - HOUR, now + HOUR, { begun_at: now - HOUR });
    const html = published();
    assert.equal(headline(html), "Under maintenance: Office network");
    assert.match(html, new RegExp(`Since <time datetime="${new Date(now - HOUR).toISOString()}"`));
  });

  const masked = [
    ["an outage of a component", { status: "partial_outage" }, null, "Partial outage: API"],
    ["a degraded component", { status: "degraded_performance" }, null, "Degraded performance: API"],
    ["an incident that hurts and affects no component", {}, "major", "Broken"],
  ];
  for (const [name, api, impact, expected] of masked) {
    test(`${name} is never masked by maintenance`, () => {
      const now = Date.now();
      state.component("API", api);
      const db = state.component("Database", { status: "under_maintenance", position: 2 });
      maintenance("Upgrade", "in_progress", now - HOUR, now + HOUR, { components: [db], begun_at: now - HOUR });
      if (impact) state.incident("Broken", { impact, max_impact: impact });
      assert.equal(headline(published()), expected);
    });
  }

  test("of several incidents without components the worst is the headline, not the newest", () => {
    const now = Date.now();
    state.component("API");
    state.incident("Worst", { impact: "critical", max_impact: "critical", created_at: now - HOUR, started_at: now - HOUR });
    state.incident("Newest", { impact: "minor" });
    assert.equal(headline(published()), "Worst");
  });

  test("ten are shown, and then how many more the calendar has", () => {
    state.component("API");
    for (let i = 0; i < 13; i++) maintenance(`Of many ${i}`, "scheduled", Date.now() + (i + 1) * DAY, Date.now() + (i + 1) * DAY + HOUR);
    const planned = section(published(), "planned");
    assert.equal(articles(planned).length, 10);
    assert.match(words(planned), /and 3 more in the calendar/);
    assert.ok(planned.includes("Of many 0<") && !planned.includes("Of many 12<"));
  });
});

describe("maintenance that is over", () => {
  test("stands under the day it ended, with how long it took; a cancelled one with what was planned", () => {
    state.component("API");
    const today = midnight();
    const ended = today - 3 * DAY + HOUR;
    const done = maintenance("Storage firmware", "completed", ended - 2 * HOUR, ended, { begun_at: ended - 115 * MINUTE, resolved_at: ended, body: "All *done*." });
    const planned = today + 5 * DAY + 16 * HOUR;
    const off = maintenance("Certificates", "cancelled", planned, planned + HOUR, { resolved_at: today - 6 * DAY, body: "Not needed." });
    maintenance("Long ago", "completed", today - 20 * DAY, today - 20 * DAY + HOUR, { begun_at: today - 20 * DAY, resolved_at: today - 20 * DAY + HOUR });
    const html = published();
    const past = section(html, "past");
    const [first, second] = articles(past);
    assert.match(first, new RegExp(`<a href="/maintenance/${done}/">Storage firmware</a>`));
    assert.match(words(first), /Completed after 1 hour 55 minutes Maintenance began/);
    assert.match(first, /All <em>done<\/em>/);
    assert.match(second, new RegExp(`<a href="/maintenance/${off}/">Certificates</a>`));
    assert.ok(words(second).includes(`Cancelled Maintenance was planned for ${momentText(planned)}–17:00 UTC`), words(second));
    assert.deepEqual([...past.matchAll(/datetime="([^"]*)" data-day/g)].map(([, day]) => day),
      [today - 3 * DAY, today - 6 * DAY].map((day) => new Date(day).toISOString().slice(0, 10)));
    assert.equal(html.includes("Long ago"), false);
    assert.equal(section(html, "planned"), undefined);
    assert.equal(/No incidents (on|from)/.test(past), true);
  });

  test("one that was never begun has no length", () => {
    state.component("API");
    const at = Date.now() - HOUR;
    maintenance("Not begun", "completed", at - HOUR, at, { resolved_at: at });
    assert.match(words(articles(section(published(), "past"))[0]), /^Not begun Completed Maintenance$/);
  });

  test("incidents and maintenances of one day stand newest first", () => {
    state.component("API");
    const day = midnight() - 2 * DAY;
    const incident = (name, at) => state.incident(name, { status: "resolved", created_at: at, started_at: at, updated_at: at, resolved_at: at + MINUTE });
    incident("Morning", day + 8 * HOUR);
    maintenance("Noon", "completed", day + 11 * HOUR, day + 12 * HOUR, { begun_at: day + 11 * HOUR, resolved_at: day + 12 * HOUR });
    incident("Evening", day + 20 * HOUR);
    assert.deepEqual(articles(section(published(), "past")).map((article) => inside(article, "h4")), ["Evening", "Noon", "Morning"]);
  });
});

describe("the head", () => {
  const head = (html) => tags(html.slice(0, html.indexOf("</head>")) + "</head>");
  const property = (html, name) => head(html).find(([tag, a]) => tag === "meta" && a.property === name)?.[1].content;
  const link = (html, rel) => head(html).filter(([tag, a]) => tag === "link" && a.rel === rel).map(([, a]) => a);
  const feeds = (html) => link(html, "alternate").filter((a) => a.hreflang === undefined);

  test("of every page has its one address, what a shared link shows, and the feeds; the image is there", () => {
    state.component("API", { status: "major_outage" });
    const incident = state.incident("Checkout \"fails\" <b>");
    const planned = maintenance("Upgrade", "scheduled", Date.now() + DAY, Date.now() + DAY + HOUR);
    published();
    const pages = { "index.html": "/", [`incidents/${incident}/index.html`]: `/incidents/${incident}/`, [`maintenance/${planned}/index.html`]: `/maintenance/${planned}/`,
      "history/index.html": "/history/", "help/notifications/index.html": "/help/notifications/" };
    for (const [file, address] of Object.entries(pages)) {
      const html = read(state, file);
      assert.deepEqual(link(html, "canonical").map(({ href }) => href), [state.siteUrl + address], file);
      assert.equal(property(html, "og:url"), state.siteUrl + address, file);
      assert.deepEqual(["og:type", "og:site_name", "og:image"].map((name) => property(html, name)), ["website", "Status", `${state.siteUrl}/logo-512.png`], file);
      assert.equal(property(html, "og:title"), title(html), file);
      assert.ok(property(html, "og:description").length > 3, file);
      assert.equal(head(html).find(([, a]) => a.name === "twitter:card")[1].content, "summary", file);
      assert.deepEqual(feeds(html).map(({ type, href }) => [type, href]), [["application/atom+xml", "/feed.atom"], ["application/rss+xml", "/feed.rss"],
        ["application/feed+json", "/feed.json"]], file);
      for (const { href } of feeds(html)) assert.ok(fs.existsSync(path.join(state.publicDir, href)), href);
      assertHarmless(html, file);
    }
    assert.ok(fs.existsSync(path.join(state.publicDir, "logo-512.png")));
  });

  test("of a page that does not exist names no address", () => {
    publish(state);
    const html = read(state, "404.html");
    assert.deepEqual([link(html, "canonical"), property(html, "og:url")], [[], undefined]);
  });
});

describe("footer and help", () => {
  test("every link of the page's own that stands on a page leads to a file", () => {
    state.component("API");
    state.incident("Open");
    maintenance("Upgrade", "scheduled", Date.now() + DAY, Date.now() + DAY + HOUR);
    published();
    const there = files(state.publicDir);
    for (const file of there.filter((name) => name.endsWith(".html"))) {
      for (const [tag, { href, src }] of tags(read(state, file))) {
        const address = /^\/(?!\/)([^#]*)/.exec(href ?? src ?? "")?.[1];
        if (address === undefined) continue;
        assert.ok(there.includes(address.replace(/(^|\/)$/, "$1index.html")), `${file}: <${tag}> /${address}`);
      }
    }
  });

  test("the footer leads to history, feeds, calendar and API; to the help only where there are notifications", () => {
    state.component("API");
    const footer = () => words(/<footer[\s\S]*<\/footer>/.exec(published())[0]);
    assert.match(footer(), /History Calendar Feeds: Atom RSS JSON API Not getting notifications\?/);
    state.setting("push_enabled", 0);
    assert.equal(footer().includes("Not getting"), false);
    state.setting("push_enabled", 1);
  });

  test("the help names the browsers, answers the three questions, says what is stored, and each of its anchors exists", () => {
    publish(state);
    const html = read(state, "help/notifications/index.html");
    const all = words(html);
    for (const browser of ["Chrome", "Edge", "Firefox", "Opera", "Safari", "macOS 13", "16.4", "Home Screen", "Android"]) assert.ok(all.includes(browser), browser);
    for (const id of ["browsers", "not-appearing", "blocked", "iphone", "android", "quiet", "stored", "off"]) assert.ok(inside(html, "h2", `id="${id}"`), id);
    const ids = tags(html).map(([, { id }]) => id);
    for (const [, { href }] of tags(html)) if (href?.startsWith("#")) assert.ok(ids.includes(href.slice(1)) || /^#(shape|icon)-/.test(href), href);
    assert.equal(new Set(ids.filter(Boolean)).size, ids.filter(Boolean).length, "an id stands twice");
    assertHarmless(html, "help");
  });
});
