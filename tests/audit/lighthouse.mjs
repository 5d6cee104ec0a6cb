// lighthouse.mjs - `make audit`: Lighthouse (npm) on the real page served by lighttpd, as a phone and as a desk see it.
//
//   BUILD=build node tests/audit/lighthouse.mjs [FOLDER]
//
// FOLDER is where Lighthouse is installed, default BUILD/audit; it is too big for tests/package.json.  Prints the scores of
// the page with an outage, a maintenance and a history, and of an incident, the history and help; whatever costs points is
// named.  Closes with "N passed, N failed": a score passes from 95 on.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeGallery } from "../cgi/gallery.mjs";
import { doorOf } from "../e2e/exhibition.mjs";
import { startSuite } from "../e2e/suite.mjs";

const VERSION = "12.8.2";
const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const LOOKS = { phone: [], desk: ["--preset=desktop"] };

const build = path.resolve(process.env.BUILD ?? "build");
const folder = path.resolve(process.argv[2] ?? path.join(build, "audit"));
const program = path.join(folder, "node_modules/lighthouse/cli/index.js");
const total = { passed: 0, failed: 0 };

if (!existsSync(program)) {
  console.error(`Lighthouse is not there.  Install it, outside of the tree:\n\n  npm install --ignore-scripts --prefix ${folder} lighthouse@${VERSION}\n`);
  process.exit(2);
}

// The report of one run, as Lighthouse's own JSON.
function judge(url, look, home) {
  const report = path.join(home, "report.json");
  const done = spawnSync(process.execPath, [program, url, ...LOOKS[look], `--only-categories=${CATEGORIES}`, "--output=json", `--output-path=${report}`, "--quiet",
    "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"],
  { cwd: home, env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, CHROME_PATH: process.env.CHROME_PATH ?? "/usr/bin/chromium", CI: "1" }, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`Lighthouse: ${done.stderr}`);
  return JSON.parse(readFileSync(report, "utf8"));
}

function tell(what, look, { categories, audits }) {
  const scores = CATEGORIES.map((name) => Math.round(categories[name].score * 100));
  console.log(`${what.padEnd(22)} ${look.padEnd(6)} ${scores.map((score) => String(score).padStart(14)).join("")}`);
  for (const score of scores) total[score >= LEAST ? "passed" : "failed"]++;
  for (const name of CATEGORIES) {
    const costly = categories[name].auditRefs.filter(({ id, weight }) => weight > 0 && audits[id].score !== null && audits[id].score < 0.995);
    for (const { id } of costly) console.log(`    ${name}: ${id} ${audits[id].score} ${audits[id].displayValue ?? audits[id].title}`);
  }
}

const suite = await startSuite({ build });
const home = mkdtempSync(path.join(tmpdir(), "lighthouse-"));
try {
  const gallery = makeGallery(doorOf(suite));
  for (const { enter } of gallery.states) await enter();
  const all = gallery.pages();
  const pages = { "the page": "/", ...Object.fromEntries(["an open incident", "this month", "help"].map((name) => [name, all[name]])) };
  console.log(`${"".padEnd(29)} ${CATEGORIES.map((name) => name.padStart(14)).join("")}`);
  for (const [what, address] of Object.entries(pages)) {
    for (const look of Object.keys(LOOKS)) tell(what, look, judge(suite.url(address), look, home));
  }
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  await suite.stop();
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
