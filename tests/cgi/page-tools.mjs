// page-tools.mjs - publishing a state and reading the pages that come of it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

// Runs `atstatus publish`: everything is written anew, as the timer does.
export function publish(state) {
  const done = state.atstatus("publish");
  assert.equal(done.code, 0, done.stderr);
  return done;
}

export function read(state, name = "index.html") {
  return fs.readFileSync(path.join(state.publicDir, name), "utf8");
}

export const incidentFile = (id) => `incidents/${id}/index.html`;

// Every file below the folder, by its path there.
export function files(dir, below = "") {
  return fs.readdirSync(path.join(dir, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(below, entry.name);
    return entry.isDirectory() ? files(dir, name) : [name];
  }).sort();
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: "\"", "#39": "'" };

export function decode(html) {
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name]);
}

// What a reader sees: no tags, entities decoded, line ends as they are.
export function text(html) {
  return decode(html.replace(/<[^>]*>/g, ""));
}

// The first element that the pattern's name and attributes fit, as text.
export function inside(html, tag, attributes = "") {
  const found = new RegExp(`<${tag}\\b[^>]*${attributes}[^>]*>([\\s\\S]*?)</${tag}>`).exec(html);
  return found === null ? undefined : text(found[1]).trim();
}

export const headline = (html) => inside(html, "h1");
export const title = (html) => inside(html, "title");

// Every tag of a page with its attributes: [["a", { href: "/" }], ...]; closing tags as ["/a", {}].
export function tags(html) {
  const found = [];
  const rest = html.replace(/<!doctype html>/i, "").replace(/<(\/?[a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*\/?>/g,
    (_, name, attributes) => {
      const pairs = [...attributes.matchAll(/([^\s=>/]+)(?:="([^"]*)")?/g)].map(([, key, value]) => [key.toLowerCase(), decode(value ?? "")]);
      found.push([name.toLowerCase(), Object.fromEntries(pairs)]);
      return "";
    });
  assert.equal(/[<>]/.exec(rest)?.index, undefined, `a bracket outside of a tag: ${rest.slice(Math.max(0, rest.search(/[<>]/) - 40)).slice(0, 120)}`);
  return found;
}

// The page's structure without its words: what a hostile string must not be able to change.
export function skeleton(html) {
  return tags(html).map(([name, attributes]) => `${name} ${Object.keys(attributes).join(" ")}`.trim()).join("\n");
}

// A page that runs nothing and shows nothing of anybody else.
export function assertHarmless(html, where = "") {
  for (const [name, attributes] of tags(html)) {
    assert.ok(!["style", "iframe", "object", "embed", "base", "form", "template", "math", "audio", "video"].includes(name), `${where} <${name}>`);
    if (name === "script") {
      // The reader's language is found, and times are put into their zone, before the page is drawn, so that no line changes
      // its length before their eyes.
      const before = /^\/(page|words-[a-z]{2})\.js$/.test(attributes.src) ? { blocking: "render" } : {};
      assert.deepEqual(attributes, { src: /^\/(bars|page|push|push-[a-z]+|words-[a-z]{2})\.js$/.exec(attributes.src)?.[0], defer: "", ...before }, `${where}: a script`);
    }
    for (const [key, value] of Object.entries(attributes)) {
      assert.ok(!key.startsWith("on") && !["style", "srcdoc", "action", "formaction", "srcset"].includes(key), `${where} <${name} ${key}>`);
      if (key === "src") assert.match(value, /^\/[a-z0-9.-]+$/, `${where} <${name} src>`);
      if (key === "href" && name === "a") assert.match(value, /^(\/(?!\/)|#|https?:\/\/|mailto:)/i, `${where} <a href>`);
      else if (key === "href" && (attributes.rel === "canonical" || attributes.hreflang)) assert.match(value, /^http:\/\/localhost(:\d+)?\/[a-z0-9/-]*$/, `${where} canonical`);
      else if (key === "href") assert.match(value, /^(\/(?!\/)|#)/, `${where} <${name} href>`);
    }
  }
}
