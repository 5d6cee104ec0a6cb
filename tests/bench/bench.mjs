// bench.mjs - measures every goal beside its limit or peer, in one run, and prints one table (make bench).
//
//   BUILD=build [QUICK=1] node tests/bench/bench.mjs [PART...]
//
// The parts are the files of parts/: each exports run() -> lines of the table, or start() and finish() where it waits
// for minutes on its own (it is begun first and looked at last).  Nothing is asserted: the exit status is 0 also where a
// goal is missed, and the table says by how much.  docs/performance.md explains every line.
//
// No root, loopback only; whatever is started ends with the bench.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { quick } from "./tools.mjs";

process.env.ATSTATUS_ALLOW_ROOT = "1";

const names = ["faults", "encryption", "sender", "peer", "transport", "cores", "time", "neighbours", "growth", "latency", "subscribe", "busy", "page", "publish"];
const libraries = ["libssl3", "libnghttp2-14", "libsqlite3-0", "libcurl4", "libfcgi0ldbl", "libjson-c5", "lighttpd"];

function versionOf(name) {
  try {
    const version = execFileSync("dpkg-query", ["-W", "-f", "${Version}", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [`${name.replace(/^lib|\d+ldbl$|-?\d+$/g, "")} ${version.replace(/^\d:|[-+].*$/g, "")}`];
  } catch {
    return [];
  }
}

/* The part of the machine that is busy while the bench itself waits. */
async function shareOfOthers() {
  const times = () => os.cpus().reduce((sum, { times: t }) => {
    const all = t.user + t.nice + t.sys + t.irq + t.idle;
    return { all: sum.all + all, idle: sum.idle + t.idle };
  }, { all: 0, idle: 0 });
  const before = times();
  await new Promise((resolve) => { setTimeout(resolve, 2000); });
  const after = times();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function machine(others) {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? os.arch();
  const mhz = Number(/^cpu MHz\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? 0);
  const webPush = JSON.parse(readFileSync(new URL("../node_modules/web-push/package.json", import.meta.url), "utf8")).version;
  return [
    `${cpu}, ${os.cpus().length} cores${mhz ? ` at ${Math.round(mhz)} MHz` : ""}, ${Math.round(os.totalmem() / 2 ** 30)} GB; ${os.type()} ${os.release()}`,
    `${libraries.flatMap(versionOf).join(", ")}, node ${process.versions.node}, web-push ${webPush}`,
    `${new Date().toISOString().slice(0, 16)}Z; ${quick ? "QUICK: smaller numbers, rougher figures" : "full"}; busy before the start ${(100 * others).toFixed(0)} %` +
      `${others > 0.05 ? ": OTHERS ARE AT WORK HERE, figures of time are worse than the machine's" : ""}`,
  ];
}

const say = (text) => process.stderr.write(text);

/* A part that breaks costs its own lines only. */
async function attempt(name, work) {
  const began = Date.now();
  say(`${name} ... `);
  try {
    return await work();
  } catch (error) {
    return [{ goal: "", name: `${name}: was not measured`, figure: "", against: error.message.split("\n")[0], isMet: false, missedBy: "an error", trace: error.stack }];
  } finally {
    say(`${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  }
}

const verdict = ({ isMet, missedBy }) => (isMet === undefined ? "" : isMet ? "met" : `MISSED by ${missedBy}`);

function print(lines, others) {
  const rows = lines.filter((line) => !line.note);
  const width = (of) => Math.max(...rows.map((line) => of(line).length));
  const nameWidth = width((line) => line.name), figureWidth = width((line) => line.figure);
  for (const text of machine(others)) console.log(text);
  console.log(`\ngoal  ${"what".padEnd(nameWidth)}  ${"figure".padEnd(figureWidth)}  verdict, limit or peer of the same run`);
  for (const line of lines) {
    if (line.note) console.log(`        ${line.note}`);
    else console.log(`${String(line.goal).padStart(4)}  ${line.name.padEnd(nameWidth)}  ${line.figure.padEnd(figureWidth)}  ${[verdict(line), line.against].filter(Boolean).join(" | ")}`);
    if (line.trace) say(`${line.trace}\n`);
  }
  const judged = rows.filter((line) => line.isMet !== undefined);
  const missed = judged.filter((line) => !line.isMet);
  console.log(`\n${judged.length - missed.length} of ${judged.length} met${missed.length ? `; missed: ${missed.map((line) => (line.goal === "" ? line.name : `goal ${line.goal} (${line.name})`)).join("; ")}` : ""}`);
}

const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : names;
for (const name of wanted) {
  if (!names.includes(name)) {
    console.error(`bench.mjs: there is no part "${name}"; the parts are ${names.join(" ")}`);
    process.exit(2);
  }
}

const others = await shareOfOthers();
const lines = [];
let waiting;
for (const name of wanted) {
  const part = await import(`./parts/${name}.mjs`);
  if (part.run) lines.push(...await attempt(name, part.run));
  else await attempt(`${name} (begun)`, async () => { waiting = { part, state: await part.start() }; return []; }).then((failed) => lines.push(...failed));
}
if (waiting) lines.push(...await attempt("faults", () => waiting.part.finish(waiting.state)));
print(lines, others);
process.exit(0);
