// Every call of contract §3 "Subscribing", with status, body and rows: as plain CGI and behind lighttpd as FastCGI.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeKeys, makeState, makeSubscription, plainCgi, startServer, subscriptionFields, until } from "./harness.mjs";

const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/i;
const DAY = 24 * 60 * 60 * 1000;

const proofOf = ({ endpoint, keys }) => ({ endpoint, auth: keys.auth });
const hex = (base64url) => Buffer.from(base64url, "base64url").toString("hex").toUpperCase();

function assertError(answer, status, pattern) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers["content-type"], JSON_TYPE);
  assert.deepEqual(Object.keys(answer.json), ["error"]);
  assert.match(answer.json.error, /^[A-Z"].*\.$/s, "a sentence");
  if (pattern) assert.match(answer.json.error, pattern);
}

function assertAnswer(answer, status, body) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers["content-type"], JSON_TYPE);
  assert.match(answer.headers["cache-control"], /no-store/);
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
  assert.equal(answer.headers["set-cookie"], undefined);
  assert.deepEqual(answer.json, body);
}

const subscribed = { status: "subscribed" };

function contract(how, open) {
  describe(`subscribing, ${how}`, () => {
    let state, post, close, api, web, group, outage, other;

    before(async () => {
      state = makeState();
      api = state.component("API");
      web = state.component("Web");
      group = state.component("Core", { is_group: 1 });
      outage = state.incident("Outage");
      other = state.incident("Other");
      ({ post, close } = await open(state));
    });
    after(async () => {
      await close?.();
      state?.remove();
    });

    const row = (subscription) => subscriptionFields(state, subscription.endpoint);
    const count = () => state.value("SELECT count(*) FROM subscriptions");
    const stateOf = async (subscription) => (await post("/state", proofOf(subscription))).json;
    async function subscribe(more = {}, host) {
      const subscription = makeSubscription({ host });
      assertAnswer(await post("", { subscription, ...more }), 201, subscribed);
      return subscription;
    }
    const update = async (subscription, more) => assertAnswer(await post("", { subscription, ...more }), 200, subscribed);

    test("a new subscription is 201 and one row with everything chosen", async () => {
      const subscription = await subscribe();
      const fields = row(subscription);
      assert.equal(fields.p256dh, hex(subscription.keys.p256dh));
      assert.equal(fields.auth, hex(subscription.keys.auth));
      assert.equal(fields.public_key, hex(state.keys.publicKey));
      assert.equal(fields.origin, "https://fcm.googleapis.com");
      assert.equal(fields.suffix, "fcm.googleapis.com");
      assert.equal(fields.shard, Number.parseInt(fields.endpoint_hash.slice(-1), 16));
      assert.deepEqual([fields.components, fields.events, fields.min_impact, fields.lang], [null, null, "none", "en"]);
      assert.deepEqual([fields.proven, fields.dead_at], [0, null]);
      assert.ok(Math.abs(fields.created_at - Date.now()) < 60000);
    });

    test("the same again is 200 and writes nothing", async () => {
      const subscription = await subscribe();
      state.run(`UPDATE subscriptions SET last_seen_at = last_seen_at - 5000 WHERE endpoint = '${subscription.endpoint}'`);
      const before = row(subscription);
      await update(subscription, {});
      await update(subscription, { key: state.keys.publicKey, components: "all", events: "all", lang: "en" });
      assert.deepEqual(row(subscription), before);
    });

    test("the same a day later writes down that it was seen", async () => {
      const subscription = await subscribe();
      state.run(`UPDATE subscriptions SET last_seen_at = ${Date.now() - DAY - 1000} WHERE endpoint = '${subscription.endpoint}'`);
      await update(subscription, {});
      assert.ok(row(subscription).last_seen_at > Date.now() - 60000);
    });

    test("all choices are stored and shown by state, and what is left out stays", async () => {
      const quiet = { from: "22:00", to: "07:00", tz: "Europe/Berlin", critical: true };
      const subscription = await subscribe({
        components: [api, group], events: ["incident_new", "incident_resolved"], min_impact: "major", lang: "pt-BR", quiet,
      });
      const expected = {
        status: "subscribed", components: [api, group], events: ["incident_new", "incident_resolved"], lang: "pt-BR",
        min_impact: "major", quiet, follows: [], mutes: [], key_current: true, last_test: { at: null, outcome: null }, last_push: null,
      };
      assertAnswer(await post("/state", proofOf(subscription)), 200, expected);
      await update(subscription, { lang: "de" });
      assert.deepEqual(await stateOf(subscription), { ...expected, lang: "de" });
      await update(subscription, { components: "all", events: "all", quiet: null, min_impact: "none" });
      assert.deepEqual(await stateOf(subscription),
        { ...expected, lang: "de", components: "all", events: "all", quiet: null, min_impact: "none" });
    });

    test("a choice that does not exist is 400, is named, and changes nothing", async () => {
      const subscription = await subscribe({ components: [web] });
      const before = row(subscription);
      const wrong = [
        [{ components: [api, "nosuchnosuch"] }, /nosuchnosuch/],
        [{ components: ["nosuch"] }, /nosuch/],
        [{ components: [] }, /at least one/],
        [{ components: api }, /array/],
        [{ components: [1] }, /strings/],
        [{ components: null }, /array/],
        [{ events: ["incident_new", "weather"] }, /weather/],
        [{ events: ["test"] }, /test/],
        [{ events: [] }, /at least one/],
        [{ min_impact: "huge" }, /min_impact/],
        [{ min_impact: "maintenance" }, /min_impact/],
        [{ lang: "english" }, /lang/],
        [{ lang: null }, /lang/],
        [{ quiet: { from: "22:00", to: "07:00", tz: "Europe/Atlantis" } }, /time zone/],
        [{ quiet: { from: "22:00", to: "07:00", tz: "../../etc/passwd" } }, /time zone/],
        [{ quiet: { from: "22:00", to: "24:00", tz: "UTC" } }, /to/],
        [{ quiet: { from: "22:00", to: "22:00", tz: "UTC" } }, /end/],
        [{ quiet: { from: "22:00", tz: "UTC" } }, /to/],
        [{ quiet: { from: "22:00", to: "07:00", tz: "UTC", critical: 1 } }, /critical/],
        [{ quiet: { from: "22:00", to: "07:00", tz: "UTC", days: [] } }, /days/],
        [{ key: "abc" }, /key/],
        [{ incident: "x" }, /incident/],
        [{ replaces: { endpoint: subscription.endpoint } }, /auth/],
        [{ replaces: "x" }, /object/],
        [{ colour: "red" }, /colour/],
      ];
      for (const [more, pattern] of wrong) assertError(await post("", { subscription, ...more }), 400, pattern);
      assert.deepEqual(row(subscription), before);
    });

    test("a key that is not this site's is refused, the previous one is taken and told", async () => {
      assertError(await post("", { subscription: makeSubscription(), key: makeKeys().publicKey }), 409, /key/);
      const subscription = await subscribe({ key: state.previous.publicKey });
      assert.equal(row(subscription).public_key, hex(state.previous.publicKey));
      assert.equal((await stateOf(subscription)).key_current, false);
      await update(subscription, { key: state.keys.publicKey });
      assert.equal((await stateOf(subscription)).key_current, true);
    });

    test("other keys on the same endpoint are 409 without the old secret, and 200 with it (T14)", async () => {
      const old = await subscribe({ lang: "fr" });
      const renewed = { ...makeSubscription(), endpoint: old.endpoint };
      const before = row(old);
      assertError(await post("", { subscription: renewed }), 409);
      assertError(await post("", { subscription: renewed, replaces: proofOf(renewed) }), 409);
      assertError(await post("", { subscription: renewed, replaces: { endpoint: old.endpoint, auth: "nonsense" } }), 409);
      assert.deepEqual(row(old), before);
      await update(renewed, { replaces: proofOf(old) });
      assert.equal(row(old).auth, hex(renewed.keys.auth));
      assert.equal(row(old).id, before.id);
      assert.equal(row(old).lang, "fr");
      await update(renewed, { replaces: proofOf(old) });
    });

    test("a new endpoint takes over the old row, and is owed the unfinished jobs of it", async () => {
      const old = await subscribe({ lang: "fr", components: [web] });
      const { id } = row(old);
      state.run(`INSERT INTO jobs (public_id, created_at, trigger, title, max_subscription_id, state) VALUES
        ('jobsending01', 1, 'incident_new', '', ${id}, 'sending'), ('jobdone00001', 1, 'incident_new', '', ${id}, 'done'),
        ('jobstopped01', 1, 'incident_new', '', ${id}, 'stopped')`);
      const starts = state.senderStarts();
      const fresh = await subscribe({ replaces: proofOf(old) });
      assert.equal(row(old), undefined);
      assert.deepEqual([row(fresh).lang, row(fresh).components], ["fr", web]);
      assert.deepEqual(state.rows(`SELECT j.public_id, e.subscription_id, e.origin_id, e.shard, e.tries FROM exceptions e
        JOIN jobs j ON j.id = e.job_id`), [{ public_id: "jobsending01", subscription_id: row(fresh).id,
        origin_id: row(fresh).origin_id, shard: row(fresh).shard, tries: 0 }]);
      await until(() => state.senderStarts() > starts);
      state.run("DELETE FROM exceptions; DELETE FROM jobs");
    });

    test("a wrong proof of another endpoint is ignored", async () => {
      const old = await subscribe({ lang: "fr" });
      for (const auth of [makeSubscription().keys.auth, "nonsense"]) {
        const fresh = await subscribe({ replaces: { endpoint: old.endpoint, auth } });
        assert.equal(row(fresh).lang, "en");
      }
      assert.equal(row(old).lang, "fr");
    });

    test("following an incident adds a follow and changes nothing else", async () => {
      const only = await subscribe({ incident: outage });
      let told = await stateOf(only);
      assert.deepEqual([told.components, told.follows], [[], [outage]]);
      await update(only, { incident: other, lang: "de", components: "all" });
      told = await stateOf(only);
      assert.deepEqual([told.components, told.follows, told.lang], [[], [outage, other].sort(), "en"]);

      const also = await subscribe({ lang: "fr", components: [api] });
      await update(also, { incident: outage });
      told = await stateOf(also);
      assert.deepEqual([told.components, told.follows, told.lang], [[api], [outage], "fr"]);
      assertError(await post("", { subscription: also, incident: "nosuchnosuch" }), 404);
      const over = state.incident("Over", { status: "resolved", resolved_at: Date.now() - DAY - 1000 });
      assertError(await post("", { subscription: also, incident: over }), 409);
      assert.deepEqual((await stateOf(also)).follows, [outage]);
    });

    test("a follow ends alone, and a row left empty is erased", async () => {
      const only = await subscribe({ incident: outage });
      const also = await subscribe({});
      await update(also, { incident: outage });
      for (const subscription of [only, also]) {
        assertAnswer(await post("/remove", { ...proofOf(subscription), incident: outage }), 200, { status: "unsubscribed" });
      }
      assert.equal(row(only), undefined);
      assert.deepEqual((await stateOf(also)).follows, []);
      assertError(await post("/remove", { ...proofOf(also), incident: "x" }), 400);
    });

    test("remove answers the same for right pair, wrong secret, unknown endpoint, and again (T13)", async () => {
      const subscription = await subscribe();
      const before = count();
      const gone = { status: "unsubscribed" };
      const wrong = await post("/remove", { ...proofOf(subscription), auth: makeSubscription().keys.auth });
      const unknown = await post("/remove", proofOf(makeSubscription()));
      assertAnswer(wrong, 200, gone);
      assert.deepEqual({ ...wrong.headers, date: 0 }, { ...unknown.headers, date: 0 });
      assert.equal(wrong.text, unknown.text);
      for (const auth of ["", "AAAA", `${subscription.keys.auth}AA`]) {
        assertAnswer(await post("/remove", { endpoint: subscription.endpoint, auth }), 200, gone);
      }
      assert.equal(count(), before);
      const right = await post("/remove", proofOf(subscription));
      assert.equal(right.text, wrong.text);
      assert.equal(row(subscription), undefined);
      assert.equal(count(), before - 1);
      assertAnswer(await post("/remove", proofOf(subscription)), 200, gone);
      assertError(await post("/remove", { endpoint: subscription.endpoint }), 400, /auth/);
      assertError(await post("/remove", { ...proofOf(subscription), until: "end" }), 400, /until/);
      assert.equal(state.value("SELECT n FROM counters WHERE name = 'subscriptions'"), count());
    });

    test("state is only for the owner", async () => {
      const subscription = await subscribe();
      assertError(await post("/state", { ...proofOf(subscription), auth: makeSubscription().keys.auth }), 404);
      assertError(await post("/state", proofOf(makeSubscription())), 404);
      assertError(await post("/state", { endpoint: "nonsense", auth: "nonsense" }), 404);
      state.run(`UPDATE subscriptions SET dead_at = 1, dead_reason = 'gone' WHERE endpoint = '${subscription.endpoint}'`);
      assert.equal((await stateOf(subscription)).status, "gone");
    });

    test("a row that its push service called gone is revived by posting it again", async () => {
      const subscription = await subscribe({ lang: "es" });
      state.run(`UPDATE subscriptions SET dead_at = 1, dead_reason = 'gone', proven = 1, strikes = 4 WHERE endpoint = '${subscription.endpoint}'`);
      await update(subscription, {});
      const { dead_at, dead_reason, proven, strikes, lang } = row(subscription);
      assert.deepEqual({ dead_at, dead_reason, proven, strikes, lang },
        { dead_at: null, dead_reason: null, proven: 0, strikes: 0, lang: "es" });
    });

    test("mute is stored per incident", async () => {
      const subscription = await subscribe();
      const mute = { ...proofOf(subscription), incident: outage, until: "resolved" };
      assertAnswer(await post("/mute", mute), 200, { status: "muted" });
      assert.deepEqual((await stateOf(subscription)).mutes, [{ incident: outage, until: "resolved" }]);
      assertAnswer(await post("/mute", { ...mute, until: "end" }), 200, { status: "muted" });
      assert.deepEqual((await stateOf(subscription)).mutes, [{ incident: outage, until: "end" }]);
      assertError(await post("/mute", { ...mute, until: "never" }), 400, /until/);
      assertError(await post("/mute", { ...mute, until: undefined }), 400, /until/);
      assertError(await post("/mute", { ...mute, incident: undefined }), 400, /incident/);
      assertError(await post("/mute", { ...mute, incident: "nosuchnosuch" }), 404);
      assertError(await post("/mute", { ...mute, auth: makeSubscription().keys.auth }), 404);
      assert.equal(state.value("SELECT count(*) FROM mutes"), 1);
    });

    test("a test push is queued for this browser alone and starts the sender, once a minute", async () => {
      const subscription = await subscribe();
      const starts = state.senderStarts();
      assertAnswer(await post("/test", proofOf(subscription)), 202, { status: "queued" });
      await until(() => state.senderStarts() > starts);
      assert.deepEqual(state.rows(`SELECT j.is_test, j.state, j.max_subscription_id, n.trigger, e.subscription_id FROM jobs j
        JOIN job_notices n ON n.job_id = j.id JOIN exceptions e ON e.job_id = j.id`),
        [{ is_test: 1, state: "sending", max_subscription_id: 0, trigger: "test", subscription_id: row(subscription).id }]);
      const told = (await stateOf(subscription)).last_test;
      assert.ok(Math.abs(Date.parse(told.at) - Date.now()) < 60000);
      assert.match(told.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal(told.outcome, "queued");
      const again = await post("/test", proofOf(subscription));
      assertError(again, 429);
      assert.ok(Number(again.headers["retry-after"]) >= 1 && Number(again.headers["retry-after"]) <= 60);
      assertError(await post("/test", proofOf(makeSubscription())), 404);
      assert.equal(state.value("SELECT count(*) FROM jobs"), 1);
    });

    test("while push is off nobody subscribes or tests, but everybody can see and leave", async () => {
      const subscription = await subscribe();
      const before = count();
      state.setting("push_enabled", "0");
      try {
        assertError(await post("", { subscription: makeSubscription() }), 403, /switched off/);
        assertError(await post("", { subscription }), 403);
        assertError(await post("/test", proofOf(subscription)), 403);
        assert.equal(count(), before);
        assert.equal((await stateOf(subscription)).status, "subscribed");
        assertAnswer(await post("/remove", proofOf(subscription)), 200, { status: "unsubscribed" });
        assert.equal(count(), before - 1);
      } finally {
        state.setting("push_enabled", "1");
      }
    });

    test("only POST, only the five paths, only from our own page, never with a CORS header (T15, T78)", async () => {
      const subscription = makeSubscription();
      const before = count();
      for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]) {
        const answer = await post("", undefined, { method, headers: { origin: "https://evil.example" } });
        assert.ok([403, 405, 501].includes(answer.status), `${method}: ${answer.status}`);
        assert.equal(Object.keys(answer.headers).some((name) => name.startsWith("access-control-")), false);
      }
      assert.equal((await post("", undefined, { method: "GET" })).headers.allow, "POST");
      for (const path of ["/", "/x", "/remove/", "/state/x", "/Remove"]) {
        assert.equal((await post(path, { subscription })).status, 404, path);
      }
      const foreign = [
        { origin: "https://evil.example" }, { origin: "null" }, { origin: `${state.siteUrl}.evil.example` },
        { origin: state.siteUrl.replace("http:", "https:") }, { origin: `${state.siteUrl}, https://evil.example` },
        { "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { "sec-fetch-site": "none" },
      ];
      for (const headers of foreign) assertError(await post("", { subscription }, { headers }), 403);
      assert.equal(count(), before);
      assertAnswer(await post("", { subscription }, { headers: { origin: null, "sec-fetch-site": null } }), 201, subscribed);
    });

    test("the content type may name UTF-8 and nothing else (T05)", async () => {
      const body = JSON.stringify({ subscription: makeSubscription() });
      const before = count();
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=latin1",
        "application/jsonp", "text/plain, application/json", null]) {
        assertError(await post("", body, { headers: { "content-type": type } }), 415);
      }
      assert.equal(count(), before);
      assertAnswer(await post("", body, { headers: { "content-type": "application/json; charset=utf-8" } }), 201, subscribed);
      assertAnswer(await post("", body, { headers: { "content-type": "Application/JSON" } }), 200, subscribed);
    });
  });
}

function prepare(state) {
  state.previous = makeKeys();
  state.writeConf({ VAPID_PREVIOUS_PUBLIC_KEY: state.previous.publicKey, VAPID_PREVIOUS_PRIVATE_KEY: state.previous.privateKey });
}

contract("as plain CGI", async (state) => {
  prepare(state);
  return { post: (path, body, more = {}) => plainCgi("subscribe", state, { method: "POST", path, body, ...more }), close: async () => {} };
});

contract("behind lighttpd", async (state) => {
  prepare(state);
  const server = await startServer(state);
  return {
    post: (path, body, more = {}) => server.request(`/cgi-bin/subscribe${path}`, { method: "POST", body, ...more }),
    close: () => server.stop(),
  };
});
