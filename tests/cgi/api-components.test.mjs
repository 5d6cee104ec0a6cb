// /v1/pages/{page_id}/components: status, body and rows of each call, and the shape that Statuspage's clients read.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newId } from "./harness.mjs";
import { assertError, content, doors, ID, TIME } from "./api-client.mjs";

for (const [how, open] of doors) {
  describe(`components ${how}`, () => {
    let state, client, close, pageId;

    before(async () => {
      ({ state, client, close } = await open());
      pageId = state.value("SELECT value FROM settings WHERE name = 'page_id'");
    });
    after(() => close?.());

    const row = (id) => state.row(`SELECT * FROM components WHERE id = '${id}'`);
    const history = (id) => state.rows(`SELECT old_status, new_status, cause, incident_id FROM component_history
      WHERE component_id = '${id}' ORDER BY id`);
    const audits = (id) => state.rows(`SELECT actor, action FROM audit WHERE object = '${id}' ORDER BY id`);

    test("a new component is 201, with every member of Statuspage's component and nothing missing", async () => {
      const made = await client.component({ name: "API", description: "What programs call" });
      assert.match(made.id, ID);
      assert.match(made.created_at, TIME);
      assert.equal(made.updated_at, made.created_at);
      assert.ok(Math.abs(Date.parse(made.created_at) - Date.now()) < 60000);
      assert.deepEqual(made, {
        id: made.id, name: "API", status: "operational", created_at: made.created_at, updated_at: made.updated_at,
        position: made.position, description: "What programs call", showcase: true, start_date: null, group_id: null,
        page_id: pageId, group: false, only_show_if_degraded: false, hidden: false,
      });
      assert.equal(Number.isInteger(made.position) && made.position >= 1, true);
    });

    test("a new component is one row and one audit row by the token's name", async () => {
      const made = await client.component({ name: "Rows", status: "partial_outage", showcase: false, only_show_if_degraded: true,
        hidden: true, start_date: "2025-02-28" });
      const stored = row(made.id);
      assert.deepEqual({ ...stored, created_at: 0, updated_at: 0, position: 0 }, {
        id: made.id, name: "Rows", description: null, status: "partial_outage", is_group: 0, group_id: null, position: 0,
        showcase: 0, only_show_if_degraded: 1, hidden: 1, start_date: "2025-02-28", created_at: 0, updated_at: 0,
      });
      assert.equal(Date.parse(made.created_at), stored.created_at);
      const name = state.value("SELECT name FROM tokens LIMIT 1");
      assert.deepEqual(audits(made.id), [{ actor: `token ${name}`, action: "component.create" }]);
      assert.deepEqual([made.status, made.showcase, made.start_date], ["partial_outage", false, "2025-02-28"]);
    });

    test("creating a component tells nobody, whatever its status", async () => {
      state.setting("trigger.component_down", 1);
      const before = client.lastJob();
      await client.component({ name: "Born down", status: "major_outage" });
      assert.equal(client.lastJob(), before);
      state.setting("trigger.component_down", 0);
    });

    test("components of a group name it, the group names them and has the worst of their statuses", async () => {
      const group = await client.component({ name: "Europe", group: true });
      assert.deepEqual([group.group, group.status, group.components], [true, "operational", []]);
      const one = await client.component({ name: "Web", group_id: group.id, status: "under_maintenance" });
      const two = await client.component({ name: "Mail", group_id: group.id, status: "degraded_performance" });
      const hidden = await client.component({ name: "Secret", group_id: group.id, status: "major_outage", hidden: true });
      assert.deepEqual([one.group_id, one.position, two.position], [group.id, 1, 2]);
      assert.equal("components" in one, false);
      const again = (await client.get(`/components/${group.id}`)).json;
      assert.deepEqual([again.status, again.components], ["degraded_performance", [one.id, two.id, hidden.id]]);
    });

    test("the list is a bare array in the order of the page: each group followed by its members", async () => {
      state.run("DELETE FROM components");
      const first = await client.component("First");
      const group = await client.component({ name: "Group", group: true });
      const last = await client.component("Last");
      const b = await client.component({ name: "B", group_id: group.id });
      const a = await client.component({ name: "A", group_id: group.id });
      const list = (await client.get("/components")).json;
      assert.deepEqual(list.map((x) => x.id), [first.id, group.id, b.id, a.id, last.id]);
      assert.deepEqual(list[0], first);
    });

    test("one component is got by its id", async () => {
      const made = await client.component("One");
      const answer = await client.get(`/components/${made.id}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.json, made);
    });

    test("a change of some members leaves the others as they are", async () => {
      const made = await client.component({ name: "Old", description: "Stays", status: "degraded_performance", start_date: "2024-02-29" });
      const changed = await client.patch(`/components/${made.id}`, { name: "New", only_show_if_degraded: true });
      assert.deepEqual({ ...changed, updated_at: 0 }, { ...made, name: "New", only_show_if_degraded: true, updated_at: 0 });
      assert.deepEqual(history(made.id), []);
      assert.deepEqual(audits(made.id).map((x) => x.action), ["component.create", "component.save"]);
      const emptied = await client.patch(`/components/${made.id}`, { description: null, start_date: null });
      assert.deepEqual([emptied.description, emptied.start_date, emptied.name], [null, null, "New"]);
      assert.deepEqual([row(made.id).description, row(made.id).start_date], [null, null]);
    });

    test("a change of the status is in the history with its cause, and setting the same again is not", async () => {
      const { id } = await client.component("Changing");
      const changed = await client.patch(`/components/${id}`, { status: "major_outage" });
      assert.equal(changed.status, "major_outage");
      await client.patch(`/components/${id}`, { status: "major_outage" });
      await client.patch(`/components/${id}`, { status: "operational" });
      assert.deepEqual(history(id), [
        { old_status: "operational", new_status: "major_outage", cause: "api", incident_id: null },
        { old_status: "major_outage", new_status: "operational", cause: "api", incident_id: null },
      ]);
    });

    test("a component that moves into a group, or out of it, stands at the end there", async () => {
      const group = await client.component({ name: "Moving", group: true });
      const inside = await client.component({ name: "Inside", group_id: group.id });
      const moved = await client.component("Outside");
      const into = await client.patch(`/components/${moved.id}`, { group_id: group.id });
      assert.deepEqual([into.group_id, into.position], [group.id, inside.position + 1]);
      const last = await client.component("Last of all");
      const out = await client.patch(`/components/${moved.id}`, { group_id: null });
      assert.deepEqual([out.group_id, out.position], [null, last.position + 1]);
      const same = await client.patch(`/components/${moved.id}`, { name: "Renamed", group_id: null });
      assert.equal(same.position, out.position);
    });

    test("a deleted component is answered as it was, and is gone with its history and its place in incidents", async () => {
      const made = await client.component("Doomed");
      await client.patch(`/components/${made.id}`, { status: "partial_outage" });
      const incident = await client.incident({ name: "About it", component_ids: [made.id] });
      const was = (await client.get(`/components/${made.id}`)).json;
      const answer = await client.call("DELETE", `/components/${made.id}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.json, was);
      assert.equal(row(made.id), undefined);
      assert.deepEqual(history(made.id), []);
      assert.deepEqual((await client.get(`/incidents/${incident.id}`)).json.components, []);
      assert.equal(audits(made.id).at(-1).action, "component.delete");
      assertError(await client.get(`/components/${made.id}`), 404);
      assertError(await client.call("DELETE", `/components/${made.id}`), 404);
    });

    test("the members of a deleted group stay, without a group, each at a place of its own", async () => {
      const group = await client.component({ name: "Dissolved", group: true });
      const members = [await client.component({ name: "M1", group_id: group.id }), await client.component({ name: "M2", group_id: group.id })];
      assert.equal((await client.call("DELETE", `/components/${group.id}`)).status, 200);
      for (const member of members) assert.equal((await client.get(`/components/${member.id}`)).json.group_id, null);
      const places = (await client.get("/components")).json.filter((x) => x.group_id === null).map((x) => x.position);
      assert.equal(new Set(places).size, places.length, places.join());
      const order = (await client.get("/components")).json.map((x) => x.id);
      assert.ok(order.indexOf(members[0].id) < order.indexOf(members[1].id));
    });

    test("a member that is not known is refused with a sentence, and nothing is stored", async () => {
      const { id } = await client.component("Strict");
      const rows = content(state);
      for (const fields of [{ name: "x", colour: "red" }, { Name: "x" }, { name: "x", "status ": "operational" }, { name: "x", metadata: {} }]) {
        const unknown = new RegExp(`member "${Object.keys(fields).find((key) => key !== "name")}"`);
        assertError(await client.call("POST", "/components", { component: fields }), 400, unknown);
        assertError(await client.call("PATCH", `/components/${id}`, { component: fields }), 400, unknown);
      }
      assert.deepEqual(content(state), rows);
    });

    test("members of Statuspage that say nothing here are taken and ignored", async () => {
      const made = await client.component({ name: "Lenient", id: newId(), automation_email: "x@example.com", position: 99 });
      assert.notEqual(made.position, 99);
      assert.equal("automation_email" in made, false);
    });

    test("an answer, changed and sent back, is understood, for a group too", async () => {
      const group = await client.component({ name: "Back group", group: true });
      const leaf = await client.component({ name: "Back leaf", group_id: group.id, status: "partial_outage" });
      const { updated_at: _, ...changed } = await client.patch(`/components/${leaf.id}`, { ...leaf, description: "New." });
      const { updated_at: __, ...old } = leaf;
      assert.deepEqual(changed, { ...old, description: "New." });
      const read = (await client.get(`/components/${group.id}`)).json;
      assert.equal(read.status, "partial_outage");
      assert.equal((await client.patch(`/components/${group.id}`, { ...read, name: "Renamed group" })).name, "Renamed group");
    });

    const badFields = [
      [{}, "name"], [{ name: null }, "name"], [{ name: "" }, "name"], [{ name: " \t " }, "name"], [{ name: 5 }, "name"],
      [{ name: ["x"] }, "name"], [{ name: "two\nlines" }, "name"], [{ name: "x".repeat(101) }, "name"],
      [{ name: "x", description: 1 }, "description"], [{ name: "x", description: "x".repeat(1001) }, "description"],
      [{ name: "x", status: "down" }, "status"], [{ name: "x", status: 1 }, "status"], [{ name: "x", status: "Operational" }, "status"],
      [{ name: "x", group: "yes" }, "group"], [{ name: "x", group: 1 }, "group"], [{ name: "x", group_id: "x" }, "group_id"],
      [{ name: "x", group_id: 7 }, "group_id"], [{ name: "x", group_id: newId() }, "group_id"], [{ name: "x", showcase: "true" }, "showcase"],
      [{ name: "x", hidden: 0 }, "hidden"], [{ name: "x", only_show_if_degraded: {} }, "only_show_if_degraded"],
      [{ name: "x", start_date: "2025-02-29" }, "start_date"], [{ name: "x", start_date: "2025-13-01" }, "start_date"],
      [{ name: "x", start_date: "yesterday" }, "start_date"], [{ name: "x", start_date: 20250101 }, "start_date"],
    ];
    test("a wrong value is 422, names its member, and nothing is stored", async () => {
      const { id } = await client.component("Checked");
      const rows = content(state);
      for (const [fields, name] of badFields) {
        assertError(await client.call("POST", "/components", { component: fields }), 422, undefined, name);
        if (fields.name === undefined || fields.name === null) continue;
        assertError(await client.call("PATCH", `/components/${id}`, { component: fields }), 422, undefined, name);
      }
      assert.deepEqual(content(state), rows);
    });

    test("a group has no status of its own, is in no group, and nothing turns into a group or back", async () => {
      const group = await client.component({ name: "Fixed", group: true });
      const other = await client.component({ name: "Other", group: true });
      const leaf = await client.component("Leaf");
      const rows = content(state);
      assertError(await client.call("POST", "/components", { component: { name: "x", group: true, status: "major_outage" } }), 422, /follows/, "status");
      assertError(await client.call("PATCH", `/components/${group.id}`, { component: { status: "major_outage" } }), 422, /follows/, "status");
      assertError(await client.call("POST", "/components", { component: { name: "x", group: true, group_id: other.id } }), 422, /group/, "group_id");
      assertError(await client.call("PATCH", `/components/${group.id}`, { component: { group_id: other.id } }), 422, /group/, "group_id");
      assertError(await client.call("PATCH", `/components/${leaf.id}`, { component: { group_id: leaf.id } }), 422, /group/, "group_id");
      assertError(await client.call("PATCH", `/components/${leaf.id}`, { component: { group: true } }), 422, /group/, "group");
      assertError(await client.call("PATCH", `/components/${group.id}`, { component: { group: false } }), 422, /group/, "group");
      assert.deepEqual(content(state), rows);
      assert.equal((await client.patch(`/components/${leaf.id}`, { group: false, name: "Said again" })).name, "Said again");
    });

    test("a name of 100 characters of any script is kept to the last code point", async () => {
      const name = "🚀é漢".repeat(33) + "x";
      assert.equal([...name].length, 100);
      const made = await client.component({ name, description: "Zeile 1\r\nZeile 2\u2028<script>" });
      assert.equal(made.name, name);
      assert.equal(made.description, "Zeile 1\nZeile 2\u2028<script>");
      assert.equal(row(made.id).name, name);
    });

    test("text that means something to SQL, shells or templates is kept literally", async () => {
      for (const name of ["'; DROP TABLE components; --", "\"x\" OR 1=1", "{{7*7}}", "${HOME}", "%s%n%p", "$(id)", "@@name@@", "\\u0041"]) {
        assert.equal(row((await client.component(name)).id).name, name);
      }
      assert.ok(state.value("SELECT count(*) FROM components") > 8);
    });
  });
}
