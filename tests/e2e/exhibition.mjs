/*
 * The gallery of ../cgi/gallery.mjs on a suite that `make run` would start, with a browser before it.
 *
 *   const show = await openExhibition({ words }) -> { suite, chromium, gallery, open(address, view), signIn(page), close() }
 *   inLanguages(pages)    the same pages in every language but the page's own
 *   doorOf(suite)         what makeGallery needs of a suite
 */
import assert from "node:assert/strict";
import { makeGallery } from "../cgi/gallery.mjs";
import { startChromium } from "./chromium.mjs";
import { startSuite } from "./suite.mjs";

export async function openExhibition({ words } = {}) {
	const suite = await startSuite();
	let chromium;
	const close = async () => {
		await chromium?.stop();
		await suite.stop();
	};
	try {
		chromium = await startChromium();
		return { suite, chromium, close, gallery: makeGallery(doorOf(suite), { words }), open: (address, view) => open(suite, chromium, address, view), signIn: (page) => signIn(suite, page) };
	} catch (error) {
		await close();
		throw error;
	}
}

export function inLanguages(pages) {
	const entries = Object.entries(pages).filter(([what]) => what !== "no page");
	return Object.fromEntries(["de", "es", "fr", "ja"].flatMap((tag) => entries.map(([what, address]) => [`${what} in ${tag}`, `/${tag}${address}`])));
}

export function doorOf(suite) {
	const call = async (method, path, body) => {
		const { status, json, text } = await suite.api(method, path, body);
		assert.ok(status === 200 || status === 201, `${method} ${path}: ${text}`);
		return json;
	};
	const publish = () => {
		const { code, stderr } = suite.atstatus("publish");
		assert.equal(code, 0, stderr);
	};
	return { call, run: (sql) => suite.rows(sql), publish };
}

/* A page whose scripts have done what they do at the start. */
async function open(suite, chromium, address, view) {
	const page = await chromium.newPage(view);
	await page.open(suite.url(address));
	await page.waitFor("the script", () => !document.querySelector("[data-zone]") || document.querySelector("[data-zone]").textContent.startsWith(self.say("script.zone").split("{")[0]));
	return page;
}

async function signIn(suite, page) {
	await page.open(suite.url("/admin"));
	await page.run((password) => {
		document.getElementById("username").value = "admin";
		document.getElementById("password").value = password;
		document.querySelector("form").submit();
	}, suite.password);
	await page.waitFor("the admin pages", () => document.querySelector(".admin-nav"));
}
