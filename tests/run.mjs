// run.mjs - runs every test and closes with "N passed, N failed".
//
// What runs, in this order: the lint, the unit programs of both builds, the unit tests of the scripts, the programs as
// CGI and behind real web servers, the sender against the push service double, the crash tests, the browsers.
// Everything is run against the release build; all but the browsers a second time against the build with
// AddressSanitizer and UndefinedBehaviorSanitizer, which also has the test points and the clock that can be shifted.
//
//   node tests/run.mjs [PART...]     PART = lint unit scripts cgi sender crash e2e; default all
//
// Tests are named by the sentence they prove; what fails is printed whole, what passes is counted.
import { spawn } from "node:child_process";
import { readdirSync, existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const builds = ["build", "build-san"];
const total = { passed: 0, failed: 0, skipped: 0 };
const MINUTE = 60_000;

function files(folder, pattern) {
  const dir = path.join(root, folder);
  if (!existsSync(dir)) return [];
  return readdirSync(dir).filter((name) => pattern.test(name)).sort().map((name) => path.join(folder, name));
}

// Runs a command in a process group of its own, so that a time-out can end all of it.
function run(command, args, env, limit) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, detached: true });
    let output = "";
    const timer = setTimeout(() => {
      output += `\nended after ${limit / MINUTE} minutes`;
      try { process.kill(-child.pid, "SIGKILL"); } catch { /* it has just ended */ }
    }, limit);
    child.stdout.on("data", (chunk) => { output += chunk; });
    child.stderr.on("data", (chunk) => { output += chunk; });
    child.on("error", (error) => { output += error.message; });
    child.on("close", (code) => { clearTimeout(timer); resolve({ code, output }); });
  });
}

// Counts from the closing lines of a unit program ("3 passed, 0 failed") or of node's runner ("# pass 3").
function counts({ code, output }) {
  const unit = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].pop();
  const tap = (word) => Number([...output.matchAll(new RegExp(`^# ${word} (\\d+)$`, "gm"))].pop()?.[1] ?? 0);
  const result = unit
    ? { passed: Number(unit[1]), failed: Number(unit[2]), skipped: Number(unit[3] ?? 0) }
    : { passed: tap("pass"), failed: tap("fail") + tap("cancelled"), skipped: tap("skipped") };
  // a program that dies, or proves nothing, is a failure whatever it printed
  if (result.failed === 0 && (code !== 0 || result.passed + result.skipped === 0)) result.failed = 1;
  return result;
}

async function prove(name, command, args, env = {}, limit = 10 * MINUTE) {
  const started = Date.now();
  const result = await run(command, args, env, limit);
  const { passed, failed, skipped } = counts(result);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${failed ? "FAILED" : "ok    "} ${name}  ${passed} passed${failed ? `, ${failed} failed` : ""}` +
    `${skipped ? `, ${skipped} skipped` : ""}  ${seconds} s`);
  if (failed) console.log(result.output.replace(/^/gm, "    | "));
}

const sanitizers = {
  ASAN_OPTIONS: "detect_leaks=1:abort_on_error=0:exitcode=99",
  UBSAN_OPTIONS: "print_stacktrace=1",
};

function environment(build) {
  return { BUILD: build, ATSTATUS_ALLOW_ROOT: "1", ...(build === "build-san" ? sanitizers : {}) };
}

// A queue of jobs worked off by as many runners as there are cores.
async function inParallel(jobs, runners) {
  const queue = [...jobs];
  await Promise.all(Array.from({ length: runners }, async () => {
    while (queue.length > 0) await queue.shift()();
  }));
}

// Whole installations are proved once: what they start has been proved under the sanitizers already.
const onceOnly = /\/(run|apache)[\w-]*\.test\.mjs$/;

function nodeJobs(folder, list) {
  return list.flatMap((build) => files(folder, /\.test\.mjs$/).filter((file) => build === "build" || !onceOnly.test(file)).map((file) => () =>
    prove(`${file} (${build})`, process.execPath, ["--test", "--test-reporter=tap", file],
      { ...environment(build), ATSTATUS_SCRYPT_LOG2N: "14" }, 20 * MINUTE)));
}

const parts = {
  lint: () => inParallel([() => prove("tests/lint/lint.mjs", process.execPath, ["tests/lint/lint.mjs"]),
    ...nodeJobs("tests/lint", ["build"])], 2),
  unit: () => inParallel(builds.flatMap((build) => files(`${build}/unit`, /^test_[a-z0-9_]+$/).map((file) => () =>
    prove(file, path.join(root, file), [], environment(build)))), 2),
  scripts: () => inParallel([...nodeJobs("tests/unit", ["build"]), ...nodeJobs("tests/pushservice", ["build"])], 2),
  // one more than there are cores: many of them wait for time to pass
  cgi: () => inParallel(nodeJobs("tests/cgi", builds), 3),
  sender: () => inParallel(nodeJobs("tests/sender", builds), 3),
  crash: () => inParallel(nodeJobs("tests/crash", ["build-san"]), 2),
  e2e: () => inParallel(nodeJobs("tests/e2e", ["build"]), 2),
};

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
  if (!parts[name]) {
    console.error(`run.mjs: there is no part "${name}"; the parts are ${Object.keys(parts).join(" ")}`);
    process.exit(2);
  }
  await parts[name]();
}
if (total.skipped) console.log(`${total.skipped} skipped: they need the other build`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
