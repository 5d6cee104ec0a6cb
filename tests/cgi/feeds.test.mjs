// Feeds and calendar, as others read them: each file goes through parsers that know nothing of ours.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseAtomFeed, parseJsonFeed, parseRssFeed } from "feedsmith";
import ICAL from "ical.js";
import nodeIcal from "node-ical";
import RssParser from "rss-parser";
import saxes from "saxes";
import { openCgi } from "./api-client.mjs";
import { assertHarmless, publish, read } from "./page-tools.mjs";

const HOUR = 3600000;
const iso = (ms) => new Date(ms).toISOString();
const soon = Math.ceil(Date.now() / HOUR) * HOUR + 24 * HOUR;

const TITLES = [
  "Checkout is failing",
  "]]> <![CDATA[ --> <?xml ?> <!DOCTYPE x>",
  "<script>alert(1)</script> </title></item>",
  `"quoted" 'quoted' & &amp; &lt;b&gt; &#1; &nbsp;`,
  "semi;colon, comma, back\\slash, \\n, \\, \\;",
  "BEGIN:VALARM END:VEVENT",
  "🔥 שירות التخزين e\u0301\u0301 家 👩‍👩‍👧‍👦",
  "\u2028line\u2029ends\u0085of Unicode",
  "noncharacters \u{fffe}\u{ffff}\u{1ffff}",
  "😀".repeat(200),
  `${"é".repeat(199)}x`,
];
const BODY = "First line\r\nsecond; line, with \\ and **bold**\n\n- ]]> <script>alert(2)</script>\n- &#1; &#x202e; &#xfffe; &amp;lt;\n\nBEGIN:VEVENT";

// XML 1.0 has no place for these two; calendars none for line breaks inside of a name
const inXml = (text) => text.replace(/[\ufffe\uffff]/g, "\ufffd");
const inCalendar = (text) => text.replace(/[\u2028\u2029\u0085]/g, "\n");

// A parser that keeps to XML 1.0 with namespaces, and to its characters.
function assertXml(text) {
  const parser = new saxes.SaxesParser({ xmlns: true });
  parser.on("error", (error) => { throw error; });
  parser.write(text).close();
  assert.equal(/[\ufffe\uffff]/.test(text), false);
}

describe("feeds and calendar", () => {
  let state, client, close, visible;

  before(async () => {
    ({ state, client, close } = await openCgi());
    visible = state.component("Shown; <b>, \\ & co");
    state.component("Sekret", { id: "sekretsekret", hidden: 1, position: 2 });
    state.setting("site_name", "A;b,c\\d <e> & \"f\"");
  });
  after(() => close?.());

  const plan = (fields) => client.incident({ scheduled_for: iso(soon), scheduled_until: iso(soon + 2 * HOUR), ...fields });

  const atom = () => {
    assertXml(read(state, "feed.atom"));
    const feed = parseAtomFeed(read(state, "feed.atom"));
    return feed.entries?.map((e) => ({ id: e.id, link: e.links[0].href, title: e.title.value ?? e.title, html: e.content.value ?? e.content,
      published: Date.parse(e.published), updated: Date.parse(e.updated), tags: e.categories.map((c) => c.term) })) ?? [];
  };
  const rss = async () => {
    assertXml(read(state, "feed.rss"));
    const feed = await new RssParser({ customFields: { item: ["description", ["atom:updated", "updated"]] } }).parseString(read(state, "feed.rss"));
    assert.equal(parseRssFeed(read(state, "feed.rss")).items?.length ?? 0, feed.items.length);
    return feed.items.map((e) => ({ id: e.guid, link: e.link, title: e.title, html: e.description,
      published: Date.parse(e.pubDate), updated: Date.parse(e.updated), tags: e.categories }));
  };
  const json = () => {
    const feed = parseJsonFeed(read(state, "feed.json"));
    return feed.items?.map((e) => ({ id: e.id, link: e.url, title: e.title, html: e.content_html,
      published: Date.parse(e.date_published), updated: Date.parse(e.date_modified), tags: e.tags })) ?? [];
  };
  const all = async () => ({ "feed.atom": atom(), "feed.rss": await rss(), "feed.json": json() });

  // What two parsers say of each event; they have to agree.
  function events() {
    const text = read(state, "maintenance.ics");
    assert.doesNotMatch(text, /(?<!\r)\n|\r(?!\n)/);
    for (const line of text.split("\r\n")) assert.ok(Buffer.byteLength(line) <= 75, line);
    const other = Object.values(nodeIcal.sync.parseICS(text)).filter((e) => e.type === "VEVENT");
    const found = new ICAL.Component(ICAL.parse(text)).getAllSubcomponents("vevent").map((component) => {
      const event = new ICAL.Event(component);
      const value = (name) => component.getFirstPropertyValue(name);
      return { uid: event.uid, start: event.startDate.toJSDate().getTime(), end: event.endDate.toJSDate().getTime(),
        sequence: event.sequence, summary: event.summary, description: event.description, url: value("url"), status: value("status"),
        categories: component.getFirstProperty("categories").getValues(), stamp: value("dtstamp").toJSDate().getTime(),
        created: value("created").toJSDate().getTime(), transparent: value("transp") === "TRANSPARENT" };
    });
    for (const e of found) {
      const { start, end, ...is } = other.find((x) => x.uid === e.uid);
      assert.deepEqual([start.getTime(), end.getTime(), is.status, Number(is.sequence), is.url], [e.start, e.end, e.status, e.sequence, e.url]);
      // node-ical reads an escaped backslash in front of an n as a line break
      if (!e.summary.includes("\\n")) assert.equal(is.summary, e.summary);
      assert.equal(is.description, e.description);
    }
    assert.equal(other.length, found.length);
    return found;
  }
  const eventOf = (id) => events().find((e) => e.uid.startsWith(`${id}@`));

  test("an empty page has feeds and a calendar that parse, with nothing in them", async () => {
    publish(state);
    for (const [name, entries] of Object.entries(await all())) assert.deepEqual(entries, [], name);
    assert.deepEqual(events(), []);
  });

  test("each format says where it is, whose it is, and that it may be subscribed to", async () => {
    const name = "A;b,c\\d <e> & \"f\"";
    const a = parseAtomFeed(read(state, "feed.atom"));
    assert.equal(a.links.find((l) => l.rel === "self").href, `${state.siteUrl}/feed.atom`);
    assert.equal(a.links.find((l) => l.rel === "alternate").href, `${state.siteUrl}/`);
    assert.equal(a.authors[0].name, name);
    const r = await new RssParser().parseString(read(state, "feed.rss"));
    assert.equal(r.title, `${name}: incidents and maintenance`);
    assert.equal(r.feedUrl, `${state.siteUrl}/feed.rss`);
    assert.equal(r.link, `${state.siteUrl}/`);
    const j = JSON.parse(read(state, "feed.json"));
    assert.equal(j.version, "https://jsonfeed.org/version/1.1");
    assert.deepEqual([j.feed_url, j.home_page_url, j.authors[0].name], [`${state.siteUrl}/feed.json`, `${state.siteUrl}/`, name]);
    const calendar = new ICAL.Component(ICAL.parse(read(state, "maintenance.ics")));
    const value = (property) => String(calendar.getFirstPropertyValue(property));
    // ical.js leaves what is not of RFC 5545 itself as it stands
    const other = nodeIcal.sync.parseICS(read(state, "maintenance.ics")).vcalendar;
    assert.deepEqual([other["WR-CALNAME"], other.name], [`${name}: maintenance`, `${name}: maintenance`]);
    assert.deepEqual([value("version"), value("method"), value("refresh-interval")], ["2.0", "PUBLISH", "PT1H"]);
  });

  test("hostile names and texts arrive as they were written, in every format", async () => {
    const incidents = [], plans = [];
    for (const name of TITLES) {
      incidents.push(await client.incident({ name, body: BODY, component_ids: [visible, "sekretsekret"] }));
      plans.push(await plan({ name, body: BODY, component_ids: [visible, "sekretsekret"] }));
    }
    for (const [file, entries] of Object.entries(await all())) {
      const shown = file === "feed.json" ? (text) => text : inXml;
      assert.equal(entries.length, 2 * TITLES.length, file);
      TITLES.forEach((name, i) => {
        const incident = entries.find((e) => e.id === `${state.siteUrl}/incidents/${incidents[i].id}/`);
        const planned = entries.find((e) => e.id === `${state.siteUrl}/maintenance/${plans[i].id}/`);
        assert.equal(incident.title, shown(`Investigating: ${name}`), file);
        assert.ok(planned.title.startsWith(shown(`Scheduled maintenance: ${name}, `)), planned.title);
        for (const e of [incident, planned]) {
          assert.equal(e.link, e.id);
          assertHarmless(e.html.replaceAll(/[\u0001\ufffd]/g, ""), file);
          assert.ok(e.html.includes("&lt;script&gt;alert(2)&lt;/script&gt;") && e.html.includes("<strong>bold</strong>"), e.html);
          assert.ok(e.html.includes("Shown; &lt;b&gt;, \\ &amp; co</p>"), e.html);
        }
      });
    }
    const found = events();
    assert.equal(found.length, TITLES.length);
    TITLES.forEach((name, i) => {
      const e = found.find((x) => x.uid === `${plans[i].id}@localhost`);
      assert.equal(e.summary, inCalendar(name));
      assert.deepEqual(e.categories, ["Maintenance", "Shown; <b>, \\ & co"]);
      assert.ok(e.description.includes("Affected: Shown; <b>, \\ & co\n"), e.description);
      assert.ok(e.description.includes("First line second; line, with \\ and bold\n]]> <script>alert(2)</script>\n"), e.description);
      assert.ok(e.description.endsWith(`BEGIN:VEVENT\n\n${state.siteUrl}/maintenance/${plans[i].id}/`), e.description);
    });
  });

  test("a hidden component is named nowhere", () => {
    for (const file of ["feed.atom", "feed.rss", "feed.json", "maintenance.ics"]) assert.equal(read(state, file).includes("Sekret"), false, file);
  });

  test("an update changes the entry's title, text and date, and nothing of its id; the newest change is first", async () => {
    const made = await client.incident({ name: "Stable", body: "One." });
    await client.incident({ name: "Later" });
    const id = `${state.siteUrl}/incidents/${made.id}/`;
    const earlier = await all();
    await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Two." });
    for (const [file, entries] of Object.entries(await all())) {
      const was = earlier[file].find((e) => e.id === id);
      const [is] = entries;
      assert.equal(is.id, id, file);
      assert.deepEqual([was.title, is.title], ["Investigating: Stable", "Resolved: Stable"]);
      assert.deepEqual([was.tags[1], is.tags[1]], ["investigating", "resolved"]);
      assert.equal(is.published, was.published);
      assert.ok(is.updated > was.updated, file);
      assert.match(is.html, /Resolved[\s\S]*Two\.[\s\S]*Investigating[\s\S]*One\./);
      assert.deepEqual(entries.map((e) => e.updated), entries.map((e) => e.updated).sort((x, y) => y - x), file);
    }
    assert.equal(Date.parse(parseAtomFeed(read(state, "feed.atom")).updated), atom()[0].updated);
    assert.equal(Date.parse(parseRssFeed(read(state, "feed.rss")).lastBuildDate), Math.floor(atom()[0].updated / 1000) * 1000);
  });

  test("publishing again without a change writes the same bytes", async () => {
    const files = ["feed.atom", "feed.rss", "feed.json", "maintenance.ics"];
    const earlier = files.map((file) => read(state, file));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    publish(state);
    files.forEach((file, i) => assert.equal(read(state, file), earlier[i], file));
  });

  test("an event tells of its maintenance: times, page, state", async () => {
    const made = await plan({ name: "Database" });
    const e = eventOf(made.id);
    assert.equal(e.uid, `${made.id}@localhost`);
    assert.deepEqual([e.start, e.end], [soon, soon + 2 * HOUR]);
    assert.deepEqual([e.summary, e.status, e.sequence, e.transparent], ["Database", "CONFIRMED", 0, true]);
    assert.equal(e.url, `${state.siteUrl}/maintenance/${made.id}/`);
    assert.equal(e.created, Math.floor(Date.parse(made.created_at) / 1000) * 1000);
  });

  test("the sequence rises with a change of time, name or end, and by cancelling; the id stays, and so does the event", async () => {
    const made = await plan({ name: "Moved" });
    const seen = [eventOf(made.id)];
    const change = async (fields) => {
      await client.patch(`/incidents/${made.id}`, fields);
      seen.push(eventOf(made.id));
      return seen.at(-1);
    };
    let e = await change({ scheduled_for: iso(soon + HOUR), scheduled_until: iso(soon + 3 * HOUR) });
    assert.deepEqual([e.start, e.end], [soon + HOUR, soon + 3 * HOUR]);
    e = await change({ scheduled_until: iso(soon + 4 * HOUR) });
    assert.equal(e.end, soon + 4 * HOUR);
    e = await change({ name: "Moved twice" });
    assert.equal(e.summary, "Moved twice");
    e = await change({ status: "cancelled", body: "Not needed." });
    assert.deepEqual([e.status, e.summary, e.end], ["CANCELLED", "Cancelled: Moved twice", soon + 4 * HOUR]);
    assert.match(e.description, /^Status: Cancelled\n[\s\S]*Not needed\./);
    assert.deepEqual(seen.map((x) => x.sequence), [0, 1, 2, 3, 4]);
    assert.equal(new Set(seen.map((x) => x.uid)).size, 1);
    assert.ok(seen.every((x, i) => i === 0 || x.stamp >= seen[i - 1].stamp));
  });

  test("news of a maintenance leave the sequence alone, and its feed entry changes", async () => {
    const made = await plan({ name: "Talked about" });
    const id = `${state.siteUrl}/maintenance/${made.id}/`;
    const was = atom().find((e) => e.id === id);
    await client.patch(`/incidents/${made.id}`, { body: "Still planned." });
    const is = atom().find((e) => e.id === id);
    assert.ok(is.updated > was.updated && is.html.includes("Still planned."));
    assert.equal(is.title, was.title);
    assert.equal(eventOf(made.id).sequence, 0);
    assert.match(eventOf(made.id).description, /Still planned\./);
  });

  test("completed, a maintenance begins and ends as it did, to the minute", async () => {
    const made = await plan({ name: "Early" });
    await client.patch(`/incidents/${made.id}`, { status: "in_progress" });
    let e = eventOf(made.id);
    assert.ok(Math.abs(e.start - Date.now()) < 2 * 60000, iso(e.start));
    assert.deepEqual([e.end, e.sequence], [soon + 2 * HOUR, 1]);
    assert.match(atom().find((x) => x.id.includes(made.id)).title, /^Maintenance in progress: Early, /);
    await client.patch(`/incidents/${made.id}`, { status: "completed" });
    e = eventOf(made.id);
    assert.ok(Math.abs(e.start - Date.now()) < 2 * 60000 && e.end > e.start && e.end < soon, iso(e.end));
    assert.equal(e.sequence, 2);
    assert.match(atom().find((x) => x.id.includes(made.id)).title, /^Maintenance completed: Early, /);
  });

  test("what was deleted is gone from feeds and calendar", async () => {
    const made = await plan({ name: "Mistake" });
    assert.ok(eventOf(made.id));
    assert.equal((await client.call("DELETE", `/incidents/${made.id}`)).status, 200);
    assert.equal(eventOf(made.id), undefined);
    for (const [file, entries] of Object.entries(await all())) assert.equal(entries.some((e) => e.id.includes(made.id)), false, file);
  });
});
