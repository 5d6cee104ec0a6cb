// deploy/run.sh, what `make run` does after building: set-up, serving, stopping, and a second time.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { build, freePort, httpRequest, makeSubscription, root, until } from "./harness.mjs";

describe("deploy/run.sh", () => {
  let dir, envFile, stateDir, port, runs;

  beforeEach(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "atstatus-run-"));
    fs.chmodSync(dir, 0o711);
    envFile = path.join(dir, "env");
    stateDir = path.join(dir, "state");
    port = await freePort();
    runs = [];
  });

  afterEach(async () => {
    for (const run of runs) if (run.child.exitCode === null) await run.stop("SIGKILL");
    // whatever a failed test left behind
    for (const pid of processes()) {
      try { process.kill(pid, "SIGKILL"); } catch { /* it has ended */ }
    }
    fs.rmSync(dir, { recursive: true, force: true });
  });

  // Every process whose environment names this test's folder: whoever was started by the script, however far away.
  function processes() {
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${dir}/`);
      } catch {
        return false;
      }
    });
  }

  const commands = () => processes().map((pid) => {
    try { return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "); } catch { return ""; }
  });

  function start({ cwd = root, script = "deploy/run.sh", env = {} } = {}) {
    const child = spawn(path.resolve(root, script), [], { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"], env: {
      PATH: process.env.PATH, HOME: process.env.HOME, BUILD: build, PORT: String(port), STATE_DIR: stateDir, ENV_FILE: envFile,
      ATSTATUS_SCRYPT_LOG2N: "12", ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}), ...env } });
    const run = { child, stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => { run[name] += chunk; });
    run.ended = new Promise((resolve) => child.on("exit", (code, signal) => setTimeout(() => resolve(code ?? signal), 50)));
    // what Ctrl-C does: the signal goes to the whole group
    run.stop = async (signal) => {
      const begun = Date.now();
      process.kill(-child.pid, signal);
      const code = await run.ended;
      assert.ok(Date.now() - begun < 5000, "stopping waits for nothing that obeys");
      return code;
    };
    run.ready = () => until(() => {
      if (child.exitCode !== null) throw new Error(`ended:\n${run.stdout}${run.stderr}`);
      return run.stdout.includes("Ctrl-C");
    }, 20000);
    runs.push(run);
    return run;
  }

  const get = (target) => httpRequest(port, target, { method: "GET", headers: {} });

  async function assertNothingLeft() {
    await until(() => processes().length === 0, 3000).catch(() => assert.deepEqual(commands(), []));
    const server = net.createServer();
    await new Promise((resolve, reject) => server.on("error", reject).listen(port, "127.0.0.1", resolve));
    await new Promise((resolve) => server.close(resolve));
  }

  test("sets everything up, says where page, admin and the first password are, serves, and Ctrl-C leaves nothing running", async () => {
    const run = start();
    await run.ready();
    assert.match(run.stdout, new RegExp(`^page: +http://localhost:${port}/$`, "m"));
    assert.match(run.stdout, new RegExp(`^admin: +http://localhost:${port}/admin$`, "m"));
    assert.equal([...run.stdout.matchAll(/^password: \S{20}$/gm)].length, 1);
    const page = await get("/");
    assert.equal(page.status, 200);
    assert.match(page.text, /no components yet/);
    assert.equal((await get("/push.json")).json.enabled, true);
    const admin = await get("/admin");
    assert.deepEqual([admin.status, admin.headers.location], [302, "/cgi-bin/admin-settings"]);
    assert.equal((await get("/cgi-bin/subscribe/nothing")).status, 404);
    assert.equal((await get("/v1/pages/default/components")).status, 401);
    assert.equal((fs.statSync(envFile).mode & 0o777).toString(8), "600");
    assert.match(fs.readFileSync(envFile, "utf8"), new RegExp(`^SITE_URL=http://localhost:${port}$`, "m"));
    assert.equal(await run.stop("SIGINT"), 0);
    await assertNothingLeft();
  });

  test("a second run keeps keys, people and rows, and prints no password", async () => {
    const first = start();
    await first.ready();
    const env = fs.readFileSync(envFile, "utf8");
    assert.equal(await first.stop("SIGINT"), 0);
    const bytes = () => fs.readFileSync(path.join(stateDir, "data", "atstatus.db"));
    const before = bytes();
    const second = start();
    await second.ready();
    assert.equal(second.stdout.includes("password"), false);
    assert.equal(fs.readFileSync(envFile, "utf8"), env);
    assert.ok(bytes().equals(before));
    assert.equal(await second.stop("SIGTERM"), 0);
    await assertNothingLeft();
  });

  test("on another port the page knows its new address", async () => {
    const first = start();
    await first.ready();
    await first.stop("SIGINT");
    port = await freePort();
    const second = start();
    await second.ready();
    const subscription = makeSubscription();
    const send = (origin) => httpRequest(port, "/cgi-bin/subscribe", { method: "POST", bytes: Buffer.from(JSON.stringify({ subscription })),
      headers: { "content-type": "application/json", origin, "sec-fetch-site": "same-origin" } });
    assert.equal((await send(`http://localhost:${port}`)).status, 201);
    assert.equal((await send("http://localhost:1")).status, 403);
    await second.stop("SIGINT");
  });

  test("a port that is taken is a clear error before anything is made, and the other server is left alone", async () => {
    const other = net.createServer((socket) => {
      socket.on("error", () => {});
      // answered only when the request is in: an earlier end could reset what is still being read
      socket.once("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\nother"));
    });
    await new Promise((resolve) => other.listen(port, "127.0.0.1", resolve));
    try {
      const run = start();
      assert.equal(await run.ended, 1);
      assert.match(run.stderr, new RegExp(`port ${port}`));
      assert.match(run.stderr, /PORT=/);
      assert.equal(run.stdout, "");
      assert.deepEqual(fs.readdirSync(dir), []);
      assert.equal((await get("/")).text, "other");
      assert.deepEqual(processes(), []);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  test("a mistake in the configuration is said, and nothing is started", async () => {
    fs.writeFileSync(envFile, "COLOUR=red\n", { mode: 0o600 });
    const run = start();
    assert.equal(await run.ended, 1);
    assert.match(run.stderr, /:1:.*COLOUR/);
    await assertNothingLeft();
  });

  test("a web server that dies ends it with an error, and nothing is left", async () => {
    const run = start();
    await run.ready();
    const server = processes().find((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("lighttpd"));
    process.kill(server, "SIGKILL");
    assert.equal(await run.ended, 1);
    assert.match(run.stderr, /web server/);
    await assertNothingLeft();
  });

  test("called from another folder, names of files count from there", async () => {
    const run = start({ cwd: dir, env: { STATE_DIR: "state", ENV_FILE: "env" } });
    await run.ready();
    assert.deepEqual(fs.readdirSync(dir).sort(), ["env", "state"]);
    assert.equal((await get("/")).status, 200);
    assert.equal(await run.stop("SIGINT"), 0);
    await assertNothingLeft();
  });

  test("without STATE_DIR, that of the configuration counts, from the configuration's folder", async () => {
    fs.writeFileSync(envFile, `STATE_DIR=state\nSITE_URL=https://status.example.com\n`, { mode: 0o600 });
    const run = start({ env: { STATE_DIR: "" } });
    await run.ready();
    assert.ok(fs.existsSync(path.join(stateDir, "public", "index.html")));
    assert.match(run.stdout, /^page: +https:\/\/status\.example\.com\/$/m);
    assert.equal((await get("/")).status, 200);
    await run.stop("SIGINT");
    await assertNothingLeft();
  });

  test("a sender that waits for a retry is ended with the rest", async () => {
    const run = start();
    await run.ready();
    const soon = Date.now() + 90000;
    execFileSync("sqlite3", [path.join(stateDir, "data", "atstatus.db")], { input: `
      INSERT INTO origins (id, origin, suffix) VALUES (1, 'https://fcm.googleapis.com', 'fcm.googleapis.com');
      INSERT INTO subscriptions (id, endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, created_at, last_seen_at)
        SELECT 1, zeroblob(16), 'https://fcm.googleapis.com/fcm/send/x', zeroblob(65), zeroblob(16), id, 1, 0, 1, 1 FROM vapid_keys;
      INSERT INTO jobs (id, public_id, created_at, trigger, title, max_subscription_id, spread) VALUES (1, 'aaaaaaaaaaaa', ${Date.now()}, 'incident_new', 't', 1, 1);
      INSERT INTO job_notices VALUES (1, 0, 'incident_new', 's', '${"0".repeat(32)}', NULL, '', 'investigating', 'none', 'none', 'normal', '/', 1, ${soon + 1e6});
      INSERT INTO job_texts VALUES (1, 0, 'en', 't', 'b');
      INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at, tries) VALUES (1, 1, 1, 0, ${soon}, 1);` });
    const sender = spawn(path.join(build, "libexec", "push-sender"), ["--allow-root"], { stdio: "ignore",
      env: { PATH: process.env.PATH, ENV_FILE: envFile, STATE_DIR: stateDir, SITE_URL: `http://localhost:${port}` } });
    const ended = new Promise((resolve) => sender.on("close", resolve));
    await until(() => fs.existsSync(path.join(stateDir, "data", "sender.lock")) &&
      fs.readFileSync(path.join(stateDir, "data", "sender.lock"), "utf8").trim() === String(sender.pid));
    assert.equal(sender.exitCode, null);
    assert.equal(await run.stop("SIGINT"), 0);
    await ended;
    await assertNothingLeft();
  });
});
