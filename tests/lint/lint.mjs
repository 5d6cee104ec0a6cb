// lint.mjs - the house rules that a compiler does not know.
//
//   node tests/lint/lint.mjs [ROOT]      prints "file:line: rule: what is wrong" and closes with "N passed, N failed"
//
// Each rule is a function from the tree to a list of complaints; lint.test.mjs breaks each one and sees it complain.
import { readdirSync, readFileSync, existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";

const root = path.resolve(process.argv[2] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "../.."));
const read = (file) => readFileSync(path.join(root, file), "utf8");

function list(folder, pattern) {
  const dir = path.join(root, folder);
  return existsSync(dir) ? readdirSync(dir).filter((f) => pattern.test(f)).sort().map((f) => `${folder}/${f}`) : [];
}

const sources = [...list("lib", /\.[ch]$/), ...list("cgi-bin", /\.c$/), ...list("cmd", /\.c$/)];
const lines = new Map(sources.map((file) => [file, read(file).split("\n")]));

// Calls visit(file, number, line) for every line of the given files.
function eachLine(files, visit) {
  for (const file of files) lines.get(file).forEach((line, i) => visit(file, i + 1, line));
}

// The table of lib/README.md: [{ floor, column, names, prefixes }]
function readFloors() {
  return read("lib/README.md").split("\n").flatMap((line, column) => {
    const cells = /^\| F(\d) \| ([^|]+) \|/.exec(line);
    if (!cells) return [];
    const words = cells[2].trim().split(/\s+/);
    return [{
      floor: Number(cells[1]), column,
      names: words.filter((w) => !w.endsWith("*")),
      prefixes: words.filter((w) => w.endsWith("*")).map((w) => w.slice(0, -1)),
    }];
  });
}

const floors = readFloors();

function placeOf(module) {
  return floors.find((f) => f.names.includes(module)) ??
    floors.find((f) => f.prefixes.some((p) => module === p || module.startsWith(`${p}_`)));
}

const moduleOf = (file) => path.basename(file).replace(/\.[ch]$/, "");

const rules = {
  "every file of lib/ stands in lib/README.md"() {
    return sources.filter((f) => f.startsWith("lib/") && !placeOf(moduleOf(f))).map((f) => `${f}:1: is on no floor`);
  },

  "a file includes only downward, or inside its own column"() {
    const complaints = [];
    eachLine(sources, (file, number, line) => {
      const included = /^#include "([a-z0-9_]+)\.h"/.exec(line)?.[1];
      if (!included) return;
      const from = file.startsWith("lib/") ? placeOf(moduleOf(file)) : { floor: 9, column: -1 };
      const to = placeOf(included);
      if (!from || !to) return;
      if (to.floor > from.floor) complaints.push(`${file}:${number}: includes "${included}.h" of a higher floor`);
      else if (to.floor === from.floor && to.column !== from.column && from.floor > 0)
        complaints.push(`${file}:${number}: includes "${included}.h" sideways`);
    });
    return complaints;
  },

  "one owner per big library"() {
    const owners = [
      [/<sqlite3\.h>/, /^lib\/db(_\w+)?\.[ch]$/], [/<fcgi\w*\.h>/, /^lib\/web(_\w+)?\.[ch]$/], [/<nghttp2\//, /^lib\/h2(_\w+)?\.[ch]$/],
      [/<curl\//, /^lib\/fetch(_\w+)?\.[ch]$/], [/<json-c\//, /^lib\/json(_\w+)?\.c$/], [/<cmark/, /^lib\/html\.c$/],
      [/<openssl\//, /^lib\/(digest|password|point|ece|vapid|tls)\.c$/],
    ];
    const complaints = [];
    eachLine(sources, (file, number, line) => {
      if (!line.startsWith("#include <")) return;
      for (const [header, owner] of owners)
        if (header.test(line) && !owner.test(file)) complaints.push(`${file}:${number}: ${line} belongs to another file`);
    });
    return complaints;
  },

  "base.h is the first include of every source file"() {
    return sources.filter((f) => f.endsWith(".c")).flatMap((file) => {
      const number = lines.get(file).findIndex((l) => l.startsWith("#include"));
      return lines.get(file)[number] === '#include "base.h"' ? [] : [`${file}:${number + 1}: another include comes first`];
    });
  },

  "every statement stands in lib/sql_table.h"() {
    const complaints = [];
    const sql = /"\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b/;
    eachLine(sources.filter((f) => f !== "lib/sql_table.h"), (file, number, line) => {
      if (sql.test(line)) complaints.push(`${file}:${number}: SQL outside of lib/sql_table.h`);
    });
    return complaints;
  },

  "cgi-bin/ holds no HTML and no SQL"() {
    const complaints = [];
    eachLine(sources.filter((f) => f.startsWith("cgi-bin/")), (file, number, line) => {
      if (/"[^"]*<\/?[a-z][^"]*"/.test(line)) complaints.push(`${file}:${number}: HTML in a program`);
    });
    return complaints;
  },

  "an id of the log is used in one place"() {
    const seen = new Map(), complaints = [];
    eachLine(sources.filter((f) => f.endsWith(".c")), (file, number, line) => {
      for (const [, id] of line.matchAll(/"([A-Z][A-Z0-9]*-\d\d)"/g)) {
        if (seen.has(id)) complaints.push(`${file}:${number}: ${id} stands at ${seen.get(id)} already`);
        else seen.set(id, `${file}:${number}`);
      }
    });
    return complaints;
  },

  "only drawing files set HTML into a template"() {
    const complaints = [];
    eachLine(sources, (file, number, line) => {
      if (/\btv_set_html\(/.test(line) && !/^lib\/(template\.[ch]|view\w*\.c|desk\w*\.c)$/.test(file))
        complaints.push(`${file}:${number}: sets HTML outside of view* and desk*`);
    });
    return complaints;
  },

  "the time comes from clock.c alone"() {
    const complaints = [];
    eachLine(sources, (file, number, line) => {
      if (/\b(clock_gettime|gettimeofday|time)\s*\(\s*(CLOCK_|NULL|&)/.test(line) && file !== "lib/clock.c")
        complaints.push(`${file}:${number}: reads the time itself`);
    });
    return complaints;
  },

  "nothing is left to do in the sources"() {
    const complaints = [];
    eachLine(sources, (file, number, line) => {
      if (/\b(TODO|FIXME|XXX|HACK)\b/.test(line)) complaints.push(`${file}:${number}: unfinished`);
    });
    return complaints;
  },

  "the programs that the public reaches cannot open a network connection"() {
    const complaints = [];
    for (const program of list("build/cgi-bin", /^[a-z-]+$/)) {
      const out = spawnSync("readelf", ["-d", path.join(root, program)], { encoding: "utf8" }).stdout;
      for (const library of ["libcurl", "libnghttp2", "libssl"])
        if (out.includes(library)) complaints.push(`${program}:0: links ${library}`);
    }
    return complaints;
  },

  "the map in the README is the tree that is there"() {
    const block = /```\n(README\.md[\s\S]*?)```/.exec(read("README.md"))?.[1];
    if (!block) return ["README.md:1: has no map"];
    const complaints = [];
    const places = block.split("\n").flatMap((line) => /^([A-Za-z0-9_./-]+)/.exec(line)?.[1] ?? []);
    for (const name of places)
      if (!existsSync(path.join(root, name))) complaints.push(`README.md:1: the map names ${name}, which is not there`);
    const top = spawnSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).stdout.split("\n").filter(Boolean)
      .map((f) => f.includes("/") ? `${f.split("/")[0]}/` : f);
    for (const name of new Set(top))
      if (!name.startsWith(".") && !places.some((p) => p === name || p.startsWith(name)))
        complaints.push(`README.md:1: the map lacks ${name}`);
    return complaints;
  },

  "the sources have the committed format"() {
    const files = [...sources, ...list("tests/unit", /\.[ch]$/), ...list("tests/pushservice", /\.[ch]$/), ...list("tests/bench/tools", /\.[ch]$/)];
    const out = spawnSync("clang-format", ["--dry-run", "-Werror", ...files], { cwd: root, encoding: "utf8" });
    if (out.error) return ["clang-format:0: is not installed"];
    return out.status === 0 ? [] : out.stderr.split("\n").filter((l) => l.includes("error:")).slice(0, 20);
  },

  "clang finds nothing to warn of"() {
    if (process.env.LINT_WITHOUT_CLANG) return [];
    const warnings = /^WARN\s*=\s*((?:.*\\\n)*.*)$/m.exec(read("Makefile"))[1].replace(/\\\n/g, " ").split(/\s+/).filter(Boolean);
    const out = spawnSync("clang", ["-fsyntax-only", "-iquote", "lib", "-iquote", "tests/unit", "-D_GNU_SOURCE", ...warnings,
      ...sources.filter((f) => f.endsWith(".c"))], { cwd: root, encoding: "utf8" });
    if (out.error) return ["clang:0: is not installed"];
    return out.status === 0 ? [] : out.stderr.split("\n").filter((l) => l.includes("error:")).slice(0, 20);
  },
};

let passed = 0, failed = 0;
for (const [name, check] of Object.entries(rules)) {
  const complaints = check();
  if (complaints.length === 0) { passed++; continue; }
  failed++;
  for (const complaint of complaints) console.log(`${complaint}   [${name}]`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
