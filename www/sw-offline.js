/*
 * The page without a network, for sw-push.js: what was seen last is kept, and shown where nobody answers, with its age.
 * What the network answers always comes first. Nothing is kept of the admin's pages, the programs, the read API, push.json
 * and alive.json, nor anything that says so itself (no-store) or is not a plain 200: the page asks for its news past all this.
 */
self.pushOffline = (() => {
	'use strict';

	const KEPT = 'atstatus-1';
	const PATIENCE = 4000; /* ms: after that a page that is kept is better than none */
	const MOST_PAGES = 50;

	const CLOSED = /^\/((admin|cgi-bin|v1|api|badge)([./]|$)|\/)/;
	const ASSET = /^\/[\w.-]+\.(css|js|png|ico|webmanifest)$/;

	const ignore = () => undefined;
	const pathOf = (address) => new URL(address, self.location.origin).pathname;

	/* 'page', 'asset' or undefined. The badge of notifications is a picture, the folder of that name is not. */
	function kindOf(address) {
		const { origin, pathname } = new URL(address, self.location.origin);
		if (origin !== self.location.origin) return undefined;
		if (ASSET.test(pathname) && !/^\/(admin|sw-)/.test(pathname)) return 'asset';
		return pathname.endsWith('/') && !CLOSED.test(pathname) ? 'page' : undefined;
	}

	/* Under the path alone: a query changes nothing on these pages. */
	async function keep(path, response) {
		const cache = await caches.open(KEPT);
		if (response.status === 404 || response.status === 410) await cache.delete(path);
		if (response.status !== 200 || response.type !== 'basic' || response.redirected) return;
		if (/no-store/i.test(response.headers.get('cache-control'))) return;
		await cache.put(path, response);
		const pages = (await cache.keys()).map(({ url }) => pathOf(url)).filter((one) => kindOf(one) === 'page' && one !== '/');
		for (const old of pages.slice(0, -MOST_PAGES)) await cache.delete(old);
	}

	/* ---- what is kept is never shown as the present */

	/* Marked for page.js, which says the age in the reader's words as long as it lasts; said here too, should that fail. */
	async function withAge(response) {
		const at = new Date(response.headers.get('date') ?? 0);
		const text = await response.text();
		const lang = /<html[^>]* lang="([\w-]+)"/.exec(text)?.[1];
		const words = self.workerWords[lang] ?? self.workerWords.en;
		const time = at.toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' });
		const aged = text
			.replace('<html ', () => `<html data-kept="${at.toISOString()}" `)
			.replace(/(id="page-age"[^>]*>)/, (tag) => tag + words.kept.replace('{time}', () => time));
		const headers = new Headers(response.headers);
		for (const name of ['content-length', 'content-encoding']) headers.delete(name);
		return new Response(aged, { headers });
	}

	/* The page itself, or what comes nearest: the front page in its language, the front page. */
	async function recallPage(path) {
		const cache = await caches.open(KEPT);
		const front = /^\/[a-z]{2}\//.exec(path)?.[0] ?? '/';
		for (const place of [path, front, '/']) {
			const response = await cache.match(place);
			if (response) return withAge(response);
		}
		return undefined;
	}

	const recallAsset = async (path) => (await caches.open(KEPT)).match(path);

	/* ---- answering */

	async function choose(fresh, kind, path) {
		const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
		const first = await Promise.race([fresh.catch(ignore), patience]);
		if (first && first.status < 500) return first;
		const kept = await (kind === 'page' ? recallPage(path) : recallAsset(path)).catch(ignore);
		return kept ?? fresh;
	}

	function answer(event) {
		const { request } = event;
		const kind = request.method === 'GET' ? kindOf(request.url) : undefined;
		if (!kind) return;
		const path = pathOf(request.url);
		const fresh = fetch(request);
		event.waitUntil(fresh.then((response) => keep(path, response.clone())).catch(ignore));
		/* A page that asks for its own news wants the truth or nothing. */
		event.respondWith(kind === 'page' && request.mode !== 'navigate' ? fresh : choose(fresh, kind, path));
	}

	/* ---- beginning */

	/* As the browser has just read them, so that a first visit costs the server nothing more. */
	async function take(path) {
		const response = await fetch(path, { cache: 'force-cache' });
		await keep(path, response.clone());
		return response;
	}

	async function takePage(path) {
		const page = await (await take(path)).text();
		const named = [...page.matchAll(/ (?:src|href)="(\/[^"]+)"/g)].map(([, address]) => address);
		await Promise.all([...new Set(named)].filter((address) => kindOf(address) === 'asset').map((address) => take(address).catch(ignore)));
	}

	/* The front page, and what is open. */
	async function takePages() {
		const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true }).catch(() => []);
		const pages = open.map(({ url }) => url).filter((url) => kindOf(url) === 'page').map(pathOf);
		for (const path of new Set(['/', ...pages])) await takePage(path).catch(ignore);
	}

	/* A worker without them is better than none, and the bell waits for it. */
	const install = () => Promise.race([takePages(), new Promise((resolve) => { setTimeout(resolve, PATIENCE); })]);

	async function activate() {
		const names = await caches.keys().catch(() => []);
		const old = names.filter((name) => name.startsWith('atstatus-') && name !== KEPT);
		await Promise.all(old.map((name) => caches.delete(name))).catch(ignore);
	}

	return { answer, install, activate };
})();
