// /v1/pages/{page_id}/notifications: what was sent to whom, in numbers; and stopping it (contract §3).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newId } from "./harness.mjs";
import { addToken, assertError, content, doors, ID, TIME } from "./api-client.mjs";

for (const [how, open] of doors) {
  describe(`notifications ${how}`, () => {
    let state, client, close;

    before(async () => ({ state, client, close } = await open()));
    after(() => close?.());

    const NO_COUNTS = { audience: 0, accepted: 0, retrying: 0, gone: 0, refused: 0, expired: 0, superseded: 0, stopped: 0 };

    function addJob(fields = {}) {
      const job = { public_id: newId(), created_at: Date.now(), trigger: "incident_new", title: "T", max_subscription_id: 0, ...fields };
      const values = Object.values(job).map((v) => (v === null ? "NULL" : typeof v === "number" ? v : `'${v}'`));
      state.run(`INSERT INTO jobs (${Object.keys(job).join(", ")}) VALUES (${values.join(", ")})`);
      return { ...job, id: state.value(`SELECT id FROM jobs WHERE public_id = '${job.public_id}'`) };
    }

    test("a posted incident is a notification with every member of the contract", async () => {
      const made = await client.incident({ name: "Told", body: "x" });
      const [first] = (await client.get("/notifications")).json;
      assert.match(first.id, ID);
      assert.match(first.created_at, TIME);
      assert.deepEqual(first, { id: first.id, created_at: first.created_at, trigger: "incident_new", incident_id: made.id,
        component_id: null, title: "🔵 Incident: Told", state: "sending",
        nobody: "Nobody is told: no browser has subscribed yet.", retry_of: null, ...NO_COUNTS, first_at: null, last_at: null, origins: [] });
      assert.deepEqual((await client.get(`/notifications/${first.id}`)).json, first);
    });

    test("a component's own notification names the component and no incident", async () => {
      state.setting("trigger.component_down", 1);
      const { id } = await client.component("Alone");
      await client.patch(`/components/${id}`, { status: "major_outage" });
      const [first] = (await client.get("/notifications")).json;
      assert.deepEqual([first.trigger, first.incident_id, first.component_id], ["component_down", null, id]);
      state.setting("trigger.component_down", 0);
    });

    test("the counts are those of the ledger and of what waits to be tried again, in all and by origin", async () => {
      const job = addJob({ first_at: 1700000000000, last_at: 1700000001234 });
      state.run(`INSERT INTO origins (id, origin, suffix) VALUES (901, 'https://b.example', ''), (902, 'https://a.example', '');
        INSERT INTO ledger VALUES (${job.id}, 901, 'accepted', 7), (${job.id}, 901, 'gone', 2), (${job.id}, 902, 'accepted', 5),
          (${job.id}, 902, 'refused', 1), (${job.id}, 902, 'expired', 3), (${job.id}, 902, 'superseded', 4), (${job.id}, 902, 'stopped', 6);
        INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) VALUES (${job.id}, 1, 901, 0, 1), (${job.id}, 2, 901, 0, 1)`);
      const got = (await client.get(`/notifications/${job.public_id}`)).json;
      const b = { ...NO_COUNTS, audience: 11, accepted: 7, retrying: 2, gone: 2 };
      const a = { ...NO_COUNTS, audience: 19, accepted: 5, refused: 1, expired: 3, superseded: 4, stopped: 6 };
      assert.deepEqual(got.origins, [{ origin: "https://a.example", ...a }, { origin: "https://b.example", ...b }]);
      for (const name of Object.keys(NO_COUNTS)) assert.equal(got[name], a[name] + b[name], name);
      assert.deepEqual([got.first_at, got.last_at], ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:21.234Z"]);
    });

    test("the list has the newest first, at most a hundred, and no test to a browser", async () => {
      state.run(`DELETE FROM jobs; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 105)
        INSERT INTO jobs (public_id, created_at, trigger, title, max_subscription_id, is_test)
        SELECT printf('bbbbbbbbb%03d', i), i, 'incident_new', 't', 0, i % 2 = 0 AND i > 101 FROM n`);
      const list = (await client.get("/notifications")).json;
      assert.equal(list.length, 100);
      assert.deepEqual(list.slice(0, 3).map((x) => x.id), ["bbbbbbbbb105", "bbbbbbbbb103", "bbbbbbbbb101"]);
      assertError(await client.get("/notifications/bbbbbbbbb104"), 404);
      assertError(await client.call("POST", "/notifications/bbbbbbbbb104/stop"), 404);
    });

    test("stopping makes it stopped, answers it, and leaves an audit row by the token's name", async () => {
      const job = addJob();
      const token = addToken(state, "incidents", `stopper-${how.length}`);
      const answer = await client.with(token).call("POST", `/notifications/${job.public_id}/stop`);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual([answer.json.id, answer.json.state], [job.public_id, "stopped"]);
      assert.equal(state.value(`SELECT state FROM jobs WHERE id = ${job.id}`), "stopped");
      assert.deepEqual(state.rows(`SELECT actor, action FROM audit WHERE object = '${job.public_id}'`),
        [{ actor: `token stopper-${how.length}`, action: "notification.stop" }]);
    });

    test("what is no longer being sent cannot be stopped: 409, and nothing changes", async () => {
      for (const jobState of ["done", "stopped"]) {
        const job = addJob({ state: jobState });
        const rows = content(state);
        assertError(await client.call("POST", `/notifications/${job.public_id}/stop`), 409, /no longer/);
        assert.deepEqual(content(state), rows);
      }
    });

    test("a notification outlives its incident", async () => {
      const made = await client.incident({ name: "Short" });
      const [first] = (await client.get("/notifications")).json;
      await client.call("DELETE", `/incidents/${made.id}`);
      const after = (await client.get(`/notifications/${first.id}`)).json;
      assert.deepEqual([after.incident_id, after.state, after.title], [made.id, "stopped", first.title]);
    });
  });
}
