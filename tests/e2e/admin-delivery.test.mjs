/*
 * The delivery as it happens, in a real browser on the real admin page: kept fresh by the script while somebody looks,
 * without a reload, and left alone when all is done.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { INCIDENTS, Person } from "../cgi/admin-client.mjs";
import { makeState, makeSubscription, startServer } from "../cgi/harness.mjs";
import { startChromium } from "./chromium.mjs";
import { patienceMs, until } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
let state, server, chromium, editor;

before(async () => {
	state = makeState();
	server = await startServer(state);
	chromium = await startChromium();
	editor = Person.signedIn(state, server, "editor");
	await server.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription() } });
}, limit);

after(async () => {
	await chromium?.stop();
	await server?.stop();
	state?.remove();
}, limit);

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
const sentence = () => document.querySelector(".ledger-sentence").textContent;

test("what is told changes before one's eyes, is not asked for while nobody looks, and is no longer when all is done", limit, async () => {
	const id = await editor.addIncident({ name: "Followed", body: "We are looking." });
	const job = state.value("SELECT max(id) FROM jobs");
	const page = await chromium.newPage();
	const asked = () => page.requests.filter((url) => url.endsWith(`/${id}/delivery`)).length;
	const address = `${server.url}${INCIDENTS}/${id}`;
	await page.open(`${server.url}/admin.css`);
	await page.run((token) => { document.cookie = `sid=${token}; path=/`; }, editor.cookies.get("sid"));
	await page.open(address);
	assert.equal(await page.run(sentence), "Sending. No push service has answered yet.");

	state.run(`UPDATE jobs SET spread = 1 WHERE id = ${job};
		INSERT INTO lanes (job_id, origin_id, shard) SELECT ${job}, origin_id, shard FROM subscriptions;
		INSERT INTO ledger VALUES (${job}, (SELECT id FROM origins), 'accepted', 12);`);
	await page.waitFor("the new figures", () => document.querySelector(".ledger-sentence").textContent === "Sending. 12 of about 13 browsers told so far.");
	assert.equal(await page.run(() => performance.getEntriesByType("navigation").length), 1);

	await page.hide(true);
	await pause(1500);
	const before = asked();
	await pause(2500);
	assert.equal(asked(), before);
	await page.hide(false);
	await until("asking again", () => asked() > before);

	state.run(`UPDATE jobs SET state = 'done', first_at = created_at + 100, last_at = created_at + 2100 WHERE id = ${job}; UPDATE lanes SET done = 1;
		UPDATE ledger SET n = 13;`);
	await page.waitFor("the end", () => document.querySelector(".ledger-sentence").textContent === "13 of 13 browsers told in 2.1 s.");
	const last = asked();
	await pause(2500);
	assert.equal(asked(), last);
	assert.deepEqual(page.faults, []);
	await page.close();
});
