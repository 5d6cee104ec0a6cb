// admin-client.mjs - a person at the admin pages: keeps cookies, reads forms out of pages, fills them in and sends them.
// Also the routes of lib/desk_table.h, so that tests cover every address without naming them.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { quote, root } from "./harness.mjs";

export const PASSWORD = "correct horse battery";
export const SETTINGS = "/cgi-bin/admin-settings";
export const INCIDENTS = "/cgi-bin/incident-post";

const sha256 = (text) => crypto.createHash("sha256").update(text).digest();

// The stored form of lib/password.h.  With the cost of new hashes (2^17) unless told otherwise.
export function storedPassword(password, log2n = 17) {
  const salt = crypto.randomBytes(16);
  const hash = crypto.scryptSync(password, salt, 32, { N: 2 ** log2n, r: 8, p: 1, maxmem: 1 << 28 });
  return `$scrypt$ln=${log2n},r=8,p=1$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

let cheap;

// A user whom nobody signs in by the form gets a hash that costs nothing to make.
export function addUser(state, name, role, stored = (cheap ??= storedPassword(PASSWORD, 4))) {
  state.run(`INSERT INTO users (name, password_hash, role, created_at)
    VALUES (${quote(name)}, ${quote(stored)}, ${quote(role)}, ${Date.now()})`);
  return Number(state.value(`SELECT id FROM users WHERE name = ${quote(name)}`));
}

// --- pages ------------------------------------------------------------------------------------------------------------

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
export const decode = (text) => text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]);
export const encode = (text) => text.replace(/[&<>"']/g, (c) => Object.keys(ENTITIES).find((e) => ENTITIES[e] === c));

const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found ? decode(found[1]) : new RegExp(`\\s${name}(?=[\\s>])`).test(tag) ? "" : undefined;
};

// What a browser would send for the form if nobody touched it, without its buttons.
function fieldsOf(html) {
  const fields = new URLSearchParams();
  for (const [tag] of html.matchAll(/<input\b[^>]*>/g)) {
    const type = attribute(tag, "type") ?? "text";
    if (attribute(tag, "name") === undefined) continue;
    if (["radio", "checkbox"].includes(type) && attribute(tag, "checked") === undefined) continue;
    fields.append(attribute(tag, "name"), attribute(tag, "value") ?? "");
  }
  for (const [, tag, text] of html.matchAll(/(<textarea\b[^>]*>)([^]*?)<\/textarea>/g)) {
    fields.append(attribute(tag, "name"), decode(text.replace(/^\n/, "")));
  }
  for (const [, tag, text] of html.matchAll(/(<select\b[^>]*>)([^]*?)<\/select>/g)) {
    const chosen = [...text.matchAll(/<option\b[^>]*>/g)].map(([option]) => option);
    const option = chosen.find((one) => attribute(one, "selected") !== undefined) ?? chosen[0];
    fields.append(attribute(tag, "name"), attribute(option, "value"));
  }
  return fields;
}

// Every form of a page: { action, fields, html }.
export function formsOf(html) {
  return [...html.matchAll(/(<form\b[^>]*>)([^]*?)<\/form>/g)].map(([, tag, inside]) => ({
    action: attribute(tag, "action"), fields: fieldsOf(inside), html: inside,
  }));
}

export function formOf(html, action) {
  const form = formsOf(html).find((one) => one.action === action);
  assert.ok(form, `no form for ${action} in:\n${html}`);
  return form;
}

export const mainOf = (html) => /<main\b[^>]*>([^]*)<\/main>/.exec(html)?.[1] ?? "";
export const messageOf = (html) => decode(/class="message[^]*?<p>([^<]*)<\/p>/.exec(html)?.[1] ?? "");

// --- a person ---------------------------------------------------------------------------------------------------------

export class Person {
  cookies = new Map();

  constructor(state, server) {
    Object.assign(this, { state, server });
  }

  // Somebody who has signed in: the session is written past the form, which has tests of its own.
  static signedIn(state, server, role = "owner", name = `${role}-${crypto.randomBytes(4).toString("hex")}`) {
    const person = new Person(state, server);
    person.name = name;
    person.userId = addUser(state, name, role);
    person.openSession();
    return person;
  }

  openSession() {
    const token = crypto.randomBytes(32).toString("base64url");
    const now = Date.now();
    this.state.run(`INSERT INTO sessions VALUES (x'${sha256(token).toString("hex")}', ${this.userId}, ${now}, ${now})`);
    this.cookies.set("sid", token);
  }

  async request(path, options = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await this.server.request(path, { cookie, ...options });
    for (const [, name, value, rest] of (answer.headers["set-cookie"] ?? "").matchAll(/(?:^|, )([\w-]+)=([^;,]*)([^,]*)/g)) {
      if (rest.includes("Max-Age=0")) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  get(path) {
    return this.request(path);
  }

  post(path, fields, options = {}) {
    const body = fields instanceof URLSearchParams ? fields : new URLSearchParams(fields);
    return this.request(path, { method: "POST", body, ...options });
  }

  // The form for `action` on a page, with some fields changed; null takes one out.
  async fill(page, action, changes = {}) {
    const answer = await this.get(page);
    assert.equal(answer.status, 200, `${page}: ${answer.text}`);
    const { fields } = formOf(answer.text, action);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) fields.delete(name);
      else fields.set(name, value);
    }
    return fields;
  }

  async submit(page, action, changes, options) {
    return this.post(action, await this.fill(page, action, changes), options);
  }

  // Submits, expects a redirect, and gives where it leads.
  async done(page, action, changes) {
    const answer = await this.submit(page, action, changes);
    assert.equal(answer.status, 303, answer.text);
    return answer.headers.location;
  }

  async addComponent(name, more = {}) {
    await this.done(`${SETTINGS}/components/new`, `${SETTINGS}/components`, { name, ...more });
    return this.state.value(`SELECT id FROM components WHERE name = ${quote(name)} ORDER BY created_at DESC, rowid DESC`);
  }

  async addIncident(fields) {
    const location = await this.done(`${INCIDENTS}/new`, INCIDENTS, fields);
    return /\/incident-post\/([a-z0-9]{12})\?/.exec(location)[1];
  }

  // Times as they stand in the form's fields: in the page's time zone.
  async addMaintenance(fields) {
    const location = await this.done(`${INCIDENTS}/maintenance/new`, `${INCIDENTS}/maintenance`, fields);
    return /\/maintenance\/([a-z0-9]{12})\?/.exec(location)[1];
  }

  async signIn(username, password, page = "/cgi-bin/admin-settings") {
    return this.submit(page, `${SETTINGS}/sign-in`, { username, password });
  }
}

// --- routes -----------------------------------------------------------------------------------------------------------

const BASES = { ADMIN_SETTINGS: SETTINGS, INCIDENT_POST: INCIDENTS };

// { name, method, who, path(id, part) } for each line of the table; part: the second id, of those that have one.
export const routes = (() => {
  const table = fs.readFileSync(path.join(root, "lib/desk_table.h"), "utf8");
  const line = /^DESK\((\w+), (\w+), (\w+), "([^"]*)", (\w+),\s+(\w+)\)/gm;
  return [...table.matchAll(line)].map(([, name, program, method, pattern, who]) => ({
    name, method, who, hasId: pattern.includes("*"),
    path: (id, part = id) => BASES[program] + pattern.replace("*", id).replace("*", part),
  }));
})();
