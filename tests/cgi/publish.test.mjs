// What a publication draws: what changed since the last one, what is missing, and everything where anything may show it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { openCgi } from "./api-client.mjs";
import { binary, hasTestClock, newId } from "./harness.mjs";

const DAY = 86_400_000;

describe("a publication", () => {
  let state, client, close, old;

  const publish = (...words) => execFileSync(binary("atstatus"), ["publish", ...words], { env: state.env });
  const file = (name) => path.join(state.publicDir, name);
  const page = (id) => file(`incidents/${id}/index.html`);
  // A mark that only drawing the page anew takes away.
  const mark = (name) => fs.writeFileSync(name, "marked");
  const isMarked = (name) => fs.readFileSync(name, "utf8") === "marked";
  // An incident that was over long ago, as its rows would be.
  const past = (days, name = "Old") => {
    const id = newId(), at = Date.now() - days * DAY;
    state.run(`INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at, resolved_at)
      VALUES ('${id}', '${name}', 'resolved', 'major', 'major', ${at}, ${at}, ${at + 60000}, ${at + 60000})`);
    return id;
  };
  const month = (days) => new Date(Date.now() - days * DAY).toISOString().slice(0, 7);

  before(async () => {
    ({ state, client, close } = await openCgi());
    old = past(100);
    publish();
  });
  after(() => close?.());

  test("draws the page of an incident that changed, and leaves those of others alone", async () => {
    const made = await client.incident({ name: "New" });
    for (const name of [page(old), file(`history/${month(100)}/index.html`)]) mark(name);
    await client.patch(`/incidents/${made.id}`, { body: "News." });
    assert.match(fs.readFileSync(page(made.id), "utf8"), /News\./);
    assert.ok(isMarked(page(old)));
    assert.ok(isMarked(file(`history/${month(100)}/index.html`)));
  });

  test("of an old incident that changes draws its page and its month", async () => {
    await client.patch(`/incidents/${old}`, { status: "postmortem", body: "Why it was." });
    assert.match(fs.readFileSync(page(old), "utf8"), /Why it was\./);
    assert.match(fs.readFileSync(file(`history/${month(100)}/index.html`), "utf8"), /Old/);
  });

  test("by the timer leaves old pages alone, and writes those that are missing", () => {
    mark(page(old));
    publish("--due");
    assert.ok(isMarked(page(old)));
    fs.rmSync(path.dirname(page(old)), { recursive: true });
    fs.rmSync(file(`history/${month(60)}`), { recursive: true });
    publish("--due");
    assert.match(fs.readFileSync(page(old), "utf8"), /Old/);
    assert.ok(fs.existsSync(file(`history/${month(60)}/index.html`)));
  });

  test("by hand draws everything", () => {
    mark(page(old));
    publish();
    assert.ok(!isMarked(page(old)));
  });

  test("after a change of a name, of what is hidden, of the page itself, or after a deletion draws everything", async () => {
    const api = await client.component("API");
    const doomed = await client.incident({ name: "Doomed" });
    for (const change of [
      () => client.patch(`/components/${api.id}`, { name: "Interface" }),
      () => client.patch(`/components/${api.id}`, { hidden: true }),
      () => client.call("DELETE", `/components/${api.id}`),
      () => client.call("DELETE", `/incidents/${doomed.id}`),
    ]) {
      mark(page(old));
      await change();
      assert.ok(!isMarked(page(old)), change.toString());
    }
    assert.ok(!fs.existsSync(page(doomed.id)));
  });

  test("of a program with other templates draws everything", () => {
    state.run("UPDATE settings SET value = substr(value, 1, length(value) - 8) || '00000000' WHERE name = 'published'");
    mark(page(old));
    publish("--due");
    assert.ok(!isMarked(page(old)));
  });

  test("that was killed before it was noted is done again by the timer", async () => {
    const stamp = state.value("SELECT value FROM settings WHERE name = 'published'");
    await client.patch(`/incidents/${old}`, { name: "Old and renamed" });
    mark(page(old));
    state.run(`UPDATE settings SET value = '${stamp}' WHERE name = 'published'`);
    publish("--due");
    assert.match(fs.readFileSync(page(old), "utf8"), /Old and renamed/);
  });

  test("that was interrupted leaves nothing behind: half-written files go, and everything is drawn", () => {
    mark(page(old));
    const litter = [file("index.html.4711.tmp"), path.join(path.dirname(page(old)), "index.html.4712.tmp")];
    for (const name of litter) fs.writeFileSync(name, "half");
    publish("--due");
    assert.ok(isMarked(page(old)) && litter.every(fs.existsSync), "nothing was interrupted yet");
    fs.rmSync(path.join(path.dirname(state.database), "published"));
    publish("--due");
    assert.ok(!isMarked(page(old)));
    assert.deepEqual(litter.filter(fs.existsSync), []);
  });

  test("of a database that was put back from a copy takes away what it does not know", async () => {
    const copy = `${state.database}.copy`;
    state.run(`VACUUM INTO '${copy}'`);
    const later = await client.incident({ name: "After the copy" });
    await client.patch(`/incidents/${old}`, { name: "Renamed after the copy" });
    assert.ok(fs.existsSync(page(later.id)));
    for (const end of ["-wal", "-shm"]) fs.rmSync(`${state.database}${end}`, { force: true });
    fs.renameSync(copy, state.database);
    publish("--due");
    assert.ok(!fs.existsSync(page(later.id)));
    assert.doesNotMatch(fs.readFileSync(page(old), "utf8"), /Renamed after the copy/);
  });

  test("draws a page anew that is empty, as a disk that was full may leave it", () => {
    fs.writeFileSync(page(old), "");
    publish("--due");
    assert.match(fs.readFileSync(page(old), "utf8"), /<h1>/);
  });

  test("links the months together when the history begins earlier than before, and unlinks them when it no longer does", async () => {
    const first = () => fs.readdirSync(file("history")).filter((name) => /^\d/.test(name)).sort()[0];
    const before = first();
    const at = Date.now() - 200 * DAY;
    const made = await client.incident({ name: "Long ago", status: "completed", deliver_notifications: false,
      scheduled_for: new Date(at).toISOString(), scheduled_until: new Date(at + 3600_000).toISOString() });
    assert.equal(first(), month(200));
    assert.match(fs.readFileSync(file(`history/${before}/index.html`), "utf8"), /rel="prev"/);
    for (let days = 200; days > 0; days -= 25) if (month(days) !== month(0)) assert.ok(fs.existsSync(file(`history/${month(days)}/index.html`)), month(days));
    assert.equal((await client.call("DELETE", `/incidents/${made.id}`)).status, 200);
    assert.equal(first(), before);
    assert.doesNotMatch(fs.readFileSync(file(`history/${before}/index.html`), "utf8"), /rel="prev"/);
  });

  test("takes a maintenance out of the month that it was moved away from", async () => {
    const made = await client.incident({ name: "Moved away", scheduled_auto_in_progress: false, scheduled_auto_completed: false,
      scheduled_for: new Date(Date.now() - 70 * DAY).toISOString(), scheduled_until: new Date(Date.now() + DAY).toISOString() });
    const was = file(`history/${month(70)}/index.html`);
    assert.match(fs.readFileSync(was, "utf8"), /Moved away/);
    await client.patch(`/incidents/${made.id}`, { scheduled_for: new Date(Date.now() + 3600_000).toISOString() });
    assert.doesNotMatch(fs.readFileSync(was, "utf8"), /Moved away/);
    await client.call("DELETE", `/incidents/${made.id}`);
  });

  test("keeps a badge for each component that visitors see, and takes away those of others", async () => {
    const api = await client.component("Badged");
    const badge = file(`badge/${api.id}.svg`);
    assert.match(fs.readFileSync(badge, "utf8"), /Badged/);
    await client.patch(`/components/${api.id}`, { hidden: true });
    assert.ok(!fs.existsSync(badge));
    await client.patch(`/components/${api.id}`, { hidden: false });
    assert.ok(fs.existsSync(badge));
    await client.call("DELETE", `/components/${api.id}`);
    assert.ok(!fs.existsSync(badge));
  });

  test("takes a deleted maintenance away: its page and its entry in the history", async () => {
    const made = await client.incident({ name: "Moved work", status: "completed", scheduled_for: new Date(Date.now() - 2 * 3600_000).toISOString(),
      scheduled_until: new Date(Date.now() - 3600_000).toISOString() });
    assert.match(fs.readFileSync(file(`maintenance/${made.id}/index.html`), "utf8"), /Moved work/);
    assert.match(fs.readFileSync(file("history/index.html"), "utf8"), /Moved work/);
    assert.equal((await client.call("DELETE", `/incidents/${made.id}`)).status, 200);
    assert.ok(!fs.existsSync(file(`maintenance/${made.id}`)));
    assert.doesNotMatch(fs.readFileSync(file("history/index.html"), "utf8"), /Moved work/);
  });

  test("at the turn of the month gives the month that ended a page of its own", { skip: !hasTestClock && "needs a clock that can be shifted" }, () => {
    const now = new Date();
    const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1, 0, 5);
    const ended = now.toISOString().slice(0, 7);
    assert.ok(!fs.existsSync(file(`history/${ended}/index.html`)));
    const clock = path.join(state.dir ?? path.dirname(state.publicDir), "clock");
    fs.writeFileSync(clock, String(next - Date.now()));
    const done = spawnSync(binary("atstatus"), ["publish", "--due"], { env: { ...state.env, ATSTATUS_CLOCK_FILE: clock }, encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    assert.match(fs.readFileSync(file(`history/${ended}/index.html`), "utf8"), /New/);
    assert.match(fs.readFileSync(file("history/index.html"), "utf8"), new RegExp(`/history/${ended}/`));
    fs.rmSync(clock);
    publish();
  });
});
