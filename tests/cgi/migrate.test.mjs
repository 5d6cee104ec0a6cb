// From the schema of version 1 to today's: what an installation holds stays, and the result is what a new one gets.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { binary, makeState, root } from "./harness.mjs";

const OLD = path.join(root, "tests/vectors/schema-1.sql");
const INCIDENT = "aaaaaaaaaaaa";

const sql = (file, text) => execFileSync("sqlite3", ["-json", file], { input: text, encoding: "utf8" });
const rows = (file, text) => JSON.parse(sql(file, text) || "[]");

// Tables with their columns and indices with theirs, in the order of their names.
function shape(file) {
  const names = rows(file, "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name");
  return names.map((one) => ({ ...one,
    columns: rows(file, one.type === "index" ? `SELECT seqno, name FROM pragma_index_info('${one.name}')`
      : `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('${one.name}') ORDER BY name`) }));
}

describe("atstatus migrate from version 1", () => {
  let state, fresh, done;

  before(() => {
    fresh = makeState();
    state = makeState();
    for (const end of ["", "-wal", "-shm"]) fs.rmSync(`${state.database}${end}`, { force: true });
    sql(state.database, `${fs.readFileSync(OLD, "utf8")}
      INSERT INTO settings VALUES ('page_id', 'bbbbbbbbbbbb'), ('site_name', 'Kept');
      INSERT INTO components (id, name, position, created_at, updated_at) VALUES ('cccccccccccc', 'API', 1, 1, 1);
      INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at, resolved_at)
        VALUES ('${INCIDENT}', 'Before', 'resolved', 'major', 'major', 1000, 1000, 2000, 2000);
      INSERT INTO incident_components VALUES ('${INCIDENT}', 'cccccccccccc', 'operational');
      INSERT INTO vapid_keys VALUES (1, randomblob(65), 1), (2, randomblob(65), 2);
      INSERT INTO origins (id, origin, suffix) VALUES (1, 'https://fcm.googleapis.com', 'fcm.googleapis.com');
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
        INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, created_at, last_seen_at, dead_at)
        SELECT randomblob(16), 'https://fcm.googleapis.com/' || i, randomblob(65), randomblob(16), 1 + (i = 5), 1, 0, 1, 1, iif(i = 4, 9, NULL) FROM n;`);
    fs.chmodSync(state.database, 0o600);
    done = spawnSync(binary("atstatus"), ["migrate"], { env: state.env, encoding: "utf8" });
  });
  after(() => {
    state.remove();
    fresh.remove();
  });

  test("says what it did, and keeps the old one beside", () => {
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /went from version 1 to \d+; the old one is kept as .*\.v1\./);
    assert.equal(rows(`${state.database}.v1`, "PRAGMA user_version")[0].user_version, 1);
  });

  test("leads to the tables, columns and indices that a new database has", () => {
    assert.deepEqual(shape(state.database), shape(fresh.database));
    assert.deepEqual(rows(state.database, "PRAGMA user_version"), rows(fresh.database, "PRAGMA user_version"));
  });

  test("keeps every row, which the programs of today read and publish", () => {
    assert.deepEqual(rows(state.database, "SELECT name, auto_start, auto_end, sequence, begun_at FROM incidents"),
      [{ name: "Before", auto_start: 1, auto_end: 1, sequence: 0, begun_at: null }]);
    assert.deepEqual(rows(state.database, "SELECT id, subscriptions FROM vapid_keys"), [{ id: 1, subscriptions: 3 }, { id: 2, subscriptions: 1 }]);
    assert.deepEqual(rows(state.database, "SELECT subscriptions FROM origins"), [{ subscriptions: 4 }]);
    const published = spawnSync(binary("atstatus"), ["publish"], { env: state.env, encoding: "utf8" });
    assert.equal(published.status, 0, published.stderr);
    assert.match(fs.readFileSync(path.join(state.publicDir, `incidents/${INCIDENT}/index.html`), "utf8"), /Before/);
    assert.match(fs.readFileSync(path.join(state.publicDir, "index.html"), "utf8"), /Kept/);
  });

  test("is what init does with an older database, so that make run keeps all data", () => {
    const older = makeState();
    for (const end of ["", "-wal", "-shm"]) fs.rmSync(`${older.database}${end}`, { force: true });
    sql(older.database, `${fs.readFileSync(OLD, "utf8")} INSERT INTO settings VALUES ('site_name', 'Kept too');`);
    const init = spawnSync(binary("atstatus"), ["init"], { env: { ...older.env, ATSTATUS_SCRYPT_LOG2N: "12" }, encoding: "utf8" });
    assert.equal(init.status, 0, init.stderr);
    assert.match(init.stdout, /went from version 1/);
    assert.match(fs.readFileSync(path.join(older.publicDir, "index.html"), "utf8"), /Kept too/);
    older.remove();
  });

  test("done again has nothing to do", () => {
    const again = spawnSync(binary("atstatus"), ["migrate"], { env: state.env, encoding: "utf8" });
    assert.match(again.stdout, /nothing to do/);
  });
});
