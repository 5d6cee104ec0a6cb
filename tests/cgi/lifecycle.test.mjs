// The life of a browser's subscription, from the server's side: whatever happens to the browser, there is one living row
// for it afterwards.  Each case says what the browser posts and how many rows live then.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { makeState, makeSubscription, plainCgi, startServer, subscriptionFields } from "./harness.mjs";

const proofOf = ({ endpoint, keys }) => ({ endpoint, auth: keys.auth });

describe("one living row for each browser", () => {
  let state, incident;
  before(() => {
    state = makeState();
    incident = state.incident("Outage");
  });
  after(() => state.remove());
  beforeEach(() => state.run("DELETE FROM subscriptions; DELETE FROM vapid_keys"));

  const post = (body, path = "") => plainCgi("subscribe", state, { method: "POST", path, body });
  const row = (subscription) => subscriptionFields(state, subscription.endpoint);
  const stateOf = async (subscription) => (await post(proofOf(subscription), "/state")).json;
  const die = (subscription, reason = "gone") =>
    state.run(`UPDATE subscriptions SET dead_at = ${Date.now()}, dead_reason = '${reason}' WHERE endpoint = '${subscription.endpoint}'`);

  async function save(subscription, more = {}, status = 201) {
    const answer = await post({ subscription, key: state.keys.publicKey, ...more });
    assert.equal(answer.status, status, answer.text);
    return subscription;
  }

  // Living and dead rows, and that the counters of the database agree.
  function assertRows(living, dead = 0) {
    assert.deepEqual(state.row("SELECT count(*) FILTER (WHERE dead_at IS NULL) AS living, count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead FROM subscriptions"),
      { living, dead });
    assert.equal(state.value("SELECT coalesce(sum(subscriptions), 0) FROM vapid_keys"), living);
    assert.equal(state.value("SELECT coalesce(sum(subscriptions), 0) FROM origins"), living);
  }

  test("the same browser again and again", async () => {
    const one = await save(makeSubscription());
    for (const more of [{}, { lang: "de" }, { incident }, { key: undefined }]) await save(one, more, 200);
    assertRows(1);
  });

  test("a new endpoint that replaces the old one, with the right proof: choices, follows and mutes go with it", async () => {
    const old = await save(makeSubscription(), { lang: "fr", min_impact: "major" });
    await save(old, { incident }, 200);
    await post({ ...proofOf(old), incident, until: "end" }, "/mute");
    const fresh = await save(makeSubscription(), { replaces: proofOf(old) });
    assertRows(1);
    const { lang, min_impact, follows, mutes } = await stateOf(fresh);
    assert.deepEqual([lang, min_impact, follows, mutes], ["fr", "major", [incident], [{ incident, until: "end" }]]);
  });

  test("the same posted twice, by page and worker at once", async () => {
    const old = await save(makeSubscription());
    const fresh = makeSubscription();
    const answers = await Promise.all([1, 2, 3].map(() => post({ subscription: fresh, key: state.keys.publicKey, replaces: proofOf(old) })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201]);
    assertRows(1);
  });

  test("with the wrong proof the old row is not touched: it ends at the next push, when its service says 410", async () => {
    const old = await save(makeSubscription());
    const fresh = await save(makeSubscription(), { replaces: { endpoint: old.endpoint, auth: makeSubscription().keys.auth } });
    assertRows(2);
    die(old);
    assertRows(1, 1);
    assert.equal((await stateOf(fresh)).status, "subscribed");
  });

  test("replacing a row that is dead, or that nobody knows", async () => {
    const old = await save(makeSubscription(), { lang: "ja" });
    die(old);
    const fresh = await save(makeSubscription(), { replaces: proofOf(old) });
    assertRows(1);
    assert.equal(row(fresh).lang, "ja");
    await save(makeSubscription(), { replaces: proofOf(makeSubscription()) });
    assertRows(2); // another browser
  });

  test("replacing by an endpoint that has a row already: both were the same browser", async () => {
    const first = await save(makeSubscription());
    const second = await save(makeSubscription());
    assertRows(2);
    await save(second, { replaces: proofOf(first) }, 200);
    assertRows(1);
  });

  test("the same endpoint with new keys: with the old secret it is the same row, without it nothing changes", async () => {
    const old = await save(makeSubscription(), { lang: "es" });
    const renewed = { ...makeSubscription(), endpoint: old.endpoint };
    await save(renewed, {}, 409);
    assertRows(1);
    assert.equal((await stateOf(old)).lang, "es");
    await save(renewed, { replaces: proofOf(old) }, 200);
    assertRows(1);
    assert.equal((await stateOf(renewed)).lang, "es");
  });

  test("an endpoint that died and came back with other keys is a new browser, which inherits nothing", async () => {
    const old = await save(makeSubscription(), { lang: "es", min_impact: "critical" });
    const { id } = row(old);
    die(old);
    const renewed = { ...makeSubscription(), endpoint: old.endpoint };
    await save(renewed);
    assertRows(1);
    const { status, lang, min_impact } = await stateOf(renewed);
    assert.deepEqual([status, lang, min_impact], ["subscribed", "en", "none"]);
    assert.notEqual(row(renewed).id, id);
    assert.equal((await post(proofOf(old), "/state")).status, 404);
  });

  test("a rotation of our keys: subscribed again at another endpoint, at the same one, and with only the key new", async () => {
    const others = await Promise.all([1, 2, 3].map(() => save(makeSubscription(), { lang: "de" })));
    const previous = { ...state.keys };
    const done = state.atstatus("keys", "--rotate");
    assert.equal(done.code, 0, done.stderr);
    const key = /^VAPID_PUBLIC_KEY=(.*)$/m.exec(fs.readFileSync(state.envFile, "utf8"))[1];
    const current = async (subscription, expected) => {
      const { key_current, lang } = await stateOf(subscription);
      assert.deepEqual([key_current, lang], [expected, "de"]);
    };
    for (const one of others) await current(one, false);
    // until it subscribes again, a browser goes on posting the key it has
    await save(others[0], { key: previous.publicKey }, 200);
    await current(others[0], false);

    const elsewhere = await save(makeSubscription(), { key, replaces: proofOf(others[0]) });
    await current(elsewhere, true);
    const renewed = { ...makeSubscription(), endpoint: others[1].endpoint };
    await save(renewed, { key, replaces: proofOf(others[1]) }, 200);
    await current(renewed, true);
    await save(others[2], { key }, 200);
    await current(others[2], true);
    assertRows(3);
    assert.deepEqual(state.rows("SELECT subscriptions AS n FROM vapid_keys ORDER BY id").map(({ n }) => n), [0, 3]);
    assert.equal(state.atstatus("keys", "--retire").code, 0);
    await save(makeSubscription(), { key: previous.publicKey }, 409);
    assertRows(3);
    state.writeConf();
  });

  test("a browser that lost everything subscribes anew; the old row ends at its next push, and a visit would revive it", async () => {
    const lost = await save(makeSubscription());
    await save(makeSubscription());
    assertRows(2);
    die(lost);
    assertRows(1, 1);
    // a visit with what was thought lost, a backup put back perhaps, revives it
    await save(lost, {}, 200);
    assertRows(2);
    assert.equal(row(lost).proven, 0, "it has to prove itself again");
  });

  test("two devices are two rows, and each leaves alone", async () => {
    const phone = await save(makeSubscription());
    const desk = await save(makeSubscription());
    assertRows(2);
    assert.equal((await post(proofOf(phone), "/remove")).status, 200);
    assertRows(1);
    assert.equal((await stateOf(desk)).status, "subscribed");
    // a queued removal that comes twice, or after all
    assert.equal((await post(proofOf(phone), "/remove")).status, 200);
    assertRows(1);
  });

  test("a row that died of another key than ours lives again when its browser subscribes with the present one", async () => {
    const old = await save(makeSubscription(), { lang: "fr" });
    die(old, "key_mismatch");
    assert.equal((await stateOf(old)).status, "gone");
    const fresh = await save(makeSubscription(), { replaces: proofOf(old) });
    assertRows(1);
    assert.deepEqual([row(fresh).lang, row(fresh).dead_at], ["fr", null]);
  });
});

describe("who posts", () => {
  let state, server;
  before(async () => {
    state = makeState();
    server = await startServer(state);
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  const post = (headers) => server.request("/cgi-bin/subscribe", { method: "POST", body: { subscription: makeSubscription() }, headers });

  // What browsers send with fetch() of the same origin.  Neither the event in a worker nor Background Sync changes it.
  for (const [who, headers] of [
    ["a page", { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", referer: "/" }],
    ["a service worker (push, pushsubscriptionchange, notificationclick)", { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", referer: "/sw-push.js" }],
    ["Background Sync, without a page and without a referrer", { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "service-worker-navigation-preload": null }],
    ["a page that sends its last words", { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", priority: "u=4", "content-type": "application/json;charset=UTF-8" }],
    ["a browser without Sec-Fetch-Site", { "sec-fetch-site": null }],
    ["a browser that leaves Origin out of same-origin requests", { origin: null }],
  ]) {
    test(`${who} is let in`, async () => {
      const all = { ...headers, ...(headers.referer ? { referer: state.siteUrl + headers.referer } : {}) };
      assert.equal((await post(all)).status, 201);
    });
  }

  for (const [who, headers] of [
    ["another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["a sandboxed frame", { origin: "null", "sec-fetch-site": "cross-site" }],
    ["a neighbour under the same domain", { "sec-fetch-site": "same-site" }],
    ["a typed address", { "sec-fetch-site": "none" }],
  ]) {
    test(`${who} is not`, async () => assert.equal((await post(headers)).status, 403));
  }
});
