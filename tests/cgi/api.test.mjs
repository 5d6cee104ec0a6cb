// The write API: who may call it, what is called, and what is refused before anything is done (contract §3).
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after, before, describe, test } from "node:test";
import { newId, until } from "./harness.mjs";
import { addToken, assertError, content, doors } from "./api-client.mjs";

// Every route, with the scope that it takes (docs/contract.md); reading also goes with `read`.
function routes(ids) {
  const component = { component: { name: "Made by a route" } };
  const incident = { incident: { name: "Made by a route" } };
  return [
    ["GET", "/components", undefined, "components"],
    ["HEAD", "/components", undefined, "components"],
    ["GET", `/components/${ids.component}`, undefined, "components"],
    ["POST", "/components", component, "components"],
    ["PATCH", `/components/${ids.component}`, component, "components"],
    ["DELETE", `/components/${ids.componentToDelete}`, undefined, "components"],
    ["GET", "/incidents", undefined, "incidents"],
    ["GET", `/incidents/${ids.incident}`, undefined, "incidents"],
    ["POST", "/incidents", incident, "incidents"],
    ["PATCH", `/incidents/${ids.incident}`, incident, "incidents"],
    ["DELETE", `/incidents/${ids.incidentToDelete}`, undefined, "incidents"],
    ["GET", "/notifications", undefined, "incidents"],
    ["GET", `/notifications/${ids.job}`, undefined, "incidents"],
    ["POST", `/notifications/${ids.job}/stop`, undefined, "incidents"],
  ];
}

for (const [how, open] of doors) {
  describe(`the write API ${how}`, () => {
    let state, client, close;

    before(async () => ({ state, client, close } = await open()));
    after(() => close?.());

    const addJob = () => {
      const id = newId();
      state.run(`INSERT INTO jobs (public_id, created_at, trigger, title, max_subscription_id) VALUES ('${id}', 1, 'incident_new', 'x', 0)`);
      return id;
    };
    const makeIds = () => ({ component: state.component("A"), componentToDelete: state.component("B"),
      incident: state.incident("C"), incidentToDelete: state.incident("D"), job: addJob() });

    test("without a token every route answers 401, says how to send one, and changes nothing", async () => {
      const nobody = client.with(null);
      for (const [method, path, body] of routes(makeIds())) {
        const before = content(state);
        const answer = await nobody.call(method, path, body);
        assert.equal(answer.status, 401, `${method} ${path}`);
        assert.equal(answer.headers["www-authenticate"], "Bearer");
        assert.equal(answer.headers["cache-control"], "no-store");
        assert.equal(answer.headers["access-control-allow-origin"], undefined);
        if (method !== "HEAD") assertError(answer, 401, /Authorization: Bearer/);
        assert.deepEqual(content(state), before);
      }
    });

    test("a token that is wrong, cut, longer, of another case, in the query or behind another scheme is 401", async () => {
      const { token } = client;
      const other = crypto.randomBytes(32).toString("base64url");
      const changed = token.slice(0, 20) + (token[20] === "A" ? "B" : "A") + token.slice(21);
      const hash = state.value("SELECT lower(hex(token_hash)) FROM tokens");
      const values = [`Bearer ${other}`, `Bearer ${changed}`, `Bearer ${token.slice(0, -1)}`, `Bearer ${token}A`, `Bearer ${token} x`,
        `Bearer ${token.toLowerCase()}`, "Bearer", "Bearer ", token, `Basic ${Buffer.from(`x:${token}`).toString("base64")}`,
        `Basic ${token}`, `Token ${token}`, `Bearer ${hash}`, `Bearer ${token}, Bearer ${token}`, `Bearer "${token}"`];
      for (const authorization of values) {
        const answer = await client.with(null).call("GET", "/components", undefined, { headers: { authorization } });
        assertError(answer, 401);
        assert.equal(answer.headers["www-authenticate"], "Bearer", authorization);
      }
      for (const query of [`token=${token}`, `access_token=${token}`, `api_key=${token}`, `Authorization=Bearer%20${token}`]) {
        assertError(await client.with(null).call("GET", "/components", undefined, { query }), 401);
      }
    });

    test("a token is also taken as \"OAuth <token>\", and the scheme in any case", async () => {
      for (const scheme of ["OAuth", "oauth", "bearer", "BEARER"]) {
        const answer = await client.with(null).call("GET", "/components", undefined,
          { headers: { authorization: `${scheme} ${client.token}` } });
        assert.equal(answer.status, 200, scheme);
      }
    });

    test("a revoked token is 401 from the next request on", async () => {
      const name = `gone-${how.length}`;
      const doomed = client.with(addToken(state, "admin", name));
      assert.equal((await doomed.get("/components")).status, 200);
      assert.equal(state.atstatus("token", "revoke", name).code, 0);
      assertError(await doomed.get("/components"), 401);
    });

    test("the database holds the SHA-256 of a token and nowhere the token", async () => {
      assert.equal(state.value(`SELECT count(*) FROM tokens WHERE hex(token_hash) =
        '${crypto.createHash("sha256").update(client.token).digest("hex").toUpperCase()}'`), 1);
      state.run("PRAGMA wal_checkpoint(TRUNCATE)");
      const { readFileSync } = await import("node:fs");
      assert.equal(readFileSync(state.database).includes(client.token), false);
    });

    test("the last use of a token is noted after the answer, at most once an hour", async () => {
      const name = `used-${how.length}`;
      const used = client.with(addToken(state, "read", name));
      const at = () => state.value(`SELECT last_used_at FROM tokens WHERE name = '${name}'`);
      assert.equal(at(), null);
      await used.get("/components");
      await until(() => at() !== null);
      assert.ok(Math.abs(at() - Date.now()) < 60000);
      state.run(`UPDATE tokens SET last_used_at = ${Date.now() - 1800000} WHERE name = '${name}'`);
      const noted = at();
      await used.get("/components");
      await used.get("/components");
      assert.equal(at(), noted);
    });

    for (const scope of ["read", "components", "incidents", "maintenance", "admin", "read incidents"]) {
      test(`a token with the scope "${scope}" may do exactly what the contract says`, async () => {
        const limited = client.with(addToken(state, scope));
        for (const [method, path, body, needed] of routes(makeIds())) {
          const words = scope.split(" ");
          const reads = method === "GET" || method === "HEAD";
          // whoever may write incidents or maintenances may read both
          const kin = reads && path.startsWith("/incidents") && words.includes("maintenance");
          const allowed = words.includes("admin") || words.includes(needed) || kin || (reads && words.includes("read"));
          const before = allowed ? undefined : content(state);
          const answer = await limited.call(method, path, body);
          if (allowed) {
            assert.ok([200, 201].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
          } else {
            assert.equal(answer.status, 403, `${method} ${path}`);
            if (method !== "HEAD") assertError(answer, 403, new RegExp(`scope "${reads ? "read" : needed}"`));
            assert.deepEqual(content(state), before);
          }
        }
      });
    }

    test("the page is called by \"default\" or by its own id, and every other id is 404", async () => {
      const id = state.value("SELECT value FROM settings WHERE name = 'page_id'");
      assert.equal((await client.request("GET", `/pages/${id}/components`)).status, 200);
      assert.equal((await client.request("GET", "/pages/default/components")).status, 200);
      for (const page of [newId(), id.toUpperCase() === id ? newId() : id.toUpperCase(), id.slice(1), "Default", "defaults"]) {
        assertError(await client.request("GET", `/pages/${page}/components`), 404);
      }
    });

    test("what is no address of the API is 404 in JSON and changes nothing", async () => {
      const ids = makeIds();
      const paths = ["/pages", "/pages/default", "/pages/default/component", "/pages/default/componentsx",
        "/pages/default/subscribers", "/page/default/components", "/pages/default/COMPONENTS", "/pages/default/components/x",
        `/pages/default/components/${ids.component}-`, `/pages/default/components/${ids.component.slice(1)}`,
        `/pages/default/components/${ids.component}x`, `/pages/default/components/${ids.component.toUpperCase()}`,
        `/pages/default/components/${ids.component}/stop`, `/pages/default/incidents/${ids.incident}/incident_updates`,
        `/pages/default/incidents/${ids.incident.slice(1)}`, "/pages/default/incidents/1", "/pages/default/incidents/-1",
        "/pages/default/incidents/1e3", "/pages/default/incidents/9223372036854775808", "/pages/default/incidents/resolved",
        `/pages/default/notifications/${ids.job}/stop/now`,
        `/pages/default/notifications/${ids.job}/start`, `/pages/default/x/${ids.component}`];
      const rows = content(state);
      for (const path of paths) {
        for (const method of ["GET", "DELETE"]) {
          const answer = await client.request(method, path);
          assertError(answer, 404);
        }
      }
      for (const path of ["/pages/default/components/", `/pages/default/components/${ids.component}/`,
        `/pages/default/notifications/${ids.job}/stop/`]) {
        assert.equal((await client.request("DELETE", path)).status, 404, path);
      }
      assert.deepEqual(content(state), rows);
    });

    test("an id of another kind of thing is 404", async () => {
      const ids = makeIds();
      const rows = content(state);
      for (const path of [`/components/${ids.incident}`, `/components/${ids.job}`, `/incidents/${ids.component}`,
        `/incidents/${ids.job}`, `/notifications/${ids.incident}`, `/components/${newId()}`, `/incidents/${newId()}`,
        `/notifications/${newId()}`]) {
        assertError(await client.get(path), 404);
        if (path.startsWith("/notifications")) continue;
        const wrapper = path.startsWith("/incidents") ? "incident" : "component";
        assertError(await client.call("PATCH", path, { [wrapper]: { name: "x" } }), 404);
        assertError(await client.call("DELETE", path), 404);
      }
      assertError(await client.call("POST", `/notifications/${ids.incident}/stop`), 404);
      assert.deepEqual(content(state), rows);
    });

    test("a method that an address does not take is 405 and Allow names those it takes", async () => {
      const ids = makeIds();
      const rows = content(state);
      const cases = [
        ["PATCH", "/components", "GET, HEAD, POST"], ["DELETE", "/components", "GET, HEAD, POST"],
        ["POST", `/components/${ids.component}`, "GET, HEAD, PATCH, DELETE"],
        ["PATCH", "/incidents", "GET, HEAD, POST"], ["DELETE", "/incidents", "GET, HEAD, POST"],
        ["POST", `/incidents/${ids.incident}`, "GET, HEAD, PATCH, DELETE"],
        ["POST", "/notifications", "GET, HEAD"], ["PATCH", `/notifications/${ids.job}`, "GET, HEAD"],
        ["DELETE", `/notifications/${ids.job}`, "GET, HEAD"],
        ["GET", `/notifications/${ids.job}/stop`, "POST"], ["DELETE", `/notifications/${ids.job}/stop`, "POST"],
        ["PUT", `/components/${ids.component}`, "GET, HEAD, POST, PATCH, DELETE"],
        ["OPTIONS", "/components", "GET, HEAD, POST, PATCH, DELETE"],
      ];
      for (const [method, path, allow] of cases) {
        // lighttpd refuses a GET with a body by itself
        const answer = await client.call(method, path, method === "GET" ? undefined : { component: { name: "x" } });
        assert.equal(answer.status, 405, `${method} ${path}: ${answer.text}`);
        assert.equal(answer.headers.allow, allow, `${method} ${path}`);
        assert.equal(answer.headers["access-control-allow-methods"], undefined);
        assertError(answer, 405);
      }
      assert.deepEqual(content(state), rows);
    });

    test("HEAD answers as GET does, without the body", async () => {
      const id = state.component("Head");
      for (const path of ["/components", `/components/${id}`, "/incidents", "/notifications", `/components/${newId()}`]) {
        const get = await client.get(path);
        const head = await client.call("HEAD", path);
        assert.equal(head.status, get.status);
        assert.equal(head.headers["content-type"], get.headers["content-type"]);
        assert.equal(head.headers["content-length"], get.headers["content-length"]);
        assert.equal(head.body.length, 0);
      }
    });

    test("a body that is not declared as JSON is 415", async () => {
      const count = () => state.value("SELECT count(*) FROM components");
      const before = count();
      const text = JSON.stringify({ component: { name: "x" } });
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
        "application/json; charset=latin1", "application/jsonx", "application/json, text/plain", null]) {
        assertError(await client.call("POST", "/components", text, { headers: { "content-type": type } }), 415);
      }
      assert.equal(count(), before);
      for (const type of ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON;charset=\"UTF-8\""]) {
        assert.equal((await client.call("POST", "/components", text, { headers: { "content-type": type } })).status, 201, type);
      }
      assert.equal(count(), before + 3);
    });

    test("a body that is not strict JSON is 400", async () => {
      const rows = content(state);
      const bodies = ["", " ", "{", "{}x", "{\"component\":{\"name\":\"x\"}} {}", "{\"component\":{\"name\":\"x\"},}",
        "{'component':{'name':'x'}}", "{\"component\":{\"name\":NaN}}", "/* x */{\"component\":{\"name\":\"x\"}}",
        "\ufeff{\"component\":{\"name\":\"x\"}}", "{\"component\":{\"name\":\"x\",\"name\":\"y\"}}",
        "{\"component\":{\"name\":\"a\\u0000b\"}}", "{\"component\":{\"name\":\"a\u0001b\"}}",
        Buffer.from("{\"component\":{\"name\":\"a\xffb\"}}", "latin1"), "{\"component\":{\"name\":\"\\ud800\"}}",
        `{"component":${"[".repeat(1000)}${"]".repeat(1000)}}`, "name=x"];
      for (const body of bodies) {
        const answer = await client.call("POST", "/components", body, { headers: { "content-type": "application/json" } });
        assertError(answer, 400);
      }
      assert.deepEqual(content(state), rows);
    });

    test("the object must stand in its wrapper", async () => {
      const rows = content(state);
      for (const body of [{ name: "x" }, { incident: { name: "x" } }, { component: "x" }, { component: null }, { component: [] },
        [{ component: { name: "x" } }], "x", 1, null]) {
        const answer = await client.call("POST", "/components", JSON.stringify(body), { headers: { "content-type": "application/json" } });
        assertError(answer, 400, /\{"component": \{\.\.\.\}\}/);
      }
      assertError(await client.call("POST", "/incidents", { component: { name: "x" } }), 400, /\{"incident": \{\.\.\.\}\}/);
      assert.deepEqual(content(state), rows);
    });

    test("a body longer than 320 KiB is 413 and nothing of it is stored", async () => {
      const rows = content(state);
      const answer = await client.call("POST", "/components", { component: { name: "x", description: "y".repeat(327680) } });
      assert.equal(answer.status, 413);
      assert.deepEqual(content(state), rows);
      const most = `{"component":{"name":"Just fits"}}`.padEnd(327680);
      const fits = await client.call("POST", "/components", most, { headers: { "content-type": "application/json" } });
      assert.equal(fits.status, 201, fits.text);
    });

    test("a browser's cookie or Origin gives no right, and a foreign Origin takes none away", async () => {
      const headers = { origin: state.siteUrl, "sec-fetch-site": "same-origin", cookie: "sid=x; __Host-sid=x" };
      assertError(await client.with(null).call("POST", "/components", { component: { name: "x" } }, { headers }), 401);
      const foreign = await client.call("GET", "/components", undefined, { headers: { origin: "https://evil.example" } });
      assert.equal(foreign.status, 200);
      assert.equal(foreign.headers["access-control-allow-origin"], undefined);
    });

    test("every answer is JSON that no browser takes for a page, and no cache keeps", async () => {
      for (const answer of [await client.get("/components"), await client.get("/nothing"), await client.with(null).get("/components")]) {
        assert.equal(answer.headers["content-type"], "application/json");
        assert.equal(answer.headers["x-content-type-options"], "nosniff");
        assert.equal(answer.headers["cache-control"], "no-store");
        assert.match(answer.headers["content-security-policy"], /^default-src 'none'; frame-ancestors 'none'/);
        assert.equal(answer.headers["set-cookie"], undefined);
        assert.equal(Number(answer.headers["content-length"]), answer.body.length);
      }
    });
  });
}
