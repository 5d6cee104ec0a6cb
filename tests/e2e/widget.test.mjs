/*
 * Atlassian's own status widget (npm @statuspage/status-widget) in a real Chromium, on a page of another origin: it says
 * what the status page says, before, during and after an incident and a maintenance. Nobody of us wrote the widget.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { startChromium } from "./chromium.mjs";
import { startSuite } from "./suite.mjs";
import { patienceMs } from "./wait.mjs";

const limit = { timeout: 5 * patienceMs };
const bundle = readFileSync(new URL("../node_modules/@statuspage/status-widget/dist/index.js", import.meta.url));
let suite, chromium, site, component;

before(async () => {
	suite = await startSuite();
	chromium = await startChromium();
	site = await startSite();
	component = await post("/components", { component: { name: "Checkout" } });
}, limit);

after(async () => {
	site?.close();
	await chromium?.stop();
	await suite?.stop();
}, limit);

/* The page of somebody else; its bundler's variable is declared because the bundle only reads it. */
async function startSite() {
	const page = () => `<!doctype html><title>Somebody's shop</title><script>var parcelRequire;</script>
		<statuspage-widget src="${suite.origin}"></statuspage-widget>
		<statuspage-widget appearance="badge" title="Shop" src="${suite.origin}"></statuspage-widget>
		<img id="badge" alt="" src="${suite.origin}/badge.svg"><script src="/widget.js"></script>`;
	const server = createServer((request, response) => {
		const isScript = request.url === "/widget.js";
		response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
		response.end(isScript ? bundle : page());
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	return server;
}

async function call(method, path, body) {
	const { status, json, text } = await suite.api(method, path, body);
	assert.ok(status === 200 || status === 201, text);
	return json;
}

const post = (path, body) => call("POST", path, body);

async function onSite(act) {
	const page = await chromium.newPage();
	try {
		await page.open(`http://localhost:${site.address().port}/`);
		return await act(page);
	} finally {
		await page.close();
	}
}

/* A page that is newly opened shows these words and this class in both looks of the widget. */
function assertShown(indicator, words) {
	return onSite(async (page) => {
		const shown = await page.waitFor("both widgets to have drawn", () => {
			const roots = [...document.querySelectorAll("statuspage-widget")].map(({ shadowRoot }) => shadowRoot);
			const marks = roots.map((root) => root?.querySelector(".status-indicator"));
			if (marks.includes(null) || marks.includes(undefined)) return null;
			return roots.map((root, i) => [marks[i].className.replace("status-indicator ", ""), root.querySelector(".status-container").innerText.trim().toLowerCase().replace(/\s*\n\s*/g, " ")]);
		});
		assert.deepEqual(shown, [[indicator, words.toLowerCase()], [indicator, `shop ${words.toLowerCase()}`]]);
		assert.deepEqual(page.faults.filter((fault) => !fault.includes("/favicon.ico")), []);
	});
}

test("it says the right words before, during and after an incident", limit, async () => {
	await assertShown("none", "All Systems Operational");
	const { id } = await post("/incidents", { incident: { name: "Payments fail", body: "x", components: { [component.id]: "major_outage" } } });
	await assertShown("critical", "Major System Outage");
	await call("PATCH", `/incidents/${id}`, { incident: { status: "monitoring", body: "x", components: { [component.id]: "partial_outage" } } });
	await assertShown("major", "Partial System Outage");
	await call("PATCH", `/incidents/${id}`, { incident: { status: "resolved", body: "x" } });
	await assertShown("none", "All Systems Operational");
});

test("it says the right words before, during and after a maintenance", limit, async () => {
	const inHours = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();
	const { id } = await post("/incidents", {
		incident: { name: "New disks", body: "x", scheduled_for: inHours(1), scheduled_until: inHours(2), components: { [component.id]: "under_maintenance" } },
	});
	await assertShown("none", "All Systems Operational");
	await call("PATCH", `/incidents/${id}`, { incident: { status: "in_progress", body: "x" } });
	await assertShown("maintenance", "Service Under Maintenance");
	await call("PATCH", `/incidents/${id}`, { incident: { status: "completed", body: "x" } });
	await assertShown("none", "All Systems Operational");
});

test("a page of another origin shows the badge, reads the API and nothing else", limit, () =>
	onSite(async (page) => {
		await page.waitFor("the badge", () => document.getElementById("badge").naturalWidth > 50);
		const read = (addresses) => Promise.all(addresses.map((address) => fetch(address).then(({ status }) => status, () => "refused")));
		const paths = ["/api/v2/summary.json", "/api/v2/incidents/unresolved.json", "/badge.svg", `/badge/${component.id}.svg`, "/push.json", "/", "/cgi-bin/subscribe/state"];
		const answers = await page.run(read, paths.map((path) => suite.url(path)));
		assert.deepEqual(answers, [200, 200, 200, 200, "refused", "refused", "refused"]);
	}));
