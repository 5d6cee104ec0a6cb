// A smoke test behind a real Apache with mod_proxy_fcgi and deploy/apache.conf: pages, subscribing, signing in, the write API.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { makeState, makeSubscription, newId, subscriptionFields } from "./harness.mjs";
import { addUser, PASSWORD, Person, SETTINGS, storedPassword } from "./admin-client.mjs";
import { addToken, assertError, Client, content } from "./api-client.mjs";
import { startApache } from "./apache-server.mjs";
import { assertClosedFiles, assertMissingFiles, assertOpenFiles, makeOpenFiles } from "./open-files.mjs";
import { headline, publish, read } from "./page-tools.mjs";

describe("behind Apache", () => {
  let state, server, client;

  before(async () => {
    state = makeState();
    server = await startApache(state);
    publish(state);
    makeOpenFiles(state);
    const send = (target, { query, ...request }) => server.request(`/v1${target}${query ? `?${query}` : ""}`, request);
    client = new Client(state, send);
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  test("the page and its files are served with their types and the policy that forbids inline script and style", async () => {
    for (const [address, type] of [["/", "text/html; charset=utf-8"], ["/style.css", "text/css; charset=utf-8"], ["/sw-push.js", "text/javascript; charset=utf-8"],
      ["/push.json", "application/json"], ["/alive.json", "application/json"], ["/manifest.webmanifest", "application/manifest+json"],
      ["/logo.png", "image/png"], ["/favicon.ico", "image/x-icon"], ["/robots.txt", "text/plain; charset=utf-8"]]) {
      const answer = await server.request(address);
      assert.equal(answer.status, 200, address);
      assert.equal(answer.headers["content-type"], type, address);
      assert.equal(answer.headers["x-content-type-options"], "nosniff", address);
      assert.match(answer.headers["content-security-policy"], /^default-src 'none'; script-src 'self'; style-src 'self';/, address);
    }
    assert.equal((await server.request("/")).text, read(state));
    for (const address of ["/push.json", "/alive.json"]) assert.equal((await server.request(address)).headers["cache-control"], "no-store");
    assert.equal((await server.request("/sw-push.js")).headers["cache-control"], "no-cache");
  });

  test("an unknown address is 404 with the site's own page; nothing but the public folder can be reached", async () => {
    const missing = await server.request("/nothing");
    assert.equal(missing.status, 404);
    assert.equal(headline(missing.text), "There is no page at this address.");
    assert.equal(missing.headers.server, "Apache", "no version");
    const nobody = await server.request("/cgi-bin/nothing");
    assert.deepEqual([nobody.status, nobody.headers["x-content-type-options"]], [404, "nosniff"]);
    for (const address of ["/.env", "/.git/HEAD", "/data/atstatus.db", "/../data/atstatus.db", "/..%2fdata/atstatus.db", "/%2e%2e/data/atstatus.db",
      "/atstatus.db", "/atstatus.db-wal", "/conf.bak", "/index.html~", "/incidents/", "/.ENV", "/x.SQL"]) {
      const { status } = await server.request(address);
      assert.ok([400, 403, 404].includes(status), `${address}: ${status}`);
    }
  });

  test("the read API, feeds, calendar and badges are open to other sites, and nothing else", async () => {
    await assertOpenFiles(server);
    await assertClosedFiles(server);
    await assertMissingFiles(server);
  });

  test("a browser subscribes, is known, and leaves", async () => {
    const subscription = makeSubscription();
    const proof = { endpoint: subscription.endpoint, auth: subscription.keys.auth };
    const first = await server.request("/cgi-bin/subscribe", { body: { subscription } });
    assert.deepEqual([first.status, first.json], [201, { status: "subscribed" }]);
    assert.equal(subscriptionFields(state, subscription.endpoint).origin, "https://fcm.googleapis.com");
    assert.equal((await server.request("/cgi-bin/subscribe", { body: { subscription } })).status, 200);
    assert.equal((await server.request("/cgi-bin/subscribe/state", { body: proof })).json.status, "subscribed");
    const gone = await server.request("/cgi-bin/subscribe/remove", { body: proof });
    assert.deepEqual([gone.status, gone.json], [200, { status: "unsubscribed" }]);
    assert.equal(subscriptionFields(state, subscription.endpoint), undefined);
  });

  test("a foreign origin is 403, and another method 405", async () => {
    const subscription = makeSubscription();
    const foreign = await server.request("/cgi-bin/subscribe", { body: { subscription }, headers: { origin: "https://evil.example" } });
    assert.equal(foreign.status, 403);
    assert.equal(subscriptionFields(state, subscription.endpoint), undefined);
    assert.equal((await server.request("/cgi-bin/subscribe", { method: "DELETE" })).status, 405);
    assert.equal((await server.request("/", { method: "TRACE" })).status, 405);
  });

  test("a person signs in by the form, posts a component, and is unknown after signing out", async () => {
    addUser(state, "ada", "owner", storedPassword(PASSWORD, 14));
    const lead = await server.request("/admin", { headers: { host: "evil.example" } });
    assert.equal(lead.status, 302);
    assert.equal(new URL(lead.headers.location, server.url).origin, server.url);
    const ada = new Person(state, server);
    const wrong = await ada.signIn("ada", "a wrong password");
    assert.equal(wrong.status, 403);
    const answer = await ada.signIn("ada", PASSWORD);
    assert.equal(answer.status, 303, answer.text);
    assert.match(answer.headers["set-cookie"], /HttpOnly; SameSite=Strict/);
    assert.equal((await ada.get(answer.headers.location)).status, 200);
    const id = await ada.addComponent("Made by a person");
    assert.match(read(state), /Made by a person/);
    assert.match(id, /^[a-z0-9]{12}$/);
    const cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    await ada.submit(answer.headers.location, `${SETTINGS}/sign-out`);
    assert.notEqual((await server.request(`${SETTINGS}/components`, { cookie })).status, 200);
  });

  test("the write API has its Authorization header: POST, PATCH, GET and DELETE, and the page follows", async () => {
    const component = await client.component("API");
    assert.equal((await client.patch(`/components/${component.id}`, { status: "partial_outage" })).status, "partial_outage");
    const made = await client.incident({ name: "Behind Apache", body: "x", components: { [component.id]: "major_outage" } });
    const changed = await client.patch(`/incidents/${made.id}`, { status: "identified", body: "Found." });
    assert.deepEqual([changed.status, changed.incident_updates.length], ["identified", 2]);
    assert.equal(headline((await server.request(`/incidents/${made.id}/`)).text), "Behind Apache");
    assert.equal((await client.call("DELETE", `/incidents/${made.id}`)).status, 200);
    assert.equal((await server.request(`/incidents/${made.id}/`)).status, 404);
    assert.equal((await client.get("/notifications")).json[0].incident_id, made.id);
  });

  test("without a valid token it is 401, Basic included, with a token of another scope 403", async () => {
    const rows = content(state);
    for (const authorization of [undefined, "Bearer x", `Basic ${Buffer.from(`x:${client.token}`).toString("base64")}`, `Bearer ${client.token}x`]) {
      const answer = await client.with(null).call("POST", "/components", { component: { name: "x" } }, { headers: authorization ? { authorization } : {} });
      assertError(answer, 401);
      assert.equal(answer.headers["www-authenticate"], "Bearer");
    }
    const reader = client.with(addToken(state, "read"));
    assertError(await reader.call("PATCH", `/components/${newId()}`, { component: { name: "x" } }), 403);
    assert.deepEqual(content(state), rows);
  });

  test("an address beside a program's own is nobody's", async () => {
    const subscription = makeSubscription();
    for (const address of ["/cgi-bin/subscribeX", "/cgi-bin/subscribe/x", "/cgi-bin/subscribe/state/x", "/cgi-bin/", "/cgi-bin/push-sender", "/v1x",
      "/v1/pages/default/components/", "/cgi-bin/incident-post/v1/pages/default/components", "/cgi-bin/subscribe/%2e%2e/admin-settings"]) {
      const { status } = await server.request(address, { body: { subscription }, headers: { authorization: `Bearer ${client.token}` } });
      assert.ok([400, 403, 404, 405].includes(status), `${address}: ${status}`);
    }
    assert.equal(subscriptionFields(state, subscription.endpoint), undefined);
  });

  test("a body beyond the limit is 413, and the next request is served", async () => {
    const rows = content(state);
    const big = await client.call("POST", "/components", { component: { name: "x", description: "y".repeat(500000) } });
    assert.equal(big.status, 413);
    assert.equal((await server.request("/cgi-bin/subscribe", { body: JSON.stringify({ x: "y".repeat(9000) }), headers: { "content-type": "application/json" } })).status, 413);
    assert.equal((await client.get("/components")).status, 200);
    assert.deepEqual(content(state), rows);
  });

  test("malformed requests are refused and the one behind them in the connection is never misread", async () => {
    const head = `Host: localhost:${server.port}\r\nAuthorization: Bearer ${client.token}\r\nContent-Type: application/json\r\n`;
    const hidden = `POST /v1/pages/default/components HTTP/1.1\r\n${head}Content-Length: 33\r\n\r\n{"component":{"name":"Smuggled"}}`;
    const requests = [
      `POST /v1/pages/default/components HTTP/1.1\r\n${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde${hidden}`,
      `POST /v1/pages/default/components HTTP/1.1\r\n${head}Content-Length: -1\r\n\r\n${hidden}`,
      `POST /v1/pages/default/components HTTP/1.1\r\n${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden.replace("POST", "GETX")}`,
      `POST /v1/pages/default/components HTTP/1.1\r\n${head}Content-Length : 5\r\n\r\nabcde${hidden}`,
      `GET /${"x".repeat(9000)} HTTP/1.1\r\n${head}\r\n`,
      `GET / HTTP/1.1\r\n${head}X-Long: ${"x".repeat(9000)}\r\n\r\n`,
      `GET /v1/pages/default/components HTTP/1.1\r\n${head}Authorization: Bearer x\r\n\r\n`,
    ];
    for (const request of requests) {
      const answer = await server.raw(request);
      assert.doesNotMatch(answer, /^HTTP\/1\.1 2/, request.slice(0, 120));
      assert.match(answer, /^HTTP\/1\.1 (4\d\d|501)/, request.slice(0, 120));
    }
    assert.equal(state.value("SELECT count(*) FROM components WHERE name = 'Smuggled'"), 0);
    assert.equal((await client.get("/components")).status, 200);
  });

  test("no file that a visitor's address could be kept in holds it", () => {
    assert.deepEqual(server.log().split("\n").filter((line) => line.includes("127.0.0.1")), []);
    assert.deepEqual(fs.readdirSync(state.dir).filter((name) => /access/.test(name)), []);
    assert.equal(fs.existsSync(path.join(state.dir, "logs")), false);
  });
});
