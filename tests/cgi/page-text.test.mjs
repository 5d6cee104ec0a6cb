// What the pages say: headline, components, past days, incident pages; and that no text of anybody becomes mark-up.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { makeState } from "./harness.mjs";
import { openCgi } from "./api-client.mjs";
import { assertHarmless, decode, headline, incidentFile, inside, publish, read, skeleton, tags, text, title } from "./page-tools.mjs";

const DAY = 86400000;
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const midnight = () => Math.floor(Date.now() / DAY) * DAY;
const dayText = (ms) => `${new Date(ms).getUTCDate()} ${MONTHS[new Date(ms).getUTCMonth()]}`;

describe("the headline", () => {
  let state;

  before(() => { state = makeState(); });
  after(() => state.remove());
  beforeEach(() => state.run("DELETE FROM components; DELETE FROM incidents; DELETE FROM component_history"));

  function published(...components) {
    components.forEach(([name, status = "operational", extra = {}], i) => state.component(name, { status, position: i + 1, ...extra }));
    publish(state);
    return read(state);
  }

  test("an empty page says so, without past days", () => {
    const html = published();
    assert.equal(headline(html), "This page has no components yet.");
    assert.equal(html.includes("Past fourteen days"), false);
  });

  const sentences = [
    [[["API"]], "API is operational"],
    [[["API"], ["Web"]], "All components are operational"],
    [[["API", "degraded_performance"]], "Degraded performance: API"],
    [[["API"], ["Web", "under_maintenance"]], "Under maintenance: Web"],
    [[["API", "partial_outage"], ["Web", "partial_outage"]], "Partial outage: API and Web"],
    [[["API", "major_outage"], ["Web", "major_outage"], ["Mail", "major_outage"]], "Major outage: API, Web and 1 more"],
    [[["A", "major_outage"], ["B", "major_outage"], ["C", "major_outage"], ["D", "major_outage"]], "Major outage: A, B and 2 more"],
    [[["API", "partial_outage"], ["Web", "major_outage"], ["Mail", "degraded_performance"]], "Major outage: Web"],
    [[["API", "under_maintenance"], ["Web", "degraded_performance"]], "Degraded performance: Web"],
    [[["API", "operational", { only_show_if_degraded: 1 }], ["Web"]], "All components are operational"],
    [[["API", "partial_outage", { only_show_if_degraded: 1 }], ["Web"]], "Partial outage: API"],
  ];
  for (const [components, sentence] of sentences) {
    test(`"${sentence}" for ${components.map(([name, status = "operational"]) => `${name} ${status}`).join(", ")}`, () => {
      const html = published(...components);
      assert.equal(headline(html), sentence);
      assert.equal(title(html), `${sentence} · Status`);
      assert.equal(tags(html).find(([tag, a]) => tag === "meta" && a.name === "description")[1].content, `${sentence}.`);
    });
  }

  test("a hidden component is nowhere, whatever its status, nor is one of a hidden group", () => {
    const group = state.component("Hidden group", { is_group: 1, hidden: 1, position: 9 });
    const html = published(["API"], ["Sekret one", "major_outage", { hidden: 1 }], ["Sekret two", "major_outage", { group_id: group }]);
    assert.equal(headline(html), "API is operational");
    for (const name of ["index.html", "push.json", "404.html", "manifest.webmanifest"]) {
      assert.equal(/Sekret|Hidden group/.test(read(state, name)), false, name);
    }
  });

  test("a page that hides all it has does not name what is hidden", () => {
    const group = state.component("Hidden group", { is_group: 1, hidden: 1, position: 9 });
    const html = published(["Sekret", "operational", { group_id: group }]);
    assert.equal(headline(html), "This page has no components yet.");
  });

  test("it says since when the first of the named components is not operational", () => {
    const since = Date.now() - 3 * 3600000;
    const one = state.component("One", { status: "major_outage" });
    const two = state.component("Two", { status: "major_outage", position: 2 });
    const history = (id, at, from, to) => state.run(`INSERT INTO component_history (component_id, at, old_status, new_status, cause)
      VALUES ('${id}', ${at}, '${from}', '${to}', 'api')`);
    history(one, since - 9 * DAY, "operational", "major_outage");
    history(one, since - 8 * DAY, "major_outage", "operational");
    history(one, since, "operational", "degraded_performance");
    history(one, since + 60000, "degraded_performance", "major_outage");
    history(two, since + 120000, "operational", "major_outage");
    const html = published();
    assert.equal(headline(html), "Major outage: One and Two");
    assert.match(html, new RegExp(`<p>Since <time datetime="${new Date(since).toISOString()}"`));
  });

  test("an incident that affects no component is the headline, with its impact as state", () => {
    state.incident("Support is slow", { impact: "none", max_impact: "none" });
    const html = published(["API"]);
    assert.equal(headline(html), "Support is slow");
    assert.match(html, /class="headline filled is-none"/);
  });

  test("the site's own name stands in the title once", () => {
    state.setting("site_name", "Example Cloud");
    assert.equal(title(published(["API"])), "API is operational · Example Cloud status");
    state.setting("site_name", "Status");
  });
});

describe("the parts of the page", () => {
  let state;

  before(() => { state = makeState(); });
  after(() => state.remove());
  beforeEach(() => state.run("DELETE FROM components; DELETE FROM incidents"));

  const section = (html, name) => new RegExp(`<section[^>]*aria-labelledby="${name}"[^>]*>([\\s\\S]*?)</section>`).exec(html)?.[1];
  const update = (incident, status, body, at, extra = "") => state.run(`INSERT INTO incident_updates (id, incident_id, status, body, created_at,
    updated_at, display_at, deliver_notifications) VALUES (substr(lower(hex(randomblob(6))), 1, 12), '${incident}', '${status}', '${body}', ${at}, ${at}, ${at}, 1)${extra}`);

  test("components stand in their order, under their group's name, with state and description", () => {
    const group = state.component("Europe", { is_group: 1, position: 2 });
    state.component("First", { position: 1, description: "What it is" });
    state.component("In group B", { group_id: group, position: 1, status: "partial_outage" });
    state.component("In group A", { group_id: group, position: 2 });
    state.component("Last", { position: 3 });
    state.component("Only if bad", { position: 4, only_show_if_degraded: 1 });
    publish(state);
    const isRecord = (line) => /%$|^\d+ days ago/.test(line);
    const words = text(section(read(state), "components").replaceAll("</h3>", "</h3>\n")).split("\n").map((line) => line.trim()).filter((line) => line && !isRecord(line));
    assert.deepEqual(words, ["Components", "First", "What it is", "Operational", "Europe", "Partial outage", "In group B", "Partial outage", "In group A", "Operational",
      "Last", "Operational"]);
  });

  test("what happens now has every open incident, newest first, with its timeline and chips", () => {
    const api = state.component("API", { status: "major_outage" });
    const older = state.incident("Older", { created_at: Date.now() - 60000, started_at: Date.now() - 60000, impact: "critical" });
    const newer = state.incident("Newer", { impact: "none" });
    state.run(`INSERT INTO incident_components VALUES ('${older}', '${api}', 'major_outage')`);
    update(older, "investigating", "First words", Date.now() - 60000);
    update(older, "identified", "Second words", Date.now());
    state.incident("Over", { status: "resolved", resolved_at: Date.now() });
    publish(state);
    const html = section(read(state), "active");
    const words = text(html);
    assert.ok(html.indexOf(newer) < html.indexOf(older) && html.indexOf(newer) > 0);
    assert.ok(words.indexOf("Second words") < words.indexOf("First words"));
    assert.match(words, /Critical impact/);
    assert.match(html, /<li class="is-major_outage">[\s\S]*?<b>API<\/b> <span>Major outage<\/span>/);
    assert.equal(words.includes("Over"), false);
    assert.match(html, new RegExp(`<a href="/incidents/${older}/">Older</a>`));
  });

  test("fourteen days without an incident are said once", () => {
    state.component("API");
    publish(state);
    assert.equal(text(section(read(state), "past")).replace(/\s+/g, " ").trim(), "Past fourteen days No incidents in the past fourteen days Full history");
  });

  test("past days: an incident stands under the day it began, empty days are said as ranges, nothing older than fourteen days", () => {
    state.component("API");
    const today = midnight();
    const noon = (days) => today - days * DAY + DAY / 2;
    const add = (name, days, extra = {}) => state.incident(name, { status: "resolved", created_at: noon(days), started_at: noon(days),
      updated_at: noon(days) + 2520000, resolved_at: noon(days) + 2520000, ...extra });
    const three = add("Three days ago", 3);
    update(three, "resolved", "It *is* fixed.", noon(3) + 2520000);
    add("Five days ago", 5);
    add("Fifteen days ago", 15);
    add("Four weeks ago", 28);
    publish(state);
    const html = section(read(state), "past");
    const words = text(html);
    assert.equal(/Fifteen|Four weeks/.test(words), false);
    assert.match(html, /Resolved after 42 minutes/);
    assert.match(html, /<em>is<\/em> fixed/);
    const quiet = [...html.matchAll(/<p class="quiet">([^<]*)<\/p>/g)].map(([, t]) => t);
    const range = (from, to) => new Date(from).getUTCMonth() === new Date(to).getUTCMonth()
      ? `No incidents from ${new Date(from).getUTCDate()} to ${dayText(to)}` : `No incidents from ${dayText(from)} to ${dayText(to)}`;
    assert.deepEqual(quiet, [range(today - 2 * DAY, today), `No incidents on ${dayText(today - 4 * DAY)}`, range(today - 13 * DAY, today - 6 * DAY)]);
    assert.match(html, new RegExp(`<time datetime="${new Date(today - 3 * DAY).toISOString().slice(0, 10)}" data-day>`));
  });

  test("an incident that is not over is told once; its day is one line among the past ones, and not a quiet one", () => {
    state.component("API");
    const id = state.incident("Going on");
    update(id, "investigating", "What we know.", Date.now());
    publish(state);
    const html = section(read(state), "past");
    assert.match(html, new RegExp(`<a href="/incidents/${id}/">Still open: Going on</a>`));
    assert.equal(/What we know|No impact|<article/.test(html), false);
    assert.equal(html.includes("in the past fourteen days</p>"), false);
    assert.equal(read(state).split("What we know").length, 2);
  });

  test("the past days show a hundred incidents, and then say how many more there are", () => {
    state.component("API");
    const at = midnight() - DAY;
    state.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 107)
      INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at, resolved_at)
      SELECT printf('aaaaaaaaa%03d', i), 'Of many', 'resolved', 'none', 'none', ${at} + i, ${at} + i, ${at} + i, ${at} + i FROM n`);
    publish(state);
    const html = section(read(state), "past");
    assert.equal(html.match(/Of many/g).length, 100);
    assert.ok(html.includes("aaaaaaaaa107") && !html.includes("aaaaaaaaa007"));
    assert.match(html, /<p class="more">and 7 more<\/p>/);
    assert.equal((html.match(/class="quiet"/g) ?? []).length, 1, "what lies beyond is not called quiet");
    state.run("DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE name = 'Of many' LIMIT 7)");
    state.run("UPDATE settings SET value = value + 1 WHERE name = 'content_rev'");
    publish(state);
    assert.equal(section(read(state), "past").includes("more</p>"), false);
  });

  test("an update without text is a step only where the state changes, and never an empty one", () => {
    state.component("API");
    const id = state.incident("Steps", { status: "identified" });
    const now = Date.now();
    update(id, "investigating", "", now - 5000);
    update(id, "investigating", "", now - 4000);
    update(id, "identified", "", now - 3000);
    update(id, "identified", "Words.", now - 2000);
    update(id, "identified", "", now - 1000);
    publish(state);
    const list = /<ol class="timeline">[\s\S]*?<\/ol>/.exec(read(state, incidentFile(id)))[0];
    assert.deepEqual([...list.matchAll(/<b>([^<]*)<\/b>/g)].map(([, word]) => word), ["Identified", "Identified", "Investigating"]);
    assert.equal((list.match(/class="prose"/g) ?? []).length, 1);
  });

  test("without JavaScript the page says why there is no button", () => {
    publish(state);
    for (const name of ["index.html", "404.html"]) assert.match(/<noscript>([\s\S]*?)<\/noscript>/.exec(read(state, name))?.[1] ?? "", /notifications/i);
  });

  test("the page of an open incident has its state, its start, its timeline, and chips of what it affects now", () => {
    const [api, secret] = [state.component("API", { status: "degraded_performance" }), state.component("Sekret", { hidden: 1 })];
    const id = state.incident("Checkout fails", { status: "identified", impact: "minor" });
    state.run(`INSERT INTO incident_components VALUES ('${id}', '${api}', 'degraded_performance'), ('${id}', '${secret}', 'major_outage')`);
    update(id, "investigating", "One.", Date.now() - 1000);
    update(id, "identified", "Two.", Date.now());
    publish(state);
    const html = read(state, incidentFile(id));
    assert.equal(title(html), "Checkout fails · Status");
    assert.equal(headline(html), "Checkout fails");
    assert.match(html, /Identified, since <time datetime="[^"]*Z" data-elapsed>/);
    assert.match(inside(html, "dl"), /Affected\s*API Degraded performance/);
    assert.deepEqual([...inside(html, "ol").matchAll(/(Identified|Investigating)|(One|Two)\./g)].map(([x]) => x), ["Identified", "Two.", "Investigating", "One."]);
    assert.equal(html.includes("Sekret"), false);
  });

  test("the page of a resolved incident says how long it took, and chips show the worst that each component had", async () => {
    const { client, state: other, close } = await openCgi();
    try {
      const group = await client.component({ name: "Hidden group", group: true, hidden: true });
      const [api, web, known, quiet] = [await client.component("API"), await client.component("Web"),
        await client.component({ name: "Known", status: "partial_outage" }), await client.component({ name: "Sekret", group_id: group.id })];
      const made = await client.incident({ name: "All over", component_ids: [known.id],
        components: { [api.id]: "major_outage", [web.id]: "degraded_performance", [quiet.id]: "major_outage" } });
      await client.patch(`/incidents/${made.id}`, { body: "Better.", components: { [api.id]: "degraded_performance" } });
      await client.patch(`/incidents/${made.id}`, { status: "resolved", body: "Done." });
      const html = read(other, incidentFile(made.id));
      const chips = [...html.matchAll(/<li class="is-(\w+)">[\s\S]*?<b>([^<]*)<\/b> <span>([^<]*)<\/span>/g)].map(([, state_, name, word]) => [name, state_, word]);
      assert.deepEqual(chips.sort(), [["API", "major_outage", "Major outage"], ["Known", "partial_outage", "Partial outage"],
        ["Web", "degraded_performance", "Degraded performance"]]);
      assert.match(inside(html, "dl"), /Was affected/);
      assert.match(inside(html, "dl"), /Duration\s*less than a minute/);
      assert.match(inside(html, "article"), /^Resolved/);
      for (const name of ["index.html", "push.json", incidentFile(made.id)]) assert.equal(/Sekret|Hidden group/.test(read(other, name)), false, name);
    } finally {
      await close();
    }
  });

  test("times are ISO 8601 in UTC with milliseconds, and can be read without JavaScript", () => {
    state.component("API");
    state.incident("At a time", { created_at: Date.UTC(2020, 0, 2, 3, 4, 5, 6), started_at: Date.UTC(2020, 0, 2, 3, 4, 5, 6), updated_at: Date.UTC(2020, 0, 2, 3, 4, 5, 6) });
    publish(state);
    assert.ok(read(state).includes('<time datetime="2020-01-02T03:04:05.006Z" data-elapsed>2 Jan 2020, 03:04 UTC</time>'));
  });
});

// Strings that became mark-up, script or template somewhere, one for each way out of a text.
const hostile = [
  "<script>alert(1)</script>", "</title><script>alert(1)</script>", "</h1><img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>",
  "' onmouseover='alert(1)", "\" onfocus=alert(1) autofocus=\"", "<img src=x onerror=alert`1`>", "<svg/onload=alert(1)>", "<iframe src=javascript:alert(1)>",
  "<a href=\"javascript:alert(1)\">x</a>", "<body onload=alert(1)>", "<style>*{display:none}</style>", "<link rel=stylesheet href=//evil.example>",
  "<base href=//evil.example/>", "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example><input>", "<!-- x", "-->", "<![CDATA[x]]>",
  "<?php x ?>", "&lt;script&gt;", "&#60;script&#62;", "&amp;amp;", "\\u003cscript\\u003e", "%3Cscript%3E", "{{7*7}}", "{{constructor.constructor('alert(1)')()}}",
  "${7*7}", "#{7*7}", "<%= 7*7 %>", "@@name@@", "@@html:main@@", "@@block x@@", "@@end x@@", "$(id)", "`id`", "%s%n%p", "'; DROP TABLE incidents; --", "1 OR 1=1",
  "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "<math><mi xlink:href=javascript:alert(1)>", "<details open ontoggle=alert(1)>",
  "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<textarea></textarea><script>alert(1)</script>", "<template><script>alert(1)</script></template>",
  "<ScRiPt>alert(1)</sCrIpT>", "<script\t>alert(1)</script >", "<<script>alert(1)//<</script>", "<img src=x:x onerror=alert(1)//", "]]>", "</svg><script>alert(1)</script>",
  "\u202e<script>", "\u2028alert(1)\u2029", "\ufeff<script>", "＜script＞", "🔥<b>", "a\u0300<i>", "\u200b<u>", "<\u00a0script>", "=cmd|'/c calc'!A1", "[x](javascript:alert(1))",
];

// The API refuses control characters in a name, and those that turn the direction of writing.
const isOneLine = (s) => s.trim() === s && !/[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/.test(s);

describe("hostile text", () => {
  let client, state, close, harmless, ids;

  before(async () => {
    ({ client, state, close } = await openCgi());
    const group = await client.component({ name: "plain", group: true });
    const component = await client.component({ name: "plain", description: "plain", group_id: group.id, status: "partial_outage" });
    const incident = await client.incident({ name: "plain", body: "plain", component_ids: [component.id] });
    const over = await client.incident({ name: "plain", status: "resolved", body: "plain" });
    ids = { group: group.id, component: component.id, incident: incident.id, over: over.id };
    harmless = pages();
  });
  after(() => close());

  const pages = () => ["index.html", "help/notifications/index.html", incidentFile(ids.incident), incidentFile(ids.over)].map((name) => read(state, name));
  const quote = (s) => `'${s.replaceAll("'", "''")}'`;

  test("in every name and description it is shown literally and changes nothing of any page's structure", () => {
    for (const string of hostile) {
      state.run(`UPDATE components SET name = ${quote(string)}, description = iif(is_group, NULL, ${quote(string)});
        UPDATE incidents SET name = ${quote(string)};`);
      state.setting("site_name", string);
      publish(state);
      const shown = string.trim();
      pages().forEach((html, i) => {
        assert.equal(skeleton(html), skeleton(harmless[i]), string);
        assertHarmless(html, string);
        assert.ok(text(html).includes(shown), `not shown literally: ${string}`);
        assert.ok(decode(title(html)).includes(shown) || title(html).includes(shown), `title: ${string}`);
      });
      const push = JSON.parse(read(state, "push.json"));
      assert.deepEqual(push.components.map((c) => [c.name, c.group.name]), [[string, string]]);
      assert.equal(JSON.parse(read(state, "manifest.webmanifest")).name, string);
    }
  });

  test("all of it posted through the API comes out of the API and off the page as it went in", async () => {
    for (const string of hostile.filter(isOneLine)) {
      const made = await client.incident({ name: string, body: string });
      assert.deepEqual([made.name, made.incident_updates[0].body], [string, string]);
      assert.equal(headline(read(state, incidentFile(made.id))), string);
      assertHarmless(read(state, incidentFile(made.id)), string);
      await client.call("DELETE", `/incidents/${made.id}`);
    }
  });

  test("Markdown makes paragraphs, lists, code, emphasis and links, and nothing else whatever is written", async () => {
    const allowed = new Set(["p", "ul", "ol", "li", "em", "strong", "code", "pre", "blockquote", "h4", "h5", "h6", "hr", "br", "a"]);
    const bodies = [...hostile, "# One\n\n## Two\n\n* a\n* b\n\n1. c\n\n> d\n\n`e` **f** *g*\n\n    code\n\n---\n\nline  \nbreak",
      "[ok](https://example.com/?a=1&b=2) [mail](mailto:a@example.com) [bad](javascript:alert(1)) [bad](JAVASCRIPT:alert(1)) [bad](data:text/html,x) [bad](//evil.example) [bad](vbscript:x)",
      "[bad](java\tscript:alert(1)) [bad](&#106;avascript:alert(1)) <javascript:alert(1)> <https://example.com/auto>", "![image](https://evil.example/pixel.png \"t\")",
      "![](javascript:alert(1))", "[x](https://example.com/\"onmouseover=alert(1))", "[x](https://example.com/'><script>)", "[a]: javascript:alert(1)\n\n[a]", "<div onclick=alert(1)>\n\n**x**\n\n</div>",
      "```html\n<script>alert(1)</script>\n```", "`<script>`", "a <b onclick=x>b</b> c", `${"> ".repeat(200)}x`, `${"*".repeat(5000)}`, `${"[".repeat(5000)}`, `${"[a](".repeat(2000)}`];
    for (const body of bodies) {
      const begun = Date.now();
      const made = await client.incident({ name: "plain", body });
      assert.ok(Date.now() - begun < 2000, `slow: ${body.slice(0, 40)}`);
      const html = read(state, incidentFile(made.id));
      assertHarmless(html, body.slice(0, 60));
      const prose = /<div class="prose">([\s\S]*?)<\/div>/.exec(html)[1];
      for (const [name, attributes] of tags(prose)) {
        assert.ok(allowed.has(name.replace("/", "")), `<${name}> in ${body.slice(0, 60)}`);
        const known = name === "a" ? ["href", "rel"] : name === "code" ? ["class"] : name === "ol" ? ["start"] : [];
        assert.deepEqual(Object.keys(attributes).filter((a) => !known.includes(a)), [], body.slice(0, 60));
        if (name === "a") {
          assert.match(attributes.href, /^(https?:\/\/|mailto:)/i);
          assert.equal(attributes.rel, "noopener nofollow");
        }
      }
      await client.call("DELETE", `/incidents/${made.id}`);
    }
  });

  test("the text of a notice is the same words, without mark-up and without control characters", async () => {
    for (const string of hostile.filter(isOneLine)) {
      await client.incident({ name: string, body: string });
      const [notice] = client.newestJob().notices;
      assert.ok(!/[\u0000-\u001f\u007f]/.test(notice.title + notice.body));
      assert.ok([...notice.title].length <= 120 && [...notice.body].length <= 400);
      await client.call("DELETE", `/incidents/${client.newestJob().incident_id}`);
    }
  });
});
