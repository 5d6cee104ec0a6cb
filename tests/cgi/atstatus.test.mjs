// The operator's command: every verb of contract §1 with its output, exit code, files, modes and rows.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { binary, makeKeys, makeState, plainCgi, root } from "./harness.mjs";

const isRoot = process.getuid() === 0;
const VERBS = [["init"], ["keys"], ["admin", "add"], ["admin", "passwd"], ["token", "add"], ["token", "revoke"], ["publish"], ["migrate"]];

// An empty place for a page, where nothing was set up yet.
class Place {
  constructor(lines = ["SITE_URL=https://status.example.com"]) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), "atstatus-place-"));
    fs.chmodSync(this.dir, 0o711);
    this.envFile = path.join(this.dir, ".env");
    this.stateDir = path.join(this.dir, "var");
    this.database = path.join(this.stateDir, "data", "atstatus.db");
    if (lines !== null) this.configure(lines);
  }

  configure(lines) {
    fs.writeFileSync(this.envFile, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  }

  run(args, { env = {}, input = "", umask, cwd = this.dir } = {}) {
    const all = { PATH: process.env.PATH, ENV_FILE: this.envFile, ATSTATUS_SCRYPT_LOG2N: "12",
      ...(process.env.ASAN_OPTIONS ? { ASAN_OPTIONS: process.env.ASAN_OPTIONS } : {}), ...env };
    const command = umask === undefined ? [binary("atstatus"), args] : ["sh", ["-c", `umask ${umask}; exec "$0" "$@"`, binary("atstatus"), ...args]];
    const done = spawnSync(command[0], command[1], { cwd, input, encoding: "utf8",
      env: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) });
    return { code: done.status, stdout: done.stdout, stderr: done.stderr };
  }

  ok(args, options) {
    const done = this.run(args, options);
    assert.equal(done.code, 0, done.stderr);
    return done;
  }

  rows(sql) {
    const out = spawnSync("sqlite3", ["-json", this.database, sql], { encoding: "utf8" }).stdout.trim();
    return out === "" ? [] : JSON.parse(out);
  }

  value(sql) {
    return Object.values(this.rows(sql)[0] ?? {})[0];
  }

  conf() {
    return Object.fromEntries(fs.readFileSync(this.envFile, "utf8").split("\n").filter((line) => line.includes("=") && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  }

  // { path below STATE_DIR: { mode, user } }, "" for STATE_DIR itself.
  modes() {
    return Object.fromEntries(spawnSync("find", [this.stateDir, "-printf", "%m %u %P\\n"], { encoding: "utf8" }).stdout.trim().split("\n")
      .map((line) => line.split(" ")).map(([mode, user, name]) => [name ?? "", { mode, user }]));
  }

  remove() {
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

let template;
after(() => template?.remove());

// A place that is set up already.  A password costs half a second, so init runs once and the rest are copies.
function readyPlace() {
  if (template === undefined) {
    template = new Place();
    template.ok(["init"]);
  }
  const place = new Place();
  spawnSync("cp", ["-a", template.stateDir, template.envFile, place.dir]);
  return place;
}

function withPlace(body, lines) {
  return async () => {
    const place = lines === "ready" ? readyPlace() : new Place(lines);
    try {
      await body(place);
    } finally {
      place.remove();
    }
  };
}

function verify(stored, password) {
  const [, ln, r, p, salt, hash] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/.exec(stored);
  const got = crypto.scryptSync(password, Buffer.from(salt, "base64url"), 32, { N: 2 ** ln, r: Number(r), p: Number(p), maxmem: 2 ** 28 });
  return got.equals(Buffer.from(hash, "base64url"));
}

const isPair = (publicKey, privateKey) => {
  const pair = crypto.createECDH("prime256v1");
  pair.setPrivateKey(Buffer.from(privateKey, "base64url"));
  return Buffer.from(publicKey, "base64url").length === 65 && Buffer.from(privateKey, "base64url").length === 32 &&
    pair.getPublicKey().toString("base64url") === publicKey;
};

describe("atstatus init", () => {
  test("makes configuration, folders, database, first admin and page, and prints the password once", withPlace((place) => {
    const done = place.ok(["init"], { env: { SITE_URL: "https://status.example.com" } });
    const password = /^password: (\S+)$/m.exec(done.stdout)[1];
    assert.equal(done.stdout.split(password).length, 2);
    assert.equal(password.length, 20);
    assert.equal(done.stderr, "");
    const [user] = place.rows("SELECT name, role, password_hash FROM users");
    assert.deepEqual([user.name, user.role], ["admin", "owner"]);
    assert.ok(verify(user.password_hash, password));
    assert.equal(fs.readFileSync(place.database).includes(password), false);
    const conf = place.conf();
    assert.ok(isPair(conf.VAPID_PUBLIC_KEY, conf.VAPID_PRIVATE_KEY));
    assert.equal(conf.SITE_URL, "https://status.example.com");
    assert.equal(place.value("SELECT lower(hex(public_key)) FROM vapid_keys"), Buffer.from(conf.VAPID_PUBLIC_KEY, "base64url").toString("hex"));
    assert.deepEqual(place.rows("SELECT name, length(value) AS n FROM secrets ORDER BY name"),
      ["csrf", "limiter", "topic"].map((name) => ({ name, n: 32 })));
    assert.match(place.value("SELECT value FROM settings WHERE name = 'page_id'"), /^[a-z0-9]{12}$/);
    assert.deepEqual(JSON.parse(fs.readFileSync(path.join(place.stateDir, "public", "push.json"), "utf8")),
      { enabled: true, publicKey: conf.VAPID_PUBLIC_KEY, components: [], events: ["incident_new", "incident_update", "incident_resolved"],
        lang: "en", languages: ["de", "en", "es", "fr", "ja"] });
    assert.match(fs.readFileSync(path.join(place.stateDir, "public", "index.html"), "utf8"), /<\/html>/);
    assert.deepEqual(place.rows("SELECT actor, action, object FROM audit"), [{ actor: "atstatus", action: "admin.add", object: "admin" }]);
  }, null));

  test("a second time keeps everything and prints no password", withPlace((place) => {
    const everything = () => ["users", "secrets", "settings", "vapid_keys", "audit", "tokens"].map((t) => place.rows(`SELECT * FROM ${t}`));
    const [env, rows] = [fs.readFileSync(place.envFile, "utf8"), JSON.stringify(everything())];
    const again = place.ok(["init"]);
    assert.equal(again.stdout, "");
    assert.equal(fs.readFileSync(place.envFile, "utf8"), env);
    assert.equal(JSON.stringify(everything()), rows);
  }, "ready"));

  test("adds what is missing of an older set-up, and nothing else", withPlace((place) => {
    spawnSync("sqlite3", [place.database, "DELETE FROM secrets WHERE name = 'csrf'; DELETE FROM users"]);
    const topic = place.value("SELECT hex(value) FROM secrets WHERE name = 'topic'");
    assert.match(place.ok(["init"]).stdout, /^password: /m);
    assert.equal(place.value("SELECT count(*) FROM secrets"), 3);
    assert.equal(place.value("SELECT hex(value) FROM secrets WHERE name = 'topic'"), topic);
  }, "ready"));

  for (const umask of ["0000", "0077"]) {
    test(`under umask ${umask}: .env 0600, STATE_DIR 0711, data 0700, public 0755, database and locks 0600, pages 0644`, withPlace((place) => {
      place.ok(["init"], { umask, env: { SITE_URL: "https://status.example.com" } });
      place.ok(["token", "add", "x", "--scope", "read"], { umask });
      assert.equal((fs.statSync(place.envFile).mode & 0o777).toString(8), "600");
      const modes = place.modes();
      assert.deepEqual([modes[""].mode, modes.data.mode, modes.public.mode], ["711", "700", "755"]);
      for (const [name, { mode }] of Object.entries(modes)) {
        if (name.startsWith("data/")) assert.equal(mode, "600", name);
        if (name.startsWith("public/")) assert.equal(mode, fs.statSync(path.join(place.stateDir, name)).isDirectory() ? "755" : "644", name);
      }
      assert.ok(modes["data/atstatus.db"] && modes["data/publish.lock"] && modes["public/index.html"]);
    }, null));
  }

  test("mends the modes of folders that are there already", withPlace((place) => {
    fs.mkdirSync(path.join(place.stateDir, "data"), { recursive: true, mode: 0o777 });
    place.ok(["init"]);
    const modes = place.modes();
    assert.deepEqual([modes[""].mode, modes.data.mode, modes.public.mode], ["711", "700", "755"]);
  }));

  test("keys from npm's web-push are accepted as they are printed", withPlace((place) => {
    const { generateVAPIDKeys } = createRequire(path.join(root, "tests/package.json"))("web-push");
    const keys = generateVAPIDKeys();
    place.configure(["SITE_URL=https://status.example.com", `VAPID_PUBLIC_KEY=${keys.publicKey}`, `VAPID_PRIVATE_KEY=${keys.privateKey}`]);
    place.ok(["init"]);
    assert.equal(JSON.parse(fs.readFileSync(path.join(place.stateDir, "public", "push.json"), "utf8")).publicKey, keys.publicKey);
    assert.equal(place.value("SELECT lower(hex(public_key)) FROM vapid_keys"), Buffer.from(keys.publicKey, "base64url").toString("hex"));
  }));

  test("both keys of a rotation are known to the database", withPlace((place) => {
    const [now, before] = [makeKeys(), makeKeys()];
    place.configure(["SITE_URL=https://status.example.com", `VAPID_PUBLIC_KEY=${now.publicKey}`, `VAPID_PRIVATE_KEY=${now.privateKey}`,
      `VAPID_PREVIOUS_PUBLIC_KEY=${before.publicKey}`, `VAPID_PREVIOUS_PRIVATE_KEY=${before.privateKey}`]);
    place.ok(["init"]);
    assert.deepEqual(place.rows("SELECT hex(public_key) AS k FROM vapid_keys").map((r) => r.k.toLowerCase()).sort(),
      [now, before].map((k) => Buffer.from(k.publicKey, "base64url").toString("hex")).sort());
  }));

  test("a place that cannot be written is exit 1 with the reason and the place", withPlace((place) => {
    fs.writeFileSync(place.stateDir, "a file in the way");
    const done = place.run(["init"]);
    assert.equal(done.code, 1);
    assert.ok(done.stderr.includes(place.stateDir), done.stderr);
    assert.equal(fs.readFileSync(place.stateDir, "utf8"), "a file in the way");
  }));

  test("without SITE_URL everything but the page is made, and the sentence says what is missing", withPlace((place) => {
    const done = place.run(["init"]);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /SITE_URL/);
    assert.match(done.stdout, /^password: /m);
    assert.equal(place.run(["init"], { env: { SITE_URL: "https://status.example.com" } }).code, 0);
  }, []));
});

describe("atstatus keys", () => {
  test("--print prints a fresh pair of 65 and 32 octets in the form of the configuration, and changes nothing", withPlace((place) => {
    const seen = new Set();
    for (let i = 0; i < 5; i++) {
      const { stdout, stderr } = place.ok(["keys", "--print"]);
      const [, publicKey, privateKey] = /^VAPID_PUBLIC_KEY=([\w-]+)\nVAPID_PRIVATE_KEY=([\w-]+)\n$/.exec(stdout);
      assert.ok(isPair(publicKey, privateKey));
      assert.equal(stderr, "");
      seen.add(privateKey);
    }
    assert.equal(seen.size, 5);
    assert.deepEqual(fs.readdirSync(place.dir), [".env"]);
  }));

  test("without a pair in the configuration it writes one behind what is there, 0600", withPlace((place) => {
    fs.writeFileSync(place.envFile, "# mine\nSITE_URL=https://status.example.com");
    place.ok(["keys"]);
    const text = fs.readFileSync(place.envFile, "utf8");
    assert.ok(text.startsWith("# mine\nSITE_URL=https://status.example.com\nVAPID_PUBLIC_KEY="));
    const conf = place.conf();
    assert.ok(isPair(conf.VAPID_PUBLIC_KEY, conf.VAPID_PRIVATE_KEY));
    assert.equal((fs.statSync(place.envFile).mode & 0o777).toString(8), "600");
    place.ok(["init"]);
  }));

  test("where there is a pair it refuses and leaves the file alone", withPlace((place) => {
    place.ok(["keys"]);
    const text = fs.readFileSync(place.envFile, "utf8");
    const done = place.run(["keys"]);
    assert.deepEqual([done.code, done.stdout], [1, ""]);
    assert.match(done.stderr, /already/);
    assert.equal(fs.readFileSync(place.envFile, "utf8"), text);
  }));
});

describe("atstatus admin, token, publish and migrate", () => {
  let place;

  before(() => {
    place = readyPlace();
  });
  after(() => place.remove());

  const user = (name) => place.rows(`SELECT * FROM users WHERE name = '${name}'`)[0];

  test("admin add takes the password from standard input and prints nothing", () => {
    const password = "correct horse 漢🚀";
    const done = place.ok(["admin", "add", "ada"], { input: `${password}\n` });
    assert.deepEqual([done.stdout, done.stderr], ["", ""]);
    assert.ok(verify(user("ada").password_hash, password));
    assert.equal(user("ada").role, "owner");
  });

  test("admin add makes a password where none is given, and prints it once", () => {
    const [, password] = /^password: (\S{20})\n$/.exec(place.ok(["admin", "add", "empty"], { input: "\n" }).stdout);
    assert.ok(verify(user("empty").password_hash, password));
    assert.match(place.ok(["admin", "add", "none"], { input: "" }).stdout, /^password: (\S{20})\n$/);
  });

  test("a password has 12 characters at least and 1024 bytes at most, and may be anything between", () => {
    for (const [name, password, code] of [["short", "12345678901", 1], ["few", "漢漢漢漢", 1], ["least", "  漢 456789  ", 0],
      ["most", "x".repeat(1024), 0], ["long", "x".repeat(1025), 1], ["longer", "x".repeat(5000), 1]]) {
      const done = place.run(["admin", "add", name], { input: `${password}\n` });
      assert.equal(done.code, code, `${name}: ${done.stderr}`);
      assert.equal(user(name) !== undefined, code === 0, name);
      if (code === 0) assert.ok(verify(user(name).password_hash, password), name);
    }
  });

  test("a name that is taken, empty, too long or no text is refused", () => {
    const before = place.value("SELECT count(*) FROM users");
    const taken = place.run(["admin", "add", "admin"], { input: "123456789012\n" });
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /passwd admin/);
    for (const name of ["", "x".repeat(65), "a\nb", "a\u0001b"]) assert.equal(place.run(["admin", "add", name], { input: "123456789012\n" }).code, 1, name);
    assert.equal(place.value("SELECT count(*) FROM users"), before);
  });

  test("admin passwd sets the new password and ends that person's sessions, nobody else's", () => {
    const [one, two] = ["admin", "ada"].map((name) => user(name).id);
    spawnSync("sqlite3", [place.database, `INSERT INTO sessions VALUES (randomblob(32), ${one}, 1, 1), (randomblob(32), ${one}, 1, 1), (randomblob(32), ${two}, 1, 1)`]);
    place.ok(["admin", "passwd", "admin"], { input: "a new password\n" });
    assert.ok(verify(user("admin").password_hash, "a new password"));
    assert.deepEqual(place.rows("SELECT user_id FROM sessions"), [{ user_id: two }]);
    assert.equal(place.value("SELECT action FROM audit ORDER BY id DESC LIMIT 1"), "admin.passwd");
    const nobody = place.run(["admin", "passwd", "nobody"], { input: "a new password\n" });
    assert.deepEqual([nobody.code, /nobody/.test(nobody.stderr)], [1, true]);
  });

  test("token add prints the token alone; the database has its hash and its scopes", () => {
    const done = place.ok(["token", "add", "monitoring", "--scope", "components,incidents"]);
    assert.match(done.stdout, /^[\w-]{43}\n$/);
    assert.equal(done.stderr, "");
    const hash = crypto.createHash("sha256").update(done.stdout.trim()).digest("hex");
    assert.deepEqual(place.rows("SELECT name, lower(hex(token_hash)) AS hash, scopes, revoked_at FROM tokens"),
      [{ name: "monitoring", hash, scopes: "components incidents", revoked_at: null }]);
    assert.match(place.ok(["token", "add", "--scope", "admin", "behind"]).stdout, /^[\w-]{43}\n$/);
  });

  test("a scope that is none, a name that was used before, and missing words are refused without a token", () => {
    const before = place.value("SELECT count(*) FROM tokens");
    const cases = [[["token", "add", "x", "--scope", "write"], 1], [["token", "add", "x", "--scope", "read,"], 0], [["token", "add", "y", "--scope", "read,,admin"], 1],
      [["token", "add", "x2", "--scope", ""], 1], [["token", "add", "monitoring", "--scope", "read"], 1], [["token", "add", "x3"], 2],
      [["token", "add", "--scope", "read"], 2], [["token", "add", "a", "b", "--scope", "read"], 2], [["token", "add", "x4", "--scope"], 2], [["token", "revoke"], 2]];
    for (const [args, code] of cases) {
      const done = place.run(args);
      assert.equal(done.code, code, `${args.join(" ")}: ${done.stderr}`);
      if (code !== 0) assert.equal(done.stdout, "");
    }
    assert.equal(place.value("SELECT count(*) FROM tokens"), before + 1);
  });

  test("token revoke makes it useless once; its name is not given again", () => {
    place.ok(["token", "add", "doomed", "--scope", "read"]);
    const done = place.ok(["token", "revoke", "doomed"]);
    assert.equal(done.stdout, "");
    assert.ok(place.value("SELECT revoked_at FROM tokens WHERE name = 'doomed'") > 0);
    assert.equal(place.run(["token", "revoke", "doomed"]).code, 1);
    assert.equal(place.run(["token", "revoke", "never"]).code, 1);
    assert.equal(place.run(["token", "add", "doomed", "--scope", "read"]).code, 1);
    assert.equal(place.value("SELECT action FROM audit ORDER BY id DESC LIMIT 1"), "token.revoke");
  });

  test("a token that the command made opens the API, with its scopes and no more", async () => {
    const state = makeState();
    try {
      const token = state.atstatus("token", "add", "reader", "--scope", "read").stdout.trim();
      const request = { script: "/v1", path: "/pages/default/components", headers: { authorization: `Bearer ${token}` } };
      assert.equal((await plainCgi("incident-post", state, request)).status, 200);
      assert.equal((await plainCgi("incident-post", state, { ...request, method: "POST", body: { component: { name: "x" } } })).status, 403);
    } finally {
      state.remove();
    }
  });

  test("publish writes the page anew and marks it alive; without database or SITE_URL it says what to do", () => {
    fs.rmSync(path.join(place.stateDir, "public"), { recursive: true });
    assert.equal(place.ok(["publish"]).stdout, "");
    assert.ok(fs.existsSync(path.join(place.stateDir, "public", "alive.json")));
    const empty = new Place();
    const none = empty.run(["publish"]);
    assert.deepEqual([none.code, /atstatus init/.test(none.stderr)], [1, true], none.stderr);
    empty.configure([]);
    assert.match(empty.run(["publish"]).stderr, /SITE_URL/);
    empty.remove();
  });

  test("migrate has nothing to do on today's version, fills an empty file, and leaves a newer one alone", () => {
    assert.match(place.ok(["migrate"]).stdout, /nothing to do/);
    const other = new Place();
    try {
      const absent = other.run(["migrate"]);
      assert.deepEqual([absent.code, /atstatus init/.test(absent.stderr)], [1, true]);
      fs.mkdirSync(path.dirname(other.database), { recursive: true });
      fs.writeFileSync(other.database, "");
      other.ok(["migrate"]);
      assert.equal(other.value("SELECT count(*) FROM secrets"), 3);
      spawnSync("sqlite3", [other.database, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 99"]);
      const bytes = fs.readFileSync(other.database);
      for (const verb of [["migrate"], ["init"], ["publish"], ["token", "add", "x", "--scope", "read"]]) {
        const done = other.run(verb);
        assert.equal(done.code, 1, verb.join(" "));
        assert.match(done.stderr, /version 99/);
      }
      assert.deepEqual(fs.readFileSync(other.database), bytes);
    } finally {
      other.remove();
    }
  });
});

describe("how atstatus is called", () => {
  test("--help and help list exactly the verbs that exist", withPlace((place) => {
    const { stdout, stderr } = place.ok(["--help"]);
    assert.equal(stderr, "");
    assert.equal(place.ok(["help"]).stdout, stdout);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+)(?: ([a-z]+\b))?/gm)].map(([, verb, action]) => [verb, action].filter(Boolean).join(" "));
    assert.deepEqual([...new Set(listed)], VERBS.map((v) => v.join(" ")));
    for (const verb of VERBS) assert.doesNotMatch(place.run([...verb, "--nonsense", "x", "y"]).stderr, /unknown verb/, verb.join(" "));
  }));

  test("a call that is no use is exit 2 with one line on standard error that says what is wrong and where the verbs are listed", withPlace((place) => {
    for (const args of [[], ["nothing"], ["incident"], ["doctor"], ["backup"], ["restore"], ["import"], ["export"], ["admin"], ["admin", "remove", "x"],
      ["token"], ["init", "x"], ["keys", "x"], ["keys", "--print", "x"], ["admin", "add"], ["admin", "add", "a", "b"], ["publish", "x"], ["migrate", "x"],
      ["--env"], ["init", "--env"], ["--version"]]) {
      const done = place.run(args);
      assert.deepEqual([done.code, done.stdout], [2, ""], args.join(" "));
      assert.match(done.stderr, /^atstatus: .*; `atstatus --help` lists the verbs\n$/);
    }
    assert.deepEqual(fs.readdirSync(place.dir), [".env"]);
  }));

  test("--env FILE counts before and after the verb, and before ENV_FILE", withPlace((place) => {
    for (const [i, args] of [["--env", place.envFile, "token", "add"], ["token", "--env", place.envFile, "add"], ["token", "add", "--env", place.envFile]].entries()) {
      place.ok([...args, `t${i}`, "--scope", "read"], { env: { ENV_FILE: "/nonexistent/env" } });
    }
    assert.equal(place.value("SELECT count(*) FROM tokens"), 3);
  }, "ready"));

  test("without either, .env of the working directory is taken", withPlace((place) => {
    place.ok(["init"], { env: { ENV_FILE: undefined } });
    assert.ok(fs.existsSync(place.database));
  }));

  test("a relative STATE_DIR counts from the file's folder, and the environment wins over the file", withPlace((place) => {
    place.configure(["SITE_URL=https://status.example.com", "STATE_DIR=elsewhere/state"]);
    place.ok(["init"], { cwd: "/" });
    assert.ok(fs.existsSync(path.join(place.dir, "elsewhere/state/data/atstatus.db")));
    place.ok(["init"], { cwd: "/", env: { STATE_DIR: path.join(place.dir, "third") } });
    assert.ok(fs.existsSync(path.join(place.dir, "third/data/atstatus.db")));
  }));

  test("a mistake in the configuration is exit 1 with file and line, and nothing is made", withPlace((place) => {
    for (const [lines, sentence] of [[["SITE_URL=https://a.example", "COLOUR=red"], /:2:.*COLOUR/], [["SITE_URL=https://a.example", "# x", "SITE_URL=https://b.example"], /:3:.*twice/],
      [["just words"], /:1:/], [["SITE_URL=ftp://x"], /SITE_URL/]]) {
      place.configure(lines);
      const done = place.run(["init"]);
      assert.equal(done.code, 1, lines.join());
      assert.match(done.stderr, sentence);
    }
    assert.deepEqual(fs.readdirSync(place.dir), [".env"]);
  }));

  test("nothing in the configuration is run or expanded", withPlace((place) => {
    const witness = path.join(place.dir, "witness");
    place.configure(["SITE_URL=https://status.example.com", `VAPID_SUBJECT=mailto:$(touch ${witness})@example.com`]);
    place.run(["init"]);
    assert.equal(fs.existsSync(witness), false);
  }));

  test("called by root, it writes as the owner of STATE_DIR", { skip: !isRoot }, withPlace((place) => {
    spawnSync("chown", ["-R", "nobody:nogroup", place.stateDir]);
    place.ok(["publish"]);
    place.ok(["token", "add", "x", "--scope", "read"]);
    place.ok(["admin", "passwd", "admin"], { input: "123456789012\n" });
    fs.rmSync(path.join(place.stateDir, "public"), { recursive: true });
    fs.rmSync(path.join(place.stateDir, "data", "publish.lock"));
    place.ok(["init"]);
    for (const [name, { user }] of Object.entries(place.modes())) assert.equal(user, "nobody", name);
  }, "ready"));
});
