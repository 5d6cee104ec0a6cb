// The admin pages' script against a page of a few elements: what becomes of drafts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const script = readFileSync(new URL("../../www/admin.js", import.meta.url), "utf8");

// A page with a form of drafts and the form that signs out; fields: what stands in the first one.
function openPage(stored, fields, { redrawn = false, boxes = [] } = {}) {
  const store = new Map(Object.entries(stored));
  const localStorage = new Proxy({}, {
    ownKeys: () => [...store.keys()],
    getOwnPropertyDescriptor: (_, name) => (store.has(name) ? { enumerable: true, configurable: true, value: store.get(name) } : undefined),
    get: (_, name) => ({ getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value),
      removeItem: (key) => store.delete(key) })[name],
  });
  const element = (more) => {
    const listeners = {};
    return { hidden: true, dataset: {}, addEventListener: (type, listener) => { listeners[type] = listener; }, querySelectorAll: () => [],
      querySelector: () => null, hasAttribute: () => false, fire: (type) => listeners[type]({}), ...more };
  };
  const note = element({ querySelector: () => element() });
  const form = element({ dataset: { draft: "incident-new" }, hasAttribute: (name) => redrawn && name === "data-redrawn",
    querySelector: (what) => (what === "[data-draft-note]" ? note : null), elements: { namedItem: () => null }, fields,
    querySelectorAll: (what) => (what === 'input[type="checkbox"]' ? boxes : []) });
  const signOut = element();
  const found = { "form[data-draft]": [form], 'form[action$="/sign-out"]': [signOut] };
  const context = { localStorage, URL, URLSearchParams, Element: class {}, RadioNodeList: class {}, history: { replaceState() {} }, Date,
    location: { href: "http://localhost/cgi-bin/incident-post/new" }, navigator: {}, FormData: class {
      constructor(of) { this.fields = of.fields; }
      [Symbol.iterator]() { return Object.entries(this.fields)[Symbol.iterator](); }
    },
    document: { querySelectorAll: (what) => found[what] ?? [], querySelector: () => null, addEventListener() {} } };
  vm.runInNewContext(script, context);
  return { form, signOut, store };
}

const draft = JSON.stringify({ at: Date.now(), fields: [["name", "Kept"]] });

test("signing out leaves no draft behind, and what is not a draft alone", () => {
  const { signOut, store } = openPage({ "draft:incident-new": draft, "draft:incident-abcdefghijkl": draft, other: "1" }, { name: "" });
  signOut.fire("submit");
  assert.deepEqual([...store.keys()], ["other"]);
});

test("what is typed becomes a draft, and what is as it was at first is none", () => {
  const { form, store } = openPage({}, { name: "", csrf: "x" });
  form.fields.name = "Typed";
  form.fire("input");
  assert.deepEqual(JSON.parse(store.get("draft:incident-new")).fields, [["name", "Typed"]]);
  form.fields.name = "";
  form.fire("input");
  assert.equal(store.size, 0);
});

test("a form that was sent and not stored is a draft, whatever is typed and taken back", () => {
  const { form, store } = openPage({}, { name: "Sent" }, { redrawn: true });
  const kept = () => JSON.parse(store.get("draft:incident-new")).fields;
  assert.deepEqual(kept(), [["name", "Sent"]]);
  form.fields.name = "Sent, and more";
  form.fire("input");
  form.fields.name = "Sent";
  form.fire("input");
  assert.deepEqual(kept(), [["name", "Sent"]]);
});

test("ticks come back as they were left, those that were taken away too", () => {
  const box = (value, checked) => ({ name: "reminders[]", value, checked });
  const boxes = [box("60", true), box("15", false), { name: "scheduled_auto_completed", value: "1", checked: true }];
  const kept = JSON.stringify({ at: Date.now(), fields: [["name", "Kept"], ["reminders[]", "15"]] });
  openPage({ "draft:incident-new": kept }, { name: "" }, { boxes });
  assert.deepEqual(boxes.map(({ checked }) => checked), [false, true, false]);
});
