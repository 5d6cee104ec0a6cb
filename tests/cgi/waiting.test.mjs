// Nobody waits long for a lock: what a request waits for has an end, and reading waits for no writer at all.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { addUser, INCIDENTS, PASSWORD, Person } from "./admin-client.mjs";
import { Client } from "./api-client.mjs";
import { makeState, startServer, until } from "./harness.mjs";

describe("waiting for locks", () => {
  let state, server, held;
  before(async () => {
    state = makeState();
    server = await startServer(state);
    addUser(state, "ada", "owner");
  });
  after(async () => {
    held?.kill();
    await server?.stop();
    state?.remove();
  });

  // Another process that holds locks while `body` runs; gives back how many milliseconds that took.
  async function holding(command, args, input, body) {
    held = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    held.stdin.write(input);
    await new Promise((resolve) => { held.stdout.once("data", resolve); });
    const started = Date.now();
    try {
      await body();
      return Date.now() - started;
    } finally {
      held.kill("SIGKILL");
      await new Promise((resolve) => { held.once("close", resolve); });
    }
  }
  const holdingFiles = (names, body) => {
    const locks = names.map((name, i) => `exec 1${i}>>'${path.join(state.dir, "data", name)}'; flock 1${i}; `);
    return holding("bash", ["-c", `${locks.join("")} echo held; read -r _`], "", body);
  };
  const send = (target, request) => server.request(`/v1${target}`, request);

  test("a page of the admin's is read while another process writes, and the use of the session is noted later", async () => {
    const ada = new Person(state, server);
    assert.equal((await ada.signIn("ada", PASSWORD)).status, 303);
    for (const age of [30_000, 90_000]) {
      state.run(`UPDATE sessions SET last_used_at = ${Date.now() - age}`);
      const ms = await holding("sqlite3", [state.database], ".timeout 20000\nBEGIN IMMEDIATE;\nSELECT 1;\n", async () => {
        assert.equal((await ada.get(INCIDENTS)).status, 200);
      });
      assert.ok(ms < 3000, `${ms} ms with a session used ${age} ms ago`);
    }
    await until(() => state.value("SELECT last_used_at FROM sessions") > Date.now() - 20_000);
    const used = state.value("SELECT last_used_at FROM sessions");
    assert.equal((await ada.get(INCIDENTS)).status, 200);
    assert.equal(state.value("SELECT last_used_at FROM sessions"), used);
  });

  test("a posting is answered though another publisher never ends, and the timer publishes it", async () => {
    const client = new Client(state, send);
    let incident;
    const ms = await holdingFiles(["publish.lock"], async () => {
      incident = await client.incident({ name: "Stored all the same" });
    });
    assert.ok(ms >= 1500 && ms < 6000, `${ms} ms`);
    assert.equal(state.atstatus("publish").code, 0);
    assert.match(fs.readFileSync(path.join(state.publicDir, `incidents/${incident.id}/index.html`), "utf8"), /Stored all the same/);
  });

  test("whoever cannot have one of the two places for a password is told to come back, after five seconds", async () => {
    const ada = new Person(state, server);
    let answer;
    const ms = await holdingFiles(["password-0.lock", "password-1.lock"], async () => {
      answer = await ada.signIn("ada", PASSWORD);
    });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers["retry-after"], "5");
    assert.match(answer.text, /Too many people are signing in just now/);
    assert.ok(ms >= 4500 && ms < 9000, `${ms} ms`);
  });
});
