// How the page's script says times and how it tells its age, run in a context of its own with a page and a server
// around it that only remember. What it does to a real page is shown in tests/e2e/reader.test.mjs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

process.env.TZ = 'UTC';
const file = (name) => readFileSync(new URL(`../../www/${name}`, import.meta.url), 'utf8');
const source = file('page.js');
const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 23, 14, 40, 20);

class Element {
	textContent = '';
	title = '';
	children = [];

	constructor(members = {}) { Object.assign(this, members); }
	matches(selector) { return selector === '[data-elapsed]' && this.elapsed === true; }
	cloneNode() { return new Element(); }
}

const time = (at, elapsed = false) => new Element({ dateTime: new Date(at).toISOString(), textContent: 'UTC', elapsed });

function windowOf(from, until) {
	const ends = [time(from), time(until)];
	ends[0].nextSibling = { data: '–' };
	return { ends, querySelectorAll: () => ends, text: () => ends[0].textContent + ends[0].nextSibling.data + ends[1].textContent };
}

/* What the publisher makes of the language's file. */
function wordsOf(lang) {
	const { script, push } = JSON.parse(file(`words-${lang}.json`));
	return file('words.js.in').replaceAll('@@lang@@', lang).replace('@@html:words@@', () => JSON.stringify({ script, push }));
}

/*
 * One visit. `server` answers alive.json: { date, at }, or it is down; `clock` is what the reader's clock says. `kept`: the
 * worker answered with what it had then; `own` is what the server answers for this page now.
 */
async function visit({ times = [], windows = [], ahead = [], server = { date: NOW, at: NOW - 20000 }, clock = NOW, onLine = true, Intl: intl = Intl, lang = 'en', kept, own } = {}) {
	class FixedDate extends Date {
		constructor(...args) { super(...(args.length > 0 ? args : [clock])); }
		static now() { return clock; }
	}
	const parts = { main: new Element(), 'page-age': new Element(), 'page-news': new Element() };
	const looked = new Element();
	const zone = new Element();
	const timers = [];
	const listeners = {};
	const asked = [];
	const found = { 'time:not([data-day], [data-window] time)': times, '[data-window]': windows, '[data-ahead]': ahead, '[data-looked]': [looked], '[data-zone]': [zone] };
	const document = {
		hidden: false,
		documentElement: { lang, dataset: kept ? { kept: new Date(kept).toISOString() } : {} },
		getElementById: (id) => parts[id],
		querySelectorAll: (selector) => found[selector] ?? [],
		addEventListener: (name, act) => { listeners[name] = act; },
	};
	const fetch = async (path) => {
		asked.push(path);
		if (path === '/api/v2/status.json' && own) return { json: async () => ({ page: { updated_at: 'now' } }) };
		if (path === '/' && own) return own;
		if (!server.date || path !== '/alive.json') throw new TypeError('unreachable');
		return { ok: true, headers: new Headers({ date: new Date(server.date).toUTCString() }), json: async () => ({ at: new Date(server.at).toISOString() }) };
	};
	const settle = () => new Promise((resolve) => { setTimeout(resolve, 5); });
	/* What comes is not looked at here: a page without a #main changes nothing. */
	class DOMParser { parseFromString() { return { getElementById: () => null }; } }
	const world = { document, fetch, DOMParser, Date: FixedDate, Intl: intl, AbortSignal, navigator: { onLine }, Node: { TEXT_NODE: 3 },
		location: { pathname: '/', search: '', hash: '' }, localStorage: { getItem: () => null },
		setInterval: (act) => timers.push(act), setTimeout: (act, ms, ...args) => timers.push(() => act(...args)),
		addEventListener: (name, act) => { listeners[name] = act; } };
	world.self = world;
	vm.createContext(world);
	vm.runInContext(wordsOf(lang), world);
	vm.runInContext(source, world);
	await settle();
	return {
		age: parts['page-age'], news: parts['page-news'], looked, zone, document, asked,
		async pass() {
			for (const act of [...timers]) act();
			await settle();
		},
	};
}

test('the script is small', () => assert.ok(Buffer.byteLength(source) < 12288, `${Buffer.byteLength(source)} bytes`));

test('times: today only the hour, else the day in the order of the headings, and how long it has lasted; UTC is the title', async () => {
	const times = [time(NOW - 38 * MINUTE, true), time(NOW - 20000, true), time(NOW - 3 * DAY), time(NOW - 400 * DAY), time(NOW - 25 * HOUR, true)];
	await visit({ times });
	const shown = times.map(({ textContent }) => textContent);
	assert.equal(shown[0], '14:02 (38 minutes)');
	assert.equal(shown[1], '14:40 (just now)');
	assert.match(shown[2], /^20 November\D+14:40$/);
	assert.match(shown[3], /^19 October 2025\D+14:40$/);
	assert.match(shown[4], /^22 November\D+13:40 \(1 day 1 hour\)$/);
	assert.equal(times[0].title, '2026-11-23 14:02 UTC');
});

test('windows: the day once where both ends are on it, else twice; the year where it is another', async () => {
	const at = Date.UTC(2026, 10, 24, 16);
	const windows = [windowOf(at, at + 2 * HOUR), windowOf(at, at + 10 * HOUR), windowOf(at + 365 * DAY, at + 365 * DAY + HOUR)];
	await visit({ windows });
	assert.match(windows[0].text(), /^Tue,? 24 Nov,? 16:00–18:00$/);
	assert.match(windows[1].text(), /^Tue,? 24 Nov,? 16:00 – Wed,? 25 Nov,? 02:00$/);
	assert.match(windows[2].text(), /^Wed,? 24 Nov 2027,? 16:00–17:00$/);
	assert.equal(windows[0].ends[1].title, '2026-11-24 18:00 UTC');
});

test('what is ahead is said as people say it', async () => {
	const ahead = [2 * HOUR, 20000, -MINUTE].map((ms) => new Element({ dataset: { ahead: new Date(NOW + ms).toISOString() } }));
	await visit({ ahead });
	assert.deepEqual(ahead.map(({ textContent }) => textContent), ['begins in 2 hours', 'begins at any moment', 'begins at any moment']);
});

test('a fresh page says when it was looked at, and nothing of its age', async () => {
	const page = await visit();
	assert.equal(page.looked.textContent, 'Looked at 14:40');
	assert.equal(page.age.textContent, '');
	assert.match(page.zone.textContent, /^All times are in your time zone, UTC/);
});

test('a page that nobody brings up to date says so, announces it once, and stops when it is fresh again', async () => {
	const server = { date: NOW, at: NOW - 12 * MINUTE };
	const page = await visit({ server });
	assert.equal(page.age.textContent, 'This page was last brought up to date 12 minutes ago; what it says may no longer be true.');
	assert.equal(page.news.textContent, page.age.textContent);
	page.news.textContent = '';
	await page.pass();
	await page.pass();
	assert.equal(page.news.textContent, '');
	server.at = NOW - MINUTE;
	await page.pass();
	await page.pass();
	assert.equal(page.age.textContent, '');
});

test('three minutes are not stale yet', async () => {
	assert.equal((await visit({ server: { date: NOW, at: NOW - 3 * MINUTE } })).age.textContent, '');
	assert.notEqual((await visit({ server: { date: NOW, at: NOW - 3 * MINUTE - 1000 } })).age.textContent, '');
});

for (const wrong of [-5 * DAY, 5 * DAY]) {
	test(`a clock of the reader that is ${wrong / DAY} days off makes nothing stale and no time longer`, async () => {
		const times = [time(NOW - 38 * MINUTE, true)];
		const page = await visit({ times, clock: NOW + wrong });
		assert.equal(page.age.textContent, '');
		assert.match(times[0].textContent, /\(38 minutes\)$/);
	});
}

test('one lost answer is no reason to worry, two are', async () => {
	const server = { date: NOW, at: NOW };
	const page = await visit({ server });
	server.date = 0;
	await page.pass();
	await page.pass();
	await page.pass();
	assert.equal(page.age.textContent, 'The server of this page does not answer: this is the state of 14:40.');
});

test('offline it says so, with the time of what is shown where that is known', async () => {
	const page = await visit({ server: {}, onLine: false });
	assert.equal(page.age.textContent, 'You seem to be offline: this page may be out of date.');
});

test('what the worker kept tells its age until it was brought up to date', async () => {
	const before = { kept: NOW - HOUR };
	assert.equal((await visit({ ...before, own: { ok: true, text: async () => '' } })).age.textContent, '');
	for (const [what, more] of [['nobody answers', { server: {} }], ['only the age is told', {}], ['it is there no more', { own: { ok: false, status: 404 } }]]) {
		assert.match((await visit({ ...before, ...more })).age.textContent, /13:40/, what);
	}
});

test('hidden it asks nothing', async () => {
	const page = await visit();
	page.document.hidden = true;
	const before = page.asked.length;
	await page.pass();
	await page.pass();
	assert.equal(page.asked.length, before);
	page.document.hidden = false;
	await page.pass();
	assert.ok(page.asked.length > before);
});

test('a browser that cannot say times leaves the page as it was', async () => {
	const times = [time(NOW)];
	class Old { resolvedOptions() { return {}; } }
	await assert.rejects(visit({ times, Intl: { DateTimeFormat: Old } }), { name: 'TypeError' });
	assert.deepEqual([times[0].textContent, times[0].title], ['UTC', '']);
});

/* ---- the reader's language */

/* Where a visitor is led; undefined: they stay. `stored`: what they once chose, null nothing, false: storage is refused. */
function land({ languages, stored = null, page = 'en', path = '/', referrer = '', offered = ['de', 'en', 'es', 'fr', 'ja'] }) {
	const own = 'en';
	const links = offered.map((hreflang) => ({ hreflang, pathname: `${hreflang === own ? '' : `/${hreflang}`}${path.replace(/^\/(de|es|fr|ja)\//, '/')}` }));
	const kept = {};
	const listeners = {};
	const later = [];
	let replaced;
	const world = {
		document: { documentElement: { lang: page, dataset: {} }, referrer, querySelectorAll: () => links, getElementById: () => undefined },
		navigator: { languages },
		location: { origin: 'https://status.example.com', pathname: path, search: '?a=1', hash: '#past', replace: (to) => { replaced = to; } },
		localStorage: stored === false ? undefined : { getItem: () => stored, setItem: (name, value) => { kept[name] = value; } },
		addEventListener: (name, act) => { listeners[name] ??= act; },
		setTimeout: (act) => { later.push(act); },
	};
	try {
		vm.runInNewContext(source, world);
	} catch {
		/* The rest of the page is not here. */
	}
	return { to: replaced, kept, click: listeners.click, shown: world.document.documentElement, later };
}

test('from the own language a visitor is led to theirs, once they have one that is there; the place on the page stays', () => {
	assert.equal(land({ languages: ['de-AT', 'en'] }).to, '/de/?a=1#past');
	assert.equal(land({ languages: ['ja'], path: '/incidents/abc/' }).to, '/ja/incidents/abc/?a=1#past');
	assert.equal(land({ languages: ['it-IT', 'nl', 'fr-CA', 'de'] }).to, '/fr/?a=1#past');
	assert.equal(land({ languages: ['en-US', 'de'] }).to, undefined);
	assert.equal(land({ languages: ['it'] }).to, undefined);
	assert.equal(land({ languages: [] }).to, undefined);
	assert.equal(land({ languages: undefined }).to, undefined);
	assert.equal(land({ languages: ['de'], offered: [] }).to, undefined, 'a page without a list of languages has no other address');
});

test('while a visitor is led away the page is not seen; should the other one not come, it is', () => {
	const { shown, later } = land({ languages: ['de'] });
	assert.equal(shown.hidden, true);
	later.forEach((act) => act());
	assert.equal(shown.hidden, false);
	assert.equal(land({ languages: ['en'] }).shown.hidden, undefined);
});

test('a page in another language is left to no other', () => {
	assert.equal(land({ languages: ['en'], page: 'de', path: '/de/' }).to, undefined);
	assert.equal(land({ languages: ['fr'], page: 'de', path: '/de/history/', stored: 'ja' }).to, undefined);
});

test('what was chosen once counts more than the browser, also where that was the own language', () => {
	assert.equal(land({ languages: ['de'], stored: 'fr' }).to, '/fr/?a=1#past');
	assert.equal(land({ languages: ['de'], stored: 'en' }).to, undefined);
	assert.equal(land({ languages: ['de'], stored: 'xx' }).to, '/de/?a=1#past');
});

test('a click on a language is remembered; where nothing can be, the page that it opened stays', () => {
	const { click, kept } = land({ languages: ['en'] });
	click({ target: { closest: () => ({ hreflang: 'ja' }) } });
	assert.deepEqual(kept, { lang: 'ja' });
	click({ target: { closest: () => null } });
	click({ target: {} });
	assert.deepEqual(kept, { lang: 'ja' });
	const refused = land({ languages: ['de'], stored: false, referrer: 'https://status.example.com/de/' });
	assert.equal(refused.to, undefined);
	refused.click({ target: { closest: () => ({ hreflang: 'ja' }) } });
	assert.equal(land({ languages: ['de'], stored: false, referrer: 'https://other.example/' }).to, '/de/?a=1#past');
});

test('times and durations in the words of each language', async () => {
	const said = async (lang) => {
		const times = [time(NOW - 3 * HOUR - 5 * MINUTE, true), time(NOW - 20000, true)];
		await visit({ times, lang });
		return times.map(({ textContent }) => textContent);
	};
	assert.deepEqual(await said('de'), ['11:35 (3 Stunden 5 Minuten)', '14:40 (gerade eben)']);
	assert.deepEqual(await said('fr'), ['11:35 (3\u00a0heures 5\u00a0minutes)', '14:40 (à l’instant)']);
	assert.deepEqual(await said('es'), ['11:35 (3 horas y 5 minutos)', '14:40 (ahora mismo)']);
	assert.deepEqual(await said('ja'), ['11:35 (3時間5分)', '14:40 (たった今)']);
});
