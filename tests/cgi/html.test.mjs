// Every page is valid HTML by a validator of somebody else (npm html-validate), the admin's included, whatever was written
// into it.  VNU=path/to/vnu.jar asks the validator of the W3C as well (npm vnu-jar; it needs Java).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { HtmlValidate, StaticConfigLoader } from "html-validate";
import { openServer } from "./api-client.mjs";
import { Person } from "./admin-client.mjs";
import { adminPages, hostileWords, makeGallery } from "./gallery.mjs";
import { publish } from "./page-tools.mjs";

const validator = new HtmlValidate(new StaticConfigLoader({
  extends: ["html-validate:standard", "html-validate:document", "html-validate:a11y"],
  rules: {
    // What Markdown is drawn with says <br />, which is as good; a long title is the operator's own; a button that
    // says nothing submits, and is meant to, and a form that its reader may not send has none; every element that may have a name may have it by aria-label.
    "void-style": "off",
    "long-title": "off",
    "no-implicit-button-type": "off",
    "wcag/h32": "off",
    "aria-label-misuse": ["error", { allowAnyNamable: true }],
    "no-inline-style": "error",
    "no-unknown-elements": "error",
    "no-implicit-close": "error",
    "element-required-attributes": "error",
    "valid-id": ["error", { relaxed: false }],
    "no-trailing-whitespace": "off",
    "require-sri": "off",
  },
}));

// Empty where the page is good, else what is wrong and where.
async function complaints(html) {
  const { results } = await validator.validateString(html);
  return results.flatMap(({ messages }) => messages.map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}  ${html.split("\n")[m.line - 1].slice(Math.max(0, m.column - 60), m.column + 100)}`));
}

// What the W3C's validator says of a page, where it is there.
function complaintsOfW3c(html) {
  if (!process.env.VNU) return [];
  const done = spawnSync("java", ["-jar", process.env.VNU, "--format", "json", "--stdout", "--errors-only", "-"], { input: html, encoding: "utf8", maxBuffer: 1 << 26 });
  return JSON.parse(done.stdout).messages.map((m) => `${m.lastLine}: ${m.message}  ${m.extract}`);
}

// pages: [[what, html], ...]; all that is wrong is told at once.
async function assertValid(pages) {
  const wrong = [];
  for (const [what, html] of pages) {
    for (const one of [...(await complaints(html)), ...complaintsOfW3c(html)]) wrong.push(`${what}: ${one}`);
  }
  assert.deepEqual(wrong, []);
}

test("a page that is broken on purpose is complained of, each fault by its rule", async () => {
  const page = (main) => `<!doctype html>\n<html lang="en">\n<head>\n<title>A page</title>\n</head>\n<body>\n<main>\n${main}\n</main>\n</body>\n</html>\n`;
  assert.deepEqual(await complaints(page("<h1>All is well</h1>")), []);
  const faults = {
    "no-dup-id": '<h1 id="a">A</h1><p id="a">B</p>',
    "no-inline-style": '<h1 style="color: red">A</h1>',
    "close-order": "<h1>A</h1><p><b>B</p></b>",
    "element-permitted-content": "<h1><div>A</div></h1>",
    "void-content": "<h1>A</h1><br></br>",
    "no-missing-references": '<h1 aria-labelledby="nowhere">A</h1>',
    "heading-level": "<h1>A</h1><h3>B</h3>",
    "wcag/h37": '<h1>A</h1><img src="/a.png">',
  };
  for (const [rule, main] of Object.entries(faults)) {
    assert.ok((await complaints(page(main))).some((one) => one.includes(` ${rule}:`)), rule);
  }
});

for (const [kind, words] of [["ordinary", undefined], ["hostile", hostileWords()]]) {
  describe(`with ${kind} names and texts`, () => {
    let state, server, client, close, gallery;

    before(async () => {
      ({ state, server, client, close } = await openServer());
      const call = async (method, address, body) => {
        const answer = await client.call(method, address, body);
        assert.ok([200, 201].includes(answer.status), `${method} ${address}: ${answer.text}`);
        return answer.json;
      };
      gallery = makeGallery({ call, run: (sql) => state.run(sql), publish: () => publish(state) }, { words });
    });
    after(() => close?.());

    async function read(get, pages) {
      const found = [];
      for (const [what, address] of Object.entries(pages)) {
        const { status, text } = await get(address);
        assert.equal(status, what === "no page" ? 404 : 200, `${what} ${address}: ${text.slice(0, 200)}`);
        found.push([what, text]);
      }
      return found;
    }

    test("the page is valid in each of its states", async () => {
      publish(state);
      const get = (address) => server.request(address);
      const pages = await read(get, { "without any component": "/" });
      for (const { name, enter } of gallery.states) {
        await enter();
        pages.push(...(await read(get, { [name]: "/" })));
      }
      await assertValid(pages);
    });

    test("so is every other page that is published", async () => assertValid(await read((address) => server.request(address), gallery.pages())));

    test("so are they in every other language", async () => {
      const translated = Object.entries({ front: "/", ...gallery.pages() }).filter(([what]) => what !== "no page")
        .flatMap(([what, address]) => ["de", "es", "fr", "ja"].map((tag) => [`${what} in ${tag}`, `/${tag}${address}`]));
      await assertValid(await read((address) => server.request(address), Object.fromEntries(translated)));
    });

    test("no published page was forgotten", () => {
      const seen = new Set(["/", "/404.html", ...Object.values(gallery.pages())]);
      const folders = fs.readdirSync(state.publicDir, { recursive: true }).filter((file) => file.endsWith(".html"))
        .map((file) => `/${file.split(path.sep).join("/")}`.replace(/index\.html$/, ""));
      const others = folders.map((address) => address.replace(/^\/(de|es|fr|ja)\//, "/")).filter((address) => !seen.has(address) && !/^\/(incidents|maintenance|history)\/[a-z0-9-]+\/$/.test(address));
      assert.deepEqual(others, []);
    });

    test("so is every page of the admin, for an owner and for somebody who may only look", async () => {
      const pages = adminPages(gallery.ids);
      const owner = Person.signedIn(state, server);
      await assertValid(await read((address) => owner.get(address), pages));
      const viewer = Person.signedIn(state, server, "viewer");
      const seen = [["sign-in", (await server.request("/cgi-bin/admin-settings/sign-in")).text]];
      for (const [what, address] of Object.entries(pages)) {
        const { status, text } = await viewer.get(address);
        assert.ok([200, 403].includes(status), address);
        seen.push([`${what} for a viewer`, text]);
      }
      await assertValid(seen);
    });

    test("so is a form that comes back with what is wrong", async () => {
      const person = Person.signedIn(state, server);
      const seen = [];
      for (const [page, action, change] of [
        ["/cgi-bin/incident-post/new", "/cgi-bin/incident-post", { name: "" }],
        ["/cgi-bin/incident-post/maintenance/new", "/cgi-bin/incident-post/maintenance", { name: "" }],
        ["/cgi-bin/admin-settings/components/new", "/cgi-bin/admin-settings/components", { name: "" }],
        ["/cgi-bin/admin-settings/settings/page", "/cgi-bin/admin-settings/settings/page", { site_name: "" }],
      ]) {
        const answer = await person.submit(page, action, change);
        assert.ok([400, 409, 422].includes(answer.status), `${page}: ${answer.status}`);
        seen.push([page, answer.text]);
      }
      await assertValid(seen);
    });
  });
}
