// admin-gates.test.mjs - what stands before every admin page, for every route of lib/desk_table.h: session, role, Origin,
// csrf token, headers.  A route that is added there is tested here without a further line.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeState, makeSubscription, newId, startServer } from "./harness.mjs";
import { formsOf, INCIDENTS, Person, routes, SETTINGS } from "./admin-client.mjs";

const RANK = { ANYONE: 0, VIEWER: 1, EDITOR: 2, OWNER: 3 };
const posts = routes.filter(({ method }) => method === "POST");
const gets = routes.filter(({ method }) => method === "GET");

describe("the gates of the admin pages", () => {
  let state;
  let server;
  let owner;
  let ids;
  // what is completed must have begun
  const idOf = ({ name, path }) => (name === "MAINTENANCE_COMPLETE" ? ids.running : name.startsWith("MAINTENANCE_") || name === "MAINTENANCE"
    ? ids.maintenance : path("").startsWith(INCIDENTS) ? ids.incident : ids.component);
  const pathOf = (route) => route.path(idOf(route), ids.update);

  // everything that a request could have changed
  const world = () => JSON.stringify(["settings", "components", "component_history", "incidents", "incident_updates", "jobs",
    "posts", "audit", "users"].map((table) => state.rows(`SELECT * FROM ${table} WHERE 1`)));

  before(async () => {
    state = makeState();
    server = await startServer(state);
    owner = Person.signedIn(state, server);
    ids = { component: await owner.addComponent("API") };
    ids.incident = await owner.addIncident({ name: "Checkout is failing", body: "We are looking." });
    ids.update = state.value("SELECT id FROM incident_updates");
    // somebody whom an earlier notification missed, so that it can be sent again
    await server.request("/cgi-bin/subscribe", { body: { subscription: makeSubscription() } });
    state.run(`INSERT INTO jobs (public_id, created_at, trigger, title, incident_id, max_subscription_id, state)
      VALUES ('${newId()}', 1, 'incident_new', 'Missed', '${ids.incident}', 9, 'done');
      INSERT INTO missed SELECT (SELECT max(id) FROM jobs), id FROM subscriptions`);
    const window = { scheduled_for: "2090-01-01T16:00", scheduled_until: "2090-01-01T18:00", body: "New machines." };
    ids.maintenance = await owner.addMaintenance({ name: "New machines", ...window });
    ids.running = await owner.addMaintenance({ name: "At work", ...window });
    await owner.done(`${INCIDENTS}/maintenance/${ids.running}`, `${INCIDENTS}/maintenance/${ids.running}/start`, {});
  });
  after(async () => {
    await server?.stop();
    state?.remove();
  });

  // csrf tokens by the address that their form posts to, from the pages that this person sees
  async function tokensOf(person) {
    const tokens = new Map();
    for (const page of [...gets.filter(({ who }) => who !== "ANYONE").map(pathOf), `${INCIDENTS}/maintenance/${ids.running}`]) {
      const answer = await person.get(page);
      for (const { action, fields } of formsOf(answer.text)) tokens.set(action, fields.get("csrf"));
      const preview = /data-preview="([^"]*)" data-preview-csrf="([^"]*)"/.exec(answer.text);
      if (preview) tokens.set(preview[1], preview[2]);
    }
    return tokens;
  }

  it("the table is read whole", () => {
    assert.ok(routes.length >= 30, `${routes.length} routes`);
    assert.ok(posts.length >= 14);
    assert.deepEqual(routes.filter(({ who }) => RANK[who] === undefined), []);
  });

  it("each route that changes something has its form on some page", async () => {
    const tokens = await tokensOf(owner);
    const missing = posts.filter((route) => route.name !== "SIGN_IN" && !tokens.has(pathOf(route)));
    assert.deepEqual(missing.map(({ name }) => name), []);
  });

  it("without a session GET leads to the sign-in form and POST is refused", async () => {
    const nobody = new Person(state, server);
    const was = world();
    for (const route of routes.filter(({ who }) => who !== "ANYONE")) {
      const answer = await nobody.request(pathOf(route), { method: route.method,
        body: route.method === "POST" ? new URLSearchParams({ csrf: "x".repeat(43) }) : undefined });
      assert.equal(answer.status, route.method === "GET" ? 303 : 403, route.name);
      if (route.method === "GET") assert.ok(answer.headers.location.startsWith(SETTINGS), route.name);
      // the way back to the form, which the script fills with what was written
      else assert.match(answer.text, new RegExp(`href="${SETTINGS}\\?next=/cgi-bin/[a-z0-9/-]+"`), route.name);
    }
    assert.equal(world(), was);
  });

  it("no token, a foreign one, another form's and an old session's are refused, and nothing changes", async () => {
    const other = Person.signedIn(state, server);
    const foreign = await tokensOf(other);
    const own = await tokensOf(owner);
    const before = Person.signedIn(state, server);
    const old = await tokensOf(before);
    before.openSession();
    const was = world();
    for (const route of posts.filter(({ name }) => name !== "SIGN_IN")) {
      const path = pathOf(route);
      const another = own.get(path === INCIDENTS ? `${SETTINGS}/components` : INCIDENTS);
      for (const csrf of [undefined, "", "x", "x".repeat(43), foreign.get(path), another]) {
        const answer = await owner.post(path, csrf === undefined ? {} : { csrf });
        assert.equal(answer.status, 403, `${route.name} with ${csrf}`);
      }
      assert.equal((await before.post(path, { csrf: old.get(path) })).status, 403, `${route.name}, old session`);
    }
    assert.equal(world(), was);
  });

  it("an Origin that is not ours, or none, is refused on every POST", async () => {
    const own = await tokensOf(owner);
    const { port } = new URL(server.url);
    const origins = [null, "null", "http://evil.example", `http://localhost:${Number(port) + 1}`, `https://localhost:${port}`,
      server.url.toUpperCase(), `${server.url}.evil.example`, `http://evil.example/${server.url}`];
    const was = world();
    for (const route of posts) {
      for (const origin of origins) {
        const answer = await owner.post(pathOf(route), { csrf: own.get(pathOf(route)) ?? "" }, { headers: { origin } });
        assert.equal(answer.status, 403, `${route.name} from ${origin}`);
      }
      const answer = await owner.post(pathOf(route), { csrf: own.get(pathOf(route)) ?? "" }, { headers: { "sec-fetch-site": "cross-site" } });
      assert.equal(answer.status, 403, `${route.name} cross-site`);
    }
    assert.equal(world(), was);
  });

  it("the wrong method is refused and changes nothing", async () => {
    const was = world();
    for (const route of posts) {
      const path = pathOf(route);
      const alsoGet = gets.some((other) => pathOf(other) === path);
      const answer = await owner.get(path);
      if (alsoGet) assert.ok(answer.status < 400, route.name);
      else assert.deepEqual([answer.status, answer.headers.allow], [405, "POST"], route.name);
    }
    for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]) {
      assert.equal((await owner.request(INCIDENTS, { method })).status, 405, method);
    }
    assert.equal(world(), was);
  });

  it("each role may do exactly what the table says", async () => {
    for (const role of ["viewer", "editor", "owner"]) {
      const person = Person.signedIn(state, server, role);
      const may = (route) => RANK[role.toUpperCase()] >= RANK[route.who];
      for (const route of gets.filter(({ who }) => who !== "ANYONE")) {
        const answer = await person.get(pathOf(route));
        assert.equal(answer.status < 400, may(route), `${role} GET ${route.name}: ${answer.status}`);
        if (!may(route)) assert.equal(answer.status, 403);
        // no form is offered that would be refused
        for (const { action } of formsOf(answer.text)) {
          const target = posts.find((post) => pathOf(post) === action);
          assert.ok(target === undefined || may(target) || /disabled/.test(answer.text), `${role} sees a form for ${action}`);
        }
      }
      const was = world();
      for (const route of posts.filter((one) => !may(one))) {
        const answer = await person.post(pathOf(route), { csrf: "x".repeat(43) });
        assert.equal(answer.status, 403, `${role} POST ${route.name}`);
        assert.match(answer.text, role === "viewer" && route.who === "EDITOR" ? /may only look/ : /Only an owner/);
      }
      assert.equal(world(), was);
    }
  });

  it("an id that does not exist is a 404, and what is no id is no page", async () => {
    for (const route of routes.filter(({ hasId }) => hasId)) {
      const unknown = newId();
      if (route.method === "GET") assert.equal((await owner.get(route.path(unknown))).status, 404, route.name);
      assert.equal((await owner.get(route.path("No-such-id"))).status, 404, route.name);
    }
    for (const path of ["/nowhere", "/components/", "/settings/notifications/x", "/sign-in/x"]) {
      assert.equal((await owner.get(SETTINGS + path)).status, 404, path);
    }
    assert.equal((await owner.get(`${SETTINGS}x`)).status, 404);
  });

  it("every answer has no-store, nosniff and a policy that forbids framing and inline code", async () => {
    const people = [owner, new Person(state, server), Person.signedIn(state, server, "viewer")];
    for (const route of routes) {
      for (const person of people) {
        const answer = await person.request(pathOf(route), { method: route.method,
          body: route.method === "POST" ? new URLSearchParams({ csrf: "x" }) : undefined });
        const { headers } = answer;
        assert.equal(headers["cache-control"], "no-store", route.name);
        assert.equal(headers["x-content-type-options"], "nosniff", route.name);
        assert.equal(headers["referrer-policy"], "same-origin", route.name);
        assert.match(headers["content-security-policy"], /frame-ancestors 'none'/, route.name);
        assert.match(headers["content-security-policy"], /default-src 'none'/);
        assert.doesNotMatch(headers["content-security-policy"], /unsafe/);
        assert.doesNotMatch(answer.text, /<script(?![^>]*\bsrc="\/admin\.js")|<style|\sstyle="|\son\w+="|javascript:/i, route.name);
      }
    }
  });

  it("bodies that are no form are refused", async () => {
    const path = INCIDENTS;
    const { csrf } = Object.fromEntries(await owner.fill(`${INCIDENTS}/new`, path));
    const send = (body, type = "application/x-www-form-urlencoded") =>
      owner.request(path, { method: "POST", body, headers: { "content-type": type } });
    assert.equal((await send("{}", "application/json")).status, 415);
    assert.equal((await send("x", "multipart/form-data; boundary=x")).status, 415);
    assert.equal((await send("x", "text/plain")).status, 415);
    for (const body of [`csrf=${csrf}&csrf=${csrf}`, "csrf=%zz", "csrf=%00", "csrf=%ff", "unknown=1", "csrf", `csrf=${csrf}&components[x`]) {
      assert.equal((await send(body)).status, 400, body);
    }
    assert.equal((await send(`csrf=${"x".repeat(400_000)}`)).status, 413);
  });
});
