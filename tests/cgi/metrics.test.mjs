// /cgi-bin/admin-settings/metrics: who may read it, and that an independent parser of the Prometheus text format finds in
// it what stands in the database.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import parse from "parse-prometheus-text-format";
import { makeState, newId, plainCgi, startServer } from "./harness.mjs";
import { addToken } from "./api-client.mjs";

const PROGRAM = "/cgi-bin/admin-settings";
const HOSTILE = 'https://a"b\\c.example';

for (const how of ["as plain CGI", "behind lighttpd"]) {
  describe(`metrics ${how}`, () => {
    let state, server;

    before(async () => {
      state = makeState();
      if (how === "behind lighttpd") server = await startServer(state);
    });
    after(async () => {
      await server?.stop();
      state?.remove();
    });

    const send = (request) => (server === undefined ? plainCgi("admin-settings", state, { script: PROGRAM, path: "/metrics", ...request })
      : server.request(`${PROGRAM}/metrics`, request));
    const ask = (token, method = "GET") => send({ method,
      headers: { origin: null, "sec-fetch-site": null, ...(token === null ? {} : { authorization: `Bearer ${token}` }) } });

    async function read() {
      const answer = await ask(addToken(state, "read"));
      assert.equal(answer.status, 200, answer.text);
      return answer.text;
    }

    // { "name{label=value}": number } as the parser understands it
    async function figures() {
      const found = {};
      for (const { name, metrics } of parse(await read())) {
        for (const { value, labels = {} } of metrics) {
          const text = Object.entries(labels).map(([key, label]) => `${key}=${label}`).join(",");
          found[text === "" ? name : `${name}{${text}}`] = Number(value);
        }
      }
      return found;
    }

    test("a token of the scope read or admin may read, none is 401, another one 403, and nothing but reading is done", async () => {
      for (const scopes of ["read", "admin", "read incidents"]) assert.equal((await ask(addToken(state, scopes))).status, 200, scopes);
      for (const token of [null, "", "x", "x".repeat(43)]) {
        const answer = await ask(token);
        assert.equal(answer.status, 401, String(token));
        assert.equal(answer.headers["www-authenticate"], "Bearer");
        assert.doesNotMatch(answer.text, /atstatus_/);
      }
      for (const scopes of ["components", "incidents maintenance"]) assert.equal((await ask(addToken(state, scopes))).status, 403, scopes);
      assert.equal((await ask(addToken(state, "read"), "POST")).status, 405);
      const head = await ask(addToken(state, "read"), "HEAD");
      assert.deepEqual([head.status, head.text], [200, ""]);
    });

    test("it is said to be text of version 0.0.4, each name once with HELP and TYPE before its samples", async () => {
      const answer = await ask(addToken(state, "read"));
      assert.match(answer.headers["content-type"], /^text\/plain; version=0\.0\.4/);
      const seen = new Set();
      let name;
      let helped;
      for (const line of answer.text.trimEnd().split("\n")) {
        const help = /^# HELP (atstatus_[a-z_]+) \S/.exec(line);
        const type = /^# TYPE (atstatus_[a-z_]+) (gauge|counter)$/.exec(line);
        if (help) {
          [, helped] = help;
          assert.ok(!seen.has(helped), helped);
          seen.add(helped);
        } else if (type) {
          [, name] = type;
          assert.equal(name, helped);
          assert.equal(type[2] === "counter", name.endsWith("_total"), name);
        } else {
          assert.match(line, /^atstatus_[a-z_]+(\{([a-z]+="([^"\\\n]|\\[\\"n])*",?)+\})? -?\d+(\.\d{3})?$/);
          assert.equal(/^[a-z_]+/.exec(line)[0], name);
        }
      }
      assert.ok(answer.text.endsWith("\n"));
    });

    test("the figures are those of the database", async () => {
      const now = Date.now();
      state.run(`DELETE FROM jobs; DELETE FROM origins;
        INSERT INTO vapid_keys (id, public_key, created_at) VALUES (77, randomblob(65), 1);
        INSERT INTO origins (id, origin, suffix, paused_until, failures, clock_skew, pause_reason) VALUES (1, 'https://one.example', '', 0, 0, 0, NULL),
          (2, '${HOSTILE}', '', ${now + 90_000}, 3, -125000, 'auth');
        INSERT INTO jobs (id, public_id, created_at, trigger, title, max_subscription_id, state, spread) VALUES
          (11, '${newId()}', ${now - 60_000}, 'incident_new', 't', 100, 'sending', 1), (12, '${newId()}', 1, 'incident_new', 't', 100, 'done', 1);
        INSERT INTO ledger VALUES (11, 1, 'accepted', 40), (12, 1, 'accepted', 2), (12, 2, 'gone', 5), (12, 2, 'refused', 6);
        INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) VALUES (11, 1, 2, 0, 1), (11, 2, 2, 0, ${now + 999_000});
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 160)
          INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, created_at, last_seen_at, dead_at)
          SELECT randomblob(16), 'https://one.example/' || i, randomblob(65), randomblob(16), 77, 1, i % 16, 1, 1, CASE WHEN i > 155 THEN 1 END FROM n;
        UPDATE jobs SET max_subscription_id = (SELECT max(id) FROM subscriptions);
        INSERT INTO lanes (job_id, origin_id, shard, cursor, done) SELECT 11, 1, value,
          CASE WHEN value < 8 THEN (SELECT max(id) FROM subscriptions) ELSE 0 END, value < 8 FROM generate_series(0, 15);
        INSERT INTO settings VALUES ('content_rev', '41'), ('published', '40@20000@abcdef01'), ('upkeep_at', '1700000000500'), ('vapid_verdict', 'ok')
          ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
      const got = await figures();
      const want = {
        "subscriptions{state=active}": 155, "subscriptions{state=dead}": 5, subscriptions_max: 5000000,
        jobs_sending: 1, exceptions: 2, exceptions_due: 1, push_enabled: 1, vapid_ok: 1,
        content_revision: 41, published_revision: 40, last_upkeep_timestamp_seconds: 1700000000.5,
        "origin_subscriptions{origin=https://one.example}": 155, "origin_paused{origin=https://one.example}": 0,
        [`origin_paused{origin=${HOSTILE}}`]: 1, [`origin_failures{origin=${HOSTILE}}`]: 3, [`origin_clock_skew_seconds{origin=${HOSTILE}}`]: -125,
        "pushes_total{origin=https://one.example,outcome=accepted}": 42, [`pushes_total{origin=${HOSTILE},outcome=gone}`]: 5,
        [`pushes_total{origin=${HOSTILE},outcome=refused}`]: 6,
        "alarm{name=keys_refused}": 1, "alarm{name=clock_skew}": 1, "alarm{name=sender_idle}": 0, "alarm{name=push_off}": 0,
      };
      for (const [name, value] of Object.entries(want)) assert.equal(got[`atstatus_${name}`], value, name);
      // half of 155, and two to be tried again
      assert.ok(Math.abs(got.atstatus_undelivered - 79) <= 2, got.atstatus_undelivered);
      assert.ok(got.atstatus_oldest_undelivered_age_seconds >= 60 && got.atstatus_oldest_undelivered_age_seconds < 120);
      const left = got[`atstatus_origin_pause_seconds{origin=${HOSTILE}}`];
      assert.ok(left > 60 && left <= 90, left);
      assert.equal(got[`atstatus_build_info{schema=${state.value("PRAGMA user_version")}}`], 1);
    });

    test("the number of a push service's subscriptions follows every way to come, to go, to die and to revive", async () => {
      const count = async () => (await figures())["atstatus_origin_subscriptions{origin=https://one.example}"];
      state.run("UPDATE subscriptions SET dead_at = 5 WHERE id IN (SELECT id FROM subscriptions WHERE dead_at IS NULL LIMIT 10)");
      assert.equal(await count(), 145);
      state.run("UPDATE subscriptions SET dead_at = 6 WHERE dead_at IS NOT NULL");
      assert.equal(await count(), 145);
      state.run("UPDATE subscriptions SET dead_at = NULL WHERE id IN (SELECT id FROM subscriptions WHERE dead_at IS NOT NULL LIMIT 7)");
      assert.equal(await count(), 152);
      state.run("DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions WHERE dead_at IS NOT NULL LIMIT 3)");
      state.run("DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions WHERE dead_at IS NULL LIMIT 2)");
      assert.equal(await count(), 150);
      assert.equal(state.value("SELECT count(*) FROM subscriptions WHERE dead_at IS NULL"), 150);
    });
  });
}
