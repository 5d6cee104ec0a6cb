// Hostile input to the visitors' program: security.md §5, T01-T12 and T16-T23.  After each group no row has appeared, the program
// answers the next visitor, and it has written nothing secret.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { makeKeys, makeState, makeSubscription, plainCgi, startServer, subscriptionFields } from "./harness.mjs";

let state, server, rows;

const post = (body, more = {}) => server.request("/cgi-bin/subscribe", { method: "POST", body, ...more });
const postText = (text) => post(text, { headers: { "content-type": "application/json" } });
const withEndpoint = (endpoint) => post({ subscription: makeSubscription({ endpoint }) });
const count = () => state.value("SELECT count(*) FROM subscriptions");

function withKeys(change) {
  const subscription = makeSubscription();
  Object.assign(subscription.keys, change);
  return post({ subscription });
}

function assertRefused(answer, status, what) {
  assert.equal(answer.status, status, `${what}: ${answer.status} ${answer.text}`);
  assert.deepEqual(Object.keys(answer.json ?? {}), ["error"], what);
}

before(async () => {
  state = makeState();
  server = await startServer(state);
});
after(async () => {
  await server?.stop();
  state?.remove();
});

describe("subscribing with good input", () => {
  test("an endpoint of each vendor is 201 and one row, and 200 the second time (T01)", async () => {
    const endpoints = [
      "https://fcm.googleapis.com/fcm/send/cJ4:APA91bH_x-y",
      "https://fcm.googleapis.com/wp/dGVzdA:APA91b",
      "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk",
      "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAB%2bF%2f%3d",
      "https://web.push.apple.com/QGuQyavXutnMH",
      "https://jmt17.google.com/fcm/send/x",
      "https://android.googleapis.com/gcm/send/x",
    ];
    for (const endpoint of endpoints) {
      const subscription = makeSubscription({ endpoint });
      assert.equal((await post({ subscription })).status, 201, endpoint);
      assert.equal((await post({ subscription })).status, 200, endpoint);
      assert.equal(state.value(`SELECT count(*) FROM subscriptions WHERE endpoint = '${endpoint}'`), 1);
    }
  });

  test("port 443 and upper case in the host are the same endpoint, written the canonical way", async () => {
    const subscription = makeSubscription({ endpoint: "https://fcm.googleapis.com/fcm/send/canonical" });
    assert.equal((await post({ subscription })).status, 201);
    for (const endpoint of ["https://fcm.googleapis.com:443/fcm/send/canonical", "https://FCM.Googleapis.COM/fcm/send/canonical"]) {
      assert.equal((await post({ subscription: { ...subscription, endpoint } })).status, 200, endpoint);
    }
    assert.equal(state.value("SELECT count(*) FROM subscriptions WHERE endpoint LIKE '%canonical'"), 1);
  });

  test("keys with padding are the same keys; expirationTime may be a number, null or absent", async () => {
    const subscription = makeSubscription();
    assert.equal((await post({ subscription })).status, 201);
    const padded = { p256dh: `${subscription.keys.p256dh}=`, auth: `${subscription.keys.auth}==` };
    assert.equal((await post({ subscription: { ...subscription, keys: padded } })).status, 200);
    assert.equal((await post({ subscription: { ...subscription, expirationTime: 1800000000000 } })).status, 200);
    const { expirationTime, ...without } = subscription;
    assert.equal(expirationTime, null);
    assert.equal((await post({ subscription: without })).status, 200);
  });

  test("the path of an endpoint is kept byte for byte, also encoded line ends (T20)", async () => {
    const endpoint = "https://fcm.googleapis.com/a%0d%0aHost:%20evil/../b?x=%2F&y='\"<>";
    assert.equal((await withEndpoint(endpoint)).status, 201);
    assert.equal(state.value("SELECT endpoint FROM subscriptions ORDER BY id DESC LIMIT 1"), endpoint);
  });

  test("an endpoint of 2,048 bytes is taken (T23)", async () => {
    const prefix = "https://fcm.googleapis.com/fcm/send/";
    assert.equal((await withEndpoint(prefix + "x".repeat(2048 - prefix.length))).status, 201);
    assertRefused(await withEndpoint(prefix + "x".repeat(2049 - prefix.length)), 400, "2,049 bytes");
  });
});

describe("subscribing with bad input leaves no row", () => {
  beforeEach(() => { rows = count(); });
  afterEach(async () => {
    assert.equal(count(), rows, "no row");
    // whatever came, the next visitor is served
    const next = makeSubscription();
    assert.equal((await post({ subscription: next })).status, 201);
    assert.equal((await server.request("/cgi-bin/subscribe/remove",
      { body: { endpoint: next.endpoint, auth: next.keys.auth } })).status, 200);
    assert.equal(state.value("PRAGMA integrity_check"), "ok");
  });

  test("a body over 8,192 bytes is 413, one of 8,192 is read (T02)", async () => {
    const fill = (n) => {
      const body = JSON.stringify({ subscription: makeSubscription(), lang: "x" });
      return body + " ".repeat(n - body.length);
    };
    assertRefused(await postText(fill(8193)), 413, "8,193");
    assertRefused(await postText(fill(8192)), 400, "8,192");
    assertRefused(await postText(fill(100000)), 413, "100,000");
    assert.equal((await postText(fill(300000))).status, 413, "300,000, refused by the web server");
    const huge = await plainCgi("subscribe", state, { body: {}, env: { CONTENT_LENGTH: "1000000000000000000" } });
    assertRefused(huge, 413, "10^18");
  });

  test("a length that is no plain number is 400 or 411 (T03)", async () => {
    const body = { subscription: makeSubscription() };
    const length = String(JSON.stringify(body).length);
    for (const value of [undefined, "", "-1", `+${length}`, "0x10", "1e3", `${length} `, ` ${length}`, "1".repeat(20), "9".repeat(19) + "0"]) {
      const answer = await plainCgi("subscribe", state, { body, env: { CONTENT_LENGTH: value } });
      assert.ok([400, 411].includes(answer.status), `${value}: ${answer.status}`);
    }
  });

  test("a body that is shorter or longer than its length is 400 (T04)", async () => {
    const body = { subscription: makeSubscription() };
    const length = JSON.stringify(body).length;
    for (const value of [length + 1, length - 1, 0]) {
      const answer = await plainCgi("subscribe", state, { body, env: { CONTENT_LENGTH: String(value) } });
      assertRefused(answer, 400, `${value} for ${length}`);
    }
  });

  test("two content types, two lengths, two origins are refused (T05, T79)", async () => {
    const body = JSON.stringify({ subscription: makeSubscription() });
    const head = (lines) => `POST /cgi-bin/subscribe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n\r\n${body}`;
    const length = `Content-Length: ${body.length}`;
    const type = "Content-Type: application/json";
    for (const lines of [
      `${length}\r\n${type}\r\nContent-Type: text/plain`,
      `${length}\r\nContent-Length: ${body.length + 1}\r\n${type}`,
      `${length}\r\n${type}\r\nOrigin: ${state.siteUrl}\r\nOrigin: https://evil.example`,
    ]) {
      const [line] = (await server.raw(head(lines))).toString().split("\r\n");
      assert.match(line, /^HTTP\/1\.1 (400|403|415) /, lines);
    }
  });

  test("what is not one strict JSON document is 400 (T06)", async () => {
    const good = JSON.stringify({ subscription: makeSubscription() });
    const bad = [
      "", " ", "{", good.slice(0, -1), `${good}x`, `${good}${good}`, `${good}//c`, `/*c*/${good}`, `${good.slice(0, -1)},}`,
      good.replaceAll('"', "'"), `\uFEFF${good}`, good.replace("null", "NaN"), good.replace("null", "01"), good.replace("null", "+1"),
      good.replace("null", "1."), good.replace("null", "Infinity"), good.replace("null", "nul"), "null", "true", "[]", '"x"', "1",
      `[${good}]`, good.replace("{", "{,"), good.replace(":", "="),
    ];
    for (const text of bad) assertRefused(await postText(text), 400, text.slice(0, 60));
  });

  test("deep nesting is 400 at once (T07)", async () => {
    for (const depth of [9, 1000, 4000]) {
      for (const text of [
        `{"subscription":${"[".repeat(depth)}${"]".repeat(depth)}}`,
        `{"subscription":${'{"a":'.repeat(Math.min(depth, 1300))}1${"}".repeat(Math.min(depth, 1300))}}`,
        "[".repeat(depth),
      ]) {
        const started = process.hrtime.bigint();
        assertRefused(await postText(text), 400, `depth ${depth}`);
        assert.ok(Number(process.hrtime.bigint() - started) / 1e6 < 500, "slow");
      }
    }
    assertRefused(await postText("[".repeat(100000)), 413, "100,000");
  });

  test("a name that stands twice is 400 (T08)", async () => {
    const { endpoint, keys } = makeSubscription();
    const k = JSON.stringify(keys);
    for (const text of [
      `{"subscription":{"endpoint":"https://fcm.googleapis.com/1","endpoint":"${endpoint}","keys":${k}}}`,
      `{"subscription":{"endpoint":"${endpoint}","keys":${k},"keys":${k}}}`,
      `{"subscription":{"endpoint":"${endpoint}","keys":${k}},"lang":"en","lang":"de"}`,
      `{"subscription":{"endpoint":"${endpoint}","\\u0065ndpoint":"${endpoint}","keys":${k}}}`,
    ]) assertRefused(await postText(text), 400, text.slice(0, 80));
  });

  test("wrong types and unknown members are 400 (T09)", async () => {
    const good = makeSubscription();
    const bodies = [
      {}, { subscription: null }, { subscription: [] }, { subscription: "x" }, { subscription: {} }, good,
      ...[1, [], {}, null, true, ""].map((endpoint) => ({ subscription: { ...good, endpoint } })),
      ...["x", [], null, 1].map((keys) => ({ subscription: { ...good, keys } })),
      ...["p256dh", "auth"].flatMap((name) => [1, null, [], {}].map((value) =>
        ({ subscription: { ...good, keys: { ...good.keys, [name]: value } } }))),
      { subscription: { endpoint: good.endpoint } },
      { subscription: { ...good, extra: 1 } },
      { subscription: { ...good, expirationTime: "soon" } },
      { subscription: { ...good, keys: { ...good.keys, extra: "x" } } },
      { subscription: good, extra: 1 },
      { subscription: good, Components: "all" },
      { subscription: good, lang: 1 }, { subscription: good, lang: ["en"] }, { subscription: good, min_impact: 1 },
      { subscription: good, components: {} }, { subscription: good, events: "incident_new" }, { subscription: good, quiet: "22:00" },
      { subscription: good, quiet: [] }, { subscription: good, incident: 1 }, { subscription: good, key: 1 },
      { subscription: good, replaces: { endpoint: 1, auth: "x" } }, { subscription: good, replaces: { endpoint: "x", auth: "x", more: 1 } },
    ];
    for (const body of bodies) assertRefused(await post(body), 400, JSON.stringify(body).slice(0, 120));
  });

  test("NUL, control characters and bytes that are no UTF-8 are 400 (T10)", async () => {
    const { endpoint, keys } = makeSubscription();
    const text = (url, lang = "en") => `{"subscription":{"endpoint":"${url}","keys":${JSON.stringify(keys)}},"lang":"${lang}"}`;
    const bytes = (insert) => Buffer.concat([Buffer.from(text(endpoint).split('"}')[0].slice(0, -2)), insert, Buffer.from('"}')]);
    for (const body of [
      text(`${endpoint}\\u0000`), text(`${endpoint}\\u0001`), text(`${endpoint}\t`), text(`${endpoint}\n`), text(endpoint, "e\\u0000n"),
      text(endpoint, "\\ud800"), text(endpoint, "\\x41"), bytes(Buffer.from([0xff])), bytes(Buffer.from([0x00])),
      bytes(Buffer.from([0xc0, 0xaf])), bytes(Buffer.from([0xed, 0xa0, 0x80])),
    ]) assertRefused(await postText(body), 400, String(body).slice(-40));
  });

  test("a p256dh that is no uncompressed point on P-256 is 400 (T11)", async () => {
    const good = Buffer.from(makeKeys().publicKey, "base64url");
    const p = Buffer.from("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", "hex");
    const offCurve = Buffer.from(good);
    offCurve[64] ^= 1;
    const compressed = Buffer.concat([Buffer.from([2 + (good[64] & 1)]), good.subarray(1, 33)]);
    const hybrid = Buffer.from(good);
    hybrid[0] = 6 + (good[64] & 1);
    const p384 = crypto.createECDH("secp384r1").generateKeys();
    const points = {
      "64 bytes": good.subarray(0, 64), "66 bytes": Buffer.concat([good, Buffer.from([0])]), "0 bytes": Buffer.alloc(0), "off the curve": offCurve,
      infinity: Buffer.from([0]), "65 zeros": Buffer.alloc(65), "04 and zeros": Buffer.concat([Buffer.from([4]), Buffer.alloc(64)]),
      "x = p": Buffer.concat([Buffer.from([4]), p, good.subarray(33)]), "y = p": Buffer.concat([good.subarray(0, 33), p]),
      "all ff": Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 0xff)]), compressed, hybrid, "P-384": p384, "P-384 cut": p384.subarray(0, 65),
    };
    for (const [what, bytes] of Object.entries(points)) {
      assertRefused(await withKeys({ p256dh: bytes.toString("base64url") }), 400, what);
    }
    for (const text of [` ${good.toString("base64url")}`, `${good.toString("base64url")}\n`, good.toString("base64url").slice(0, -1), "!".repeat(87)]) {
      assertRefused(await withKeys({ p256dh: text }), 400, JSON.stringify(text));
    }
  });

  test("an auth that is not 16 bytes in base64url is 400 (T12)", async () => {
    for (const size of [0, 15, 17, 32]) {
      assertRefused(await withKeys({ auth: crypto.randomBytes(size).toString("base64url") }), 400, `${size} bytes`);
    }
    const standard = Buffer.alloc(16, 0xfb).toString("base64");
    assert.match(standard, /[+/]/);
    const good = crypto.randomBytes(16).toString("base64url");
    for (const auth of [standard, standard.replaceAll("=", ""), `${good.slice(0, 10)}=${good.slice(11)}`, ` ${good}`, `${good} `, `${good}\n`,
      `${good}=`, `${good}===`, `${good.slice(0, -1)}B`]) {
      assertRefused(await withKeys({ auth }), 400, JSON.stringify(auth));
    }
  });

  test("thousands of names and a name of 64 kB are refused, and nobody else waits (T16)", async () => {
    const many = (n) => `{${Array.from({ length: n }, (_, i) => `"${i.toString(36)}":1`).join(",")}}`;
    const attacks = [many(20000), `{"${"x".repeat(65536)}":1}`, many(1100), `{"${"x".repeat(8000)}":1}`];
    const parallel = [];
    for (const text of attacks) {
      const attack = postText(text);
      const started = process.hrtime.bigint();
      const served = server.request("/cgi-bin/subscribe/remove", { body: { endpoint: "https://fcm.googleapis.com/x", auth: "A".repeat(22) } });
      parallel.push(served.then((answer) => [answer.status, Number(process.hrtime.bigint() - started) / 1e6]));
      const answer = await attack;
      assert.ok([400, 413].includes(answer.status), String(answer.status));
      assert.ok(answer.text.length < 1000, "the answer does not repeat what was sent");
    }
    for (const [status, ms] of await Promise.all(parallel)) {
      assert.equal(status, 200);
      assert.ok(ms < 1000, `${ms} ms`);
    }
  });

  const refusedEndpoints = {
    "other schemes (T17)": ["http://fcm.googleapis.com/x", "ftp://fcm.googleapis.com/x", "file:///etc/passwd", "gopher://fcm.googleapis.com/x",
      "fcm.googleapis.com/x", "//fcm.googleapis.com/x", "HTTPS://fcm.googleapis.com/x", "https:/fcm.googleapis.com/x", "https:///x", "https://",
      "javascript:alert(1)", "https:fcm.googleapis.com"],
    "addresses (T18)": ["https://127.0.0.1/x", "https://2130706433/x", "https://017700000001/x", "https://0x7f000001/x", "https://0x7f.1/x", "https://127.1/x",
      "https://0/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://[fe80::1%25eth0]/x", "https://10.0.0.1/x", "https://169.254.169.254/x"],
    "host forms (T19)": ["https://localhost/x", "https://localhost./x", "https://x.localhost/x", "https://intranet/x", "https://fcm.googleapis.com./x",
      "https://fcm..googleapis.com/x", "https://.fcm.googleapis.com/x", "https://fcm_x.googleapis.com/x", "https://fcm.googleapis.cöm/x",
      "https://fcm%2egoogleapis.com/x"],
    "user, backslash, fragment, space (T20)": ["https://user@fcm.googleapis.com/x", "https://user:pass@fcm.googleapis.com/x",
      "https://fcm.googleapis.com\\@evil.example/x", "https://fcm.googleapis.com#@evil.example/x", "https://evil.example?@fcm.googleapis.com/x",
      "https://fcm.googleapis.com/x#y", "https://fcm.googleapis.com/ x", "https://fcm.googleapis.com/\tx", "https://fcm.googleapis.com/\r\nx",
      " https://fcm.googleapis.com/x", "https://fcm.googleapis.com/x\u007f", "https://fcm.googleapis.com/ü"],
    "ports (T21)": ["https://fcm.googleapis.com:0/x", "https://fcm.googleapis.com:80/x", "https://fcm.googleapis.com:8443/x",
      "https://fcm.googleapis.com:65536/x", "https://fcm.googleapis.com:/x", "https://fcm.googleapis.com:0443/x", "https://fcm.googleapis.com:443:443/x"],
    "look-alikes (T22)": ["https://fcm.googleapis.com.evil.example/x", "https://evilfcm.googleapis.com/x", "https://notify.windows.com.evil.example/x",
      "https://xnotify.windows.com/x", "https://push.apple.com.evil.example/x", "https://googleapis.com/x", "https://evil.example/fcm.googleapis.com"],
    "lengths (T23)": [`https://${"a".repeat(64)}.notify.windows.com/x`, `https://${"a.".repeat(120)}notify.windows.com/x`,
      `https://fcm.googleapis.com/${"x".repeat(5000)}`],
  };
  for (const [what, endpoints] of Object.entries(refusedEndpoints)) {
    test(`endpoints that are refused: ${what}`, async () => {
      for (const endpoint of endpoints) assertRefused(await withEndpoint(endpoint), 400, endpoint);
    });
  }
});

describe("what the operator allows", () => {
  test("a host and port of PUSH_EXTRA_HOSTS is taken, its neighbours are not", async () => {
    const own = makeState({ conf: { PUSH_EXTRA_HOSTS: "localhost:8443,push.example.org,127.0.0.1:9443" } });
    const ask = async (endpoint) => (await plainCgi("subscribe", own, { body: { subscription: makeSubscription({ endpoint }) } })).status;
    for (const endpoint of ["https://localhost:8443/x", "https://push.example.org/x", "https://127.0.0.1:9443/push/1"]) {
      assert.equal(await ask(endpoint), 201, endpoint);
      assert.equal(subscriptionFields(own, endpoint).suffix, "", endpoint);
    }
    for (const endpoint of ["https://localhost/x", "https://localhost:8444/x", "https://sub.push.example.org/x", "https://push.example.org:8443/x",
      "https://127.0.0.1/x", "http://localhost:8443/x"]) {
      assert.equal(await ask(endpoint), 400, endpoint);
    }
    assert.equal(own.value("SELECT origin FROM origins WHERE origin LIKE '%localhost%'"), "https://localhost:8443");
    own.remove();
  });

  test("with * any public host on 443 is taken, and still no address and no other port", async () => {
    const own = makeState({ conf: { PUSH_EXTRA_HOSTS: "*" } });
    const ask = async (endpoint) => (await plainCgi("subscribe", own, { body: { subscription: makeSubscription({ endpoint }) } })).status;
    assert.equal(await ask("https://push.example.net/x"), 201);
    for (const endpoint of ["https://10.0.0.1/x", "https://localhost/x", "https://push.example.net:8443/x", "https://x.localhost/x"]) {
      assert.equal(await ask(endpoint), 400, endpoint);
    }
    own.remove();
  });
});
