// Rate, caps and faults of the visitors' program: security.md §5, T30, T32-T36; each with the rows it leaves.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { hasTestClock, makeState, makeSubscription, plainCgi, startServer, until } from "./harness.mjs";

const DAY = 24 * 60 * 60 * 1000;
const states = [];

function fresh(conf, more = {}) {
  const state = makeState({ conf, ...more });
  states.push(state);
  return state;
}
after(() => states.forEach((state) => state.remove()));

const count = (state) => state.value("SELECT count(*) FROM subscriptions");

function subscribe(state, more = {}) {
  const { subscription = makeSubscription(), ...request } = more;
  return plainCgi("subscribe", state, { body: { subscription }, ...request });
}

async function statuses(state, n, more = {}) {
  const list = [];
  for (let i = 0; i < n; i++) list.push((await subscribe(state, more)).status);
  return list;
}

const times = (n, value) => Array(n).fill(value);

// Every form in which an address could have been kept.
function formsOf(address) {
  const bytes = Buffer.from(address.split(".").map(Number));
  return [Buffer.from(address), bytes, Buffer.from(bytes).reverse(), Buffer.from(bytes.toString("hex")), Buffer.from(bytes.toString("hex").toUpperCase()),
    Buffer.from(bytes.toString("base64").replace(/=+$/, "")), Buffer.from(String(bytes.readUInt32BE(0)))];
}

const filesBelow = (dir) => fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));

describe("the rate of new subscriptions", () => {
  test("the eleventh of an address in a minute is 429, another address is not affected (T32)", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "10" });
    assert.deepEqual(await statuses(state, 10), times(10, 201));
    const refused = await subscribe(state);
    assert.equal(refused.status, 429);
    assert.deepEqual(Object.keys(refused.json), ["error"]);
    assert.match(refused.headers["retry-after"], /^[1-9]\d?$/);
    assert.ok(Number(refused.headers["retry-after"]) <= 60);
    assert.equal(count(state), 10);
    assert.deepEqual(await statuses(state, 1, { address: "192.0.2.2" }), [201]);
    assert.deepEqual(await statuses(state, 1, { address: "2001:db8::1" }), [201]);
  });

  test("what is known, changes, leaves or asks for its state does not count", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "1" });
    const subscription = makeSubscription();
    assert.equal((await subscribe(state, { subscription })).status, 201);
    assert.equal((await subscribe(state)).status, 429);
    for (let i = 0; i < 3; i++) assert.equal((await subscribe(state, { subscription })).status, 200);
    for (const lang of ["de", "fr", "es"]) {
      assert.equal((await plainCgi("subscribe", state, { body: { subscription, lang } })).status, 200);
    }
    const proof = { endpoint: subscription.endpoint, auth: subscription.keys.auth };
    assert.equal((await plainCgi("subscribe", state, { path: "/state", body: proof })).status, 200);
    assert.equal((await plainCgi("subscribe", state, { path: "/remove", body: proof })).status, 200);
  });

  test("what is refused for its form does not count", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "1" });
    for (let i = 0; i < 3; i++) {
      assert.equal((await subscribe(state, { subscription: makeSubscription({ host: "evil.example" }) })).status, 400);
    }
    assert.equal((await subscribe(state)).status, 201);
  });

  test("addresses of one /64 count as one, IPv4 in IPv6 clothes as IPv4", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "1" });
    assert.deepEqual(await statuses(state, 1, { address: "2001:db8:1:2::1" }), [201]);
    assert.deepEqual(await statuses(state, 1, { address: "2001:db8:1:2:ffff::9" }), [429]);
    assert.deepEqual(await statuses(state, 1, { address: "2001:db8:1:3::1" }), [201]);
    assert.deepEqual(await statuses(state, 1, { address: "198.51.100.7" }), [201]);
    assert.deepEqual(await statuses(state, 1, { address: "::ffff:198.51.100.7" }), [429]);
  });

  test("0 switches the limit off", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "0" });
    assert.deepEqual(await statuses(state, 15), times(15, 201));
    assert.equal(fs.existsSync(state.limiter), false);
  });

  test("a forwarded address counts only behind a proxy that the operator names (T34)", async () => {
    const open = fresh({ SUBSCRIBE_RATE: "1" });
    const from = (address) => ({ headers: { "x-forwarded-for": address } });
    assert.deepEqual(await statuses(open, 1, from("203.0.113.1")), [201]);
    assert.deepEqual(await statuses(open, 1, from("203.0.113.2")), [429]);
    const behind = fresh({ SUBSCRIBE_RATE: "1", TRUSTED_PROXIES: "192.0.2.1" });
    assert.deepEqual(await statuses(behind, 1, from("203.0.113.1")), [201]);
    assert.deepEqual(await statuses(behind, 1, from("203.0.113.2")), [201]);
    assert.deepEqual(await statuses(behind, 1, from("9.9.9.9, 203.0.113.2")), [429]);
  });

  test("no file holds an address, and each day has a salt of its own (T33)", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "100" });
    const address = "198.51.100.77";
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await subscribe(state, { address }));
    const [{ salt }] = state.rows("SELECT hex(salt) AS salt FROM salts", state.limiter);
    assert.match(salt, /^[0-9A-F]{64}$/);
    assert.equal(state.rows("SELECT n FROM hits", state.limiter)[0].n, 3);
    for (const file of filesBelow(state.dir)) {
      const bytes = fs.readFileSync(file);
      for (const form of formsOf(address)) assert.equal(bytes.includes(form), false, `${file} has ${form.toString("hex")}`);
    }
    for (const { stderr } of answers) assert.doesNotMatch(stderr, /198\.51/);
    assert.equal(fs.statSync(state.limiter).mode & 0o777, 0o600);
  });

  test("the next day is free again, and the salt of the day before is gone (T32, T33)", { skip: !hasTestClock && "needs a build with test points" }, async () => {
    const state = fresh({ SUBSCRIBE_RATE: "1" });
    assert.deepEqual(await statuses(state, 2), [201, 429]);
    const old = Buffer.from(state.rows("SELECT hex(salt) AS salt FROM salts", state.limiter)[0].salt, "hex");
    state.shiftClock(DAY);
    assert.deepEqual(await statuses(state, 2), [201, 429]);
    const salts = state.rows("SELECT hex(salt) AS salt FROM salts", state.limiter);
    assert.equal(salts.length, 1);
    assert.notEqual(salts[0].salt, old.toString("hex").toUpperCase());
    for (const file of filesBelow(path.dirname(state.limiter))) {
      assert.equal(fs.readFileSync(file).includes(old), false, file);
    }
  });

  test("without its database one strict limit holds for all, and no request fails (T36)", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "5" });
    const server = await startServer(state);
    const ask = async (address) => (await server.request("/cgi-bin/subscribe", {
      body: { subscription: makeSubscription() }, headers: { "x-forwarded-for": address } })).status;
    try {
      assert.equal(await ask("203.0.113.1"), 201);
      // deleted while running
      fs.rmSync(state.limiter);
      const afterwards = [];
      for (let i = 0; i < 4; i++) afterwards.push(await ask("203.0.113.1"));
      assert.ok(afterwards.every((status) => [201, 429].includes(status)), String(afterwards));
    } finally {
      await server.stop();
    }
    // a folder in its place: cannot be opened by anybody
    fs.rmSync(state.limiter, { force: true });
    fs.mkdirSync(state.limiter);
    const second = await startServer(state);
    try {
      const list = [];
      for (let i = 0; i < 40; i++) {
        list.push((await second.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription() } })).status);
      }
      assert.ok(list.every((status) => [201, 429].includes(status)), String(list));
      assert.ok(list.includes(429), "there is a limit");
      assert.equal(list[0], 201);
    } finally {
      await second.stop();
      fs.rmdirSync(state.limiter);
    }
  });

  test("a damaged limiter database is replaced", async () => {
    const state = fresh({ SUBSCRIBE_RATE: "1" });
    fs.writeFileSync(state.limiter, "no database ".repeat(100));
    assert.deepEqual(await statuses(state, 2), [201, 429]);
  });
});

describe("the number of rows", () => {
  test("at SUBSCRIBE_MAX the oldest row without proof goes, and 503 where all are proven (T35)", async () => {
    const state = fresh({ SUBSCRIBE_MAX: "3" });
    assert.deepEqual(await statuses(state, 3), times(3, 201));
    state.run("UPDATE subscriptions SET proven = 1 WHERE id = 1");
    assert.deepEqual(await statuses(state, 1), [201]);
    assert.deepEqual(state.rows("SELECT id FROM subscriptions ORDER BY id").map((row) => row.id), [1, 3, 4]);
    state.run("UPDATE subscriptions SET proven = 1");
    const refused = await subscribe(state);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
    assert.deepEqual(Object.keys(refused.json), ["error"]);
    assert.deepEqual(state.rows("SELECT id FROM subscriptions ORDER BY id").map((row) => row.id), [1, 3, 4]);
    assert.equal(state.value("SELECT n FROM counters WHERE name = 'subscriptions'"), 3);
  });

  test("256 hosts under one built-in name, then 503, and other push services go on", async () => {
    const state = fresh({});
    state.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 256)
      INSERT INTO origins (origin, suffix) SELECT 'https://wns' || i || '.notify.windows.com', 'notify.windows.com' FROM n`);
    const ask = async (host) => (await subscribe(state, { subscription: makeSubscription({ host }) })).status;
    assert.equal(await ask("another.notify.windows.com"), 503);
    assert.equal(count(state), 0);
    assert.equal(state.value("SELECT count(*) FROM origins"), 256);
    assert.equal(await ask("wns7.notify.windows.com"), 201);
    assert.equal(await ask("web.push.apple.com"), 201);
  });
});

describe("when things are not as they should be", () => {
  test("another writer for too long is 503 with Retry-After, and nothing is stored (T110)", async () => {
    const state = fresh({});
    const { execFile } = await import("node:child_process");
    const holder = execFile("sqlite3", [state.database]);
    const ready = new Promise((resolve) => holder.stdout.once("data", resolve));
    holder.stdin.write(".timeout 20000\nBEGIN IMMEDIATE;\nSELECT 1;\n");
    await ready;
    const started = Date.now();
    const refused = await subscribe(state);
    assert.ok(Date.now() - started >= 4000, "waited for the other one");
    assert.equal(refused.status, 503, refused.stderr);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
    // what is known needs no writing
    assert.equal((await plainCgi("subscribe", state, { path: "/remove", body: { endpoint: "https://fcm.googleapis.com/x", auth: "A".repeat(22) } })).status, 200);
    holder.stdin.end("ROLLBACK;\n");
    await new Promise((resolve) => holder.once("close", resolve));
    assert.equal(count(state), 0);
    assert.equal((await subscribe(state)).status, 201);
  });

  test("without keys of the site a new subscription is 503, and the program runs", async () => {
    const state = fresh({ VAPID_PUBLIC_KEY: null, VAPID_PRIVATE_KEY: null });
    const refused = await subscribe(state);
    assert.equal(refused.status, 503, refused.stderr);
    assert.match(refused.json.error, /keys/);
    assert.equal((await plainCgi("subscribe", state, { path: "/remove", body: { endpoint: "https://fcm.googleapis.com/x", auth: "A".repeat(22) } })).status, 200);
  });

  test("overdue work starts the sender after an answer, at most every ten seconds", async () => {
    const state = fresh({});
    let server = await startServer(state);
    const visit = () => server.request("/cgi-bin/subscribe/state", { body: { endpoint: "https://fcm.googleapis.com/x", auth: "A".repeat(22) } });
    try {
      await visit();
      assert.equal(state.senderStarts(), 0, "nothing is due");
    } finally {
      await server.stop();
    }
    state.run(`INSERT INTO jobs (public_id, created_at, trigger, title, max_subscription_id) VALUES ('jobsending01', 1, 'incident_new', '', 0)`);
    server = await startServer(state);
    try {
      for (let i = 0; i < 20; i++) assert.equal((await visit()).status, 404);
      await until(() => state.senderStarts() > 0);
      // each process of the program looks once in that time; there are far fewer of them than visits
      assert.ok(state.senderStarts() <= 8, String(state.senderStarts()));
    } finally {
      await server.stop();
    }
  });

  test("the answer takes as long and says the same for hosts that exist, that do not, and that are blocked (T30)", async () => {
    const state = fresh({ PUSH_EXTRA_HOSTS: "*" });
    const server = await startServer(state);
    const hosts = ["fcm.googleapis.com", "no-such-host.invalid", "metadata.google.internal"];
    const took = hosts.map(() => []);
    const texts = new Set();
    try {
      for (let i = 0; i < 60; i++) {
        for (const [k, host] of hosts.entries()) {
          const started = process.hrtime.bigint();
          const answer = await server.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription({ host }) } });
          took[k].push(Number(process.hrtime.bigint() - started) / 1e6);
          texts.add(`${answer.status} ${answer.text}`);
        }
      }
    } finally {
      await server.stop();
    }
    assert.deepEqual([...texts], ['201 {"status":"subscribed"}']);
    const medians = took.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
    assert.ok(Math.max(...medians) - Math.min(...medians) < 10, String(medians));
  });
});
