// The life of the page's key pair: `atstatus keys --rotate`, `--retire`, `--list`, and running programs that notice an
// edited configuration with their next request.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Person } from "./admin-client.mjs";
import { startApache } from "./apache-server.mjs";
import { openServer } from "./api-client.mjs";
import { binary, makeKeys, makeState, makeSubscription, plainCgi, root, startServer, until } from "./harness.mjs";

const isRoot = process.getuid() === 0;
const PROCESSES = 2; // of each program, behind lighttpd

const isPair = (publicKey, privateKey) => {
  const pair = crypto.createECDH("prime256v1");
  pair.setPrivateKey(Buffer.from(privateKey, "base64url"));
  return pair.getPublicKey().toString("base64url") === publicKey;
};

const readConf = (file) => Object.fromEntries(fs.readFileSync(file, "utf8").split("\n")
  .filter((line) => /^[A-Z_]+=/.test(line)).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
const pushJson = (state) => JSON.parse(fs.readFileSync(path.join(state.publicDir, "push.json"), "utf8"));
const hex = (base64url) => Buffer.from(base64url, "base64url").toString("hex").toUpperCase();

function withState(body, options) {
  return async () => {
    const state = makeState(options);
    try {
      await body(state);
    } finally {
      state.remove();
    }
  };
}

function ok(state, ...args) {
  const done = state.atstatus(...args);
  assert.equal(done.code, 0, done.stderr);
  return done.stdout;
}

function refused(state, pattern, ...args) {
  const text = fs.existsSync(state.envFile) ? fs.readFileSync(state.envFile, "utf8") : null;
  const done = state.atstatus(...args);
  assert.deepEqual([done.code, done.stdout], [1, ""], done.stderr);
  assert.match(done.stderr, pattern);
  if (text !== null) assert.equal(fs.readFileSync(state.envFile, "utf8"), text);
}

// A living subscription with this key of ours, past the programs.
async function subscribe(state, key = readConf(state.envFile).VAPID_PUBLIC_KEY, more = {}) {
  const subscription = makeSubscription();
  const answer = await plainCgi("subscribe", state, { method: "POST", body: { subscription, key, ...more } });
  assert.equal(answer.status, 201, answer.text);
  return subscription;
}

describe("atstatus keys --rotate", () => {
  test("puts a fresh pair in the place of the present one and keeps that; every other line keeps its bytes and its place", withState((state) => {
    const { publicKey, privateKey } = state.keys;
    fs.writeFileSync(state.envFile, `# mine\n\nSITE_URL=http://localhost:8080\n# the keys\nVAPID_PRIVATE_KEY=${privateKey}\n# between\n` +
      `VAPID_PUBLIC_KEY=${publicKey}\nSTATE_DIR=${state.dir}\n#VAPID_PREVIOUS_PUBLIC_KEY=x\nSUBSCRIBE_RATE=`, { mode: 0o600 });
    const out = ok(state, "keys", "--rotate");
    const conf = readConf(state.envFile);
    assert.equal(fs.readFileSync(state.envFile, "utf8"), `# mine\n\nSITE_URL=http://localhost:8080\n# the keys\n` +
      `VAPID_PRIVATE_KEY=${conf.VAPID_PRIVATE_KEY}\nVAPID_PREVIOUS_PUBLIC_KEY=${publicKey}\nVAPID_PREVIOUS_PRIVATE_KEY=${privateKey}\n# between\n` +
      `VAPID_PUBLIC_KEY=${conf.VAPID_PUBLIC_KEY}\nSTATE_DIR=${state.dir}\n#VAPID_PREVIOUS_PUBLIC_KEY=x\nSUBSCRIBE_RATE=\n`);
    assert.ok(isPair(conf.VAPID_PUBLIC_KEY, conf.VAPID_PRIVATE_KEY));
    assert.notEqual(conf.VAPID_PUBLIC_KEY, publicKey);
    assert.equal((fs.statSync(state.envFile).mode & 0o777).toString(8), "600");
    assert.deepEqual(fs.readdirSync(state.dir).filter((name) => name.endsWith(".tmp")), []);
    for (const pattern of [/--list/, /--retire/, /visits the page/]) assert.match(out, pattern);
    assert.ok(!out.includes(conf.VAPID_PRIVATE_KEY) && !out.includes(privateKey));
  }));

  test("publishes the new key, knows both in the database, and leaves an audit row without a secret", withState((state) => {
    ok(state, "publish");
    assert.equal(pushJson(state).publicKey, state.keys.publicKey);
    ok(state, "keys", "--rotate");
    const conf = readConf(state.envFile);
    assert.equal(pushJson(state).publicKey, conf.VAPID_PUBLIC_KEY);
    assert.deepEqual(state.rows("SELECT hex(public_key) AS k FROM vapid_keys ORDER BY id").map(({ k }) => k),
      [hex(state.keys.publicKey), hex(conf.VAPID_PUBLIC_KEY)]);
    const row = state.row("SELECT * FROM audit WHERE action = 'keys.rotate'");
    assert.equal(row.actor, "atstatus");
    assert.ok(row.detail.includes(conf.VAPID_PUBLIC_KEY.slice(0, 12)) && row.detail.includes(state.keys.publicKey.slice(0, 12)), row.detail);
    assert.ok(!JSON.stringify(row).includes(conf.VAPID_PRIVATE_KEY.slice(0, 12)));
  }));

  test("refuses while a subscription needs the pair before the present one, says how many, and --force gives them up", withState(async (state) => {
    await subscribe(state);
    const dead = await subscribe(state);
    await subscribe(state);
    ok(state, "keys", "--rotate");
    const second = readConf(state.envFile);
    assert.equal(second.VAPID_PREVIOUS_PUBLIC_KEY, state.keys.publicKey);
    state.run(`UPDATE subscriptions SET dead_at = 1, dead_reason = 'gone' WHERE endpoint = '${dead.endpoint}'`);
    refused(state, /2 subscriptions still need .*--force/s, "keys", "--rotate");
    const out = ok(state, "keys", "--rotate", "--force");
    assert.match(out, /^0 subscriptions made with the old one/m);
    assert.equal(readConf(state.envFile).VAPID_PREVIOUS_PUBLIC_KEY, second.VAPID_PUBLIC_KEY);
    assert.match(ok(state, "keys", "--list"), /^others {4}2 subscriptions/m);
  }));

  test("an earlier pair that nobody needs is replaced without a question", withState(async (state) => {
    ok(state, "keys", "--rotate");
    const second = readConf(state.envFile);
    await subscribe(state);
    ok(state, "keys", "--rotate");
    const third = readConf(state.envFile);
    assert.equal(third.VAPID_PREVIOUS_PUBLIC_KEY, second.VAPID_PUBLIC_KEY);
    assert.equal(third.VAPID_PREVIOUS_PRIVATE_KEY, second.VAPID_PRIVATE_KEY);
    assert.equal(fs.readFileSync(state.envFile, "utf8").match(/VAPID_PREVIOUS/g).length, 2);
  }));

  test("refuses, and changes nothing, where there is no pair, a broken one, or one from the environment", withState((state) => {
    for (const name of ["VAPID_PUBLIC_KEY", "VAPID_PREVIOUS_PRIVATE_KEY"]) {
      state.env[name] = makeKeys()[name.includes("PRIVATE") ? "privateKey" : "publicKey"];
      refused(state, new RegExp(`${name} is set in the environment`), "keys", "--rotate");
      delete state.env[name];
    }
    state.writeConf({ VAPID_PRIVATE_KEY: makeKeys().privateKey });
    refused(state, /does not belong to the private key/, "keys", "--rotate");
    state.writeConf({ VAPID_PRIVATE_KEY: null, VAPID_PUBLIC_KEY: null });
    refused(state, /no key pair that can be used: VAPID_PUBLIC_KEY is not set.* `atstatus keys`/, "keys", "--rotate");
    assert.equal(state.value("SELECT count(*) FROM audit"), 0);
    fs.rmSync(state.envFile);
    refused(state, /no key pair that can be used/, "keys", "--rotate");
  }));

  test("a key with a slip of the pen is neither overwritten nor given a second line, and is no missing pair", withState((state) => {
    state.writeConf({ VAPID_PUBLIC_KEY: "nonsense" });
    for (const args of [[], ["--list"], ["--rotate"], ["--retire"]]) refused(state, /used: VAPID_PUBLIC_KEY/, "keys", ...args);
    state.writeConf({ VAPID_PUBLIC_KEY: "", VAPID_PRIVATE_KEY: null });
    ok(state, "keys");
    const conf = readConf(state.envFile);
    assert.ok(isPair(conf.VAPID_PUBLIC_KEY, conf.VAPID_PRIVATE_KEY));
    assert.equal(fs.readFileSync(state.envFile, "utf8").match(/VAPID_P/g).length, 2);
  }));

  test("refuses where the file cannot be written by its user, and nothing is noted", withState((state) => {
    const folder = path.join(state.dir, "etc");
    fs.mkdirSync(folder, { mode: 0o755 });
    const file = path.join(folder, "env");
    fs.renameSync(state.envFile, file);
    fs.symlinkSync(file, state.envFile);
    if (isRoot) {
      // the command becomes the owner of STATE_DIR, who may not write here
      spawnSync("chown", ["-R", "nobody:nogroup", state.dir]);
      spawnSync("chown", ["root:nogroup", folder]);
      fs.chmodSync(file, 0o640);
    } else {
      fs.chmodSync(folder, 0o500);
    }
    refused(state, /could not be written/, "keys", "--rotate");
    assert.equal(state.value("SELECT count(*) FROM audit"), 0);
    fs.chmodSync(folder, 0o755);
  }));

  test("keeps a file of another owner or group what it is, also behind a symbolic link", { skip: !isRoot }, withState((state) => {
    const file = path.join(state.dir, "real-env");
    fs.renameSync(state.envFile, file);
    fs.symlinkSync("real-env", state.envFile);
    spawnSync("chown", ["-R", "nobody:nogroup", state.dir]);
    fs.chmodSync(file, 0o640);
    ok(state, "keys", "--rotate");
    assert.ok(fs.lstatSync(state.envFile).isSymbolicLink());
    const { mode, uid, gid } = fs.statSync(file);
    assert.deepEqual([(mode & 0o777).toString(8), uid, gid], ["640", fs.statSync(state.dir).uid, fs.statSync(state.dir).gid]);
    assert.equal(readConf(file).VAPID_PREVIOUS_PUBLIC_KEY, state.keys.publicKey);
  }));

  test("two at once: one rotates, the other sees what it did", withState(async (state) => {
    await subscribe(state);
    const run = () => new Promise((resolve) => {
      const child = spawn(binary("atstatus"), ["keys", "--rotate"], { cwd: root, env: state.env, stdio: "ignore" });
      child.on("close", resolve);
    });
    const codes = await Promise.all([run(), run()]);
    assert.deepEqual(codes.sort(), [0, 1], "the second one finds that the pair before is needed");
    assert.equal(readConf(state.envFile).VAPID_PREVIOUS_PUBLIC_KEY, state.keys.publicKey);
    assert.equal(state.value("SELECT count(*) FROM audit"), 1);
  }));
});

describe("atstatus keys --retire and --list", () => {
  test("the pair before goes when nobody needs it, or by --force; counts are of living subscriptions", withState(async (state) => {
    await subscribe(state);
    const text = fs.readFileSync(state.envFile, "utf8");
    assert.match(ok(state, "keys", "--retire"), /no previous pair/);
    assert.equal(fs.readFileSync(state.envFile, "utf8"), text);
    ok(state, "keys", "--rotate");
    const { VAPID_PUBLIC_KEY: now } = readConf(state.envFile);
    await subscribe(state);
    await subscribe(state);
    assert.equal(ok(state, "keys", "--list"), `current   ${now}  2 subscriptions\nprevious  ${state.keys.publicKey}  1 subscription\n`);
    refused(state, /1 subscription still needs .*--force/s, "keys", "--retire");
    state.run("UPDATE subscriptions SET dead_at = 1 WHERE id = 1");
    ok(state, "keys", "--retire");
    assert.doesNotMatch(fs.readFileSync(state.envFile, "utf8"), /PREVIOUS/);
    assert.equal(readConf(state.envFile).VAPID_PUBLIC_KEY, now);
    assert.equal(state.value("SELECT count(*) FROM audit WHERE action = 'keys.retire'"), 1);
    assert.equal(ok(state, "keys", "--list"), `current   ${now}  2 subscriptions\n`);

    ok(state, "keys", "--rotate");
    ok(state, "keys", "--retire", "--force");
    assert.match(ok(state, "keys", "--list"), /current .* 0 subscriptions\nothers {4}2 subscriptions/);
  }));

  test("words that belong to nothing are a usage error", withState((state) => {
    for (const args of [["--force"], ["--list", "--force"], ["--print", "--force"], ["--rotate", "x"], ["--rotate", "--force", "x"], ["--nonsense"]]) {
      const done = state.atstatus("keys", ...args);
      assert.deepEqual([done.code, done.stdout], [2, ""], args.join(" "));
    }
  }));

  test("the counts follow each change of a row", withState(async (state) => {
    const counts = () => state.rows("SELECT subscriptions AS n FROM vapid_keys ORDER BY id").map(({ n }) => n);
    await subscribe(state);
    await subscribe(state);
    state.run("INSERT INTO vapid_keys (public_key, created_at) VALUES (randomblob(65), 1)");
    const steps = [
      ["UPDATE subscriptions SET key_id = 2 WHERE id = 1", [1, 1]],
      ["UPDATE subscriptions SET key_id = 2, dead_at = 5 WHERE id = 2", [0, 1]],
      ["UPDATE subscriptions SET key_id = 1 WHERE id = 2", [0, 1]],
      ["UPDATE subscriptions SET key_id = 2, dead_at = NULL WHERE id = 2", [0, 2]],
      ["UPDATE subscriptions SET dead_at = 7 WHERE id = 1", [0, 1]],
      ["DELETE FROM subscriptions WHERE id = 1", [0, 1]],
      ["DELETE FROM subscriptions WHERE id = 2", [0, 0]],
    ];
    for (const [sql, expected] of steps) {
      state.run(sql);
      assert.deepEqual(counts(), expected, sql);
    }
  }));
});

describe("what an admin is shown of the keys", () => {
  test("which one is in use, how many browsers still have the one before, and when it can go", async () => {
    const state = makeState();
    state.setting("vapid_verdict", "ok");
    const server = await startServer(state);
    try {
      const rows = async () => {
        const { text } = await Person.signedIn(state, server).get("/cgi-bin/admin-settings/settings/notifications");
        return [...text.matchAll(/is-(\w+)">.*<\/svg>(Keys[^<]*)<\/span><div class="row-name"><p>([^<]*)<\/p>/g)].map(([, ...row]) => row);
      };
      await subscribe(state);
      await subscribe(state);
      await subscribe(state);
      const inUse = (key) => ["operational", "Keys", `The pair of keys is complete and fits together; in use is ${key.slice(0, 12)}….`];
      assert.deepEqual(await rows(), [inUse(state.keys.publicKey)]);
      ok(state, "keys", "--rotate");
      const { VAPID_PUBLIC_KEY: now } = readConf(state.envFile);
      await subscribe(state);
      assert.deepEqual(await rows(), [inUse(now), ["operational", "Keys before",
        `3 of 4 browsers have the pair before, ${state.keys.publicKey.slice(0, 12)}…; each changes over by itself when it visits the page.`]]);
      state.run("UPDATE subscriptions SET key_id = 2 WHERE id < 4");
      assert.deepEqual((await rows())[1], ["degraded_performance", "Keys before", "No browser has the pair before any more."]);
      ok(state, "keys", "--retire");
      assert.deepEqual(await rows(), [inUse(now)]);
      state.run("UPDATE subscriptions SET key_id = 1 WHERE id = 1");
      assert.deepEqual((await rows())[1], ["degraded_performance", "Keys before",
        "1 of 4 browsers has keys that are not in the configuration, and cannot be told anything."]);
    } finally {
      await server.stop();
      state.remove();
    }
  });
});

describe("running programs and an edited configuration", () => {
  let state, server, client, close;
  before(async () => ({ state, server, client, close } = await openServer()));
  after(() => close?.());

  const post = (body, to = "", options = {}) => server.request(`/cgi-bin/subscribe${to}`, { method: "POST", body, ...options });
  const stateOf = async ({ endpoint, keys }) => (await post({ endpoint, auth: keys.auth }, "/state")).json;

  // So many at once that each process gets some.
  const everywhere = (check) => Promise.all(Array.from({ length: 4 * PROCESSES }, (_, i) => check(i)));

  // Asks until each process of subscribe has logged this, and nobody twice.
  async function eachSays(from, line, ask) {
    const said = () => [...server.log().slice(from).matchAll(new RegExp(`subscribe\\[(\\d+)\\] ${line}`, "g"))].map(([, pid]) => pid);
    await until(async () => {
      await everywhere(ask);
      return new Set(said()).size === PROCESSES;
    }, 20000);
    await everywhere(ask);
    assert.equal(said().length, PROCESSES, `${line} is said once by each`);
  }

  test("after a rotation the next request knows both keys, and state tells which one a subscription has", async () => {
    const old = makeSubscription();
    assert.equal((await post({ subscription: old, key: state.keys.publicKey })).status, 201);
    assert.equal((await stateOf(old)).key_current, true);
    const rotated = state.atstatus("keys", "--rotate");
    assert.equal(rotated.code, 0, rotated.stderr);
    const now = readConf(state.envFile).VAPID_PUBLIC_KEY;
    await eachSays(0, "info APP-07", async () => {
      assert.equal((await post({ subscription: makeSubscription(), key: now })).status, 201);
      assert.equal((await post({ subscription: makeSubscription(), key: state.keys.publicKey })).status, 201);
      assert.equal((await post({ subscription: makeSubscription(), key: makeKeys().publicKey })).status, 409);
      assert.equal((await stateOf(old)).key_current, false);
    });
    const fresh = makeSubscription();
    assert.equal((await post({ subscription: fresh, key: now, replaces: { endpoint: old.endpoint, auth: old.keys.auth } })).status, 201);
    await everywhere(async () => assert.equal((await stateOf(fresh)).key_current, true));
    assert.equal(await stateOf(old).then((answer) => answer.error), "There is no such subscription.");
  });

  test("a page that a program publishes has the new key, also where the key changed while it waited to publish", async () => {
    const lock = path.join(state.dir, "data", "publish.lock");
    assert.equal((await client.call("POST", "/incidents", { incident: { name: "before" } })).status, 201);
    const holder = spawn("flock", [lock, "sh", "-c", "echo held; read line"], { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    let answered = false;
    const posting = client.call("POST", "/incidents", { incident: { name: "while it waits" } }).then((answer) => {
      answered = true;
      return answer;
    });
    await until(() => state.value("SELECT count(*) FROM incidents WHERE name = 'while it waits'") === 1);
    // the way of --rotate: another file is put in the place of this one
    const pair = makeKeys();
    const text = fs.readFileSync(state.envFile, "utf8");
    fs.writeFileSync(`${state.envFile}.new`, text.replace(/^VAPID_PUBLIC_KEY=.*$/m, `VAPID_PUBLIC_KEY=${pair.publicKey}`)
      .replace(/^VAPID_PRIVATE_KEY=.*$/m, `VAPID_PRIVATE_KEY=${pair.privateKey}`), { mode: 0o600 });
    fs.renameSync(`${state.envFile}.new`, state.envFile);
    assert.equal(answered, false, "it still waits for the lock");
    holder.stdin.end("\n");
    assert.equal((await posting).status, 201);
    assert.equal(pushJson(state).publicKey, pair.publicKey);
    await everywhere(async (i) => {
      assert.equal((await client.call("POST", "/incidents", { incident: { name: `after ${i}` } })).status, 201);
      assert.equal(pushJson(state).publicKey, pair.publicKey);
    });
  });

  test("a file that is wrong takes nobody down: what it said before stays in use, and each process says so once", async () => {
    const text = fs.readFileSync(state.envFile, "utf8");
    const { VAPID_PUBLIC_KEY: key } = readConf(state.envFile);
    const works = async () => assert.equal((await post({ subscription: makeSubscription(), key })).status, 201);
    let from = server.log().length;
    fs.writeFileSync(state.envFile, `${text}# once more\n`);
    await eachSays(from, "info APP-07", works);
    from = server.log().length;
    fs.writeFileSync(state.envFile, `${text}NONSENSE=1\n`);
    await eachSays(from, "error APP-08 .*unknown key NONSENSE", works);
    fs.rmSync(state.envFile);
    await eachSays(from, "error APP-08 .*there is no file", works);
    fs.writeFileSync(state.envFile, text, { mode: 0o600 });
    await eachSays(from, "info APP-07", works);
  });

  test("each setting holds from the next request on: site, push services, forwarded addresses, the rate", async () => {
    const text = fs.readFileSync(state.envFile, "utf8");
    const strange = () => makeSubscription({ endpoint: `https://push.example.org/${crypto.randomBytes(9).toString("hex")}` });
    const { VAPID_PUBLIC_KEY: key } = readConf(state.envFile);
    assert.equal((await post({ subscription: strange(), key })).status, 400);
    fs.writeFileSync(state.envFile, text.replace("SUBSCRIBE_RATE=0", "SUBSCRIBE_RATE=1") + "PUSH_EXTRA_HOSTS=push.example.org\nTRUSTED_PROXIES=127.0.0.1\n");
    const from = (n) => ({ headers: { "x-forwarded-for": `198.51.100.${n}` } });
    await everywhere(async (i) => assert.equal((await post({ subscription: strange(), key }, "", from(i + 1))).status, 201));
    assert.equal((await post({ subscription: strange(), key }, "", from(1))).status, 429);
    fs.writeFileSync(state.envFile, text.replace(/^SITE_URL=.*$/m, "SITE_URL=https://status.example.com"));
    await everywhere(async () => {
      assert.equal((await post({ subscription: makeSubscription(), key })).status, 403);
      assert.equal((await post({ subscription: makeSubscription(), key }, "", { headers: { origin: "https://status.example.com" } })).status, 201);
    });
    fs.writeFileSync(state.envFile, text);
    await everywhere(async () => assert.equal((await post({ subscription: makeSubscription(), key })).status, 201));
  });
});

describe("programs that spawn-fcgi started", () => {
  test("go on in another STATE_DIR, but not in one without a database", async () => {
    const state = makeState();
    const other = makeState({ conf: { VAPID_PUBLIC_KEY: state.keys.publicKey, VAPID_PRIVATE_KEY: state.keys.privateKey } });
    const server = await startApache(state);
    try {
      const works = async () => {
        const answer = await server.request("/cgi-bin/subscribe", { method: "POST", body: { subscription: makeSubscription(), key: state.keys.publicKey } });
        assert.equal(answer.status, 201, answer.text);
      };
      const count = (where) => where.value("SELECT count(*) FROM subscriptions");
      await works();
      assert.deepEqual([count(state), count(other)], [1, 0]);
      state.writeConf({ STATE_DIR: "/nowhere" });
      for (let i = 0; i < 6; i++) await works();
      assert.deepEqual([count(state), count(other)], [7, 0]);
      state.writeConf({ STATE_DIR: other.dir });
      for (let i = 0; i < 6; i++) await works();
      assert.deepEqual([count(state), count(other)], [7, 6]);
      // the file first, then the folder that it names: `atstatus init` mostly comes after the edit
      const later = `${other.dir}-later`;
      state.writeConf({ STATE_DIR: later });
      for (let i = 0; i < 6; i++) await works();
      assert.equal(count(state) + count(other), 19); // a process that was idle meanwhile has never been in the other one
      fs.cpSync(other.dir, later, { recursive: true });
      const arrived = () => state.rows("SELECT count(*) AS n FROM subscriptions", path.join(later, "data/atstatus.db"))[0].n;
      await until(async () => { await works(); return arrived() > 12; }, 10_000);
    } finally {
      await server.stop();
      fs.rmSync(`${other.dir}-later`, { recursive: true, force: true });
      other.remove();
      state.remove();
    }
  });
});
