// harness.mjs - runs the real programs, as plain CGI and behind a real lighttpd, each time on a state of its own.
//
// The folder of binaries is the environment variable BUILD (default "build").  A state is a temporary folder with
// configuration, database and public files; rows are read and written with the sqlite3 command, past the programs.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const build = path.resolve(root, process.env.BUILD ?? "build");

const FOLDERS = { atstatus: "bin", "push-sender": "libexec" };

export function binary(name) {
  return path.join(build, FOLDERS[name] ?? "cgi-bin", name);
}

// True where the programs were built with test points: only those read ATSTATUS_CLOCK_FILE.
export const hasTestClock = (() => {
  try {
    return fs.readFileSync(binary("subscribe")).includes("ATSTATUS_CLOCK_FILE");
  } catch {
    return false;
  }
})();

export async function until(condition, ms = 5000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`never held within ${ms} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// --- keys and subscriptions -------------------------------------------------------------------------------------------

// A pair as `npx web-push generate-vapid-keys` prints it.
export function makeKeys() {
  const pair = crypto.createECDH("prime256v1");
  pair.generateKeys();
  const scalar = Buffer.alloc(32);
  const bytes = pair.getPrivateKey();
  bytes.copy(scalar, 32 - bytes.length);
  return { publicKey: pair.getPublicKey().toString("base64url"), privateKey: scalar.toString("base64url") };
}

// What PushSubscription.toJSON() gives, with keys of its own.
export function makeSubscription({ endpoint, host = "fcm.googleapis.com" } = {}) {
  return {
    endpoint: endpoint ?? `https://${host}/fcm/send/${crypto.randomBytes(16).toString("base64url")}`,
    expirationTime: null,
    keys: { p256dh: makeKeys().publicKey, auth: crypto.randomBytes(16).toString("base64url") },
  };
}

export function subscriptionFields(state, endpoint) {
  return state.row(`SELECT s.*, hex(s.endpoint_hash) AS endpoint_hash, hex(s.p256dh) AS p256dh, hex(s.auth) AS auth,
    hex(k.public_key) AS public_key, o.origin, o.suffix FROM subscriptions s JOIN vapid_keys k ON k.id = s.key_id
    JOIN origins o ON o.id = s.origin_id WHERE s.endpoint = ${quote(endpoint)}`);
}

export function quote(value) {
  if (value === null) return "NULL";
  return typeof value === "number" ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}

export function newId() {
  return crypto.randomBytes(12).reduce((id, byte) => id + "abcdefghijklmnopqrstuvwxyz012345"[byte % 32], "");
}

// --- a state ----------------------------------------------------------------------------------------------------------

class State {
  constructor({ conf = {}, push = true, sender = "stub" }) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), "atstatus-state-"));
    // STATE_DIR is 0711: a web server under another user passes through to public/
    fs.chmodSync(this.dir, 0o711);
    fs.mkdirSync(path.join(this.dir, "data"), { mode: 0o700 });
    fs.mkdirSync(path.join(this.dir, "public"), { mode: 0o755 });
    this.publicDir = path.join(this.dir, "public");
    this.envFile = path.join(this.dir, ".env");
    this.database = path.join(this.dir, "data", "atstatus.db");
    this.limiter = path.join(this.dir, "data", "limiter.db");
    this.keys = makeKeys();
    this.conf = {
      SITE_URL: "http://localhost:8080",
      STATE_DIR: this.dir,
      VAPID_PUBLIC_KEY: this.keys.publicKey,
      VAPID_PRIVATE_KEY: this.keys.privateKey,
      VAPID_SUBJECT: "mailto:admin@status.example.com",
      SUBSCRIBE_RATE: "0",
      ...conf,
    };
    this.writeConf();
    this.env = {
      PATH: process.env.PATH,
      ENV_FILE: this.envFile,
      ATSTATUS_ALLOW_ROOT: "1",
      ATSTATUS_CLOCK_FILE: path.join(this.dir, "clock"),
    };
    for (const name of ["ASAN_OPTIONS", "UBSAN_OPTIONS", "ATSTATUS_SCRYPT_LOG2N"]) {
      if (process.env[name]) this.env[name] = process.env[name];
    }
    if (sender === "stub") this.stubSender();
    this.createDatabase(push);
  }

  get siteUrl() {
    return this.conf.SITE_URL;
  }

  writeConf(change = {}) {
    Object.assign(this.conf, change);
    const lines = Object.entries(this.conf).filter(([, value]) => value !== null).map(([key, value]) => `${key}=${value}\n`);
    fs.writeFileSync(this.envFile, lines.join(""), { mode: 0o600 });
  }

  // A program in the sender's place that only notes that it was started.
  stubSender() {
    const stub = path.join(this.dir, "sender-stub");
    fs.writeFileSync(stub, '#!/bin/sh\necho started >> "${ENV_FILE%/*}/sender-starts"\n', { mode: 0o755 });
    this.env.ATSTATUS_SENDER = stub;
  }

  senderStarts() {
    try {
      return fs.readFileSync(path.join(this.dir, "sender-starts"), "utf8").split("\n").length - 1;
    } catch {
      return 0;
    }
  }

  createDatabase(push) {
    const schema = fs.readFileSync(path.join(root, "schema.sql"), "utf8");
    this.run(`PRAGMA journal_mode = WAL; ${schema}
      INSERT OR IGNORE INTO secrets VALUES ('topic', randomblob(32)), ('csrf', randomblob(32));
      INSERT OR IGNORE INTO settings VALUES ('page_id', '${newId()}'), ('push_enabled', '${push ? 1 : 0}');`);
    fs.chmodSync(this.database, 0o600);
  }

  #sqlite(args, sql, database = this.database) {
    return execFileSync("sqlite3", ["-bail", "-cmd", ".timeout 10000", "-cmd", "PRAGMA foreign_keys = ON", ...args, database],
      { input: sql, encoding: "utf8", maxBuffer: 1 << 28 });
  }

  run(sql) {
    this.#sqlite([], sql);
  }

  rows(sql, database) {
    const text = this.#sqlite(["-json"], sql, database);
    return text.trim() === "" ? [] : JSON.parse(text);
  }

  row(sql) {
    return this.rows(sql)[0];
  }

  value(sql) {
    const row = this.row(sql);
    return row === undefined ? undefined : Object.values(row)[0];
  }

  #insert(table, fields) {
    this.run(`INSERT INTO ${table} (${Object.keys(fields).join(", ")}) VALUES (${Object.values(fields).map(quote).join(", ")})`);
    return fields.id;
  }

  setting(name, value) {
    this.run(`INSERT INTO settings VALUES (${quote(name)}, ${quote(String(value))})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
  }

  component(name, extra = {}) {
    const now = Date.now();
    return this.#insert("components", { id: newId(), name, position: 1, created_at: now, updated_at: now, ...extra });
  }

  incident(name, extra = {}) {
    const now = Date.now();
    return this.#insert("incidents", {
      id: newId(), name, status: "investigating", impact: "minor", max_impact: "minor",
      created_at: now, started_at: now, updated_at: now, ...extra,
    });
  }

  atstatus(...args) {
    const done = spawnSync(binary("atstatus"), args, { cwd: root, env: this.env, encoding: "utf8" });
    return { code: done.status, stdout: done.stdout, stderr: done.stderr };
  }

  shiftClock(ms) {
    fs.writeFileSync(this.env.ATSTATUS_CLOCK_FILE, String(ms));
  }

  remove() {
    // a sender that the last request started may write its file just now
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }
}

export function makeState(options = {}) {
  return new State(options);
}

// --- requests and answers ---------------------------------------------------------------------------------------------

// Headers and body as a page of the site would send them, unless the test says otherwise.
function compose(state, { method, headers = {}, body, cookie }) {
  const sent = {};
  let bytes = body;
  if (body instanceof URLSearchParams) {
    bytes = body.toString();
    sent["content-type"] = "application/x-www-form-urlencoded";
  } else if (body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body)) {
    bytes = JSON.stringify(body);
    sent["content-type"] = "application/json";
  }
  bytes = bytes === undefined ? undefined : Buffer.from(bytes);
  if (!["GET", "HEAD"].includes(method)) {
    sent.origin = state.siteUrl;
    sent["sec-fetch-site"] = "same-origin";
  }
  if (cookie) sent.cookie = cookie;
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) delete sent[name.toLowerCase()];
    else sent[name.toLowerCase()] = value;
  }
  return { headers: sent, bytes };
}

function finish(answer) {
  answer.text = answer.body.toString("utf8");
  try {
    answer.json = JSON.parse(answer.text);
  } catch {
    answer.json = undefined;
  }
  return answer;
}

function cgiVariables(name, request, headers, bytes) {
  const { method, script = `/cgi-bin/${name}`, path: info = "", query = "", address = "192.0.2.1" } = request;
  const env = {
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "test",
    SERVER_NAME: "localhost",
    SERVER_PORT: "8080",
    REQUEST_METHOD: method,
    SCRIPT_NAME: script,
    PATH_INFO: info,
    QUERY_STRING: query,
    REQUEST_URI: script + info + (query ? `?${query}` : ""),
    REMOTE_ADDR: address,
  };
  if (bytes !== undefined) env.CONTENT_LENGTH = String(bytes.length);
  for (const [header, value] of Object.entries(headers)) {
    if (header === "content-type") env.CONTENT_TYPE = value;
    else env[`HTTP_${header.toUpperCase().replaceAll("-", "_")}`] = value;
  }
  return env;
}

// What a sanitizer reports fails the test, whatever the answer was.
function refuseReports(text) {
  if (/(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:/.test(text)) throw new Error(text);
}

function parseCgi(output) {
  const end = output.indexOf("\r\n\r\n");
  const headers = {};
  if (end < 0) return { status: 0, headers, body: output };
  for (const line of output.subarray(0, end).toString("latin1").split("\r\n")) {
    const [, name, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined) return { status: 0, headers, body: output };
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  const status = Number.parseInt(headers.status ?? "200", 10);
  return { status, headers, body: output.subarray(end + 4) };
}

// One request to one process of the program, by environment, standard input and standard output.
export async function plainCgi(name, state, request = {}) {
  const method = request.method ?? (request.body === undefined ? "GET" : "POST");
  const { headers, bytes } = compose(state, { ...request, method });
  const env = { ...state.env, ...cgiVariables(name, { ...request, method }, headers, bytes), ...request.env };
  for (const key of Object.keys(env)) if (env[key] === undefined) delete env[key];

  const child = spawn(binary(name), [], { cwd: state.dir, env });
  const out = [];
  const err = [];
  child.stdout.on("data", (chunk) => out.push(chunk));
  child.stderr.on("data", (chunk) => err.push(chunk));
  // a program may answer before it has read the body
  child.stdin.on("error", () => {});
  child.stdin.end(bytes);
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit, signal) => resolve(exit ?? signal));
  });
  const stderr = Buffer.concat(err).toString("utf8");
  refuseReports(stderr);
  return finish({ ...parseCgi(Buffer.concat(out)), stderr, code });
}

// --- a real lighttpd --------------------------------------------------------------------------------------------------

// A port below the range that clients get theirs from: a client that polls a port of that range for a server that is not
// there yet can be given this very port, and then talks to itself.
export async function freePort() {
  for (;;) {
    const port = 12000 + crypto.randomInt(20000);
    const server = net.createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

// Sends one request on a connection of its own.
export function httpRequest(port, target, { method, headers, bytes, timeout = 30000 }) {
  return new Promise((resolve, reject) => {
    const all = { host: `localhost:${port}`, connection: "close", ...headers };
    if (bytes !== undefined && all["content-length"] === undefined && all["transfer-encoding"] === undefined) {
      all["content-length"] = bytes.length;
    }
    const request = http.request({ host: "127.0.0.1", port, path: target, method, headers: all, agent: false, timeout });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeout} ms: ${method} ${target}`)));
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const flat = {};
        for (const [name, value] of Object.entries(response.headers)) flat[name] = [].concat(value).join(", ");
        resolve(finish({ status: response.statusCode, headers: flat, body: Buffer.concat(chunks) }));
      });
    });
    request.end(bytes);
  });
}

function groupLives(pid) {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

class Server {
  constructor(state, port) {
    this.state = state;
    this.port = port;
    this.logFile = path.join(state.dir, "lighttpd.log");
  }

  get url() {
    return this.state.siteUrl;
  }

  get pid() {
    return this.child.pid;
  }

  start() {
    const log = fs.openSync(this.logFile, "a");
    const env = { ...this.state.env, PATH: `${process.env.PATH}:/usr/sbin`, PORT: String(this.port),
      STATE_DIR: this.state.dir, LIBEXEC: path.join(build, "cgi-bin") };
    // a group of its own, so that stop() can see that nothing of it is left
    this.child = spawn("lighttpd", ["-D", "-f", path.join(root, "deploy/lighttpd.conf")],
      { cwd: root, env, stdio: ["ignore", log, log], detached: true });
    fs.closeSync(log);
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
    this.child.on("error", () => {});
  }

  log() {
    return fs.readFileSync(this.logFile, "utf8");
  }

  async answers() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      throw new Error(`lighttpd did not start:\n${this.log()}`);
    }
    return new Promise((resolve) => {
      const socket = net.connect(this.port, "127.0.0.1", () => { socket.destroy(); resolve(true); });
      socket.on("error", () => resolve(false));
    });
  }

  request(target, request = {}) {
    const method = request.method ?? (request.body === undefined ? "GET" : "POST");
    return httpRequest(this.port, target, { ...compose(this.state, { ...request, method }), method, timeout: request.timeout });
  }

  // Sends bytes as they are and gives back all that came until the server closed.
  raw(bytes, ms = 10000) {
    return new Promise((resolve, reject) => {
      const chunks = [];
      const socket = net.connect(this.port, "127.0.0.1", () => socket.write(bytes));
      socket.setTimeout(ms, () => socket.destroy());
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.on("error", (error) => (chunks.length > 0 ? undefined : reject(error)));
      socket.on("close", () => resolve(Buffer.concat(chunks)));
    });
  }

  async stop() {
    if (this.child.pid === undefined) return;
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGTERM");
    await this.ended;
    try {
      await until(() => !groupLives(this.child.pid), 5000);
    } catch {
      process.kill(-this.child.pid, "SIGKILL");
    }
    refuseReports(this.log());
  }
}

export async function startServer(state) {
  const port = await freePort();
  state.writeConf({ SITE_URL: `http://localhost:${port}` });
  const server = new Server(state, port);
  server.start();
  try {
    await until(() => server.answers(), 10000);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}
