// admin-kept.test.mjs - what somebody wrote is never lost: not by a full disk, a busy database, a second sending with
// other words, or its length.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { makeState, quote, startServer } from "./harness.mjs";
import { formOf, INCIDENTS, messageOf, Person, SETTINGS } from "./admin-client.mjs";

const COMPONENTS = `${SETTINGS}/components`;
const NOTIFICATIONS = `${SETTINGS}/settings/notifications`;
const SITE = `${SETTINGS}/settings/page`;
const AGAIN = "This form was already sent; what you changed since is not stored yet.";

describe("what was written is kept", () => {
  let state;
  let server;
  let owner;
  let api;
  const page = (id) => `${INCIDENTS}/${id}`;
  const updatePage = (id) => `${page(id)}/updates/${state.value(`SELECT id FROM incident_updates WHERE incident_id = ${quote(id)}`)}`;

  before(async () => {
    state = makeState();
    server = await startServer(state);
    owner = Person.signedIn(state, server);
    api = await owner.addComponent("API");
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  // Each form with text: where it is, where it is sent to, what is written, and what must still stand in it.
  const forms = (id) => [
    [`${INCIDENTS}/new`, INCIDENTS, { name: "Kept", body: "All <kept>\nlines", status: "monitoring", impact_override: "major",
      [`components[${api}]`]: "partial_outage" }],
    [page(id), page(id), { body: "An update", status: "identified", [`components[${api}]`]: "major_outage" }],
    [page(id), `${page(id)}/resolve`, { body: "Over at last" }],
    [page(id), `${page(id)}/edit`, { name: "Another title", impact_override: "critical" }],
    [updatePage(id), updatePage(id), { body: "Other words", display_at: "2020-01-10T16:00" }],
    [`${INCIDENTS}/maintenance/new`, `${INCIDENTS}/maintenance`, { name: "Kept plan", body: "Its words", scheduled_for: "2090-01-10T16:00",
      scheduled_until: "2090-01-10T18:00", "reminders[]": "15", [`components[${api}]`]: "under_maintenance" }],
    [`${COMPONENTS}/new`, COMPONENTS, { name: "Kept component", description: "Its words", hidden: "1", start_date: "2025-02-28" }],
    [`${COMPONENTS}/new-group`, COMPONENTS, { name: "Kept group" }],
    [`${COMPONENTS}/${api}`, `${COMPONENTS}/${api}`, { name: "Kept name", description: "More words" }],
    [SITE, SITE, { site_name: "Kept site", time_zone: "Europe/Berlin" }],
    [NOTIFICATIONS, NOTIFICATIONS, { component_down: "1", incident_new: null }],
  ];
  const facts = () => state.rows(`SELECT (SELECT count(*) FROM incidents) AS i, (SELECT count(*) FROM incident_updates) AS u,
    (SELECT group_concat(name) FROM components) AS c, (SELECT count(*) FROM settings) AS s, (SELECT count(*) FROM jobs) AS j`);

  async function sendAll(id, { sentence, retry, some = () => true }) {
    const was = facts();
    for (const [place, action, changes] of forms(id).filter(some)) {
      const sent = await owner.fill(place, action, changes);
      const release = await retry.hold?.();
      const answer = await owner.post(action, sent);
      await release?.();
      assert.equal(answer.status, 503, `${action}: ${answer.text}`);
      assert.equal(answer.headers["retry-after"], retry.after, action);
      assert.equal(messageOf(answer.text), "This is not stored yet.");
      assert.ok(answer.text.includes(sentence), action);
      const { fields } = formOf(answer.text, action);
      for (const [name, value] of Object.entries(changes)) assert.equal(fields.get(name), value, `${action} ${name}`);
    }
    assert.deepEqual(facts(), was);
  }

  it("a database that another process holds: 503, Retry-After, and the form as it was written", async () => {
    const id = await owner.addIncident({ name: "Busy", body: "One." });
    const hold = async () => {
      const holder = spawn("sqlite3", [state.database], { stdio: ["pipe", "pipe", "inherit"] });
      holder.stdin.write(".timeout 20000\nBEGIN IMMEDIATE;\nSELECT 'held';\n");
      await new Promise((resolve) => holder.stdout.once("data", resolve));
      return () => new Promise((resolve) => {
        holder.on("close", resolve);
        holder.stdin.end("ROLLBACK;\n");
      });
    };
    // each is waited for: one of either program is enough, the disk below tells of all
    await sendAll(id, { sentence: "Another process is writing just now. Please send this again.", retry: { after: "5", hold },
      some: ([, action]) => action === `${page(id)}/edit` || action === SITE });
  });

  it("a disk that takes no more: the same, and nothing is half stored", async () => {
    const id = await owner.addIncident({ name: "Full", body: "One." });
    // every fact has an audit row, so nothing can be written
    state.run("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
    try {
      await sendAll(id, { sentence: "Is the disk full?", retry: { after: "30" } });
    } finally {
      state.run("DROP TRIGGER full");
    }
    // only the end of the transaction fails
    state.run(`CREATE TABLE late (id INTEGER REFERENCES components(id) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER late_full AFTER INSERT ON audit BEGIN INSERT INTO late VALUES (1); END`);
    try {
      await sendAll(id, { sentence: "Is the disk full?", retry: { after: "30" } });
    } finally {
      state.run("DROP TRIGGER late_full; DROP TABLE late");
    }
  });

  it("a form redrawn after such a failure can be sent as it stands", async () => {
    state.run("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
    const answer = await owner.submit(`${INCIDENTS}/new`, INCIDENTS, { name: "Second try", body: "Kept" });
    state.run("DROP TRIGGER full");
    assert.equal((await owner.post(INCIDENTS, formOf(answer.text, INCIDENTS).fields)).status, 303);
    assert.equal(state.value("SELECT count(*) FROM incidents WHERE name = 'Second try'"), 1);
  });

  it("the same key with other words is 409 with those words and a new key; sent again they are stored", async () => {
    const sent = await owner.fill(`${INCIDENTS}/new`, INCIDENTS, { name: "First words", body: "One" });
    const { location } = (await owner.post(INCIDENTS, sent)).headers;
    assert.equal((await owner.post(INCIDENTS, sent)).headers.location, location);
    for (const [field, value] of [["name", "Other words"], ["body", "Two"], ["status", "resolved"],
      [`components[${api}]`, "major_outage"], ["deliver_notifications", "0"]]) {
      const changed = new URLSearchParams(sent);
      changed.set(field, value);
      const answer = await owner.post(INCIDENTS, changed);
      assert.equal(answer.status, 409, field);
      assert.equal(messageOf(answer.text), AGAIN);
      assert.match(answer.text, /data-redrawn/);
      const { fields } = formOf(answer.text, INCIDENTS);
      assert.notEqual(fields.get("post_id"), sent.get("post_id"));
      if (field !== "deliver_notifications") assert.equal(fields.get(field), value);
      assert.doesNotMatch(answer.text, /data-clear="i/);
      if (field === "name") assert.equal((await owner.post(INCIDENTS, fields)).status, 303);
    }
    assert.equal(state.value("SELECT count(*) FROM incidents WHERE name = 'First words'"), 1);
    assert.equal(state.value("SELECT count(*) FROM incidents WHERE name = 'Other words'"), 1);
  });

  it("a key belongs to its form and its user", async () => {
    const sent = await owner.fill(`${INCIDENTS}/new`, INCIDENTS, { name: "Mine", body: "One" });
    assert.equal((await owner.post(INCIDENTS, sent)).status, 303);
    const other = Person.signedIn(state, server, "editor");
    const theirs = await other.fill(`${INCIDENTS}/new`, INCIDENTS, { name: "Mine", body: "One", post_id: sent.get("post_id") });
    assert.equal((await other.post(INCIDENTS, theirs)).status, 409);
    const id = await owner.addIncident({ name: "Elsewhere", body: "One" });
    const update = await owner.fill(page(id), page(id), { body: "Two", post_id: sent.get("post_id") });
    assert.equal((await owner.post(page(id), update)).status, 409);
  });

  it("a resolution sent a second time with other words keeps them in the form that is left", async () => {
    const id = await owner.addIncident({ name: "Ends", body: "One" });
    const sent = await owner.fill(page(id), `${page(id)}/resolve`, { body: "Over" });
    assert.equal((await owner.post(`${page(id)}/resolve`, sent)).status, 303);
    sent.set("body", "Over, because of the cable");
    const answer = await owner.post(`${page(id)}/resolve`, sent);
    assert.equal(answer.status, 409);
    assert.equal(formOf(answer.text, page(id)).fields.get("body"), "Over, because of the cable");
  });

  it("a message of 25,000 characters of three octets each is stored", async () => {
    const body = "界".repeat(25_000);
    const id = await owner.addIncident({ name: "Long", body });
    assert.equal(state.value(`SELECT length(body) FROM incident_updates WHERE incident_id = ${quote(id)}`), 25_000);
  });
});
