// A database file that is replaced, moved or removed under running programs (a backup that is restored, a careless
// move): nothing may be answered as stored that the file at the configured place does not hold.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { after, before, describe, test } from "node:test";
import { openServer } from "./api-client.mjs";
import { until } from "./harness.mjs";

const ENDS = ["", "-wal", "-shm"];

describe("a database that is replaced under running programs", () => {
  let state, server, client, close;
  before(async () => ({ state, server, client, close } = await openServer()));
  after(() => close?.());

  const count = (name) => Number(execFileSync("sqlite3", ["-cmd", ".timeout 10000", state.database, `SELECT count(*) FROM incidents WHERE name = '${name}'`]));
  const post = (name) => client.call("POST", "/incidents", { incident: { name } });
  const copy = () => {
    execFileSync("sqlite3", ["-cmd", ".timeout 10000", state.database, `VACUUM INTO '${state.database}.copy'`]);
    return `${state.database}.copy`;
  };
  const removeDatabase = () => ENDS.forEach((end) => fs.rmSync(state.database + end, { force: true }));

  test("what is acknowledged after a backup was put back is in the new file, and nothing needs a restart", async () => {
    assert.equal((await post("before")).status, 201);
    const backup = copy();
    removeDatabase();
    fs.renameSync(backup, state.database);
    // both processes of the program, whichever answers
    for (let i = 0; i < 6; i++) {
      assert.equal((await post(`after ${i}`)).status, 201);
      assert.equal(count(`after ${i}`), 1);
    }
    assert.equal(count("before"), 1);
    assert.match(server.log(), /APP-04/);
  });

  test("without a database there is a 503 with Retry-After, and the programs work again when it is back", async () => {
    const backup = copy();
    removeDatabase();
    const answer = await post("nowhere");
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.headers["retry-after"] ?? "", /^\d+$/);
    assert.match(answer.json.error, /database is not at its place/);
    fs.renameSync(backup, state.database);
    await until(async () => (await post("again")).status === 201, 20000);
    assert.ok(count("again") >= 1);
    assert.equal(count("nowhere"), 0);
  });
});
