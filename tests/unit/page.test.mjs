// How the page's script says times and how it tells its age, run in a context of its own with a page and a server
// around it that only remember. What it does to a real page is shown in tests/e2e/reader.test.mjs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

process.env.TZ = 'UTC';
const source = readFileSync(new URL('../../www/page.js', import.meta.url), 'utf8');
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

/* One visit. `server` answers alive.json: { date, at }, or it is down; `clock` is what the reader's clock says. */
async function visit({ times = [], windows = [], ahead = [], server = { date: NOW, at: NOW - 20000 }, clock = NOW, onLine = true, Intl: intl = Intl } = {}) {
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
		documentElement: { lang: 'en' },
		getElementById: (id) => parts[id],
		querySelectorAll: (selector) => found[selector],
		addEventListener: (name, act) => { listeners[name] = act; },
	};
	const fetch = async (path) => {
		asked.push(path);
		if (!server.date || path !== '/alive.json') throw new TypeError('unreachable');
		return { ok: true, headers: new Headers({ date: new Date(server.date).toUTCString() }), json: async () => ({ at: new Date(server.at).toISOString() }) };
	};
	const settle = () => new Promise((resolve) => { setTimeout(resolve, 5); });
	vm.runInNewContext(source, { document, fetch, Date: FixedDate, Intl: intl, AbortSignal, navigator: { onLine }, Node: { TEXT_NODE: 3 },
		setInterval: (act) => timers.push(act), setTimeout: (act, ms, ...args) => timers.push(() => act(...args)),
		addEventListener: (name, act) => { listeners[name] = act; } });
	await settle();
	return {
		age: parts['page-age'], news: parts['page-news'], looked, zone, document, asked,
		async pass() {
			for (const act of [...timers]) act();
			await settle();
		},
	};
}

test('the script is small', () => assert.ok(Buffer.byteLength(source) < 8192, `${Buffer.byteLength(source)} bytes`));

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
