// incident-post-form.test.mjs - incidents by the forms for people, behind a real lighttpd: what is posted, told, shown and
// drawn again.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { makeState, makeSubscription, quote, startServer } from "./harness.mjs";
import { decode, encode, formOf, formsOf, INCIDENTS, mainOf, messageOf, Person, SETTINGS } from "./admin-client.mjs";

// What people and attackers write; each must be shown as it is.
const HOSTILE = [
  "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>", "</title><script>alert(1)</script>",
  "</textarea><script>alert(1)</script>", "javascript:alert(1)", "<iframe srcdoc='<script>alert(1)</script>'>",
  "{{7*7}} ${7*7} <%= 7*7 %> #{7*7}", "%s%n%x $(id) `id`", "@@csrf@@ @@html:main@@ @@block x@@", "&lt;b&gt; &amp; &#60;",
  "<!-- x -->", "]]><b>", "a\u2028b\u2029c\u200fd", "a\\\"b\\u003c", "🔴 naïve Ω", "' OR 1=1 --", "<b onmouseover=alert(1)>x",
];

describe("incidents by form", () => {
  let state;
  let server;
  let editor;
  let api;
  let web;
  const page = (id) => `${INCIDENTS}/${id}`;
  const publicPage = (id) => fs.readFileSync(path.join(state.publicDir, "incidents", id, "index.html"), "utf8");
  const status = (id) => state.value(`SELECT status FROM components WHERE id = ${quote(id)}`);
  const jobs = (id) => state.rows(`SELECT * FROM jobs WHERE incident_id = ${quote(id)} ORDER BY id`);

  before(async () => {
    state = makeState();
    server = await startServer(state);
    editor = Person.signedIn(state, server, "editor");
    const owner = Person.signedIn(state, server);
    api = await owner.addComponent("API");
    web = await owner.addComponent("Website");
    const subscription = makeSubscription();
    const answer = await server.request("/cgi-bin/subscribe", { body: { subscription } });
    assert.equal(answer.status, 201, answer.text);
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  it("one screen has every field under the write API's names, and two ways to publish", async () => {
    const { text } = await editor.get(`${INCIDENTS}/new`);
    const { html, fields } = formOf(text, INCIDENTS);
    for (const name of ["name", "status", "body", "impact_override", `components[${api}]`, `components[${web}]`, "csrf", "post_id"]) {
      assert.ok(fields.has(name), name);
    }
    assert.match(fields.get("post_id"), /^[a-z0-9]{12}$/);
    const buttons = [...html.matchAll(/<button class="[^"]*" name="deliver_notifications" value="(\d)">([^<]*)</g)].map(([, ...one]) => one);
    assert.deepEqual(buttons, [["1", "Publish and notify 1 browser"], ["0", "Publish quietly"]]);
  });

  it("publishing writes fact, job and audit at once, the page, and starts the sender", async () => {
    const starts = state.senderStarts();
    const answer = await editor.submit(`${INCIDENTS}/new`, INCIDENTS, { name: "Checkout is failing", status: "identified",
      body: "Cards are **refused**. We are on it.", [`components[${api}]`]: "major_outage", deliver_notifications: "1" });
    assert.equal(answer.status, 303);
    const [, id] = /^\/cgi-bin\/incident-post\/([a-z0-9]{12})\?done=published$/.exec(answer.headers.location);
    const row = state.row(`SELECT * FROM incidents WHERE id = ${quote(id)}`);
    assert.deepEqual([row.name, row.status, row.impact], ["Checkout is failing", "identified", "critical"]);
    assert.equal(status(api), "major_outage");
    assert.equal(status(web), "operational");
    assert.equal(jobs(id).length, 1);
    assert.equal(state.value(`SELECT actor FROM audit WHERE object = ${quote(id)} AND action = 'incident.create'`), editor.name);
    assert.match(publicPage(id), /Cards are <strong>refused<\/strong>/);
    assert.ok(state.senderStarts() > starts);
    const shown = await editor.get(answer.headers.location);
    assert.equal(messageOf(shown.text), "The incident is on the page.");
    assert.match(shown.text, /data-clear="incident-new"/);
    assert.match(shown.text, /Sending\. No push service has answered yet\./);
    assert.match((await editor.get(INCIDENTS)).text, /Checkout is failing/);
  });

  it("what a form sends twice is one incident, one job, and the same page", async () => {
    const fields = await editor.fill(`${INCIDENTS}/new`, INCIDENTS, { name: "Twice", body: "Once." });
    const [first, second] = await Promise.all([editor.post(INCIDENTS, fields), editor.post(INCIDENTS, fields)]);
    assert.deepEqual([first.status, second.status], [303, 303]);
    assert.equal(first.headers.location, second.headers.location);
    assert.equal(state.value("SELECT count(*) FROM incidents WHERE name = 'Twice'"), 1);
    const id = state.value("SELECT id FROM incidents WHERE name = 'Twice'");
    assert.equal(jobs(id).length, 1);
    const update = await editor.fill(page(id), page(id), { body: "News.", status: "monitoring" });
    for (const answer of [await editor.post(page(id), update), await editor.post(page(id), update)]) {
      assert.equal(answer.headers.location, `${page(id)}?done=updated`);
    }
    assert.equal(state.value(`SELECT count(*) FROM incident_updates WHERE incident_id = ${quote(id)}`), 2);
    assert.equal(jobs(id).length, 2);
  });

  it("quietly means no job, and the page says that nobody was told", async () => {
    const id = await editor.addIncident({ name: "Quiet", body: "Nothing much.", deliver_notifications: "0" });
    assert.equal(jobs(id).length, 0);
    const { text } = await editor.get(page(id));
    assert.match(text, /Nobody was told of the newest update: it was published quietly\./);
    assert.match(text, /Published quietly/);
  });

  it("an update takes steps, text and component statuses; those left alone keep theirs", async () => {
    const id = await editor.addIncident({ name: "Steps", body: "One.", [`components[${web}]`]: "partial_outage" });
    await editor.done(page(id), page(id), { status: "monitoring", body: "Two.", [`components[${web}]`]: "degraded_performance" });
    assert.equal(status(web), "degraded_performance");
    await editor.done(page(id), page(id), { status: "monitoring", body: "Three." });
    assert.equal(status(web), "degraded_performance");
    const updates = state.rows(`SELECT status, body FROM incident_updates WHERE incident_id = ${quote(id)} ORDER BY rowid`);
    assert.deepEqual(updates.map((one) => `${one.status} ${one.body}`), ["investigating One.", "monitoring Two.", "monitoring Three."]);
    assert.match(publicPage(id), /Three\./);
  });

  it("resolving is one click with the usual sentence ready, and returns the components", async () => {
    const id = await editor.addIncident({ name: "Soon over", body: "Bad.", [`components[${web}]`]: "major_outage" });
    const location = await editor.done(page(id), `${page(id)}/resolve`, {});
    assert.equal(location, `${page(id)}?done=resolved`);
    const row = state.row(`SELECT status, body FROM incident_updates WHERE incident_id = ${quote(id)} ORDER BY rowid DESC LIMIT 1`);
    assert.deepEqual([row.status, row.body], ["resolved", "This incident has been resolved."]);
    // another incident still speaks for it
    assert.equal(status(web), "degraded_performance");
    assert.equal(jobs(id).at(-1).trigger, "incident_resolved");
    const { text } = await editor.get(page(id));
    assert.ok(!formsOf(text).some(({ action }) => action === `${page(id)}/resolve`));
    assert.match(text, /open it again/);
    // what comes after the end is one tap each
    const [postmortem, again] = formsOf(text).filter(({ action }) => action === page(id));
    assert.equal(postmortem.fields.get("status"), "postmortem");
    assert.deepEqual([again.fields.get("status"), again.fields.get("body")], ["investigating", "This incident has been opened again."]);
    assert.equal((await editor.post(page(id), again.fields)).headers.location, `${page(id)}?done=reopened`);
    assert.equal(state.value(`SELECT status FROM incidents WHERE id = ${quote(id)}`), "investigating");
    await editor.done(page(id), `${page(id)}/resolve`, {});
    assert.equal(await editor.done(page(id), page(id), { body: "What we learnt." }), `${page(id)}?done=postmortem`);
    assert.equal(state.value(`SELECT status FROM incidents WHERE id = ${quote(id)}`), "postmortem");
  });

  it("an edit changes title and impact, tells nobody, and adds no update", async () => {
    const id = await editor.addIncident({ name: "Tpyo", body: "Hm.", deliver_notifications: "0" });
    await editor.done(page(id), `${page(id)}/edit`, { name: "Typo", impact_override: "major" });
    const row = state.row(`SELECT name, impact FROM incidents WHERE id = ${quote(id)}`);
    assert.deepEqual([row.name, row.impact], ["Typo", "major"]);
    assert.equal(jobs(id).length, 0);
    assert.equal(state.value(`SELECT count(*) FROM incident_updates WHERE incident_id = ${quote(id)}`), 1);
    await editor.done(page(id), `${page(id)}/edit`, { name: "Typo", impact_override: "" });
    assert.equal(state.value(`SELECT impact FROM incidents WHERE id = ${quote(id)}`), "none");
  });

  it("deleting asks first and names what is lost", async () => {
    const id = await editor.addIncident({ name: "Mistake", body: "Sorry.", [`components[${web}]`]: "major_outage" });
    const { text } = await editor.get(`${page(id)}/delete`);
    assert.match(text, /Lost for good: the incident, its updates and its page/);
    assert.match(text, /Its components return to operational/);
    assert.equal(await editor.done(`${page(id)}/delete`, `${page(id)}/delete`, {}), `${INCIDENTS}?done=incident_deleted`);
    assert.equal(state.row(`SELECT 1 FROM incidents WHERE id = ${quote(id)}`), undefined);
    assert.equal(status(web), "degraded_performance");
    assert.throws(() => publicPage(id));
    assert.equal((await editor.get(page(id))).status, 404);
    assert.equal(state.value(`SELECT state FROM jobs WHERE incident_id = ${quote(id)}`), "stopped");
  });

  it("sending can be stopped from the ledger, once", async () => {
    const id = await editor.addIncident({ name: "Stop it", body: "Wait." });
    const fields = await editor.fill(page(id), `${page(id)}/stop`);
    assert.equal((await editor.post(`${page(id)}/stop`, fields)).headers.location, `${page(id)}?done=stopped`);
    assert.equal(jobs(id)[0].state, "stopped");
    assert.equal((await editor.post(`${page(id)}/stop`, fields)).status, 409);
    assert.match((await editor.get(page(id))).text, /Stopped\./);
  });

  it("the ledger says who was told, in words and numbers", async () => {
    const id = await editor.addIncident({ name: "Counted", body: "Numbers." });
    const [job] = jobs(id);
    const origin = state.value("SELECT id FROM origins LIMIT 1");
    state.run(`INSERT INTO ledger VALUES (${job.id}, ${origin}, 'accepted', 1204), (${job.id}, ${origin}, 'gone', 5), (${job.id}, ${origin}, 'expired', 2);
      UPDATE jobs SET state = 'done', first_at = created_at + 10, last_at = created_at + 2100 WHERE id = ${job.id}`);
    const { text } = await editor.get(page(id));
    assert.match(text, /1,204 of 1,211 browsers told in 2\.1 s\./);
    assert.match(text, /5 gone/);
    assert.match(text, /2 too late/);
    state.run(`DELETE FROM ledger WHERE job_id = ${job.id}`);
    assert.match((await editor.get(page(id))).text, /Nobody was told: no subscriber had asked for this\./);
    state.run(`UPDATE jobs SET max_subscription_id = 0 WHERE id = ${job.id}`);
    assert.match((await editor.get(page(id))).text, /Nobody was told: there were no subscribers yet\./);
  });

  it("while a push service is left alone, the ledger says who waits, why, and until when", async () => {
    const id = await editor.addIncident({ name: "Held up", body: "Wait." });
    const [job] = jobs(id);
    const { id: origin, shard } = state.row("SELECT o.id, s.shard FROM origins o JOIN subscriptions s ON s.origin_id = o.id");
    const pause = (until, reason) => state.run(`UPDATE origins SET paused_until = ${until}, pause_reason = ${quote(reason)}`);
    const text = async (name) => decode(new RegExp(`<p class="${name}">([^<]*)`).exec((await editor.get(page(id))).text)?.[1] ?? "");
    const sentence = () => text("ledger-sentence");
    const wait = () => text("ledger-wait");
    state.run(`UPDATE jobs SET spread = 1 WHERE id = ${job.id}; INSERT INTO lanes (job_id, origin_id, shard) VALUES (${job.id}, ${origin}, ${shard})`);
    assert.equal(await sentence(), "Sending. No push service has answered yet.");
    pause(Date.now() + 29_500, "connect");
    assert.equal(await sentence(), "Nobody told so far.");
    assert.match(await wait(), /^About 1 browser is waiting: fcm\.googleapis\.com cannot be reached; next try in (2\d|30) s\.$/);
    pause(Date.now() + 179_000, "throttled");
    assert.match(await wait(), /is left alone for now; next try in [^.]*minutes\. The push service asks us to send more slowly\.$/);
    pause(Date.now() + 29_500, "connect");
    state.run(`UPDATE lanes SET done = 1 WHERE job_id = ${job.id}; INSERT INTO ledger VALUES (${job.id}, ${origin}, 'accepted', 3);
      INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at) VALUES (${job.id}, 901, ${origin}, ${shard}, 1), (${job.id}, 902, ${origin}, ${shard}, 1)`);
    assert.match(await wait(), /^2 browsers are waiting: fcm/);
    assert.equal(await sentence(), "Sending. 3 of 5 browsers told so far.");
    pause(0, null);
    assert.equal(await wait(), "");
  });

  it("when an incident is over, all but its newest notification are folded; nobody is not said three times in large", async () => {
    const id = await editor.addIncident({ name: "Folded", body: "One." });
    await editor.done(page(id), page(id), { body: "Two." });
    const finish = () => state.run(`UPDATE jobs SET state = 'done', max_subscription_id = 0 WHERE incident_id = ${quote(id)}`);
    finish();
    const open = (await editor.get(page(id))).text;
    assert.equal(open.match(/class="ledger-sentence">Nobody/g).length, 1);
    assert.equal(open.match(/class="quiet">Nobody was told: there were no/g).length, 1);
    assert.doesNotMatch(open, /earlier notification/);
    await editor.done(page(id), `${page(id)}/resolve`, {});
    assert.match((await editor.get(page(id))).text, /<summary>2 earlier notifications<\/summary>/);
    finish();
    const over = (await editor.get(page(id))).text;
    const [, folded] = /<details class="fold"><summary>2 earlier notifications<\/summary>([^]*?)<\/details>/.exec(over);
    assert.equal(folded.match(/class="card padded ledger"/g).length, 2);
    assert.equal(over.match(/class="ledger-sentence">/g).length, 1);
  });

  it("an open incident offers the update before its end", async () => {
    const id = await editor.addIncident({ name: "In order", body: "One.", deliver_notifications: "0" });
    const { text } = await editor.get(page(id));
    assert.ok(text.indexOf('id="update"') > 0 && text.indexOf('id="update"') < text.indexOf('id="resolve"'));
  });

  it("wrong input is 422 with the same form, a message at the field, and all that was written", async () => {
    const long = "x".repeat(201);
    const was = state.value("SELECT count(*) FROM incidents");
    for (const name of ["", "   ", long, "two\nlines"]) {
      const answer = await editor.submit(`${INCIDENTS}/new`, INCIDENTS,
        { name, body: "Kept <text>", status: "monitoring", impact_override: "major", [`components[${api}]`]: "partial_outage" });
      assert.equal(answer.status, 422);
      assert.match(answer.text, /id="name"[^>]* aria-invalid="true" aria-describedby="name-hint name-wrong"/);
      assert.match(answer.text, /<p class="wrong" id="name-wrong">[^<]+<\/p>/);
      const { fields } = formOf(answer.text, INCIDENTS);
      assert.equal(fields.get("body"), "Kept <text>");
      assert.equal(fields.get("status"), "monitoring");
      assert.equal(fields.get("impact_override"), "major");
      assert.equal(fields.get(`components[${api}]`), "partial_outage");
      assert.match(mainOf(answer.text), /This is not stored yet\./);
    }
    for (const [field, value] of [["status", "exploded"], ["impact_override", "huge"], ["deliver_notifications", "maybe"],
      [`components[${api}]`, "on fire"], ["components[aaaaaaaaaaaa]", "major_outage"], ["post_id", "short"], ["post_id", null],
      ["body", "x".repeat(25_001)]]) {
      const answer = await editor.submit(`${INCIDENTS}/new`, INCIDENTS, { name: "Wrong", [field]: value });
      assert.equal(answer.status, 422, field);
      assert.equal(formOf(answer.text, INCIDENTS).fields.get("name"), "Wrong");
    }
    assert.equal(state.value("SELECT count(*) FROM incidents"), was);
    const id = await editor.addIncident({ name: "Empty update", body: "One." });
    const empty = await editor.submit(page(id), page(id), { body: "" });
    assert.equal(empty.status, 422);
    assert.match(empty.text, /Say what is new/);
    const early = await editor.submit(page(id), page(id), { body: "Why", status: "postmortem" });
    assert.equal(early.status, 409);
    assert.match(early.text, /resolve the incident first/);
    assert.equal(formOf(early.text, page(id)).fields.get("body"), "Why");
  });

  it("hostile text is shown as it is, on the admin pages, the page and in the notification", async () => {
    for (const text of HOSTILE) {
      const id = await editor.addIncident({ name: text, body: `Text: ${text}` });
      const [kept] = state.rows(`SELECT name FROM incidents WHERE id = ${quote(id)}`);
      assert.equal(kept.name, text.trim());
      for (const shown of [(await editor.get(page(id))).text, (await editor.get(INCIDENTS)).text,
        (await editor.get(`${page(id)}/delete`)).text, publicPage(id)]) {
        assert.ok(shown.includes(encode(kept.name)), `${text} in\n${mainOf(shown)}`);
        assert.doesNotMatch(shown, /<script>|<img src=x|<svg\/onload|<iframe|<b onmouseover/);
      }
      const { fields } = formOf((await editor.get(page(id))).text, `${page(id)}/edit`);
      assert.equal(fields.get("name"), kept.name);
      const title = state.value(`SELECT title FROM jobs WHERE incident_id = ${quote(id)}`);
      assert.ok(title.endsWith(kept.name) || title.includes(kept.name.slice(0, 20)), title);
      await editor.done(`${page(id)}/delete`, `${page(id)}/delete`, {});
    }
  });

  it("line breaks in a title are refused, CR LF in a text becomes LF, and no log line is forged", async () => {
    for (const name of ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\u0000b", "a\u001bb", "a\u007fb"]) {
      const answer = await editor.submit(`${INCIDENTS}/new`, INCIDENTS, { name });
      assert.ok([400, 422].includes(answer.status), JSON.stringify(name));
      assert.ok(!/x=1/.test(answer.headers["set-cookie"] ?? ""));
    }
    const id = await editor.addIncident({ name: "Lines", body: "one\r\ntwo\r\n\r\nthree" });
    assert.equal(state.value(`SELECT body FROM incident_updates WHERE incident_id = ${quote(id)}`), "one\ntwo\n\nthree");
  });

  it("with notifications off there is one button, no job, and a sentence that says so", async () => {
    state.setting("push_enabled", "0");
    const { html } = formOf((await editor.get(`${INCIDENTS}/new`)).text, INCIDENTS);
    assert.deepEqual([...html.matchAll(/<button[^>]*deliver_notifications[^>]*>([^<]*)</g)].map(([, word]) => word), ["Publish"]);
    assert.match(html, /Nobody is notified/);
    const id = await editor.addIncident({ name: "Off", body: "Nobody.", deliver_notifications: "1" });
    assert.equal(jobs(id).length, 0);
    assert.match((await editor.get(page(id))).text, /notifications are switched off/);
    state.setting("push_enabled", "1");
  });

  it("the preview is what would be published, and stores nothing", async () => {
    const { text } = await editor.get(`${INCIDENTS}/new`);
    const [, csrf] = /data-preview-csrf="([^"]*)"/.exec(text);
    const was = state.value("SELECT count(*) FROM incidents");
    const { fields } = formOf(text, INCIDENTS);
    const asked = Object.fromEntries(fields);
    const answer = await editor.post(`${INCIDENTS}/preview`, { ...asked, csrf, name: "<b>Preview</b>",
      body: "First **sentence**. Second.", [`components[${web}]`]: "partial_outage" });
    assert.equal(answer.status, 200);
    const shown = decode(answer.text);
    assert.match(shown, /🟠 Partial outage: Website/);
    assert.match(shown, /<p>First sentence\.<\/p>/);
    assert.match(answer.text, /First <strong>sentence<\/strong>\. Second\./);
    assert.match(answer.text, /&lt;b&gt;Preview/);
    assert.equal(state.value("SELECT count(*) FROM incidents"), was);
  });

  it("an empty overview points at the first component", async () => {
    const fresh = makeState();
    const other = await startServer(fresh);
    try {
      const owner = Person.signedIn(fresh, other);
      const { text } = await owner.get(INCIDENTS);
      assert.match(text, /Add your first component/);
      assert.match(text, new RegExp(`href="${SETTINGS}/components/new"`));
      assert.match((await owner.get(`${SETTINGS}/components`)).text, /Add your first component/);
      const viewer = Person.signedIn(fresh, other, "viewer");
      assert.doesNotMatch((await viewer.get(INCIDENTS)).text, /components\/new/);
    } finally {
      await other.stop();
      fresh.remove();
    }
  });
});
