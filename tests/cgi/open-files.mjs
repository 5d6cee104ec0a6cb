// open-files.mjs - what other sites may read of a page, and how a web server must serve it (contract §3).
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

// Address, type; the content is the test's own, as the server sees only names.
const open = [
  ...["summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances", "scheduled-maintenances/upcoming",
    "scheduled-maintenances/active"].map((name) => [`/api/v2/${name}.json`, "application/json"]),
  ["/feed.atom", "application/atom+xml; charset=utf-8"], ["/feed.rss", "application/rss+xml; charset=utf-8"], ["/feed.json", "application/feed+json"],
  ["/maintenance.ics", "text/calendar; charset=utf-8"], ["/badge.svg", "image/svg+xml"], ["/badge/abcdefghijkl.svg", "image/svg+xml"],
];
const closed = ["/", "/push.json", "/alive.json", "/push.js", "/style.css", "/logo.png", "/manifest.webmanifest", "/robots.txt", "/404.html",
  "/incidents/abcdefghijkl/", "/badge.png", "/cgi-bin/subscribe/state", "/v1/pages/default/incidents", "/admin", "/nothing"];
const missing = ["/proxy/example.com", "/proxy/example.com/api/v2/summary.json", "/api/v2/nothing.json", "/api/v2/summary", "/api/v2/summary.json/", "/api/v1/summary.json",
  "/api/v2/incidents/nothing.json", "/api/v2/incidents", "/api/v2/incidents/", "/api/v2/scheduled-maintenances/", "/api/v2", "/api/", "/badge/", "/badge",
  "/badge/nothing.svg", "/feed.xml", "/style.css/x"];

// Puts a file at each address that has none; what is there is the programs' own.
export function makeOpenFiles(state) {
  for (const [address] of open) {
    const file = path.join(state.publicDir, address);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (!fs.existsSync(file)) fs.writeFileSync(file, "content");
  }
}

export async function assertOpenFiles(server) {
  for (const [address, type] of open) {
    const answer = await server.request(address, { headers: { origin: "https://other.example" } });
    assert.equal(answer.status, 200, address);
    assert.equal(answer.headers["access-control-allow-origin"], "*", address);
    assert.equal(answer.headers["content-type"], type, address);
    assert.equal(answer.headers["cache-control"], "no-cache", address);
    assert.equal(answer.headers["x-content-type-options"], "nosniff", address);
    assert.match(answer.headers.etag ?? "", /^(W\/)?".+"$/, address);
    const again = await server.request(address, { headers: { "if-none-match": answer.headers.etag } });
    assert.deepEqual([again.status, again.text], [304, ""], address);
  }
}

export async function assertClosedFiles(server) {
  for (const address of closed) {
    const answer = await server.request(address, { headers: { origin: "https://other.example" } });
    assert.equal(answer.headers["access-control-allow-origin"], undefined, address);
  }
}

export async function assertMissingFiles(server) {
  for (const address of missing) {
    const answer = await server.request(address);
    assert.equal(answer.status, 404, address);
    assert.equal(answer.headers["content-type"], "text/html; charset=utf-8", address);
  }
}
