// The lint is worth something only if it complains: each rule is broken once, in a copy of the tree, and is the one that says so.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

// A source whose name stands on a floor: what is wrong in it is wrong by one rule only.
const source = (body) => `/* What is wrong here is said by one rule. */\n#include "base.h"\n${body}`;

// One source for each body; every one of them must be named.
const sources = (...bodies) => () => Object.fromEntries(bodies.map((body, i) => [`lib/view_stray${i}.c`, source(body)]));
const called = (call) => `\nvoid view_stray(void)\n{\n\t${call};\n}\n`;

// [rule, what is done to the copy: path -> new content, a complaint must name each of these (default: the paths), environment]
const cases = [
  ["every file of lib/ stands in lib/README.md", () => ({ "lib/stray.c": source(""), "lib/stray.h": "" })],
  ["a file includes only downward, or inside its own column",
    () => ({ "lib/json_stray.c": source('\n#include "app.h"\n'), "lib/json_stray_two.c": source('\n#include "db.h"\n') }), ["lib/json_stray.c", "lib/json_stray_two.c"]],
  ["one owner per big library", sources(...["sqlite3.h", "fcgiapp.h", "nghttp2/nghttp2.h", "curl/curl.h", "json-c/json.h", "cmark.h", "openssl/evp.h"]
    .map((header) => `\n#include <${header}>\n`))],
  ["base.h is the first include of every source file", () => ({ "lib/view_stray.c": '#include "view.h"\n\n#include "base.h"\n' })],
  ["every statement stands in lib/sql_table.h", sources(...["SELECT 1", "INSERT INTO t VALUES (1)", "UPDATE t SET x = 1", "DELETE FROM t"]
    .map((sql) => `\nconst char view_stray[] = "${sql}";\n`))],
  ["cgi-bin/ holds no HTML and no SQL", (read) => ({ "cgi-bin/subscribe.c": `${read("cgi-bin/subscribe.c")}\nconst char stray[] = "<p>x</p>";\n` })],
  ["an id of the log is used in one place", sources('\nconst char view_stray[] = "STRAY-01";\n', '\nconst char view_stray[] = "STRAY-01";\n'), ["lib/view_stray1.c"]],
  ["only drawing files set HTML into a template", () => ({ "lib/json_stray.c": source("\nvoid json_stray(void)\n{\n\ttv_set_html();\n}\n") })],
  ["the time comes from clock.c alone", sources(called("time(NULL)"), called("clock_gettime(CLOCK_REALTIME, NULL)"), called("gettimeofday(&x, NULL)"))],
  ["nothing is left to do in the sources", sources(...["TODO", "FIXME", "XXX", "HACK"].map((word) => `\n/* ${word} */\n`))],
  ["the programs that the public reaches cannot open a network connection",
    (_, copy) => ["curl", "nghttp2", "ssl"].forEach((library) => link(copy, library)) ?? {},
    ["build/cgi-bin/with-curl", "build/cgi-bin/with-nghttp", "build/cgi-bin/with-ssl"]],
  ["the map in the README is the tree that is there", () => ({ "stray.txt": "x\n" }), ["README.md"]],
  ["the map in the README is the tree that is there", (read) => ({ "README.md": read("README.md").replace("```\nREADME.md", "```\nstray/   nothing\nREADME.md") })],
  ["the map in the README is the tree that is there", (read) => ({ "README.md": read("README.md").replace(/^schema\.sql.*\n/m, "") })],
  ["the sources have the committed format", () => ({ "lib/view_stray.c": source("\nint view_stray  (void) ;\n"),
    "tests/unit/test_stray.c": source("\nint stray  (void) ;\n"), "tests/pushservice/stray.c": "int stray  (void) ;\n" })],
  ["clang finds nothing to warn of", sources("\nstatic int view_stray;\n"), ["lib/view_stray0.c"], { LINT_WITHOUT_CLANG: "" }],
];

// A program that is linked with the library, in the folder that the lint looks into.
function link(copy, library) {
  fs.mkdirSync(path.join(copy, "build/cgi-bin"), { recursive: true });
  execFileSync("gcc", ["-x", "c", "-", "-o", path.join(copy, "build/cgi-bin", `with-${library.replace(/\d/, "")}`), "-Wl,--no-as-needed", `-l${library}`], { input: "int main(void) { return 0; }" });
}

describe("the lint", () => {
  let copy;

  before(() => {
    copy = fs.mkdtempSync(path.join(os.tmpdir(), "atstatus-lint-"));
    const names = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" }).split("\0");
    for (const name of names.filter((n) => n !== "" && fs.existsSync(path.join(root, n)))) {
      fs.mkdirSync(path.dirname(path.join(copy, name)), { recursive: true });
      fs.copyFileSync(path.join(root, name), path.join(copy, name));
    }
    // the README's rule asks git for the names
    execFileSync("git", ["init", "-q"], { cwd: copy });
    execFileSync("git", ["add", "-A"], { cwd: copy });
  });
  after(() => fs.rmSync(copy, { recursive: true, force: true }));

  // The complaints, each with its rule.
  function lint(env = {}) {
    const done = spawnSync(process.execPath, [path.join(copy, "tests/lint/lint.mjs"), copy],
      { encoding: "utf8", env: { ...process.env, LINT_WITHOUT_CLANG: "1", ...env } });
    const found = [...done.stdout.matchAll(/^(\S+?):(\d+):.*? {3}\[(.*)\]$/gm)].map(([line, file, , rule]) => ({ line, file, rule }));
    const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(done.stdout) ?? assert.fail(done.stdout + done.stderr);
    assert.equal(new Set(found.map((c) => c.rule)).size, Number(failed), done.stdout);
    assert.equal(done.status, failed === "0" ? 0 : 1);
    return { found, passed: Number(passed) };
  }

  // Does what the case says, runs the lint, and takes it back.
  function breakOnce(change, env) {
    const read = (name) => fs.readFileSync(path.join(copy, name), "utf8");
    const before = new Map();
    for (const [name, content] of Object.entries(change(read, copy))) {
      before.set(name, fs.existsSync(path.join(copy, name)) ? read(name) : null);
      assert.notEqual(content, before.get(name), "the case changes something");
      fs.writeFileSync(path.join(copy, name), content);
    }
    if (before.size > 0) execFileSync("git", ["add", "-A", ...before.keys()], { cwd: copy });
    try {
      return { ...lint(env), changed: [...before.keys()] };
    } finally {
      for (const [name, content] of before) {
        if (content === null) fs.rmSync(path.join(copy, name));
        else fs.writeFileSync(path.join(copy, name), content);
      }
      fs.rmSync(path.join(copy, "build"), { recursive: true, force: true });
      execFileSync("git", ["add", "-A"], { cwd: copy });
    }
  }

  test("a rule that is not broken here would not be noticed if it were gone: every rule has a case", () => {
    const names = [...fs.readFileSync(path.join(copy, "tests/lint/lint.mjs"), "utf8").matchAll(/^ {2}"(.+)"\(\) \{$/gm)].map(([, name]) => name);
    assert.ok(names.length > 10);
    assert.deepEqual(names.filter((name) => !cases.some(([rule]) => rule === name)), []);
  });

  let clean;
  test("of a copy of this tree it says the same as of the tree", () => {
    clean = lint().found.map((c) => c.line);
    assert.deepEqual(clean, []);
  });

  const few = (name) => !/^lib\/(base|text|log|arena)\.[ch]$/.test(name);
  for (const [i, [rule, change, named, env]] of cases.entries()) {
    test(`complains where this is broken: ${rule} (${i + 1})`, () => {
      // clang over the whole tree takes long, over two sources it says the same
      const dropped = env === undefined ? [] : fs.readdirSync(path.join(copy, "lib")).map((n) => `lib/${n}`).filter((n) => n.endsWith(".c") && few(n));
      const kept = new Map(dropped.map((name) => [name, fs.readFileSync(path.join(copy, name))]));
      for (const name of kept.keys()) fs.rmSync(path.join(copy, name));
      try {
        const { found, changed } = breakOnce(change, env);
        const fresh = found.filter((c) => !clean?.includes(c.line));
        assert.deepEqual(fresh.filter((c) => c.rule !== rule), [], "another rule complains");
        for (const name of named ?? changed) assert.ok(fresh.some((c) => c.file === name), `${name} is not named:\n${fresh.map((c) => c.line).join("\n")}`);
      } finally {
        for (const [name, content] of kept) fs.writeFileSync(path.join(copy, name), content);
      }
    });
  }
});
