// admin-sign.test.mjs - signing in and out, behind a real lighttpd: cookies, sessions, delays, passwords.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { hasTestClock, makeState, plainCgi, startServer, until } from "./harness.mjs";
import { addUser, formOf, INCIDENTS, mainOf, messageOf, PASSWORD, Person, SETTINGS, storedPassword } from "./admin-client.mjs";

const SIGN_IN = `${SETTINGS}/sign-in`;
// in builds with test points new hashes may cost less; a stored one of another cost would be made anew
const cost = hasTestClock ? Number(process.env.ATSTATUS_SCRYPT_LOG2N ?? 17) : 17;
const WRONG = "not the password";

describe("signing in", () => {
  let state;
  let server;
  const failures = (sql) => state.rows(sql, state.limiter);
  const forgive = () => {
    if (failures("SELECT 1 FROM sqlite_master WHERE name = 'failures'").length > 0) failures("DELETE FROM failures RETURNING 1");
  };
  const person = () => new Person(state, server);

  before(async () => {
    state = makeState();
    server = await startServer(state);
    addUser(state, "ada", "owner", storedPassword(PASSWORD, cost));
    addUser(state, "bob", "viewer", storedPassword(PASSWORD, cost));
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  it("/admin leads to a form with username, password and csrf", async () => {
    const first = await person().get("/admin");
    assert.equal(first.headers.location, SETTINGS);
    const page = await person().get(SETTINGS);
    assert.equal(page.status, 200);
    const { fields, html } = formOf(page.text, SIGN_IN);
    assert.match(fields.get("csrf"), /^[\w-]{43}$/);
    assert.match(html, /name="username"/);
    assert.match(html, /type="password"/);
  });

  it("the right password opens a new session, kept only as a hash", async () => {
    const ada = person();
    const answer = await ada.signIn("ada", PASSWORD);
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.location, INCIDENTS);
    const cookie = answer.headers["set-cookie"].split(", ").find((one) => one.startsWith("sid="));
    assert.match(cookie, /^sid=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const token = ada.cookies.get("sid");
    assert.ok(!JSON.stringify(state.rows("SELECT hex(token_hash) AS h FROM sessions")).includes(token));
    assert.equal((await ada.get(INCIDENTS)).status, 200);
    assert.equal((await ada.get(SETTINGS)).headers.location, INCIDENTS);
    assert.equal(state.value("SELECT action FROM audit WHERE actor = 'ada' ORDER BY id DESC LIMIT 1"), "sign_in");
    // the stored hash is no key
    const thief = person();
    thief.cookies.set("sid", Buffer.from(state.value("SELECT hex(token_hash) FROM sessions LIMIT 1"), "hex").toString("base64url"));
    assert.equal((await thief.get(INCIDENTS)).status, 303);
  });

  it("a session id from before the sign-in is never accepted after it", async () => {
    const ada = person();
    const planted = "A".repeat(43);
    ada.cookies.set("sid", planted);
    await ada.signIn("ada", PASSWORD);
    assert.notEqual(ada.cookies.get("sid"), planted);
    const old = ada.cookies.get("sid");
    const page = await person().get(SETTINGS);
    assert.equal(page.status, 200);
    // signing in over a session ends that session
    const again = person();
    const fields = await again.fill(SETTINGS, SIGN_IN, { username: "ada", password: PASSWORD });
    again.cookies.set("sid", old);
    assert.equal((await again.post(SIGN_IN, fields)).status, 303);
    const thief = person();
    thief.cookies.set("sid", old);
    assert.equal((await thief.get(INCIDENTS)).status, 303);
  });

  it("a wrong password and an unknown name get the same answer and no session", async () => {
    forgive();
    const wrong = await person().signIn("ada", WRONG);
    const unknown = await person().signIn("nobody", WRONG);
    for (const answer of [wrong, unknown]) {
      assert.equal(answer.status, 403);
      assert.ok(!/(^|, )sid=/.test(answer.headers["set-cookie"] ?? ""));
      assert.equal(messageOf(answer.text), "This name and password do not fit together. Check both and try again.");
      assert.ok(!answer.text.includes(WRONG));
    }
    const shape = (text) => mainOf(text).replace(/value="[^"]*"/g, "");
    assert.equal(shape(wrong.text), shape(unknown.text));
  });

  it("an unknown name costs as much time as a wrong password", async () => {
    const times = { ada: [], nobody: [] };
    for (let i = 0; i < 5; i++) {
      for (const name of Object.keys(times)) {
        forgive();
        const who = person();
        const fields = await who.fill(SETTINGS, SIGN_IN, { username: name, password: WRONG });
        const started = process.hrtime.bigint();
        await who.post(SIGN_IN, fields);
        times[name].push(Number(process.hrtime.bigint() - started) / 1e6);
      }
    }
    // other tests share the machine, so only the quickest of each counts, and only a large difference: an answer
    // without the computation takes a hundredth of the time
    const known = Math.min(...times.ada), unknown = Math.min(...times.nobody);
    assert.ok(unknown > known / 5 && unknown < known * 5, `known ${known} ms, unknown ${unknown} ms`);
  });

  it("empty fields and 1,025 bytes are refused without hashing; 1,024 bytes work", async () => {
    forgive();
    for (const [username, password] of [["", PASSWORD], ["ada", ""], ["ada", "x".repeat(1025)], ["a".repeat(65), PASSWORD]]) {
      const answer = await person().signIn(username, password);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /aria-invalid="true"/);
    }
    // whatever is computed is counted first
    assert.equal(failures("SELECT * FROM failures").length, 0);
    const long = "é".repeat(512);
    addUser(state, "long", "viewer", storedPassword(long));
    assert.equal((await person().signIn("long", long)).status, 303);
  });

  it("an outdated hash is made anew at the sign-in", async () => {
    forgive();
    addUser(state, "old", "viewer", storedPassword(PASSWORD, 5));
    assert.equal((await person().signIn("old", PASSWORD)).status, 303);
    assert.doesNotMatch(state.value("SELECT password_hash FROM users WHERE name = 'old'"), /ln=5,/);
    assert.equal((await person().signIn("old", PASSWORD)).status, 303);
  });

  it("failures bring growing delays, before any hashing, and a browser that knows the account gets through", async () => {
    forgive();
    const known = person();
    await known.signIn("ada", PASSWORD);
    const stranger = person();
    const seen = [];
    for (let i = 0; i < 5; i++) seen.push((await stranger.signIn("ada", WRONG)).status);
    assert.deepEqual(seen.slice(0, 3), [403, 403, 403]);
    assert.ok(seen.includes(429), seen.join());
    const refused = await stranger.signIn("ada", PASSWORD);
    assert.equal(refused.status, 429);
    assert.match(refused.headers["retry-after"], /^\d+$/);
    assert.match(messageOf(refused.text), /^There were too many attempts\. Try again in \d+ seconds?\.$/);
    // longer and longer, and never for good
    const [row] = failures("SELECT max(n) AS n FROM failures");
    assert.equal(row.n, 3);
    failures("UPDATE failures SET n = 40 RETURNING 1");
    failures("UPDATE failures SET next_at = 0 RETURNING 1");
    assert.equal((await stranger.signIn("ada", WRONG)).status, 403);
    const waits = failures("SELECT next_at FROM failures ORDER BY next_at").map((one) => one.next_at - Date.now());
    assert.ok(waits[0] > 50_000 && waits[0] <= 60_000, `the account: ${waits[0]}`);
    assert.ok(waits.at(-1) > 800_000 && waits.at(-1) <= 900_000, `the network: ${waits.at(-1)}`);
    // the account is slow for strangers; where the network is another one, a browser that was here before is not
    failures("DELETE FROM failures WHERE next_at = (SELECT max(next_at) FROM failures) RETURNING 1");
    known.cookies.delete("sid");
    assert.equal((await stranger.signIn("ada", PASSWORD)).status, 429);
    assert.equal((await known.signIn("ada", PASSWORD)).status, 303);
    forgive();
  });

  it("beyond 60 failures a minute over all nobody is computed for, but whom the browser knows", async () => {
    forgive();
    const known = person();
    await known.signIn("ada", PASSWORD);
    known.cookies.delete("sid");
    forgive();
    assert.equal((await person().signIn("nobody", WRONG)).status, 403);
    // three keys are counted: the account, the network, and all; only the last has the limit of 60 in a period
    assert.equal(failures("SELECT count(*) AS n FROM failures")[0].n, 3);
    failures("DELETE FROM failures WHERE next_at < (SELECT max(next_at) FROM failures) RETURNING 1");
    failures("UPDATE failures SET n = 59 RETURNING 1");
    assert.equal((await person().signIn("bob", WRONG)).status, 403);
    const started = Date.now();
    const refused = await person().signIn("bob", PASSWORD);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers["retry-after"]) >= 1 && Number(refused.headers["retry-after"]) <= 60);
    assert.ok(Date.now() - started < 1000);
    assert.equal((await known.signIn("ada", PASSWORD)).status, 303);
    // a success is no failure
    failures("UPDATE failures SET n = 10, next_at = next_at RETURNING 1");
    assert.equal((await person().signIn("bob", PASSWORD)).status, 303);
    assert.equal(failures("SELECT max(n) AS n FROM failures")[0].n, 10);
    forgive();
  });

  it("of many sign-ins at once a few are computed and the rest must wait", async () => {
    forgive();
    const people = Array.from({ length: 12 }, person);
    const ready = await Promise.all(people.map((one) => one.fill(SETTINGS, SIGN_IN, { username: "ada", password: WRONG })));
    const answers = await Promise.all(people.map((one, i) => one.post(SIGN_IN, ready[i])));
    const count = (status) => answers.filter((answer) => answer.status === status).length;
    assert.ok(count(403) >= 1 && count(403) <= 5, `${count(403)} were computed`);
    assert.equal(count(403) + count(429), 12);
    forgive();
  });

  it("a sign-in needs the form's own token and an Origin of ours", async () => {
    forgive();
    const ada = person();
    const fields = await ada.fill(SETTINGS, SIGN_IN, { username: "ada", password: PASSWORD });
    const foreign = await person().fill(SETTINGS, SIGN_IN);
    const post = (changes, options) => ada.post(SIGN_IN, new URLSearchParams({ ...Object.fromEntries(fields), ...changes }), options);
    for (const csrf of ["", "x".repeat(43), foreign.get("csrf")]) {
      const answer = await post({ csrf });
      assert.equal(answer.status, 403);
      assert.match(messageOf(answer.text), /out of date/);
    }
    const { protocol, port } = new URL(server.url);
    for (const origin of [null, "null", "http://evil.example", `${protocol}//localhost:${Number(port) + 1}`,
      `https://localhost:${port}`, server.url.toUpperCase(), `${server.url}.evil.example`, `${server.url}/`]) {
      assert.equal((await post({}, { headers: { origin } })).status, 403, `Origin ${origin}`);
    }
    for (const site of ["cross-site", "same-site"]) {
      assert.equal((await post({}, { headers: { "sec-fetch-site": site } })).status, 403, site);
    }
    assert.equal(ada.cookies.has("sid"), false);
    assert.equal((await post({})).status, 303);
  });

  it("leads on to the page that was asked for, and to no other site", async () => {
    forgive();
    const ada = person();
    const asked = await ada.get(`${INCIDENTS}/new`);
    assert.equal(asked.status, 303);
    assert.equal(asked.headers.location, `${SETTINGS}?next=${INCIDENTS}/new`);
    assert.equal((await ada.signIn("ada", PASSWORD, asked.headers.location)).headers.location, `${INCIDENTS}/new`);
    for (const next of ["//evil.example", "https://evil.example/", "/\\evil.example", "/cgi-bin/subscribe", `${INCIDENTS}/new/../x`]) {
      const answer = await person().signIn("ada", PASSWORD, `${SETTINGS}?next=${encodeURIComponent(next)}`);
      assert.equal(answer.headers.location, INCIDENTS, next);
    }
  });

  it("a foreign Host reaches no link, redirect or cookie", async () => {
    const answer = await person().request(SETTINGS, { headers: { host: "evil.example" } });
    assert.ok(!`${JSON.stringify(answer.headers)}${answer.text}`.includes("evil.example"));
  });

  it("two cookies of the session's name are none", async () => {
    const ada = Person.signedIn(state, server);
    const sid = ada.cookies.get("sid");
    const answer = await server.request(INCIDENTS, { cookie: `sid=${sid}; sid=${sid}` });
    assert.equal(answer.status, 303);
    assert.equal((await ada.get(INCIDENTS)).status, 200);
  });

  it("signing out ends the session on the server", async () => {
    const ada = Person.signedIn(state, server);
    const sid = ada.cookies.get("sid");
    const location = await ada.done(INCIDENTS, `${SETTINGS}/sign-out`, {});
    assert.equal(location, `${SIGN_IN}?done=out`);
    assert.equal(ada.cookies.has("sid"), false);
    ada.cookies.set("sid", sid);
    assert.equal((await ada.get(INCIDENTS)).status, 303);
  });

  it("a disabled user is out at the next request", async () => {
    const ada = Person.signedIn(state, server);
    assert.equal((await ada.get(INCIDENTS)).status, 200);
    state.run(`UPDATE users SET disabled_at = 1 WHERE id = ${ada.userId}`);
    assert.equal((await ada.get(INCIDENTS)).status, 303);
  });

  it("a new password needs the old one and ends every other session", async () => {
    forgive();
    addUser(state, "eve", "viewer", storedPassword(PASSWORD));
    const here = person();
    const there = person();
    for (const one of [here, there]) assert.equal((await one.signIn("eve", PASSWORD)).status, 303);
    const page = `${SETTINGS}/settings/account`;
    const next = "another long password";
    const change = (changes) => here.submit(page, page,
      { current_password: PASSWORD, new_password: next, new_password_again: next, ...changes });
    assert.match((await change({ current_password: "wrong" })).text, /This is not your password/);
    assert.match((await change({ new_password: "short", new_password_again: "short" })).text, /at least 12 characters/);
    assert.match((await change({ new_password_again: "something else here" })).text, /not the same as above/);
    assert.equal((await there.get(INCIDENTS)).status, 200);
    const before = here.cookies.get("sid");
    assert.equal((await change({})).status, 303);
    assert.notEqual(here.cookies.get("sid"), before);
    const old = person();
    old.cookies.set("sid", before);
    assert.equal((await old.get(page)).status, 303);
    assert.equal((await here.get(page)).status, 200);
    assert.equal((await there.get(INCIDENTS)).status, 303);
    assert.equal((await person().signIn("eve", PASSWORD)).status, 403);
    assert.equal((await person().signIn("eve", next)).status, 303);
  });

  describe("time", { skip: !hasTestClock }, () => {
    after(() => state.shiftClock(0));

    it("31 minutes without a request end a session, and a clock set back does not revive it", async () => {
      const ada = Person.signedIn(state, server);
      state.shiftClock(29 * 60_000);
      assert.equal((await ada.get(INCIDENTS)).status, 200);
      // the use of a session is noted when the answer has left
      await until(() => state.value(`SELECT last_used_at > created_at FROM sessions WHERE user_id = ${ada.userId}`) === 1);
      state.shiftClock((29 + 31) * 60_000);
      assert.equal((await ada.get(INCIDENTS)).status, 303);
      state.shiftClock(29 * 60_000);
      assert.equal((await ada.get(INCIDENTS)).status, 303);
      state.shiftClock(0);
    });

    it("12 hours and a minute end it however busy it was", async () => {
      const ada = Person.signedIn(state, server);
      for (let minute = 0; minute <= 12 * 60 - 1; minute += 25) {
        state.shiftClock(minute * 60_000);
        assert.equal((await ada.get(SETTINGS)).status, 303);
        assert.equal((await ada.get(SETTINGS)).headers.location, INCIDENTS, `after ${minute} minutes`);
      }
      state.shiftClock((12 * 60 + 1) * 60_000);
      assert.equal((await ada.get(SETTINGS)).status, 200);
      state.shiftClock(0);
    });
  });
});

describe("on an https site", () => {
  it("the cookies are __Host- ones and Secure", async () => {
    const state = makeState({ conf: { SITE_URL: "https://status.example.com" } });
    const door = { request: (target, options) => {
      const [path, query] = target.slice(SETTINGS.length).split("?");
      return plainCgi("admin-settings", state, { path, query, ...options });
    } };
    try {
      addUser(state, "ada", "owner", storedPassword(PASSWORD));
      const ada = new Person(state, door);
      const answer = await ada.signIn("ada", PASSWORD);
      assert.equal(answer.status, 303, answer.text);
      for (const cookie of answer.headers["set-cookie"].split(", ")) {
        assert.match(cookie, /^__Host-[\w-]+=[\w-]*; Path=\/; HttpOnly; SameSite=Strict; Secure/);
      }
      assert.ok(ada.cookies.has("__Host-sid"));
      assert.equal((await ada.get(SETTINGS)).headers.location, INCIDENTS);
    } finally {
      state.remove();
    }
  });
});
