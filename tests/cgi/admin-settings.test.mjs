// admin-settings.test.mjs - components and settings by the forms for people, behind a real lighttpd.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { makeState, quote, startServer } from "./harness.mjs";
import { encode, formOf, mainOf, messageOf, Person, SETTINGS } from "./admin-client.mjs";

const COMPONENTS = `${SETTINGS}/components`;
const NOTIFICATIONS = `${SETTINGS}/settings/notifications`;
const SITE = `${SETTINGS}/settings/page`;
const HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}} ${x} %s%n $(id)", "@@csrf@@", "' OR 1=1 --", "&lt;"];

describe("components and settings", () => {
  let state;
  let server;
  let owner;
  const index = () => fs.readFileSync(path.join(state.publicDir, "index.html"), "utf8");
  const row = (id) => state.row(`SELECT * FROM components WHERE id = ${quote(id)}`);
  const page = (id) => `${COMPONENTS}/${id}`;
  const names = () => state.rows("SELECT name FROM components WHERE group_id IS NULL ORDER BY position").map(({ name }) => name);

  before(async () => {
    state = makeState();
    server = await startServer(state);
    owner = Person.signedIn(state, server);
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  it("a component lives: added, renamed, described, hidden, deleted", async () => {
    const location = await owner.done(`${COMPONENTS}/new`, COMPONENTS, { name: "Api", description: "For programs" });
    assert.equal(location, `${COMPONENTS}?done=added`);
    assert.equal(messageOf((await owner.get(location)).text), "Added to the page.");
    const id = state.value("SELECT id FROM components WHERE name = 'Api'");
    assert.match(index(), /Api/);
    await owner.done(page(id), page(id), { name: "API", description: "For your programs" });
    assert.deepEqual([row(id).name, row(id).description], ["API", "For your programs"]);
    assert.match(index(), /For your programs/);
    await owner.done(page(id), page(id), { hidden: "1", only_show_if_degraded: "1" });
    assert.deepEqual([row(id).hidden, row(id).only_show_if_degraded], [1, 1]);
    assert.doesNotMatch(index(), /For your programs/);
    assert.match((await owner.get(COMPONENTS)).text, /Hidden from the page/);
    await owner.done(page(id), page(id), { hidden: null, only_show_if_degraded: null });
    assert.deepEqual([row(id).hidden, row(id).only_show_if_degraded], [0, 0]);
    assert.match((await owner.get(`${page(id)}/delete`)).text, /Lost for good: the component, its status and the whole history/);
    await owner.done(`${page(id)}/delete`, `${page(id)}/delete`, {});
    assert.equal(row(id), undefined);
    assert.equal((await owner.get(page(id))).status, 404);
    const actions = state.rows(`SELECT action FROM audit WHERE object = ${quote(id)} ORDER BY id`).map(({ action }) => action);
    assert.deepEqual(actions, ["component.create", "component.save", "component.save", "component.save", "component.delete"]);
  });

  it("the same form twice adds one component", async () => {
    const fields = await owner.fill(`${COMPONENTS}/new`, COMPONENTS, { name: "Once" });
    const answers = [await owner.post(COMPONENTS, fields), await owner.post(COMPONENTS, fields)];
    assert.deepEqual(answers.map(({ status }) => status), [303, 303]);
    assert.equal(state.value("SELECT count(*) FROM components WHERE name = 'Once'"), 1);
  });

  it("the order is moved up and down, and an end of the list is no error", async () => {
    state.run("DELETE FROM components");
    for (const name of ["A", "B", "C"]) await owner.addComponent(name);
    const c = state.value("SELECT id FROM components WHERE name = 'C'");
    const move = (id, direction) => owner.done(COMPONENTS, `${page(id)}/move`, { direction });
    assert.equal(await move(c, "up"), `${COMPONENTS}?done=moved&at=${c}&way=up`);
    assert.deepEqual(names(), ["A", "C", "B"]);
    await move(c, "up");
    assert.equal(await move(c, "up"), `${COMPONENTS}?at=${c}&way=up`);
    assert.deepEqual(names(), ["C", "A", "B"]);
    await move(c, "down");
    assert.deepEqual(names(), ["A", "C", "B"]);
    assert.equal((await owner.submit(COMPONENTS, `${page(c)}/move`, { direction: "sideways" })).status, 422);
  });

  it("a group is made, filled and deleted; its components stay", async () => {
    const a = state.value("SELECT id FROM components WHERE name = 'A'");
    await owner.done(`${COMPONENTS}/new-group`, COMPONENTS, { name: "Payments" });
    const group = state.value("SELECT id FROM components WHERE name = 'Payments'");
    assert.equal(row(group).is_group, 1);
    await owner.done(page(a), page(a), { group_id: group });
    assert.equal(row(a).group_id, group);
    assert.equal(formOf((await owner.get(page(a))).text, page(a)).fields.get("group_id"), group);
    const wrong = await owner.submit(page(a), page(a), { name: "Kept", group_id: "aaaaaaaaaaaa" });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /There is no group with this id/);
    assert.equal(formOf(wrong.text, page(a)).fields.get("name"), "Kept");
    await owner.done(`${page(group)}/delete`, `${page(group)}/delete`, {});
    assert.equal(row(a).group_id, null);
  });

  it("a status set by hand is on the page, in the history, and told only where its trigger is on", async () => {
    const a = state.value("SELECT id FROM components WHERE name = 'A'");
    const set = (status) => owner.done(page(a), `${page(a)}/status`, { status });
    const jobs = () => state.value("SELECT count(*) FROM jobs");
    assert.equal(await set("major_outage"), `${COMPONENTS}?done=status`);
    assert.equal(row(a).status, "major_outage");
    assert.match(index(), /Major outage: A</);
    assert.equal(state.value(`SELECT cause FROM component_history WHERE component_id = ${quote(a)} ORDER BY id DESC`), "manual");
    assert.equal(jobs(), 0);
    await set("operational");
    state.setting("trigger.component_down", "1");
    assert.match((await owner.get(page(a))).text, /Subscribers are notified when this is an outage\./);
    await set("partial_outage");
    assert.equal(jobs(), 1);
    await set("partial_outage");
    assert.equal(jobs(), 1);
    await set("operational");
    assert.equal(jobs(), 1);
    const editor = Person.signedIn(state, server, "editor");
    assert.equal(await editor.done(page(a), `${page(a)}/status`, { status: "under_maintenance" }), `${COMPONENTS}?done=status`);
    const audit = state.row(`SELECT actor, detail FROM audit WHERE action = 'component.status' ORDER BY id DESC LIMIT 1`);
    assert.deepEqual([audit.actor, audit.detail], [editor.name, "operational -> under_maintenance"]);
    for (const status of ["", "keep", "exploded"]) {
      assert.equal((await owner.submit(page(a), `${page(a)}/status`, { status })).status, 422, status);
    }
  });

  it("wrong fields are 422 with the form, its message and its values", async () => {
    for (const [field, value] of [["name", ""], ["name", "x".repeat(101)], ["name", "a\nb"], ["description", "x".repeat(1001)], ["post_id", null]]) {
      const answer = await owner.submit(`${COMPONENTS}/new`, COMPONENTS, { name: "Fine", description: "Kept & safe", [field]: value });
      assert.equal(answer.status, 422, field);
      if (field === "name") assert.equal(formOf(answer.text, COMPONENTS).fields.get("description"), "Kept & safe");
      if (field !== "post_id") assert.match(answer.text, new RegExp(`id="${field}-wrong"`));
    }
    assert.equal(state.value("SELECT count(*) FROM components WHERE name = 'Fine'"), 0);
  });

  it("hostile names are shown as they are, here and on the page", async () => {
    for (const text of HOSTILE) {
      const id = await owner.addComponent(text, { description: text });
      for (const shown of [(await owner.get(COMPONENTS)).text, (await owner.get(page(id))).text,
        (await owner.get(`${page(id)}/delete`)).text, (await owner.get("/cgi-bin/incident-post/new")).text, index()]) {
        assert.ok(shown.includes(encode(text)), text);
        assert.doesNotMatch(shown, /<script>|<img src=x/);
      }
      await owner.done(`${page(id)}/delete`, `${page(id)}/delete`, {});
    }
  });

  it("triggers and the switch are saved with an audit row each, and the page follows", async () => {
    state.run("DELETE FROM settings WHERE name LIKE 'trigger.%'");
    const { fields } = formOf((await owner.get(NOTIFICATIONS)).text, NOTIFICATIONS);
    assert.deepEqual(["push_enabled", "incident_new", "incident_update", "incident_resolved", "component_down", "component_recovered",
      "maintenance_starting"].map((name) => fields.has(name)), [true, true, true, true, false, false, false]);
    const env = fs.readFileSync(state.envFile, "utf8");
    const audits = () => state.rows("SELECT actor, object, detail FROM audit WHERE action = 'settings.save' ORDER BY id");
    assert.equal(await owner.done(NOTIFICATIONS, NOTIFICATIONS, { incident_update: null, component_down: "1" }), `${NOTIFICATIONS}?done=saved`);
    assert.deepEqual(audits().map(({ actor, object, detail }) => [actor, object, detail]), [
      [owner.name, "trigger.incident_update", "1 -> 0"], [owner.name, "trigger.component_down", "0 -> 1"]]);
    await owner.done(NOTIFICATIONS, NOTIFICATIONS, {});
    assert.equal(audits().length, 2);
    const push = () => JSON.parse(fs.readFileSync(path.join(state.publicDir, "push.json"), "utf8"));
    assert.equal(push().enabled, true);
    await owner.done(NOTIFICATIONS, NOTIFICATIONS, { push_enabled: null });
    assert.equal(push().enabled, false);
    assert.equal(state.value("SELECT value FROM settings WHERE name = 'push_enabled'"), "0");
    await owner.done(NOTIFICATIONS, NOTIFICATIONS, { push_enabled: "1" });
    assert.equal(push().enabled, true);
    assert.equal((await owner.submit(NOTIFICATIONS, NOTIFICATIONS, { incident_new: "perhaps" })).status, 422);
    assert.equal(fs.readFileSync(state.envFile, "utf8"), env);
  });

  it("the page's name is saved and shown literally everywhere", async () => {
    for (const name of ["Example Cloud", ...HOSTILE]) {
      await owner.done(SITE, SITE, { site_name: name });
      assert.ok(index().includes(encode(name)), name);
      assert.ok((await owner.get(SITE)).text.includes(`<span>${encode(name)}</span>`));
      assert.doesNotMatch(index(), /<script>|<img src=x/);
    }
    for (const name of ["", "x".repeat(81), "a\r\nb"]) {
      const answer = await owner.submit(SITE, SITE, { site_name: name });
      assert.equal(answer.status, 422);
      assert.match(answer.text, /id="site_name-wrong"/);
    }
  });

  it("a user's name is shown literally", async () => {
    const odd = Person.signedIn(state, server, "viewer", "<b>\"eve\"</b>");
    const { text } = await odd.get(`${SETTINGS}/settings/account`);
    assert.ok(text.includes("&lt;b&gt;&quot;eve&quot;&lt;/b&gt;"));
  });

  it("keys, contact, HTTPS and extra hosts are judged, each with what to do", async () => {
    const judge = async (conf, verdict) => {
      const other = makeState({ conf });
      if (verdict !== undefined) other.setting("vapid_verdict", verdict);
      const door = await startServer(other);
      try {
        const answer = await Person.signedIn(other, door).get(NOTIFICATIONS);
        return [...mainOf(answer.text).matchAll(/<span class="state is-(\w+)">.*<\/svg>([^<]*)<\/span><div class="row-name"><p>([^<]*)<\/p>/g)]
          .map(([, one, what, sentence]) => ({ state: one, what, sentence }));
      } finally {
        await door.stop();
        other.remove();
      }
    };
    const good = await judge({}, "ok");
    assert.deepEqual(good.map(({ what, state: one }) => `${what} ${one}`),
      ["Keys operational", "Contact operational", "HTTPS degraded_performance"]);
    const bad = await judge({ VAPID_PUBLIC_KEY: "nonsense", VAPID_SUBJECT: null, PUSH_EXTRA_HOSTS: "push.example:8443,*" });
    assert.deepEqual(bad.map(({ what, state: one }) => `${what} ${one}`), ["Keys major_outage", "Contact degraded_performance",
      "HTTPS degraded_performance", "Push services degraded_performance", "Push services degraded_performance"]);
    assert.match(bad.at(-1).sentence, /push\.example:8443/);
    const mapped = await judge({ PUSH_CONNECT_TO: "fcm.googleapis.com:443:127.0.0.1:8443" }, "ok");
    assert.deepEqual(mapped.at(-1), { what: "Push services", state: "degraded_performance",
      sentence: "PUSH_CONNECT_TO leads notifications elsewhere: fcm.googleapis.com:443:127.0.0.1:8443." });
    const unmatched = await judge({}, "The private key does not fit the public one.");
    assert.deepEqual(unmatched[0], { what: "Keys", state: "major_outage", sentence: "The private key does not fit the public one." });
    assert.equal((await judge({}))[0].state, "degraded_performance");
  });

  it("a database that cannot be written is said so, and nothing changes", async () => {
    const fields = await owner.fill(SITE, SITE, { site_name: "Never" });
    const file = path.join(state.dir, "data");
    const holder = (await import("node:child_process")).spawn("sqlite3", [state.database], { stdio: ["pipe", "pipe", "inherit"] });
    holder.stdin.write(".timeout 20000\nBEGIN IMMEDIATE;\nSELECT 'held';\n");
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const answer = await owner.post(SITE, fields);
    holder.stdin.end("ROLLBACK;\n");
    await new Promise((resolve) => holder.on("close", resolve));
    assert.equal(answer.status, 503);
    assert.match(answer.text, /send this again/);
    assert.equal(answer.headers["retry-after"], "5");
    assert.notEqual(state.value("SELECT value FROM settings WHERE name = 'site_name'"), "Never");
    assert.ok(fs.existsSync(file));
  });
});
