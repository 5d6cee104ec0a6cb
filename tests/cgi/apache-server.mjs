// apache-server.mjs - a real Apache with deploy/apache.conf, and the programs behind it as spawn-fcgi starts them.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { binary, freePort, httpRequest, root, until } from "./harness.mjs";

const PROGRAMS = ["subscribe", "admin-settings", "incident-post"];
const MODULES = ["mpm_event", "authz_core", "proxy", "proxy_fcgi", "headers", "alias", "dir", "mime", "setenvif", "reqtimeout"];
const isRoot = process.getuid() === 0;
const PATH = `${process.env.PATH}:/usr/sbin`;

const isAlive = (pid) => {
  try {
    // one that has ended and that nobody waited for is no longer alive
    return !/^\d+ \(.*\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

class Apache {
  constructor(state, port) {
    this.state = state;
    this.port = port;
    this.runDir = path.join(state.dir, "run");
    this.logFile = path.join(state.dir, "apache.log");
    this.pids = [];
  }

  get url() {
    return this.state.siteUrl;
  }

  // As the comment in deploy/apache.conf says: two processes on one socket, which only the web server's group may use.
  spawnPrograms() {
    fs.mkdirSync(this.runDir, { mode: 0o750 });
    const group = isRoot ? ["-G", "www-data"] : [];
    if (isRoot) execFileSync("chgrp", ["www-data", this.runDir]);
    for (const name of PROGRAMS) {
      const log = fs.openSync(this.logFile, "a");
      const out = execFileSync("spawn-fcgi", ["-s", path.join(this.runDir, `${name}.sock`), "-M", "0660", ...group, "-F", "2", "--", binary(name)],
        { env: { ...this.state.env, PATH }, encoding: "utf8", stdio: ["ignore", "pipe", log] });
      fs.closeSync(log);
      this.pids.push(...[...out.matchAll(/PID: (\d+)/g)].map(([, pid]) => Number(pid)));
    }
  }

  startServer() {
    const conf = path.join(this.state.dir, "httpd.conf");
    fs.writeFileSync(conf, `ServerRoot "${this.state.dir}"
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
PidFile "${this.state.dir}/apache.pid"
DefaultRuntimeDir "${this.state.dir}"
ErrorLog "${this.logFile}"
ServerName localhost
TypesConfig /dev/null
StartServers 1
${isRoot ? "User www-data\nGroup www-data" : ""}
Define ATSTATUS_LISTEN 127.0.0.1:${this.port}
Define ATSTATUS_SITE ${this.state.siteUrl}
Define ATSTATUS_STATE_DIR ${this.state.dir}
Define ATSTATUS_RUN_DIR ${this.runDir}
Include "${path.join(root, "deploy/apache.conf")}"
`);
    const log = fs.openSync(this.logFile, "a");
    this.child = spawn("apache2", ["-f", conf, "-D", "FOREGROUND"], { env: { PATH }, stdio: ["ignore", log, log] });
    fs.closeSync(log);
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
  }

  log() {
    return fs.readFileSync(this.logFile, "utf8");
  }

  answers() {
    if (this.child.exitCode !== null) throw new Error(`apache2 did not start:\n${this.log()}`);
    return new Promise((resolve) => {
      const socket = net.connect(this.port, "127.0.0.1", () => { socket.destroy(); resolve(true); });
      socket.on("error", () => resolve(false));
    });
  }

  // As Server.request of the harness: the headers of a page of the site, unless the test says otherwise.
  request(target, { method, headers = {}, body, cookie } = {}) {
    const how = method ?? (body === undefined ? "GET" : "POST");
    const all = how === "GET" || how === "HEAD" ? {} : { origin: this.url, "sec-fetch-site": "same-origin" };
    let bytes = body;
    if (body instanceof URLSearchParams) {
      bytes = body.toString();
      all["content-type"] = "application/x-www-form-urlencoded";
    } else if (body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body)) {
      bytes = JSON.stringify(body);
      all["content-type"] = "application/json";
    }
    if (cookie) all.cookie = cookie;
    for (const [name, value] of Object.entries(headers)) {
      if (value === null) delete all[name];
      else all[name] = value;
    }
    return httpRequest(this.port, target, { method: how, headers: all, bytes: bytes === undefined ? undefined : Buffer.from(bytes) });
  }

  // Sends bytes as they are and gives back all that came until the server closed.
  raw(bytes) {
    return new Promise((resolve, reject) => {
      const chunks = [];
      const socket = net.connect(this.port, "127.0.0.1", () => socket.write(bytes));
      socket.setTimeout(1000, () => socket.destroy());
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.on("error", reject);
      socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    });
  }

  async stop() {
    this.child?.kill("SIGTERM");
    await this.ended;
    for (const pid of this.pids) if (isAlive(pid)) process.kill(pid, "SIGTERM");
    await until(() => !this.pids.some(isAlive), 10000);
  }
}

export async function startApache(state) {
  const port = await freePort();
  state.writeConf({ SITE_URL: `http://localhost:${port}` });
  const server = new Apache(state, port);
  server.spawnPrograms();
  server.startServer();
  try {
    await until(() => server.answers(), 10000);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}
