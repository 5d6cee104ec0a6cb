// What an operator sees of the delivery: progress, the fragment that keeps it fresh, what was said right after
// publishing where nobody is told, telling again whom it missed, and the alarms on every page.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { makeState, makeSubscription, newId, quote, startServer } from "./harness.mjs";
import { decode, formsOf, INCIDENTS, messageOf, Person, SETTINGS } from "./admin-client.mjs";

const MINUTE = 60_000;

describe("the delivery, as an operator sees it", () => {
  let state;
  let server;
  let editor;
  const page = (id) => `${INCIDENTS}/${id}`;
  const job = (id) => state.row(`SELECT * FROM jobs WHERE incident_id = ${quote(id)} ORDER BY id DESC LIMIT 1`);
  const sentence = (html) => decode(/<p class="ledger-sentence">([^<]*)/.exec(html)?.[1] ?? "");
  const facts = (html) => [...html.matchAll(/<li>([^<]*)<\/li>/g)].map(([, text]) => decode(text));
  const more = (html) => decode(/class="message[^]*?<\/p>\s*<p>([^<]*)<\/p>/.exec(html)?.[1] ?? "");
  const messageState = (html) => /class="message is-(\w+)"/.exec(html)?.[1];
  const alarms = (html) => Object.fromEntries([...html.matchAll(/class="alarm is-(\w+)" id="alarm-(\w+)"[^]*?<b>([^<]*)<\/b><\/p>\s*<p>([^<]*)/g)]
    .map(([, how, name, what, why]) => [name, { how, what: decode(what), why: decode(why) }]));
  const look = async () => alarms((await editor.get(INCIDENTS)).text);
  const ORIGIN = 1;

  before(async () => {
    state = makeState();
    server = await startServer(state);
    editor = Person.signedIn(state, server, "editor");
    for (const host of ["fcm.googleapis.com", "updates.push.services.mozilla.com"]) {
      const answer = await server.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription({ host }) } });
      assert.equal(answer.status, 201, answer.text);
    }
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });
  beforeEach(() => state.run("UPDATE origins SET paused_until = 0, pause_reason = NULL, failures = 0, trouble_since = NULL, clock_skew = 0, last_error = NULL"));

  const publish = async (name) => {
    const id = await editor.addIncident({ name, body: "We are looking." });
    return { id, job: job(id) };
  };
  // n of the lanes' ids are read, the rest is to come
  const spread = (jobId, cursor) => state.run(`UPDATE jobs SET spread = 1 WHERE id = ${jobId};
    INSERT INTO lanes (job_id, origin_id, shard, cursor) SELECT ${jobId}, origin_id, shard, ${cursor} FROM subscriptions`);

  it("while it is sent: how many of about how many, how fast, and by each push service", async () => {
    const { id, job: { id: jobId } } = await publish("Under way");
    spread(jobId, 0);
    state.run(`UPDATE jobs SET created_at = created_at - 42000, first_at = created_at - 40000, last_at = created_at - 38000 WHERE id = ${jobId};
      INSERT INTO ledger VALUES (${jobId}, ${ORIGIN}, 'accepted', 1204), (${jobId}, ${ORIGIN}, 'gone', 3);
      INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) VALUES (${jobId}, 901, ${ORIGIN}, 0, 1), (${jobId}, 902, ${ORIGIN}, 0, 1)`);
    const { text } = await editor.get(page(id));
    assert.equal(sentence(text), "Sending. 1,204 of about 1,211 browsers told so far.");
    const all = facts(text);
    for (const fact of ["2 to be tried again", "3 gone: the browser no longer exists", "602 a second"]) assert.ok(all.includes(fact), `${fact} in ${all}`);
    assert.ok(all.some((fact) => /^oldest undelivered: 4[2-9] s$/.test(fact)), String(all));
    assert.match(text, /<details class="fold" open><summary>By push service<\/summary>/);
    assert.match(text, /<b>fcm\.googleapis\.com<\/b><span>1,204 of about 1,210<\/span>/);
    assert.match(text, /<b>updates\.push\.services\.mozilla\.com<\/b><span>0 of about 1<\/span>/);
    const [, accepted, from, retrying] = /class="bar-accepted" width="(\d+)"[^>]*\/><rect class="bar-retrying" x="(\d+)" width="(\d+)"/.exec(text).map(Number);
    assert.deepEqual([accepted, from, retrying], [994, 994, 1]);
    state.run(`DELETE FROM exceptions; DELETE FROM lanes; UPDATE jobs SET state = 'done' WHERE id = ${jobId}`);
    const done = (await editor.get(page(id))).text;
    assert.equal(sentence(done), "1,204 of 1,207 browsers told in 4.0 s.");
    assert.doesNotMatch(done, /data-live|oldest undelivered/);
  });

  it("a fragment of the page keeps it fresh: each second while something happens, rarely while nothing does, never when it is done", async () => {
    const { id, job: { id: jobId } } = await publish("Followed");
    const live = async () => {
      const { text } = await editor.get(page(id));
      return /data-live="([^"]*)" data-every="(\d+)"/.exec(text)?.slice(1);
    };
    assert.deepEqual(await live(), [`${page(id)}/delivery`, "1000"]);
    const answer = await editor.get(`${page(id)}/delivery`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers["content-type"], /^text\/html/);
    assert.match(answer.text, /^<section class="part" id="delivery"[^]*<\/section>\s*$/);
    const whole = (await editor.get(page(id))).text;
    const strip = (html) => /<section class="part" id="delivery"[^]*?<\/section>/.exec(html)[0];
    assert.equal(strip(answer.text), strip(whole));
    state.run(`UPDATE jobs SET created_at = created_at - ${MINUTE} WHERE id = ${jobId}`);
    assert.equal((await live())[1], "10000");
    state.run(`UPDATE jobs SET last_at = ${Date.now()} WHERE id = ${jobId}`);
    assert.equal((await live())[1], "1000");
    state.run(`UPDATE jobs SET state = 'done' WHERE id = ${jobId}`);
    assert.equal(await live(), undefined);
  });

  it("asking for the fragment keeps no session alive, a page does", async () => {
    const { id } = await publish("Nobody looks");
    const used = () => state.value(`SELECT last_used_at FROM sessions WHERE user_id = ${editor.userId}`);
    const past = Date.now() - 5 * MINUTE;
    state.run(`UPDATE sessions SET last_used_at = ${past}`);
    await editor.get(`${page(id)}/delivery`);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    assert.equal(used(), past);
    await editor.get(page(id));
    for (let i = 0; i < 100 && used() === past; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
    assert.ok(used() > past);
  });

  it("right after publishing it says where nobody is told, and why", async () => {
    const owner = Person.signedIn(state, server);
    const after = async (fields) => {
      const location = await owner.done(`${INCIDENTS}/new`, INCIDENTS, { name: "Untold", body: "x", ...fields });
      return (await owner.get(location)).text;
    };
    const told = await after({ deliver_notifications: "1" });
    assert.deepEqual([messageOf(told), more(told), messageState(told)], ["The incident is on the page.", "", "operational"]);
    const quiet = await after({ deliver_notifications: "0" });
    assert.deepEqual([more(quiet), messageState(quiet)], ["Nobody was told of the newest update: it was published quietly.", "operational"]);
    state.setting("trigger.incident_new", 0);
    const event = await after({ deliver_notifications: "1" });
    assert.match(more(event), /this event switched off\.$/);
    assert.equal(messageState(event), "degraded_performance");
    state.setting("trigger.incident_new", 1);
    state.setting("push_enabled", 0);
    const off = await after({ deliver_notifications: "1" });
    assert.match(more(off), /switched off in Settings\.$/);
    state.setting("push_enabled", 1);
    state.run(`UPDATE origins SET paused_until = ${Date.now() + MINUTE}, pause_reason = 'auth', failures = 1`);
    assert.equal(more(await after({ deliver_notifications: "1" })), "Nobody is told for now: the push services refuse this page’s keys.");
    state.run("UPDATE origins SET pause_reason = 'connect'");
    assert.equal(more(await after({ deliver_notifications: "1" })), "Nobody is told for now: no push service takes notifications.");
    state.run(`UPDATE origins SET paused_until = 0 WHERE id = ${ORIGIN}`);
    assert.equal(more(await after({ deliver_notifications: "1" })), "");
    state.setting("vapid_verdict", "The two keys do not fit together.");
    assert.equal(more(await after({ deliver_notifications: "1" })), "Nobody is told for now: The two keys do not fit together.");
    state.setting("vapid_verdict", "ok");
  });

  it("whom a finished notification missed is offered to be told again, once, and as long as it is true", async () => {
    const { id, job: { id: jobId, public_id: publicId } } = await publish("Missed");
    const form = async (where = page(id)) => formsOf((await editor.get(where)).text).find(({ action }) => action === `${page(id)}/retry`);
    state.run(`INSERT INTO missed SELECT ${jobId}, id FROM subscriptions`);
    assert.equal(await form(), undefined, "while it is being sent");
    state.run(`UPDATE jobs SET state = 'done' WHERE id = ${jobId}; INSERT INTO ledger VALUES (${jobId}, ${ORIGIN}, 'refused', 2)`);
    const offer = await form();
    assert.match(offer.html, /Notify again: 2 browsers that were missed/);
    const viewer = Person.signedIn(state, server, "viewer");
    assert.doesNotMatch((await viewer.get(page(id))).text, /Notify again/);
    // something newer of the same incident
    const newer = `INSERT INTO jobs (public_id, created_at, trigger, title, incident_id, max_subscription_id, state)
        VALUES ('${newId()}', 1, 'incident_update', 't', '${id}', 0, 'done');
      INSERT INTO job_notices SELECT (SELECT max(id) FROM jobs), position, trigger, subject_id, topic, incident_id, components, status, impact,
        max_impact, urgency, path, seq + 1, expires_at FROM job_notices WHERE job_id = ${jobId};`;
    state.run(newer);
    assert.equal(await form(), undefined, "something newer was told");
    assert.equal((await editor.post(`${page(id)}/retry`, offer.fields)).status, 409);
    state.run(`DELETE FROM jobs WHERE id = (SELECT max(id) FROM jobs)`);
    const starts = state.senderStarts();
    const done = await editor.post(`${page(id)}/retry`, offer.fields);
    assert.equal(done.headers.location, `${page(id)}?done=retried`);
    const second = job(id);
    assert.deepEqual([second.retry_of, second.spread, second.state, second.max_subscription_id], [publicId, 1, "sending", 0]);
    assert.equal(state.value(`SELECT count(*) FROM exceptions WHERE job_id = ${second.id}`), 2);
    assert.ok(state.value(`SELECT seq FROM job_notices WHERE job_id = ${second.id}`) > state.value(`SELECT seq FROM job_notices WHERE job_id = ${jobId}`));
    assert.equal(state.value(`SELECT count(*) FROM audit WHERE action = 'notification.retry' AND object = '${publicId}' AND actor = '${editor.name}'`), 1);
    for (let i = 0; i < 100 && state.senderStarts() === starts; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
    assert.ok(state.senderStarts() > starts, "the sender is started");
    const { text } = await editor.get(done.headers.location);
    assert.equal(messageOf(text), "It is sent again to those whom it had missed.");
    assert.ok(facts(text).includes("again, to those whom the first one missed"));
    assert.equal((await editor.post(`${page(id)}/retry`, offer.fields)).status, 409);
    assert.equal(job(id).id, second.id);
  });

  it("of a maintenance it is shown, stopped and sent again on its own page", async () => {
    const owner = Person.signedIn(state, server);
    state.setting("trigger.maintenance_scheduled", 1);
    const id = await owner.addMaintenance({ name: "New disks", body: "x", scheduled_for: "2090-01-01T16:00", scheduled_until: "2090-01-01T18:00" });
    const where = `${INCIDENTS}/maintenance/${id}`;
    const actions = async () => formsOf((await editor.get(where)).text).map(({ action }) => action);
    assert.ok((await actions()).includes(`${page(id)}/stop`));
    assert.match((await editor.get(where)).text, new RegExp(`data-live="${page(id)}/delivery"`));
    const stopped = await editor.submit(where, `${page(id)}/stop`);
    assert.match((await editor.get((await editor.get(stopped.headers.location)).headers.location)).text, /No further notification of this one is sent\./);
    state.run(`UPDATE jobs SET state = 'done' WHERE incident_id = '${id}'; INSERT INTO missed SELECT ${job(id).id}, id FROM subscriptions`);
    assert.ok((await actions()).includes(`${page(id)}/retry`));
    const again = await editor.submit(where, `${page(id)}/retry`);
    assert.equal((await editor.get(again.headers.location)).headers.location, `${where}?done=retried`);
    state.setting("trigger.maintenance_scheduled", 0);
  });

  it("without trouble there is no alarm", async () => {
    state.run("UPDATE jobs SET state = 'done'; DELETE FROM exceptions; DELETE FROM lanes");
    assert.deepEqual(await look(), {});
    assert.doesNotMatch((await editor.get(INCIDENTS)).text, /class="alarms"/);
  });

  it("each trouble is an alarm on every page, in words that say what, why and what to do; it goes when its cause does", async () => {
    const now = Date.now();
    const services = (fields) => state.run(`UPDATE origins SET ${Object.entries(fields).map(([name, value]) => `${name} = ${quote(value)}`).join(", ")} WHERE id = ${ORIGIN}`);
    services({ pause_reason: "auth", failures: 2, paused_until: now + 12.5 * MINUTE, trouble_since: now, last_error: '403 auth: invalid <JWT> "provided"' });
    for (const path of [INCIDENTS, `${INCIDENTS}/new`, `${SETTINGS}/components`, `${SETTINGS}/settings/notifications`]) {
      const { keys_refused: alarm } = alarms((await Person.signedIn(state, server).get(path)).text);
      assert.equal(alarm?.what, "fcm.googleapis.com refuses the keys of this page: its browsers are not told.", path);
      assert.equal(alarm.how, "major_outage");
      assert.match(alarm.why, /check the clock of this machine, VAPID_SUBJECT and the keys\. Its last answer was “403 auth: invalid <JWT> "provided"”\. It is tried again in 12 minutes/);
    }
    state.run(`UPDATE origins SET pause_reason = 'auth', failures = 1, paused_until = ${now + MINUTE}, trouble_since = ${now} + id`);
    assert.match((await look()).keys_refused.what, /^fcm\.googleapis\.com and 1 other refuse the keys of this page: their browsers/);
    state.run("UPDATE origins SET pause_reason = NULL, failures = 0, paused_until = 0, trouble_since = NULL");
    services({ pause_reason: "mass_gone", failures: 1, paused_until: now + MINUTE });
    assert.match((await look()).mass_gone.what, /^fcm\.googleapis\.com said of more than half/);
    services({ pause_reason: "connect", failures: 5, paused_until: now + MINUTE, trouble_since: now - 4 * MINUTE });
    assert.deepEqual(await look(), {}, "short troubles are no alarm");
    services({ trouble_since: now - 6.5 * MINUTE });
    assert.match((await look()).service_paused.what, /^fcm\.googleapis\.com has taken no notification for 6 minutes\.$/);
    services({ pause_reason: null, failures: 0, paused_until: 0, trouble_since: null, clock_skew: 605_000 });
    assert.deepEqual(Object.entries(await look()).map(([name, { how, what }]) => [name, how, what]),
      [["clock_skew", "degraded_performance", "The clock of this machine is 10 minutes behind that of fcm.googleapis.com."]]);
    services({ clock_skew: -605_000 });
    assert.match((await look()).clock_skew.what, /10 minutes ahead of/);
    services({ clock_skew: 0 });
    state.setting("vapid_verdict", "The two keys do not fit together.");
    assert.equal((await look()).keys_unusable.what, "Nobody can be told: The two keys do not fit together.");
    state.setting("vapid_verdict", "ok");
    assert.deepEqual(await look(), {});
  });

  it("keys that were exchanged without the previous pair are an alarm", async () => {
    state.run(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
      INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, created_at, last_seen_at, dead_at, dead_reason)
      SELECT randomblob(16), 'https://fcm.googleapis.com/' || i, randomblob(65), randomblob(16), key_id, origin_id, 0, 1, 1, ${Date.now()}, 'key_mismatch'
      FROM n, (SELECT key_id, origin_id FROM subscriptions LIMIT 1)`);
    assert.match((await look()).keys_refused.why, /VAPID_PREVIOUS_PUBLIC_KEY/);
    state.run("UPDATE subscriptions SET dead_reason = 'gone' WHERE id = (SELECT max(id) FROM subscriptions)");
    assert.deepEqual(await look(), {});
    state.run("DELETE FROM subscriptions WHERE dead_at IS NOT NULL");

    state.run(`INSERT INTO vapid_keys (public_key, created_at) VALUES (randomblob(65), 1);
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
      INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard, created_at, last_seen_at)
      SELECT randomblob(16), 'https://fcm.googleapis.com/' || i, randomblob(65), randomblob(16), (SELECT max(id) FROM vapid_keys), origin_id, 0, 1, 1
      FROM n, (SELECT origin_id FROM subscriptions LIMIT 1)`);
    assert.match((await look()).keys_refused.why, /put the old pair back/);
    state.run("DELETE FROM subscriptions WHERE id = (SELECT max(id) FROM subscriptions)");
    assert.deepEqual(await look(), {});
    state.run("DELETE FROM subscriptions WHERE key_id = (SELECT max(id) FROM vapid_keys)");
  });

  it("notifications that are switched off while an incident is open are an alarm, while none is they are not", async () => {
    state.setting("push_enabled", 0);
    assert.match((await look()).push_off.what, /notifications are switched off/);
    state.run("UPDATE incidents SET resolved_at = 1, status = 'resolved' WHERE scheduled_for IS NULL");
    assert.deepEqual(await look(), {});
    state.setting("push_enabled", 1);
  });

  it("work that waits for five minutes while no sender is at work is an alarm", async () => {
    const { job: { id: jobId } } = await publish("Waits");
    const age = (ms) => state.run(`UPDATE jobs SET created_at = ${Date.now() - ms} WHERE id = ${jobId}`);
    age(4 * MINUTE);
    assert.deepEqual(await look(), {});
    age(6 * MINUTE);
    assert.match((await look()).sender_idle.what, /no sender is at work/);
    state.run(`UPDATE jobs SET last_at = ${Date.now()} WHERE id = ${jobId}`);
    assert.deepEqual(await look(), {}, "it gets on");
    state.run(`UPDATE jobs SET last_at = NULL, spread = 1 WHERE id = ${jobId}; UPDATE origins SET paused_until = ${Date.now() + MINUTE};
      INSERT INTO lanes (job_id, origin_id, shard) VALUES (${jobId}, ${ORIGIN}, 0)`);
    assert.deepEqual(await look(), {}, "nothing may be sent now");
    state.run("UPDATE origins SET paused_until = 0");
    assert.ok((await look()).sender_idle);
    state.run(`UPDATE jobs SET state = 'done'; DELETE FROM lanes;
      INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) VALUES (${jobId}, 1, ${ORIGIN}, 0, ${Date.now() - 6 * MINUTE})`);
    assert.ok((await look()).sender_idle);
    state.run("DELETE FROM exceptions");
  });

  it("nine tenths of SUBSCRIBE_MAX are an alarm", async () => {
    const small = makeState({ conf: { SUBSCRIBE_MAX: "2" } });
    const other = await startServer(small);
    try {
      const person = Person.signedIn(small, other);
      await other.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription() } });
      assert.deepEqual(alarms((await person.get(INCIDENTS)).text), {});
      await other.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription() } });
      assert.match(alarms((await person.get(INCIDENTS)).text).subscriptions_full.what, /^2 of at most 2 subscriptions are taken\.$/);
    } finally {
      await other.stop();
      small.remove();
    }
  });

  it("what a session that has ended asks for leads to the sign-in form, so that the script stops asking", async () => {
    const { id } = await publish("Ended");
    state.run("DELETE FROM sessions");
    assert.equal((await editor.get(`${page(id)}/delivery`)).status, 303);
  });
});
