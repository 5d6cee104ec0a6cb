// Publishing: which files, how they are written, and that a page heals whatever died between the fact and the file.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { binary, hasTestClock, makeState, newId, until } from "./harness.mjs";
import { openCgi, openServer } from "./api-client.mjs";
import { assertHarmless, files, headline, incidentFile, inside, publish, read, tags, title } from "./page-tools.mjs";

const CONTRACT = ["404.html", "alive.json", "apple-touch-icon.png", "badge.png", "badge.svg", "favicon.ico", "feed.atom", "feed.json", "feed.rss",
  "help/notifications/index.html", "history/index.html", "index.html", "logo.png", "maintenance.ics", "manifest.webmanifest", "page.js", "push.js",
  "push.json", "robots.txt", "style.css", "sw-push.js", ...["components", "incidents", "incidents/unresolved", "scheduled-maintenances",
    "scheduled-maintenances/active", "scheduled-maintenances/upcoming", "status", "summary"].map((name) => `api/v2/${name}.json`)];
// What tells of every incident and every change.
const ABOUT_ALL = /^(api\/v2\/.*|feed\.\w+|([a-z]{2}\/)?history\/.*)$/;
const DAY = 86400000;
// How push.json ends while no admin has chosen anything.
const PUSH_END = '"events":["incident_new","incident_update","incident_resolved"],"lang":"en","languages":["de","en","es","fr","ja"]';

// Runs atstatus in the background.
function run(state, ...args) {
  const child = spawn(binary("atstatus"), args, { env: state.env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => { stderr += chunk; });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stderr })));
}

// Holds a lock file as another publisher would, until release() is called.
async function holdLock(file) {
  const child = spawn("flock", [file, "sh", "-c", "echo held; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return async () => {
    const ended = new Promise((resolve) => child.on("close", resolve));
    process.kill(-child.pid, "SIGKILL");
    await ended;
  };
}

describe("publishing", () => {
  let state, client, close;

  before(async () => ({ state, client, close } = await openCgi()));
  after(() => close?.());

  const stats = () => Object.fromEntries(files(state.publicDir).map((name) => {
    const { ino, mtimeNs } = fs.statSync(path.join(state.publicDir, name), { bigint: true });
    return [name, `${ino} ${mtimeNs}`];
  }));
  const assertNoLeftovers = () => assert.deepEqual(files(state.publicDir).filter((name) => /\.tmp|~$/.test(name)), []);

  test("a new page has every file of the contract and no template, image source or schema", () => {
    publish(state);
    const all = files(state.publicDir);
    for (const name of CONTRACT) assert.ok(all.includes(name), name);
    assert.deepEqual(all.filter((name) => /\.(in|svg|sql|sh|c|h|tmp)$/.test(name) && !/^badge\b/.test(name)), []);
  });

  test("every file is 0644 and every folder 0755, whatever the umask", async () => {
    await client.incident({ name: "For a folder" });
    for (const umask of ["0000", "0077", "0777"]) {
      fs.rmSync(state.publicDir, { recursive: true });
      fs.mkdirSync(state.publicDir, { mode: 0o755 });
      execFileSync("sh", ["-c", `umask ${umask}; exec "$0" publish`, binary("atstatus")], { env: state.env });
      const modes = execFileSync("find", [state.publicDir, "-mindepth", "1", "-printf", "%y %m\\n"], { encoding: "utf8" });
      assert.deepEqual([...new Set(modes.trim().split("\n"))].sort(), ["d 755", "f 644"], umask);
    }
  });

  test("publishing again leaves every file that did not change alone, but for alive.json", () => {
    publish(state);
    const { "alive.json": alive, ...before } = stats();
    publish(state);
    const { "alive.json": again, ...after } = stats();
    assert.deepEqual(after, before);
    assert.notEqual(again, alive);
  });

  test("a change writes only the files that it shows on", async () => {
    const made = await client.incident({ name: "Narrow" });
    const other = await client.incident({ name: "Elsewhere" });
    publish(state);
    const before = stats();
    await client.patch(`/incidents/${made.id}`, { body: "News." });
    const after = stats();
    const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
    const everyLanguage = (name) => [name, ...["de", "es", "fr", "ja"].map((tag) => `${tag}/${name}`)];
    assert.deepEqual(changed.filter((name) => !ABOUT_ALL.test(name)), [...everyLanguage(incidentFile(made.id)), ...everyLanguage("index.html")].sort());
    assert.ok(after[incidentFile(other.id)]);
  });

  test("a file is replaced by rename: who has the old one open reads the old one to its end", async () => {
    const before = read(state);
    const fd = fs.openSync(path.join(state.publicDir, "index.html"));
    await client.incident({ name: "Replaced" });
    assert.equal(fs.readFileSync(fd, "utf8"), before);
    fs.closeSync(fd);
    assert.notEqual(read(state), before);
    assertNoLeftovers();
  });

  test("a reader during many publications never sees a part of a page", async () => {
    const made = await client.incident({ name: "x" });
    let done = false;
    const posting = (async () => {
      for (let i = 0; i < 12; i++) await client.patch(`/incidents/${made.id}`, { body: `${"y".repeat(i * 700)}` });
      done = true;
    })();
    let reads = 0;
    while (!done) {
      assert.match(read(state), /^<!doctype html>[\s\S]*<\/html>\s*$/);
      reads++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await posting;
    assert.ok(reads > 20);
  });

  test("five publishers at once all succeed, leave nothing behind, and the page is the newest", async () => {
    const posting = client.incident({ name: "Published by whoever was last" });
    const done = await Promise.all([1, 2, 3, 4, 5].map(() => run(state, "publish")));
    assert.deepEqual(done.map((d) => d.code), [0, 0, 0, 0, 0], done.map((d) => d.stderr).join());
    await posting;
    assert.ok(read(state).includes("Published by whoever was last"));
    assertNoLeftovers();
  });

  test("a program killed between its commit and the files leaves the fact stored, and `atstatus publish` heals the page", async () => {
    const before = read(state);
    const release = await holdLock(path.join(state.dir, "data", "publish.lock"));
    const body = JSON.stringify({ incident: { name: "Committed, not published" } });
    const child = spawn(binary("incident-post"), [], { stdio: ["pipe", "ignore", "ignore"], env: { ...state.env,
      GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "POST", SCRIPT_NAME: "/v1", PATH_INFO: "/pages/default/incidents",
      CONTENT_TYPE: "application/json", CONTENT_LENGTH: String(body.length), HTTP_AUTHORIZATION: `Bearer ${client.token}` } });
    child.stdin.end(body);
    await until(() => state.value("SELECT count(*) FROM incidents WHERE name = 'Committed, not published'") === 1);
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.kill("SIGKILL");
    await ended;
    await release();
    assert.equal(read(state), before);
    const id = state.value("SELECT id FROM incidents WHERE name = 'Committed, not published'");
    publish(state);
    assert.ok(read(state).includes("Committed, not published"));
    assert.equal(headline(read(state, incidentFile(id))), "Committed, not published");
  });

  test("the next posting heals it as well", async () => {
    const id = state.incident("Written past the programs");
    state.run("UPDATE settings SET value = value + 1 WHERE name = 'content_rev'");
    assert.equal(read(state).includes("Written past the programs"), false);
    await client.incident({ name: "Next" });
    assert.ok(read(state).includes("Written past the programs"));
    assert.ok(files(state.publicDir).includes(incidentFile(id)));
  });

  test("a page that cannot be written does not fail the posting: it is stored, the log says so, and the next publication heals", async () => {
    const folder = path.join(state.publicDir, "incidents");
    fs.rmSync(folder, { recursive: true });
    fs.writeFileSync(folder, "in the way");
    const answer = await client.call("POST", "/incidents", { incident: { name: "Stored all the same" } });
    assert.equal(answer.status, 201);
    assert.match(answer.stderr, /PAGE-02/);
    assert.equal(state.value("SELECT count(*) FROM incidents WHERE name = 'Stored all the same'"), 1);
    assert.equal(state.atstatus("publish").code, 1);
    fs.rmSync(folder);
    publish(state);
    assert.equal(headline(read(state, incidentFile(answer.json.id))), "Stored all the same");
  });

  test("the page of an incident that began long ago says that it is over, and then why", async () => {
    const old = Date.now() - 20 * DAY;
    const id = state.incident("Long ago", { created_at: old, started_at: old, updated_at: old });
    publish(state);
    assert.match(read(state, incidentFile(id)), /Investigating/);
    assert.match(inside(read(state), "section", "aria-labelledby=\"active\""), /Long ago/);
    await client.patch(`/incidents/${id}`, { status: "resolved", body: "At last." });
    assert.match(inside(read(state, incidentFile(id)), "dl"), /Resolved[\s\S]*20 days/);
    assert.equal(read(state).includes("Long ago"), false);
    await client.patch(`/incidents/${id}`, { status: "postmortem", body: "Because of this." });
    assert.match(read(state, incidentFile(id)), /Because of this/);
  });

  test("a public folder that was lost comes back whole, the pages of old incidents included", async () => {
    const old = Date.now() - 400 * DAY;
    const id = state.incident("Ancient", { status: "resolved", created_at: old, started_at: old, updated_at: old, resolved_at: old + 1 });
    publish(state);
    const all = files(state.publicDir);
    assert.ok(all.includes(incidentFile(id)));
    fs.rmSync(state.publicDir, { recursive: true });
    publish(state);
    assert.deepEqual(files(state.publicDir), all);
    assert.equal(headline(read(state, incidentFile(id))), "Ancient");
  });

  test("the page of a deleted incident is removed with its folder", async () => {
    const made = await client.incident({ name: "Deleted" });
    assert.ok(fs.existsSync(path.join(state.publicDir, incidentFile(made.id))));
    await client.call("DELETE", `/incidents/${made.id}`);
    assert.equal(fs.existsSync(path.join(state.publicDir, "incidents", made.id)), false);
    assert.equal(read(state).includes(made.id), false);
    // also where the program died before it could
    const id = state.incident("Deleted past the programs");
    publish(state);
    state.run(`DELETE FROM incidents WHERE id = '${id}'`);
    publish(state);
    assert.equal(fs.existsSync(path.join(state.publicDir, "incidents", id)), false);
  });

  test("alive.json is {\"at\": now} and nothing else, new with every publication", async () => {
    publish(state);
    const first = JSON.parse(read(state, "alive.json"));
    assert.deepEqual(Object.keys(first), ["at"]);
    assert.match(first.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(first.at) - Date.now()) < 60000);
    publish(state);
    assert.ok(JSON.parse(read(state, "alive.json")).at > first.at);
  });

  test("push.json is to the byte what the contract says; hidden components and groups are left out", async () => {
    state.run("DELETE FROM components");
    const group = await client.component({ name: "Europe", group: true });
    const secret = await client.component({ name: "Secret", group: true, hidden: true });
    const api = await client.component({ name: "API \"<1>\" & é" });
    const web = await client.component({ name: "Web", group_id: group.id, only_show_if_degraded: true });
    await client.component({ name: "Hidden", hidden: true });
    await client.component({ name: "Hidden too", group_id: secret.id });
    const expected = `{"enabled":true,"publicKey":"${state.keys.publicKey}","components":[` +
      `{"id":"${web.id}","name":"Web","group":{"id":"${group.id}","name":"Europe"}},` +
      `{"id":"${api.id}","name":"API \\"\\u003c1>\\" & é","group":null}],${PUSH_END}}\n`;
    assert.equal(read(state, "push.json"), expected);
    state.setting("push_enabled", 0);
    publish(state);
    assert.equal(read(state, "push.json"), expected.replace("true", "false"));
    state.setting("push_enabled", 1);
  });

  test("without keys push.json says that push is off", () => {
    const other = makeState({ conf: { VAPID_PUBLIC_KEY: null, VAPID_PRIVATE_KEY: null } });
    try {
      publish(other);
      assert.deepEqual(JSON.parse(read(other, "push.json")), { enabled: false, publicKey: null, components: [], ...JSON.parse(`{${PUSH_END}}`) });
    } finally {
      other.remove();
    }
  });

  test("every page has a title, a language, one h1, a description and no script, style or address of anybody else", async () => {
    const component = await client.component({ name: "Shown" });
    await client.incident({ name: "Open", body: "A [link](https://example.com/) and `code`.", components: { [component.id]: "partial_outage" } });
    publish(state);
    const pages = files(state.publicDir).filter((name) => name.endsWith(".html"));
    assert.ok(pages.length > 4);
    for (const name of pages) {
      const html = read(state, name);
      assert.ok(title(html).length > 3, name);
      const all = tags(html);
      assert.equal(all.filter(([tag]) => tag === "h1").length, 1, name);
      assert.equal(all.find(([tag]) => tag === "html")[1].lang, /^(de|es|fr|ja)\//.exec(name)?.[1] ?? "en", name);
      assert.ok(all.find(([tag, a]) => tag === "meta" && a.name === "description")[1].content.length > 3, name);
      assert.ok(all.filter(([tag]) => tag === "img").every(([, a]) => "alt" in a), name);
      assert.equal(html.includes("@@"), false, name);
      assertHarmless(html, name);
    }
  });

  test("the manifest is valid JSON whatever the site is called, and its icons are there", () => {
    for (const name of ["Example Cloud", "\"quoted\" \\ back/slash", "</script><b>", "tab\u2028line 漢🚀", "{{x}} ${y} %s"]) {
      state.setting("site_name", name);
      publish(state);
      const manifest = JSON.parse(read(state, "manifest.webmanifest"));
      assert.deepEqual([manifest.name, manifest.short_name, manifest.start_url, manifest.scope, manifest.display], [name, name, "/", "/", "standalone"]);
      for (const icon of manifest.icons) {
        const bytes = fs.readFileSync(path.join(state.publicDir, icon.src));
        assert.equal(bytes.subarray(1, 4).toString(), "PNG");
        assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, icon.sizes);
      }
    }
    state.setting("site_name", "Example Cloud");
  });

  test("at midnight the past days move on, though nothing was posted", { skip: !hasTestClock }, () => {
    publish(state);
    const before = stats()["index.html"];
    state.shiftClock(DAY);
    publish(state);
    assert.notEqual(stats()["index.html"], before);
    state.shiftClock(0);
    publish(state);
  });
});

describe("the published page behind lighttpd", () => {
  let state, client, close, server;

  before(async () => {
    ({ state, client, close, server } = await openServer());
    publish(state);
  });
  after(() => close?.());

  test("what was posted is on the page when the answer arrives", async () => {
    const component = await client.component("API");
    const made = await client.incident({ name: "Seen at once", components: { [component.id]: "major_outage" } });
    assert.equal(headline((await server.request("/")).text), "Major outage: API");
    const page = await server.request(`/incidents/${made.id}/`);
    assert.equal(page.status, 200);
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(headline(page.text), "Seen at once");
    assert.equal(made.shortlink, `${server.url}/incidents/${made.id}/`);
  });

  test("a deleted incident's page is 404 with the site's own page, and so is one that never was", async () => {
    const made = await client.incident({ name: "Short-lived" });
    assert.equal((await server.request(`/incidents/${made.id}/`)).status, 200);
    await client.call("DELETE", `/incidents/${made.id}`);
    for (const address of [`/incidents/${made.id}/`, `/incidents/${newId()}/`, "/incidents/", "/nothing", "/index.html.in", "/schema.sql", "/logo.svg"]) {
      const answer = await server.request(address);
      assert.ok([403, 404].includes(answer.status), address);
      if (answer.status === 404) assert.equal(headline(answer.text), "There is no page at this address.", address);
    }
  });

  test("files have the policy that forbids inline script and style, and are never guessed at", async () => {
    for (const [address, type] of [["/", "text/html"], ["/style.css", "text/css"], ["/sw-push.js", "text/javascript"], ["/push.json", "application/json"],
      ["/manifest.webmanifest", "application/manifest+json"], ["/logo.png", "image/png"], ["/robots.txt", "text/plain"], ["/favicon.ico", "image/x-icon"]]) {
      const answer = await server.request(address);
      assert.equal(answer.status, 200, address);
      assert.ok(answer.headers["content-type"].startsWith(type), address);
      assert.equal(answer.headers["x-content-type-options"], "nosniff");
      assert.match(answer.headers["content-security-policy"], /^default-src 'none'; script-src 'self'; style-src 'self';/);
      assert.equal(/unsafe|\*/.test(answer.headers["content-security-policy"]), false);
    }
    for (const address of ["/push.json", "/alive.json"]) assert.equal((await server.request(address)).headers["cache-control"], "no-store");
  });

  test("with the programs killed and the database moved away, every address of the contract still answers whole, and each link on a page", async () => {
    const component = await client.component("Outlives them too");
    const made = await client.incident({ name: "Outlives the programs" });
    const hour = (n) => new Date(Date.now() + n * 3600000).toISOString();
    const planned = await client.incident({ name: "Planned before", scheduled_for: hour(1), scheduled_until: hour(2) });
    publish(state);
    const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(server.pid)], { encoding: "utf8" }).trim().split("\n").map(Number);
    fs.renameSync(path.join(state.dir, "data"), path.join(state.dir, "moved"));
    for (const pid of children) {
      try { process.kill(pid, "SIGKILL"); } catch { /* ps itself was one of them */ }
    }
    try {
      const pages = ["/", "/history/", "/help/notifications/", `/incidents/${made.id}/`, `/maintenance/${planned.id}/`];
      const others = CONTRACT.filter((name) => !name.endsWith("index.html")).map((name) => `/${name}`);
      for (const address of [...pages, ...others, `/badge/${component.id}.svg`]) {
        const answer = await server.request(address);
        assert.equal(answer.status, 200, address);
        const file = path.join(state.publicDir, address.endsWith("/") ? `${address}index.html` : address);
        assert.ok(answer.body.length > 20 && answer.body.equals(fs.readFileSync(file)), address);
        const served = (/<[^>]*\b(?:src|href)="(\/[^"/][^"]*)"/g);
        for (const [, link] of address.endsWith("/") ? answer.text.matchAll(served) : []) {
          assert.equal((await server.request(link.split("#")[0])).status, 200, `${link} on ${address}`);
        }
      }
      assert.equal((await server.request("/nothing")).status, 404);
    } finally {
      fs.renameSync(path.join(state.dir, "moved"), path.join(state.dir, "data"));
    }
  });
});
