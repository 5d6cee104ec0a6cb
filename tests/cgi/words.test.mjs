// The five languages: their files say the same things, and every page, script and setting speaks the right one.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import vm from "node:vm";
import { root } from "./harness.mjs";
import { openServer } from "./api-client.mjs";
import { Person } from "./admin-client.mjs";
import { decode, files, publish, read, skeleton, tags, text as plain } from "./page-tools.mjs";

const TAGS = ["de", "en", "es", "fr", "ja"];
const HOUR = 3600000;
const www = (name) => fs.readFileSync(path.join(root, "www", name), "utf8");
const WORDS = Object.fromEntries(TAGS.map((tag) => [tag, JSON.parse(www(`words-${tag}.json`))]));
const SECTIONS = ["page", "help", "notice", "script", "push", "dialog", "worker"];

/* [section.name, text] of all sections. */
const textsOf = (tag) => SECTIONS.flatMap((section) => Object.entries(WORDS[tag][section]).map(([name, text]) => [`${section}.${name}`, text]));
const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe("the language files", () => {
  test("each language is there, and its file says which it is", () => {
    assert.deepEqual(fs.readdirSync(path.join(root, "www")).filter((name) => /^words-.*\.json$/.test(name)), TAGS.map((tag) => `words-${tag}.json`));
    for (const tag of TAGS) {
      assert.deepEqual(Object.keys(WORDS[tag]), ["tag", "name", ...SECTIONS]);
      assert.equal(WORDS[tag].tag, tag);
      assert.ok(new Intl.DisplayNames(tag, { type: "language" }).of(tag).toLowerCase() === WORDS[tag].name.toLowerCase(), WORDS[tag].name);
    }
  });

  test("no language misses a text or has one too many", () => {
    const names = (tag) => textsOf(tag).map(([name]) => name).sort();
    for (const tag of TAGS) assert.deepEqual(names(tag), names("en"), tag);
  });

  test("every text is a text, without white space that nobody sees", () => {
    for (const tag of TAGS)
      for (const [name, text] of textsOf(tag)) {
        assert.equal(typeof text, "string", `${tag} ${name}`);
        assert.doesNotMatch(text, /[\r\t]|^\n|\n$|  /, `${tag} ${name}`);
        assert.ok(text.trim() !== "" || name === "page.comma", `${tag} ${name} is empty`);
      }
  });

  test("a text has the same values and the same bar in every language", () => {
    for (const [name, english] of textsOf("en"))
      for (const tag of TAGS) {
        const [section, ...rest] = name.split(".");
        const text = WORDS[tag][section][rest.join(".")];
        // Dates name the parts that their language wants.
        if (/^(page|script)\.date_/.test(name)) assert.ok(holes(text).every((hole) => ["day", "month", "mon", "weekday", "wday", "year", "time"].includes(hole)), `${tag} ${name}`);
        else assert.deepEqual(holes(text), holes(english), `${tag} ${name}`);
        assert.equal(text.split("|").length, english.split("|").length, `${tag} ${name}: bars`);
        assert.ok(english.split("|").length <= 2, name);
      }
  });

  test("a text with HTML has the same elements, attributes and links in every language, whole", () => {
    const elements = (html) => tags(html).map(([name, attributes]) => `${name} ${JSON.stringify(attributes)}`).sort();
    for (const [name, english] of textsOf("en")) {
      if (!/<\w/.test(english)) {
        for (const tag of TAGS) assert.doesNotMatch(WORDS[tag][name.split(".")[0]][name.slice(name.indexOf(".") + 1)], /<\w/, `${tag} ${name}`);
        continue;
      }
      assert.match(name, /^help\./);
      for (const tag of TAGS) assert.deepEqual(elements(WORDS[tag].help[name.slice(5)]), elements(english), `${tag} ${name}`);
    }
  });

  test("a text that depends on a number has both of its forms", () => {
    for (const [name] of textsOf("en")) {
      const [, base, form] = /^(.*)\.(one|other)$/.exec(name) ?? [];
      if (base) assert.ok(textsOf("en").some(([other]) => other === `${base}.${form === "one" ? "other" : "one"}`), name);
    }
  });

  test("lists of months and days are complete", () => {
    for (const tag of TAGS)
      for (const [name, n] of [["months", 12], ["months_short", 12], ["weekdays", 7], ["weekdays_short", 7]])
        assert.equal(new Set(WORDS[tag].page[name].split(" ")).size, n, `${tag} ${name}`);
  });

  test("the templates ask for texts that are there, and no text of page, help and script is left over", () => {
    const sources = [...fs.readdirSync(path.join(root, "www")).filter((name) => /\.(in|js)$/.test(name)).map((name) => `www/${name}`),
      ...fs.readdirSync(path.join(root, "lib")).filter((name) => /^(view|words).*\.c$/.test(name)).map((name) => `lib/${name}`)]
      .map((name) => fs.readFileSync(path.join(root, name), "utf8"));
    const known = new Set(textsOf("en").map(([name]) => name.replace(/\.(one|other)$/, "")));
    const asked = new Set(sources.flatMap((source) => [...source.matchAll(/@@(?:t|t0|t1|rich):([\w.]+)@@|["'`]((?:page|script)\.\w+)["'`]/g)].map(([, a, b]) => a ?? b)));
    for (const name of asked) assert.ok(known.has(name) || name.endsWith("_since") || known.has(`${name}_since`), `${name} is asked for and is not there`);
    const made = /^page\.(state|status|impact)_|^script\.(day|hour|minute|\w+_since)$/;
    for (const name of known) if (/^(page|help|script)\./.test(name)) assert.ok(asked.has(name) || made.test(name), `${name} is there and nobody asks for it`);
  });
});

/* ---- what scripts ask for */

describe("the texts of scripts", () => {
  const DIALOGS = ["push-choices.js", "push-tree.js", "push-check.js", "push-steps.js", "push-welcome.js"];
  // Of say("name") and say(`name_${…}`); what a condition inside compares with is none.
  const asked = (source, call) => [...source.replace(/=== '\w+'/g, '').matchAll(new RegExp(`(?<![.\\w])${call}\\(([^;]*?)\\)`, "g"))].flatMap(([, inside]) => [...inside.matchAll(/'([a-z]\w*)'|`([a-z]\w*)\$/g)].map(([, whole, begun]) => ({ whole, begun })));
  const assertThere = (section, { whole, begun }, where) =>
    assert.ok(whole ? whole in WORDS.en[section] : Object.keys(WORDS.en[section]).some((name) => name.startsWith(begun)), `${where} asks for ${section}.${whole ?? begun}`);

  test("the dialogs ask for what is loaded with them, everything else for what is there before", () => {
    for (const name of DIALOGS) {
      const found = asked(www(name), "say");
      assert.ok(found.length > 0 && www(name).includes("`dialog.${name}`"), name);
      for (const one of found) assertThere("dialog", one, name);
    }
    for (const name of ["push.js", "push-life.js", "push-mend.js", "push-store.js", "push-doors.js"]) for (const one of asked(www(name), "say")) assertThere("push", one, name);
    for (const [, name] of www("push-doors.js").matchAll(/self\.say\('dialog\.(\w+)'/g)) assertThere("dialog", { whole: name }, "push-doors.js");
  });

  test("no text of a dialog is left over", () => {
    const source = DIALOGS.concat("push-doors.js").map(www).join("");
    const made = /^(choice_(event|impact)_|check_(mark|quiet|allow)_)/;
    const judged = new Set([...source.matchAll(/(?:ok|fail|unknown)\('(\w+)'/g)].map(([, name]) => `check_${name}`));
    const named = new Set([...source.matchAll(/name: '(\w+)'/g)].map(([, name]) => `check_${name}`));
    for (const name of Object.keys(WORDS.en.dialog))
      assert.ok(made.test(name) || judged.has(name) || named.has(name) || new RegExp(`['.]${name}'|\\b${name.replace(/^(ios|check)_/, "")}\\b`).test(source), `${name} is there and nobody asks for it`);
  });
});

/* ---- pages */

// Text nodes of a page outside of scripts, with letters in them.
function textNodes(html) {
  const body = html.replace(/<script[\s\S]*?<\/script>|<svg[\s\S]*?<\/svg>/g, "");
  return decode(body).split(/<[^>]*>/).map((text) => text.trim()).filter((text) => /\p{L}/u.test(text) && !/^\d\d:\d\d UTC$/.test(text));
}

const attribute = (html, tag, where, name) => tags(html).filter(([one, a]) => one === tag && where(a)).map(([, a]) => a[name]);
const alternates = (html) => Object.fromEntries(tags(html).filter(([name, a]) => name === "link" && a.hreflang).map(([, a]) => [a.hreflang, a.href]));
const languageLinks = (html) => tags(html).filter(([name, a]) => name === "a" && a.hreflang).map(([, a]) => a);
const langOf = (html) => attribute(html, "html", () => true, "lang")[0];

describe("the page in each language", () => {
  let state, server, client, close, made;

  before(async () => {
    ({ state, server, client, close } = await openServer());
    const api = await client.component({ name: "Zx" });
    const web = await client.component({ name: "Yw" });
    const open = await client.incident({ name: "Qq", body: "Xx xx.", components: { [api.id]: "partial_outage" } });
    const over = await client.incident({ name: "Vv", body: "Xx xx.", components: { [web.id]: "major_outage" } });
    await client.patch(`/incidents/${over.id}`, { status: "resolved", body: "Xx xx.", components: { [web.id]: "operational" } });
    const at = Date.now() + 30 * HOUR;
    const planned = await client.incident({ name: "Ww", status: "scheduled", body: "Xx xx.", scheduled_for: new Date(at).toISOString(),
      scheduled_until: new Date(at + 2 * HOUR).toISOString(), components: { [web.id]: "under_maintenance" } });
    const running = await client.incident({ name: "Uu", status: "scheduled", body: "Xx xx.", scheduled_for: new Date(at).toISOString(),
      scheduled_until: new Date(at + 2 * HOUR).toISOString() });
    await client.patch(`/incidents/${running.id}`, { status: "in_progress" });
    made = { open, over, planned, running };
    state.run(`UPDATE components SET showcase = 1, created_at = created_at - ${5 * 24 * HOUR}`);
    publish(state);
  });
  after(() => close?.());

  const own = ["index.html", "history/index.html", "help/notifications/index.html"];
  const pagesOf = () => [...own, `incidents/${made.open.id}/index.html`, `incidents/${made.over.id}/index.html`,
    `maintenance/${made.planned.id}/index.html`, `maintenance/${made.running.id}/index.html`];
  const inLanguage = (tag, name, home = "en") => (tag === home ? name : `${tag}/${name}`);

  test("every page is there in every language, and says which it is in", () => {
    const english = files(state.publicDir).filter((name) => name.endsWith("index.html") && !TAGS.includes(name.split("/")[0]));
    assert.deepEqual(english, [...pagesOf()].sort());
    for (const tag of TAGS)
      for (const name of english) assert.equal(langOf(read(state, inLanguage(tag, name))), tag, `${tag} ${name}`);
    assert.equal(langOf(read(state, "404.html")), "en");
  });

  test("nothing on a page is left in another language: no text of it is that of the English page, but names", () => {
    const names = new Set(["Zx", "Yw", "Qq", "Vv", "Ww", "Uu", "Xx xx.", "Status", "Atom", "RSS", "JSON", "API", "Chrome, Edge, Opera", "Firefox", "Safari", "Android",
      ...TAGS.map((tag) => WORDS[tag].name)]);
    // Words that two languages share, and months that do.
    const shared = { de: ["Feeds:", "Browser"], fr: ["Impact", "Maintenance", "Notifications", "Options"], es: [], ja: [] };
    for (const tag of TAGS.filter((one) => one !== "en"))
      for (const name of pagesOf()) {
        const english = new Set(textNodes(read(state, name)));
        const same = textNodes(read(state, inLanguage(tag, name))).filter((text) => english.has(text) && !names.has(text) && !shared[tag].includes(text) && !/^\w\w · Status$/.test(text) && !(tag === "de" && /^(April|August|September|November) \d{4}$/.test(text)));
        assert.deepEqual(same, [], `${tag} ${name}`);
      }
  });

  test("nor is an attribute that is read out or seen", () => {
    const shared = ["Status"];
    const read_out = (html) => tags(html).flatMap(([name, a]) => [a["aria-label"], a.alt, name === "meta" && a.name === "description" ? a.content : undefined]).filter(Boolean);
    for (const tag of TAGS.filter((one) => one !== "en"))
      for (const name of pagesOf()) {
        const english = new Set(read_out(read(state, name)));
        assert.deepEqual(read_out(read(state, inLanguage(tag, name))).filter((text) => english.has(text) && !shared.includes(text)), [], `${tag} ${name}`);
      }
  });

  test("the structure is the same in every language", () => {
    // The pieces of a list of days differ where a language needs no word between them, elements do not.
    for (const tag of TAGS) for (const name of pagesOf()) assert.equal(skeleton(read(state, inLanguage(tag, name))), skeleton(read(state, name)), `${tag} ${name}`);
  });

  test("the head names the page's address in each language, and each is a page that is there", () => {
    for (const tag of TAGS)
      for (const name of pagesOf()) {
        const html = read(state, inLanguage(tag, name));
        const address = `/${inLanguage(tag, name).replace(/index\.html$/, "")}`;
        assert.equal(attribute(html, "link", (a) => a.rel === "canonical", "href")[0], state.siteUrl + address);
        const found = alternates(html);
        assert.deepEqual(Object.keys(found).sort(), [...TAGS, "x-default"].sort());
        assert.equal(found["x-default"], `${state.siteUrl}/${name.replace(/index\.html$/, "")}`);
        for (const one of TAGS) {
          assert.equal(found[one], `${state.siteUrl}/${inLanguage(one, name).replace(/index\.html$/, "")}`);
          assert.equal(langOf(read(state, inLanguage(one, name))), one);
        }
      }
    assert.deepEqual(alternates(read(state, "404.html")), {});
  });

  test("the footer lists the languages by their own names; the one of the page is marked", () => {
    for (const tag of TAGS)
      for (const name of pagesOf()) {
        const links = languageLinks(read(state, inLanguage(tag, name)));
        assert.deepEqual(links.map((a) => [a.hreflang, a.lang, a.href]), TAGS.map((one) => [one, one, `/${inLanguage(one, name).replace(/index\.html$/, "")}`]));
        assert.deepEqual(links.filter((a) => a["aria-current"] === "page").map((a) => a.lang), [tag]);
      }
    for (const tag of TAGS) assert.ok(textNodes(read(state, "index.html")).includes(WORDS[tag].name));
  });

  test("links inside of a page stay in its language, but for what has none", () => {
    for (const tag of TAGS.filter((one) => one !== "en"))
      for (const name of pagesOf())
        for (const href of tags(read(state, inLanguage(tag, name))).filter(([one, a]) => one === "a" && !a.hreflang).map(([, a]) => a.href))
          assert.ok(href.startsWith(`/${tag}/`) || href.startsWith("#") || /^\/(feed\.\w+|maintenance\.ics|api\/v2\/summary\.json)$/.test(href), `${tag} ${name} ${href}`);
  });

  test("dates, numbers and lists are those of the language", () => {
    const index = (tag) => plain(read(state, inLanguage(tag, "index.html")));
    assert.match(index("de"), /\d{1,2}\. (Jan\.|Feb\.|März|Apr\.|Mai|Juni|Juli|Aug\.|Sept\.|Okt\.|Nov\.|Dez\.) \d{4}, \d\d:\d\d UTC/);
    assert.match(index("ja"), /\d{4}年\d{1,2}月\d{1,2}日 \d\d:\d\d UTC/);
    assert.match(index("fr"), /\d,\d\d\u00a0%/);
    assert.match(index("en"), /\d\.\d\d\u00a0%/);
    assert.match(index("ja"), /\d\.\d\d%/);
    assert.match(index("fr"), /Panne partielle\u00a0: Zx/);
    assert.match(index("ja"), /部分的な障害：Zx/);
  });

  test("an incident's change reaches every language, and its end takes every page of it away", async () => {
    const extra = await client.incident({ name: "Rr" });
    for (const tag of TAGS) assert.match(read(state, inLanguage(tag, `incidents/${extra.id}/index.html`)), /Rr/);
    await client.patch(`/incidents/${extra.id}`, { name: "Ss" });
    for (const tag of TAGS) assert.match(read(state, inLanguage(tag, "index.html")), /Ss/);
    assert.equal((await client.call("DELETE", `/incidents/${extra.id}`)).status, 200);
    for (const tag of TAGS) {
      assert.ok(!fs.existsSync(path.join(state.publicDir, inLanguage(tag, `incidents/${extra.id}`))), tag);
      assert.doesNotMatch(read(state, inLanguage(tag, "index.html")), /Ss/);
    }
  });

  test("a page that was lost in one language comes back at the next turn of the timer", () => {
    const file = path.join(state.publicDir, "fr", `incidents/${made.over.id}/index.html`);
    fs.rmSync(file);
    assert.equal(state.atstatus("publish", "--due").code, 0);
    assert.equal(langOf(fs.readFileSync(file, "utf8")), "fr");
  });

  test("scripts get the words of their page, the worker those of all", () => {
    for (const tag of TAGS) {
      const scripts = attribute(read(state, inLanguage(tag, "index.html")), "script", () => true, "src");
      assert.ok(scripts.indexOf(`/words-${tag}.js`) === 0, String(scripts));
      const world = { Intl };
      world.self = world;
      vm.runInNewContext(read(state, `words-${tag}.js`), world);
      assert.equal(world.say.lang, tag);
      assert.equal(world.say("script.news"), WORDS[tag].script.news);
      assert.equal(world.say("push.bell_off"), WORDS[tag].push.bell_off);
      assert.equal(world.say("script.zone", { zone: "$& {zone}" }), WORDS[tag].script.zone.replace("{zone}", () => "$& {zone}"));
      for (const [n, form] of [[1, tag === "ja" ? "other" : "one"], [2, "other"], [0, tag === "fr" ? "one" : "other"]])
        assert.equal(world.say("script.hour", { n }), WORDS[tag].script[`hour.${form}`].replace("{n}", n));
      assert.equal(world.say("script.there_is_none"), "script.there_is_none");
      // Every page waits for it before it is drawn.
      assert.ok(Buffer.byteLength(read(state, `words-${tag}.js`)) < 7168, `words-${tag}.js: ${Buffer.byteLength(read(state, `words-${tag}.js`))} octets`);
      assert.equal(world.say("dialog.choice_title"), "dialog.choice_title");
      vm.runInNewContext(read(state, `words-${tag}-dialog.js`), world);
      assert.equal(world.say("dialog.choice_title"), WORDS[tag].dialog.choice_title);
      assert.equal(world.say("dialog.check_last_ok", { at: "now" }), WORDS[tag].dialog.check_last_ok.replace("{at}", "now"));
      assert.equal(world.say("push.bell_off"), WORDS[tag].push.bell_off);
    }
    const worker = {};
    worker.self = worker;
    vm.runInNewContext(read(state, "words-worker.js"), worker);
    assert.deepEqual(JSON.parse(JSON.stringify(worker.workerWords)), Object.fromEntries(TAGS.map((tag) => [tag, WORDS[tag].worker])));
    assert.deepEqual(files(state.publicDir).filter((name) => /words-.*\.json/.test(name)), []);
  });

  test("push.json says which events there are, the page's language, and which others", () => {
    const config = JSON.parse(read(state, "push.json"));
    assert.deepEqual(config.events, ["incident_new", "incident_update", "incident_resolved"]);
    assert.deepEqual([config.lang, config.languages], ["en", TAGS]);
    state.setting("trigger.maintenance_reminder", 1);
    state.setting("trigger.incident_update", 0);
    publish(state);
    assert.deepEqual(JSON.parse(read(state, "push.json")).events, ["incident_new", "incident_resolved", "maintenance_reminder"]);
  });

  test("folders of a language that are no page are not found, as those of the page are not", async () => {
    for (const address of ["/de/incidents/", "/ja/maintenance/", "/fr/help/", "/de/nothing/", "/xx/"]) assert.equal((await server.request(address)).status, 404, address);
    assert.equal((await server.request("/de/")).status, 200);
  });

  describe("in a page whose own language is another", () => {
    const english = () => ["feed.atom", "feed.rss", "feed.json", "maintenance.ics", "api/v2/summary.json", "api/v2/incidents.json"].map((name) =>
      read(state, name).replace(/"(updated_at|generated)":"[^"]*"|<updated>[^<]*|<lastBuildDate>[^<]*|DTSTAMP:\S*|LAST-MODIFIED:\S*/g, ""));
    let person, before_;

    before(() => {
      before_ = english();
      person = Person.signedIn(state, server);
    });

    test("an admin chooses among the languages", async () => {
      const { text } = await person.get("/cgi-bin/admin-settings/settings/page");
      assert.deepEqual([...text.matchAll(/<option value="(\w+)" lang="\w+"( selected)?>([^<]*)/g)].map(([, tag, , name]) => [tag, name]), TAGS.map((tag) => [tag, WORDS[tag].name]));
      assert.match(text, /<option value="en" lang="en" selected>/);
      const refused = await person.submit("/cgi-bin/admin-settings/settings/page", "/cgi-bin/admin-settings/settings/page", { page_lang: "xx" });
      assert.equal(refused.status, 422);
      assert.match(refused.text, /not written in this language/);
    });

    test("its pages stand at / and nowhere else, those of the one before below their tag", async () => {
      const saved = await person.submit("/cgi-bin/admin-settings/settings/page", "/cgi-bin/admin-settings/settings/page", { page_lang: "de" });
      assert.equal(saved.status, 303);
      for (const name of pagesOf()) {
        for (const tag of TAGS) assert.equal(langOf(read(state, inLanguage(tag, name, "de"))), tag, `${tag} ${name}`);
        const html = read(state, name);
        assert.equal(alternates(html)["x-default"], `${state.siteUrl}/${name.replace(/index\.html$/, "")}`);
        assert.equal(alternates(html).en, `${state.siteUrl}/en/${name.replace(/index\.html$/, "")}`);
      }
      assert.ok(!fs.existsSync(path.join(state.publicDir, "de")));
      assert.equal(langOf(read(state, "404.html")), "de");
      assert.deepEqual([JSON.parse(read(state, "manifest.webmanifest")).lang, JSON.parse(read(state, "push.json")).lang], ["de", "de"]);
    });

    test("feeds, calendar and read API say what they said, in English", () => assert.deepEqual(english(), before_));

    test("the admin stays English", async () => {
      const { text } = await person.get("/cgi-bin/incident-post");
      assert.match(text, /Partial outage: Zx/);
      assert.equal(langOf(text), "en");
    });

    test("and back again", async () => {
      await person.submit("/cgi-bin/admin-settings/settings/page", "/cgi-bin/admin-settings/settings/page", { page_lang: "en" });
      for (const name of pagesOf()) for (const tag of TAGS) assert.equal(langOf(read(state, inLanguage(tag, name))), tag, `${tag} ${name}`);
      assert.ok(!fs.existsSync(path.join(state.publicDir, "en")));
    });
  });
});
