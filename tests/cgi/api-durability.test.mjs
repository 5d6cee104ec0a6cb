// What was answered is on disk, whatever dies then; what was not stored is not answered as done.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { binary, until } from "./harness.mjs";
import { addToken, assertError, content, openCgi, openServer } from "./api-client.mjs";

// Holds the write lock of a database from another process until release() is called.
async function lock(database) {
  const child = spawn("sqlite3", [database], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.write(".timeout 20000\nBEGIN IMMEDIATE; SELECT 'held';\n");
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return async () => {
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.stdin.end("ROLLBACK;\n");
    await ended;
  };
}

describe("one process of incident-post", () => {
  let state, client, close;

  before(async () => ({ state, client, close } = await openCgi()));
  after(() => close?.());

  // Starts a process for one call; `answer` is its whole answer, given while the process may still be at work.
  function start(method, path, body = "") {
    const env = { ...state.env, GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: method, SCRIPT_NAME: "/v1",
      PATH_INFO: `/pages/default${path}`, REMOTE_ADDR: "192.0.2.1", CONTENT_TYPE: "application/json",
      CONTENT_LENGTH: String(Buffer.byteLength(body)), HTTP_AUTHORIZATION: `Bearer ${client.token}` };
    const child = spawn(binary("incident-post"), [], { env, cwd: state.dir, stdio: ["pipe", "pipe", "ignore"] });
    const ended = new Promise((resolve) => child.on("close", resolve));
    // one that reads nothing may have ended already
    child.stdin.on("error", () => {});
    child.stdin.end(body);
    let text = "";
    const answer = new Promise((resolve) => child.stdout.on("data", (chunk) => {
      text += chunk;
      const head = text.indexOf("\r\n\r\n");
      const length = Number(/^Content-Length: (\d+)/mi.exec(text)?.[1]);
      if (head >= 0 && Buffer.byteLength(text) >= head + 4 + length) resolve({ head: text.slice(0, head), body: text.slice(head + 4) });
    }));
    return { child, answer, ended };
  }

  // Posts an incident to a process that is killed with -9 as soon as its whole answer is there.
  async function postAndKill(name) {
    const { child, answer, ended } = start("POST", "/incidents", JSON.stringify({ incident: { name, body: "x" } }));
    const { body } = await answer;
    child.kill("SIGKILL");
    await ended;
    return JSON.parse(body);
  }

  test("killed with -9 right after each answer: incident, update, job and page of all are there", async () => {
    for (let i = 0; i < 15; i++) {
      const made = await postAndKill(`Killed ${i}`);
      assert.equal(state.value(`SELECT name FROM incidents WHERE id = '${made.id}'`), `Killed ${i}`);
      assert.equal(state.value(`SELECT count(*) FROM incident_updates WHERE incident_id = '${made.id}'`), 1);
      assert.equal(state.value(`SELECT count(*) FROM jobs j JOIN job_notices n ON n.job_id = j.id JOIN job_texts USING (job_id, position)
        WHERE j.incident_id = '${made.id}' AND lang = 'en'`), 1);
      assert.ok(fs.existsSync(path.join(state.publicDir, "incidents", made.id, "index.html")));
    }
    assert.equal(state.value("PRAGMA integrity_check"), "ok");
  });

  test("work that nobody does is found by the next request: a sender is started though nothing was posted", async () => {
    const started = state.senderStarts();
    await client.get("/incidents");
    await until(() => state.senderStarts() === started + 1);
    state.run("UPDATE jobs SET state = 'done', spread = 1");
    await client.get("/incidents");
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(state.senderStarts(), started + 1);
  });

  test("another process holding the database for 10 s: reading goes on, writing is 503 with Retry-After after about 5 s, nothing is stored", async () => {
    // also where the token's last use would have to be noted
    state.run("UPDATE tokens SET last_used_at = NULL");
    const rows = content(state);
    const release = await lock(state.database);
    try {
      const begun = Date.now();
      const posting = client.call("POST", "/incidents", { incident: { name: "Locked out" } });
      const answer = await posting;
      const took = Date.now() - begun;
      assertError(answer, 503);
      assert.equal(answer.headers["retry-after"], "5");
      assert.ok(took > 4000 && took < 9000, `${took} ms`);
      const reading = Date.now();
      const reader = start("GET", "/incidents");
      assert.match((await reader.answer).head, /^Status: 200 /);
      assert.ok(Date.now() - reading < 3000, "a reader does not wait");
      reader.child.kill("SIGKILL");
      await reader.ended;
    } finally {
      await release();
    }
    assert.deepEqual(content(state), rows);
    await client.incident({ name: "Let in" });
  });

  test("a short lock is waited for and nobody notices", async () => {
    const release = await lock(state.database);
    const posting = client.call("POST", "/incidents", { incident: { name: "Waited" } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await release();
    assert.equal((await posting).status, 201);
  });

  // No file may grow beyond 32 KiB, which the program's own index of the log just needs: to it that is a full disk.
  test("on a full disk a posting is refused with 5xx and stores nothing; with room again it goes through, without a restart", async () => {
    const full = await openCgi();
    try {
      full.state.run("PRAGMA wal_checkpoint(TRUNCATE)");
      const rows = content(full.state);
      const body = JSON.stringify({ incident: { name: "Too much", body: "x".repeat(20000) } });
      const env = { ...full.state.env, GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "POST", SCRIPT_NAME: "/v1",
        PATH_INFO: "/pages/default/incidents", CONTENT_TYPE: "application/json", CONTENT_LENGTH: String(body.length),
        HTTP_AUTHORIZATION: `Bearer ${full.client.token}` };
      // SIGXFSZ ignored, a write beyond the limit fails with EFBIG
      const child = spawn("sh", ["-c", `trap '' XFSZ; ulimit -f 64; exec "$0"`, binary("incident-post")], { env, cwd: full.state.dir });
      let text = "";
      child.stdout.on("data", (chunk) => { text += chunk; });
      child.stdin.end(body);
      await new Promise((resolve) => child.on("close", resolve));
      assert.match(text, /^Status: 50[03] /);
      assert.match(text, /could not be stored/);
      assert.deepEqual(content(full.state), rows);
      assert.equal(full.state.value("PRAGMA integrity_check"), "ok");
      await full.client.incident({ name: "Room again" });
    } finally {
      await full.close();
    }
  });

  test("a database that is of another version, empty or no database at all is never written to, and the log says why", async () => {
    const cases = [
      ["newer", (file) => execFileSync("sqlite3", [file, "PRAGMA user_version = 99"]), /newer/],
      ["older", (file) => execFileSync("sqlite3", [file, "PRAGMA user_version = 0"]), /atstatus migrate/],
      ["empty", (file) => fs.writeFileSync(file, ""), /atstatus migrate/],
      ["noise", (file) => fs.writeFileSync(file, Buffer.alloc(20000, 7)), /not a database|malformed/],
      ["absent", (file) => fs.rmSync(file), /atstatus init/],
    ];
    for (const [name, damage, sentence] of cases) {
      const other = await openCgi();
      try {
        other.state.run("PRAGMA journal_mode = DELETE");
        damage(other.state.database);
        const before = fs.existsSync(other.state.database) ? fs.readFileSync(other.state.database) : null;
        const answer = await other.client.call("POST", "/incidents", { incident: { name: "x" } });
        assert.notEqual(answer.code, 0, name);
        assert.match(answer.stderr, sentence, name);
        const now = fs.existsSync(other.state.database) ? fs.readFileSync(other.state.database) : null;
        assert.deepEqual(now, before, name);
      } finally {
        await other.close();
      }
    }
  });

  test("as root, without the permission that make run gives, the program refuses to start", { skip: process.getuid() !== 0 }, async () => {
    const send = { method: "GET", env: { ATSTATUS_ALLOW_ROOT: undefined } };
    const answer = await client.send("/pages/default/incidents", send);
    assert.notEqual(answer.code, 0);
    assert.equal(answer.body.length, 0);
    assert.match(answer.stderr, /PRIVILEGE-01.*root/);
  });
});


describe("many at once, behind lighttpd", () => {
  let state, client, close, server;

  before(async () => ({ state, client, close, server } = await openServer()));
  after(() => close?.());

  test("of 20 incidents posted at once each is answered once, stored once and told once", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `At once ${i}`);
    const made = await Promise.all(names.map((name) => client.incident({ name })));
    assert.equal(new Set(made.map((x) => x.id)).size, 20);
    assert.deepEqual(made.map((x) => x.name), names);
    const rows = state.rows("SELECT i.id, i.name, (SELECT count(*) FROM jobs j WHERE j.incident_id = i.id) AS jobs FROM incidents i");
    assert.deepEqual(rows.map((r) => [r.id, r.name, r.jobs]).sort(), made.map((m) => [m.id, m.name, 1]).sort());
    const index = (await server.request("/")).text;
    for (const name of names) assert.ok(index.includes(name), name);
  });

  test("20 changes of one component at once leave a history without a gap", async () => {
    const { id } = await client.component("Contended");
    const statuses = ["major_outage", "operational", "partial_outage", "degraded_performance"];
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.patch(`/components/${id}`, { status: statuses[i % 4] })));
    const steps = state.rows(`SELECT old_status, new_status FROM component_history WHERE component_id = '${id}' ORDER BY id`);
    let now = "operational";
    for (const step of steps) {
      assert.equal(step.old_status, now);
      now = step.new_status;
    }
    assert.equal(state.value(`SELECT status FROM components WHERE id = '${id}'`), now);
  });

  test("two tokens alternating on the same processes never see the other's name", async () => {
    const two = ["ada", "bob"].map((name) => [name, client.with(addToken(state, "incidents", name))]);
    const made = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const [name, who] = two[i % 2];
      return [name, (await who.incident({ name: `by ${name}` })).id];
    }));
    for (const [name, id] of made) {
      assert.deepEqual(state.row(`SELECT i.name, a.actor FROM incidents i JOIN audit a ON a.object = i.id WHERE i.id = '${id}'`),
        { name: `by ${name}`, actor: `token ${name}` });
    }
  });

  test("a process that is killed with -9 between requests is replaced, and nothing that was answered is lost", async () => {
    const made = await client.incident({ name: "Before the kill" });
    const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(server.pid)], { encoding: "utf8" })
      .split("\n").filter((line) => line.includes("incident-post")).map((line) => Number.parseInt(line, 10));
    assert.ok(children.length >= 2);
    for (const pid of children) process.kill(pid, "SIGKILL");
    await until(async () => (await client.get(`/incidents/${made.id}`)).status === 200, 5000);
    assert.equal((await client.incident({ name: "After the kill" })).name, "After the kill");
  });
});
