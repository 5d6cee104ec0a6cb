// api-client.mjs - a program that speaks the write API (contract §3), as plain CGI or behind lighttpd, and the readers of
// what its calls leave in the database.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import { makeState, plainCgi, quote, startServer } from "./harness.mjs";

export const ID = /^[a-z0-9]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

// Stores a token as `atstatus token add` does, past it: 43 characters, of which only the SHA-256 is kept.
export function addToken(state, scopes = "admin", name = `token-${crypto.randomBytes(4).toString("hex")}`) {
  const token = crypto.randomBytes(32).toString("base64url");
  const hash = crypto.createHash("sha256").update(token).digest("hex");
  state.run(`INSERT INTO tokens (name, token_hash, scopes, created_at)
    VALUES (${quote(name)}, x'${hash}', ${quote(scopes)}, ${Date.now()})`);
  return token;
}

export class Client {
  constructor(state, send, token = addToken(state)) {
    Object.assign(this, { state, send, token });
  }

  // The same door with another token.
  with(token) {
    return new Client(this.state, this.send, token);
  }

  // `path` counts from /v1; a body that is an object is sent as JSON.  Programs send neither Origin nor Sec-Fetch-Site.
  request(method, path, body, { headers = {}, query } = {}) {
    const authorization = this.token === null ? {} : { authorization: `Bearer ${this.token}` };
    return this.send(path, { method, body, query,
      headers: { origin: null, "sec-fetch-site": null, ...authorization, ...headers } });
  }

  call(method, path, body, options) {
    return this.request(method, `/pages/default${path}`, body, options);
  }

  get(path) {
    return this.call("GET", path);
  }

  async component(fields) {
    const answer = await this.call("POST", "/components", { component: typeof fields === "string" ? { name: fields } : fields });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
  }

  async incident(fields) {
    const answer = await this.call("POST", "/incidents", { incident: fields });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
  }

  async patch(path, fields) {
    const wrapper = path.startsWith("/incidents") ? "incident" : "component";
    const answer = await this.call("PATCH", path, { [wrapper]: fields });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  // What the newest job tells, as rows; undefined where no job was written since `after`.
  newestJob(after = 0) {
    const job = this.state.row(`SELECT * FROM jobs WHERE id > ${after} ORDER BY id DESC LIMIT 1`);
    if (job === undefined) return undefined;
    job.notices = this.state.rows(`SELECT n.*, t.title, t.body FROM job_notices n JOIN job_texts t USING (job_id, position)
      WHERE job_id = ${job.id} AND lang = 'en' ORDER BY position`);
    return job;
  }

  lastJob() {
    return this.state.value("SELECT coalesce(max(id), 0) FROM jobs");
  }
}

export function assertError(answer, status, pattern, field) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers["content-type"], /^application\/json$/);
  assert.deepEqual(Object.keys(answer.json), field === undefined ? ["error"] : ["error", "field"]);
  assert.match(answer.json.error, /^[A-Z"].*[.?)]$/s, "a sentence");
  if (pattern) assert.match(answer.json.error, pattern);
  if (field !== undefined) assert.equal(answer.json.field, field);
}

// Every row that a refused call must leave as it was, as one text.
export function content(state) {
  const tables = ["components", "component_history", "incidents", "incident_updates", "incident_update_components",
    "incident_components", "jobs", "job_notices", "job_texts", "audit"];
  const sql = tables.map((table) => `SELECT '${table}'; SELECT * FROM ${table};`).join("\n");
  return execFileSync("sqlite3", ["-cmd", ".timeout 10000", state.database], { input: sql, encoding: "utf8" });
}

export async function openCgi(options) {
  const state = makeState(options);
  const send = (path, request) => plainCgi("incident-post", state, { script: "/v1", path, ...request });
  return { state, client: new Client(state, send), close: async () => state.remove() };
}

export async function openServer(options) {
  const state = makeState(options);
  const server = await startServer(state);
  const send = (path, { query, ...request }) => server.request(`/v1${path}${query ? `?${query}` : ""}`, request);
  const close = async () => {
    await server.stop();
    state.remove();
  };
  return { state, server, client: new Client(state, send), close };
}

// The same proofs through both doors.
export const doors = [["as plain CGI", openCgi], ["behind lighttpd", openServer]];
