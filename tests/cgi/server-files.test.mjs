// What deploy/lighttpd.conf says about files: which addresses are pages, and that nothing leaves without its headers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fs from "node:fs";
import path from "node:path";
import { makeState, startServer } from "./harness.mjs";
import { assertClosedFiles, assertMissingFiles, assertOpenFiles, makeOpenFiles } from "./open-files.mjs";

describe("the web server's own answers", () => {
  let state, server;
  before(async () => {
    state = makeState();
    assert.equal(state.atstatus("publish").code, 0);
    for (const folder of ["incidents", "maintenance", "help"]) fs.mkdirSync(path.join(state.publicDir, folder), { recursive: true });
    makeOpenFiles(state);
    server = await startServer(state);
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  const assertSafe = (answer, what) => {
    assert.equal(answer.headers["x-content-type-options"], "nosniff", what);
    assert.match(answer.headers["content-security-policy"] ?? "", /default-src 'none'.*frame-ancestors 'none'/, what);
    assert.match(answer.headers["cache-control"] ?? "", /no-(store|cache)/, what);
  };

  test("/admin leads to the admin pages, also with a query, and is not kept", async () => {
    for (const address of ["/admin", "/admin/", "/admin?x=1", "/admin/?x=1"]) {
      const answer = await server.request(address);
      assert.deepEqual([answer.status, answer.headers.location], [302, "/cgi-bin/admin-settings"], address);
      assertSafe(answer, address);
      assert.equal(answer.headers["cache-control"], "no-store", address);
    }
  });

  test("a folder without a page is 404, also with a query", async () => {
    for (const address of ["/incidents/", "/incidents", "/incidents/?x=1", "/api/v2?x=1", "/maintenance/?", "/help/?x"]) {
      const answer = await server.request(address);
      assert.equal(answer.status, 404, address);
      assertSafe(answer, address);
    }
  });

  test("what no program answers under /cgi-bin/ is 404 with headers, and nothing keeps it", async () => {
    for (const address of ["/cgi-bin/", "/cgi-bin/nothing", "/cgi-bin/push-sender", "/cgi-bin/.env", "/cgi-bin"]) {
      const answer = await server.request(address);
      assert.equal(answer.status, 404, address);
      assertSafe(answer, address);
      assert.equal(answer.headers["cache-control"], "no-store", address);
    }
  });

  test("a name that is no page's is 404 with headers, whether there is such a file or not", async () => {
    for (const name of ["left.db", "left.env", "left.txt~", ".hidden", "left.bak"]) fs.writeFileSync(path.join(state.publicDir, name), "secret");
    for (const address of ["/left.db", "/none.db", "/left.db?x", "/left%2edb", "/left.env", "/left.txt~", "/left.txt%7e",
      "/.hidden", "/%2ehidden", "/.git/config", "/left.bak/"]) {
      const answer = await server.request(address);
      assert.equal(answer.status, 404, address);
      assert.doesNotMatch(answer.text, /secret/, address);
      assertSafe(answer, address);
    }
  });

  test("the read API, feeds, calendar and badges are open to other sites, with their types, and are asked for again", () => assertOpenFiles(server));
  test("nothing else is open to other sites", () => assertClosedFiles(server));
  test("an address of the read API or of a badge that there is not is 404, and so is a foreign path", () => assertMissingFiles(server));

  test("a refusal by the server has the headers too", async () => {
    fs.mkdirSync(path.join(state.publicDir, "empty"));
    const answer = await server.request("/empty/");
    assert.equal(answer.status, 403);
    assertSafe(answer, "/empty/");
  });

  test("25,000 characters of three bytes reach the programs in either spelling, and 400 KiB do not", async () => {
    const text = "\u5b57".repeat(25_000);
    const form = (body) => server.request("/cgi-bin/admin-settings/sign-in", { method: "POST", body,
      headers: { "content-type": "application/x-www-form-urlencoded" } });
    const escaped = `{"incident":{"name":"x","body":"${"\\u5b57".repeat(25_000)}"}}`;
    const json = await server.request("/v1/pages/default/incidents", { method: "POST", body: escaped,
      headers: { "content-type": "application/json" } });
    for (const answer of [await form(`password=${encodeURIComponent(text)}`), json]) {
      assert.match(answer.headers["content-security-policy"] ?? "", /default-src/, "a program has answered");
    }
    assert.equal(json.status, 401);
    const more = await form("x".repeat(400 * 1024));
    assert.equal(more.status, 413);
    assert.equal(more.headers["content-security-policy"], undefined, "the server has answered");
  });
});
