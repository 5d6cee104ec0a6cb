// The service worker, run in a context of its own with a browser around it that only remembers what it is told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { KEY, ORIGIN, OTHER_KEY, makeBrowser, makeNavigator, makeSubscription, makeSurroundings, rows, runScripts, settle, source, words } from './push-world.mjs';

const LANGUAGES = ['en', 'de', 'fr', 'es', 'ja'];
const workerWords = Object.fromEntries(LANGUAGES.map((language) => [language, words(language).worker]));
const english = workerWords.en;

/* A browser with notifications on its screen, windows that are open, and a network: { path: body | { status, body, after } }. */
function startWorker({ windows = [], withoutNavigate = false, refuseOptions = false, hangs = false, getNotifications, browser = makeBrowser({ permission: 'granted' }), network = {} } = {}) {
	const listeners = {};
	const screen = [];
	const calls = [];
	const around = makeSurroundings(browser);

	const registration = {
		async showNotification(title, options = {}) {
			calls.push({ title, options });
			if (hangs && calls.length === 1) await new Promise(() => undefined);
			if (refuseOptions && calls.length === 1) throw new TypeError('refused');
			if (options.renotify && !options.tag) throw new TypeError('renotify needs a tag');
			/* Firefox does not give back the badge. */
			const shown = { title, tag: '', ...structuredClone({ ...options, badge: undefined }), close() { screen.splice(screen.indexOf(shown), 1); } };
			const at = screen.findIndex((other) => other.tag !== '' && other.tag === shown.tag);
			if (at < 0) screen.push(shown);
			else screen[at] = shown;
		},
		getNotifications: getNotifications ?? (async ({ tag }) => screen.filter((shown) => shown.tag === tag)),
		pushManager: around.registration.pushManager,
		sync: around.registration.sync,
	};

	const opened = [];
	const fetched = [];
	const clients = {
		claim: async () => undefined,
		openWindow: async (url) => { opened.push(url); },
		matchAll: async () => windows.map((url) => ({
			url,
			async focus() { opened.push(`focus ${url}`); return this; },
			async navigate(to) {
				if (withoutNavigate) throw new TypeError('not controlled');
				opened.push(`navigate ${to}`);
				return this;
			},
		})),
	};

	/* Files of the site, beside what the server of push answers. */
	async function fetch(request, options) {
		const address = new URL(request.url ?? request, ORIGIN);
		const found = network[address.pathname];
		fetched.push(`${address.pathname} ${options?.cache}`);
		if (found === undefined) return around.fetch(request, options);
		if (found === 'down') throw new TypeError('unreachable');
		if (found === 'silent') return new Promise(() => undefined);
		const { status = 200, body = found, after = 0, type = 'basic', redirected = false, headers = {} } = typeof found === 'string' ? {} : found;
		await settle(after);
		const response = new Response(body, { status, headers: { date: 'Mon, 23 Nov 2026 14:02:00 GMT', 'content-type': 'text/html', ...headers } });
		return typed(response, type, redirected);
	}

	const globals = {
		...around, fetch, registration, clients, workerWords, caches: browser.caches ??= makeCaches(), navigator: { ...makeNavigator(browser), languages: browser.languages ?? [] },
		location: new URL(`${ORIGIN}/sw-push.js`),
		skipWaiting: async () => undefined,
		addEventListener: (name, listener) => { listeners[name] = listener; },
	};
	Object.defineProperty(globals, 'Notification', { value: around.Notification, enumerable: true });
	/* The words are given; the rest is loaded as the worker asks for it. */
	const [, imported] = /importScripts\(([^)]*)\)/.exec(source('sw-push.js'));
	const scripts = [...imported.matchAll(/'\/([^']+)'/g)].map(([, name]) => name);
	assert.equal(scripts.shift(), 'words-worker.js');
	globals.importScripts = () => undefined;
	runScripts([...scripts, 'sw-push.js'], globals);

	/* Fires an event; the worker must have asked the browser to wait exactly once. */
	async function fire(name, members) {
		const waits = [];
		listeners[name]({ ...members, waitUntil: (promise) => waits.push(promise) });
		assert.equal(waits.length, 1, `${name}: one waitUntil`);
		await waits[0];
	}

	return {
		calls, screen, opened, fetched, fire, browser,
		/* -> the response of the worker, or undefined where it leaves the request to the browser. */
		async ask(path, { method = 'GET', mode = 'navigate' } = {}) {
			let answer;
			const waits = [];
			listeners.fetch({ request: { url: new URL(path, ORIGIN).href, method, mode }, respondWith: (promise) => { answer = promise; }, waitUntil: (promise) => waits.push(promise) });
			if (answer === undefined) return undefined;
			const response = await answer.catch(() => 'no answer');
			await Promise.all(waits);
			return response;
		},
		push: (message) => fire('push', { data: message === undefined ? null : { json: () => JSON.parse(message) } }),
		click: (notification) => fire('notificationclick', { notification }),
	};
}

/* A response made here has no type of its own. */
function typed(response, type, redirected) {
	return Object.defineProperties(response, { type: { value: type }, redirected: { value: redirected }, clone: { value: () => typed(Response.prototype.clone.call(response), type, redirected) } });
}

function makeCaches() {
	const all = new Map();
	const makeCache = (entries) => ({
		put: async (path, response) => {
			entries.delete(path);
			entries.set(path, { text: await response.text(), headers: response.headers });
		},
		match: async (path) => {
			const found = entries.get(path);
			return found && new Response(found.text, { headers: found.headers });
		},
		delete: async (path) => entries.delete(path),
		keys: async () => [...entries.keys()].map((path) => ({ url: new URL(path, ORIGIN).href })),
	});
	return {
		open: async (name) => makeCache(all.get(name) ?? all.set(name, new Map()).get(name)),
		keys: async () => [...all.keys()],
		delete: async (name) => all.delete(name),
		all,
	};
}

/* The message of the contract, §5. */
function message({ seq = 1000, status = 'investigating', impact = 'major', title = 'Partial outage: API', ...more } = {}) {
	const url = `${ORIGIN}/incidents/abcdefghijkl/`;
	const flat = { title, body: 'We are investigating.', icon: `${ORIGIN}/logo.png`, badge: `${ORIGIN}/badge.png`, tag: 'abcdefghijkl' };
	const data = { url, event: 'incident_new', status, impact, incident: 'abcdefghijkl', lang: 'en', seq, ts: Date.now() };
	return JSON.stringify({ web_push: 8030, notification: { ...flat, navigate: url, lang: 'en' }, ...flat, data, ...more });
}

/* Objects of the worker's context have other prototypes. */
const plain = (value) => JSON.parse(JSON.stringify(value));

test('the message of the contract is shown with every member', async () => {
	const worker = startWorker();
	await worker.push(message());
	assert.equal(worker.calls.length, 1);
	const { title, options } = plain(worker.calls[0]);
	assert.equal(title, 'Partial outage: API');
	assert.equal(options.body, 'We are investigating.');
	assert.equal(options.icon, `${ORIGIN}/logo.png`);
	assert.equal(options.badge, `${ORIGIN}/badge.png`);
	assert.equal(options.tag, 'abcdefghijkl');
	assert.equal(options.lang, 'en');
	assert.equal(options.navigate, `${ORIGIN}/incidents/abcdefghijkl/`);
	assert.equal(options.data.url, `${ORIGIN}/incidents/abcdefghijkl/`);
	assert.equal(options.data.seq, 1000);
	assert.equal('title' in options, false);
});

test('a declarative message without flat members is shown', async () => {
	const worker = startWorker();
	await worker.push(JSON.stringify({ web_push: 8030, notification: { title: 'Resolved: API', body: 'Done.', navigate: `${ORIGIN}/incidents/x/`, tag: 'x' } }));
	const { title, options } = plain(worker.calls[0]);
	assert.deepEqual([title, options.body, options.tag, options.data.url], ['Resolved: API', 'Done.', 'x', `${ORIGIN}/incidents/x/`]);
});

test('a flat message without a notification member is shown', async () => {
	const worker = startWorker();
	await worker.push(JSON.stringify({ title: '🔴 Major outage: API', body: 'Errors.', data: { url: '/incidents/x/' } }));
	const { title, options } = plain(worker.calls[0]);
	assert.deepEqual([title, options.body, options.data.url], ['🔴 Major outage: API', 'Errors.', `${ORIGIN}/incidents/x/`]);
	assert.equal(options.icon, `${ORIGIN}/logo.png`);
});

test('a mutable declarative push, which has no data, is shown from the event', async () => {
	const worker = startWorker();
	await worker.fire('push', { data: null, notification: { title: 'T', body: 'B', navigate: `${ORIGIN}/incidents/x/`, data: null } });
	const { title, options } = plain(worker.calls[0]);
	assert.deepEqual([title, options.body, options.navigate], ['T', 'B', `${ORIGIN}/incidents/x/`]);
});

for (const [name, sent] of Object.entries({
	'an empty push': undefined,
	'a push that is not JSON': 'hello',
	'a push of null': 'null',
	'a push of an array': '[1,2]',
	'a push of a number': '7',
	'a title that is not a string': '{"title":{"a":1},"notification":{"title":5}}',
})) {
	test(`${name} shows the generic notification, once`, async () => {
		const worker = startWorker();
		await worker.push(sent);
		assert.equal(worker.calls.length, 1);
		assert.equal(worker.calls[0].title, english.title);
		assert.equal(worker.calls[0].options.body, english.body);
		assert.equal(worker.calls[0].options.data.url, `${ORIGIN}/`);
	});
}

for (const address of ['https://evil.example/', 'javascript:alert(1)', '//evil.example/x', 'data:text/html,x', 'http://status.example.com/', 'https://', 5, null]) {
	test(`the foreign address ${JSON.stringify(address)} becomes the start page, and our own pictures`, async () => {
		const worker = startWorker();
		await worker.push(JSON.stringify({ title: 'T', icon: address, badge: address, data: { url: address } }));
		const { options } = plain(worker.calls[0]);
		assert.equal(options.data.url, `${ORIGIN}/`);
		assert.equal(options.navigate, `${ORIGIN}/`);
		assert.equal(options.icon, `${ORIGIN}/logo.png`);
		assert.equal(options.badge, `${ORIGIN}/badge.png`);
	});
}

test('members that are not on the list, or of the wrong type, do not reach the browser', async () => {
	const worker = startWorker();
	await worker.push(JSON.stringify({
		title: 'T', body: 7, tag: { a: 1 }, lang: 'no such language!', silent: 'true', vibrate: [1], requireInteraction: true, renotify: true, image: '/x',
		actions: [{ action: 'a', title: 'a' }], timestamp: 5, data: { url: '/', seq: 'soon', ts: null, extra: 'x', status: 5 },
	}));
	const { options } = plain(worker.calls[0]);
	assert.deepEqual(Object.keys(options).sort(), ['badge', 'body', 'data', 'icon', 'navigate']);
	assert.deepEqual(options.data, { url: `${ORIGIN}/` });
});

test('a huge message is cut, and not through the middle of a character', async () => {
	const worker = startWorker();
	await worker.push(JSON.stringify({ title: '😀'.repeat(100000), body: `x${'😀'.repeat(100000)}`, tag: 't'.repeat(100000) }));
	const { title, options } = worker.calls[0];
	assert.ok(title.length <= 200 && options.body.length <= 1000 && options.tag.length <= 100);
	assert.equal(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/.test(title + options.body), false);
});

test('when the browser refuses the options, the generic notification is shown instead', async () => {
	const worker = startWorker({ refuseOptions: true });
	await worker.push(message());
	assert.deepEqual(worker.screen.map((shown) => shown.title), ['Status page update']);
});

test('when the browser never says what is on the screen, the notification is shown all the same', async () => {
	const worker = startWorker({ getNotifications: () => new Promise(() => undefined) });
	await worker.push(message());
	assert.deepEqual(worker.screen.map((shown) => shown.title), ['Partial outage: API']);
});

test('a notification that waits for its picture does not hold up the next one', async () => {
	const worker = startWorker({ hangs: true });
	worker.push(message());
	await Promise.race([worker.push(JSON.stringify({ title: 'other', tag: 'other', data: { url: '/' } })), settle(4000)]);
	assert.deepEqual(worker.screen.map((shown) => shown.title), ['other']);
});

test('a server that does not answer keeps no push from ending', async () => {
	const browser = subscribed({ isDown: true });
	const before = startWorker({ browser });
	await before.push(message());
	await pressMute(before);
	const worker = startWorker({ browser, network: { '/cgi-bin/subscribe/mute': 'silent' } });
	const ended = worker.push(message({ seq: 2 })).then(() => 'ended');
	assert.equal(await Promise.race([ended, settle(4000)]), 'ended');
	assert.equal(worker.screen.length, 1);
});

test('an update replaces the notification of its incident', async () => {
	const worker = startWorker();
	await worker.push(message({ seq: 1, title: 'first' }));
	await worker.push(message({ seq: 2, title: 'second' }));
	assert.deepEqual(worker.screen.map((shown) => shown.title), ['second']);
});

test('an older message never stands over a newer one: the newer is shown again, silently', async () => {
	const worker = startWorker();
	await worker.push(message({ seq: 20, title: 'newer', status: 'resolved' }));
	await worker.push(message({ seq: 10, title: 'older' }));
	assert.equal(worker.calls.length, 2);
	assert.deepEqual(worker.screen.map((shown) => shown.title), ['newer']);
	const { options } = plain(worker.calls[1]);
	assert.equal(options.silent, true);
	assert.equal('renotify' in options, false);
	assert.equal(options.data.seq, 20);
	assert.equal(options.badge, `${ORIGIN}/badge.png`);
});

test('the same message twice makes no second sound', async () => {
	const worker = startWorker();
	await worker.push(message({ seq: 20 }));
	await worker.push(message({ seq: 20 }));
	assert.equal(worker.calls[1].options.silent, true);
	assert.equal(worker.screen.length, 1);
});

test('two pushes at the same moment end with the newer one', async () => {
	const worker = startWorker();
	await Promise.all([worker.push(message({ seq: 20, title: 'newer' })), worker.push(message({ seq: 10, title: 'older' }))]);
	assert.deepEqual(worker.screen.map((shown) => shown.title), ['newer']);
	const other = startWorker();
	await Promise.all([other.push(message({ seq: 10, title: 'older' })), other.push(message({ seq: 20, title: 'newer' }))]);
	assert.deepEqual(other.screen.map((shown) => shown.title), ['newer']);
});

test('an old message of another incident is shown', async () => {
	const worker = startWorker();
	await worker.push(message({ seq: 20, title: 'one' }));
	await worker.push(JSON.stringify({ title: 'other', tag: 'other', data: { url: '/', seq: 10 } }));
	assert.deepEqual(worker.screen.map((shown) => shown.title), ['one', 'other']);
});

for (const [what, before, after, heard] of [
	['a worse impact', { impact: 'minor' }, { impact: 'critical' }, true],
	['the resolution', {}, { status: 'resolved' }, true],
	['a reopening', { status: 'resolved' }, { status: 'investigating' }, true],
	['a component that falls further', { status: 'partial_outage', impact: undefined }, { status: 'major_outage', impact: undefined }, true],
	['a component that recovers', { status: 'major_outage', impact: undefined }, { status: 'operational', impact: undefined }, true],
	['an update of the same impact', { status: 'investigating' }, { status: 'identified' }, false],
	['a lesser impact', { impact: 'critical' }, { impact: 'minor' }, false],
	['a postmortem after the resolution', { status: 'resolved', impact: 'minor' }, { status: 'postmortem', impact: 'major' }, false],
]) {
	test(`${what} ${heard ? 'is heard again' : 'makes no second sound'}`, async () => {
		const worker = startWorker();
		await worker.push(message({ seq: 1, ...before }));
		await worker.push(message({ seq: 2, ...after }));
		assert.equal(worker.calls[1].options.renotify ?? false, heard);
	});
}

test('news from more than a day ago says so', async () => {
	const worker = startWorker();
	await worker.push(JSON.stringify({ title: 'T', body: 'Errors.', data: { url: '/', ts: Date.now() - 25 * 3600 * 1000 } }));
	assert.equal(worker.calls[0].options.body, 'Earlier: Errors.');
});

/* A click on the notification of `message()` with these windows open. */
async function clickWith(windows, more) {
	const worker = startWorker({ windows, ...more });
	await worker.push(message());
	await worker.click(worker.screen[0]);
	assert.equal(worker.screen.length, 0, 'the notification is closed');
	return worker.opened;
}

test('a click opens the incident when no page is open', async () => {
	assert.deepEqual(await clickWith([]), [`${ORIGIN}/incidents/abcdefghijkl/`]);
});

test('a click focuses the page of the incident when it is open', async () => {
	const there = `${ORIGIN}/incidents/abcdefghijkl/`;
	assert.deepEqual(await clickWith([`${ORIGIN}/`, `${there}#updates`]), [`focus ${there}#updates`]);
});

test('a click focuses another public page first, then takes it to the incident', async () => {
	assert.deepEqual(await clickWith([`${ORIGIN}/`]), [`focus ${ORIGIN}/`, `navigate ${ORIGIN}/incidents/abcdefghijkl/`]);
});

test('a click never takes an admin form away', async () => {
	assert.deepEqual(await clickWith([`${ORIGIN}/cgi-bin/incident-post`, `${ORIGIN}/admin`]), [`${ORIGIN}/incidents/abcdefghijkl/`]);
});

test('a click opens a window when the page cannot be steered', async () => {
	assert.deepEqual(await clickWith([`${ORIGIN}/`], { withoutNavigate: true }), [`focus ${ORIGIN}/`, `${ORIGIN}/incidents/abcdefghijkl/`]);
});

for (const data of [{ url: 'https://evil.example/' }, { url: 'javascript:alert(1)' }, {}, null, undefined]) {
	test(`a click on a notification with data ${JSON.stringify(data)} opens our start page`, async () => {
		const worker = startWorker();
		await worker.click({ data, close() {} });
		assert.deepEqual(worker.opened, [`${ORIGIN}/`]);
	});
}


// --- hostile payloads: never a foreign origin, never nothing, never older over newer

const nested = JSON.stringify({ title: 'T' }).replace('"T"', `${'['.repeat(5000)}${']'.repeat(5000)}`);
for (const [name, sent] of Object.entries({
	'markup': '<script>alert(1)</script>',
	'an open end': '{"title":"T"',
	'two values': '{"title":"T"} {"title":"U"}',
	'a deep nesting': nested,
	'an empty object': '{}',
	'an empty title': '{"title":""}',
	'a prototype': '{"__proto__":{"title":"evil"},"constructor":{"title":"evil"}}',
	'a language of the prototype': '{"data":{"lang":"__proto__"},"lang":"constructor"}',
	'a declared list': '{"web_push":8030,"notification":[{"title":"x"}]}',
	'null members': '{"title":null,"body":null,"icon":null,"badge":null,"tag":null,"data":null,"notification":null,"lang":null}',
	'numbers without end': '{"data":{"seq":1e999,"ts":-1e999}}',
	'a foreign page, declared': '{"web_push":8030,"notification":{"title":1,"navigate":"https://evil.example/"}}',
	'our name in a foreign address': `{"data":{"url":"https://evil.example/?${ORIGIN}/"}}`,
	'our name before a sign': '{"data":{"url":"https://status.example.com@evil.example/"}}',
	'a backslash': '{"data":{"url":"\\\\\\\\evil.example"}}',
	'another port': '{"data":{"url":"https://status.example.com:8443/"}}',
	'a program of ours as icon': '{"icon":"blob:https://status.example.com/x"}',
})) {
	test(`hostile: ${name} shows one notification, of our own origin`, async () => {
		const worker = startWorker();
		await worker.push(sent);
		assert.equal(worker.calls.length, 1);
		const { title, options } = worker.calls[0];
		assert.equal(title, english.title);
		for (const address of [options.data.url, options.navigate, options.icon, options.badge]) assert.equal(new URL(address).origin, ORIGIN);
		await worker.click(worker.screen[0]);
		assert.ok(worker.opened.every((address) => address.startsWith(`${ORIGIN}/`)));
	});
}

test('hostile: a sequence that is no number takes no place from a newer one that is', async () => {
	const worker = startWorker();
	await worker.push(message({ seq: 20, title: 'newer' }));
	for (const seq of ['30', null, NaN, {}, -1]) await worker.push(message({ title: 'older', data: { url: '/', seq: seq ?? -5 } }));
	assert.equal(worker.calls.length, 6);
	assert.equal(worker.screen.length, 1);
});

// --- languages

for (const language of LANGUAGES) {
	test(`what the worker itself says is said in the language of the message: ${language}`, async () => {
		const worker = startWorker({ browser: makeBrowser({ permission: 'granted', maxActions: 2 }) });
		await worker.push(JSON.stringify({ data: { lang: language, incident: 'abc', ts: Date.now() - 25 * 3600 * 1000 } }));
		const { title, options } = plain(worker.calls[0]);
		const { title: said, body, earlier, open, mute } = workerWords[language];
		assert.deepEqual([title, options.body, ...options.actions.map((one) => one.title)], [said, earlier.replace('{body}', body), open, mute]);
	});
}

test('a push without any language is said in that of the browser, else in English', async () => {
	const german = startWorker({ browser: makeBrowser({ permission: 'granted', languages: ['pt-BR', 'de-AT', 'fr'] }) });
	await german.push('null');
	assert.equal(german.calls[0].title, workerWords.de.title);
	const other = startWorker({ browser: makeBrowser({ permission: 'granted', languages: ['pt'] }) });
	await other.push('null');
	assert.equal(other.calls[0].title, english.title);
});

// --- quiet hours

test('a silent message makes no sound, not even where it got worse', async () => {
	const worker = startWorker();
	await worker.push(message({ seq: 1, impact: 'minor' }));
	await worker.push(message({ seq: 2, impact: 'critical', silent: true }));
	const { options } = plain(worker.calls[1]);
	assert.equal(options.silent, true);
	assert.equal('renotify' in options || 'vibrate' in options, false);
});

test('silence may be declared too', async () => {
	const worker = startWorker();
	await worker.push(JSON.stringify({ web_push: 8030, notification: { title: 'T', navigate: `${ORIGIN}/`, silent: true } }));
	assert.equal(worker.calls[0].options.silent, true);
});

// --- the buttons of a notification

for (const [what, maxActions, more, expected] of [
	['no room for buttons', 0, {}, []],
	['room for one', 1, {}, ['mute']],
	['room for two', 2, {}, ['open', 'mute']],
	['an incident that is over', 2, { status: 'resolved' }, []],
	['a cancelled maintenance', 2, { status: 'cancelled', impact: 'maintenance' }, []],
	['no incident at all', 2, { data: { url: '/', status: 'major_outage' } }, []],
]) {
	test(`buttons with ${what}: ${expected.join(', ') || 'none'}`, async () => {
		const worker = startWorker({ browser: makeBrowser({ permission: 'granted', maxActions }) });
		await worker.push(message(more));
		assert.deepEqual((plain(worker.calls[0]).options.actions ?? []).map(({ action }) => action), expected);
	});
}

test('a maintenance is called one', async () => {
	const worker = startWorker({ browser: makeBrowser({ permission: 'granted', maxActions: 2 }) });
	await worker.push(message({ status: 'scheduled', impact: 'maintenance' }));
	assert.equal(worker.calls[0].options.actions[1].title, english.mute_maintenance);
});

function subscribed(members) {
	const browser = makeBrowser({ permission: 'granted', maxActions: 2, made: 1, ...members });
	browser.subscription = makeSubscription(browser, 1, new Uint8Array([4, 5, 6]));
	browser.records.set('told', { endpoint: browser.subscription.endpoint, auth: 'auth-1', key: KEY, at: Date.now() });
	browser.records.set('wish', { on: true, choices: { components: 'all', lang: 'de' } });
	return browser;
}

const pressMute = async (worker) => worker.fire('notificationclick', { notification: worker.screen.at(-1), action: 'mute' });

test('muting is told to the server, opens nothing, and is silent from then on until it is resolved', async () => {
	const worker = startWorker({ browser: subscribed() });
	await worker.push(message({ seq: 1 }));
	await pressMute(worker);
	assert.deepEqual(worker.browser.posts, [{ action: '/mute', endpoint: 'https://push.example.com/1', auth: 'auth-1', incident: 'abcdefghijkl', until: 'resolved' }]);
	assert.deepEqual([worker.opened, worker.screen], [[], []]);

	await worker.push(message({ seq: 2, impact: 'critical' }));
	await worker.push(message({ seq: 3, title: 'third' }));
	assert.deepEqual(worker.calls.slice(1).map(({ options }) => [options.silent, options.tag, 'actions' in options]), [[true, 'abcdefghijkl', false], [true, 'abcdefghijkl', false]]);
	assert.deepEqual(worker.screen.map(({ title }) => title), ['third'], 'shown all the same, in one place');
	await worker.push(message({ seq: 2, title: 'late' }));
	assert.deepEqual(worker.screen.map(({ title }) => title), ['third'], 'and no older one over it');
	await worker.push(message({ seq: 4, status: 'resolved' }));
	assert.deepEqual([worker.calls.at(-1).options.silent, worker.calls.at(-1).options.renotify], [undefined, true]);
});

test('a muted incident that begins again after its end is heard again, others stay muted', async () => {
	const worker = startWorker({ browser: subscribed() });
	await worker.push(message({ seq: 1 }));
	await pressMute(worker);
	worker.browser.records.get('muted').other = Date.now();
	await worker.push(message({ seq: 2, status: 'resolved' }));
	assert.deepEqual(Object.keys(worker.browser.records.get('muted')), ['other']);
	await worker.push(message({ seq: 3, status: 'investigating' }));
	assert.deepEqual([worker.calls.at(-1).options.silent, worker.calls.at(-1).options.renotify], [undefined, true]);
});

test('muting without a subscription is remembered here alone; what was muted long ago is not kept for ever', async () => {
	const worker = startWorker({ browser: subscribed({ records: new Map([['muted', { old: 0 }]]) }) });
	worker.browser.subscription = null;
	await worker.push(message());
	await pressMute(worker);
	assert.deepEqual([Object.keys(worker.browser.records.get('muted')), worker.browser.records.has('queue')], [['abcdefghijkl'], false]);
});

for (const [what, name, members] of [['a click', 'notificationclick', { notification: { data: {}, close() {} } }], ['a closed notification', 'notificationclose', {}], ['a page', 'message', {}]]) {
	test(`${what} is an occasion to tell the server what it still has to hear`, async () => {
		const entry = { id: 'x', thing: 'remove a', endpoint: 'a', action: '/remove', body: { endpoint: 'a', auth: 'b' } };
		const worker = startWorker({ browser: makeBrowser({ permission: 'granted', records: new Map([['queue', [entry]]]) }) });
		await worker.fire(name, members);
		assert.deepEqual([worker.browser.posts, worker.browser.records.has('queue')], [[{ action: '/remove', ...entry.body }], false]);
	});
}

test('muting one incident leaves the others alone', async () => {
	const worker = startWorker({ browser: subscribed() });
	await worker.push(message());
	await pressMute(worker);
	await worker.push(JSON.stringify({ title: 'other', data: { incident: 'other', status: 'identified' } }));
	assert.equal('silent' in worker.calls.at(-1).options, false);
});

test('muting offline is silent at once, and told at the next event', async () => {
	const worker = startWorker({ browser: subscribed({ isOffline: true }) });
	await worker.push(message({ seq: 1 }));
	await pressMute(worker);
	assert.deepEqual([worker.browser.posts, worker.browser.syncs], [[], ['atstatus']]);
	await worker.push(message({ seq: 2 }));
	assert.equal(worker.calls.at(-1).options.silent, true);
	worker.browser.isOffline = false;
	await worker.push(message({ seq: 3 }));
	assert.deepEqual(worker.browser.posts.map(({ action }) => action), ['/mute']);
	assert.equal(worker.browser.records.has('queue'), false);
});

test('what was muted before the subscription was renewed goes to the new row', async () => {
	const worker = startWorker({ browser: subscribed({ isOffline: true }) });
	await worker.push(message());
	await pressMute(worker);
	Object.assign(worker.browser, { isOffline: false });
	worker.browser.records.get('told').endpoint = 'https://push.example.com/2';
	await worker.fire('message', { data: 'drain' });
	assert.equal(worker.browser.posts[0].endpoint, 'https://push.example.com/2');
});

test('an incident that the server does not know any more is not asked for for ever', async () => {
	const worker = startWorker({ browser: subscribed({ refuse: { '/mute': { status: 404, error: 'There is no such incident.' } } }) });
	await worker.push(message());
	await pressMute(worker);
	assert.equal(worker.browser.records.has('queue'), false);
});

test('the button that opens does what a click does', async () => {
	const worker = startWorker({ browser: subscribed() });
	await worker.push(message());
	await worker.fire('notificationclick', { notification: worker.screen[0], action: 'open' });
	assert.deepEqual(worker.opened, [`${ORIGIN}/incidents/abcdefghijkl/`]);
});

// --- the subscription

test('a renewed subscription is told to the server with the one that it replaces', async () => {
	const worker = startWorker({ browser: subscribed() });
	const lost = worker.browser.subscription;
	worker.browser.subscription = makeSubscription(worker.browser, 2, new Uint8Array([4, 5, 6]));
	await worker.fire('pushsubscriptionchange', { oldSubscription: lost, newSubscription: worker.browser.subscription });
	const [{ subscription, key, replaces, components }] = worker.browser.posts;
	assert.deepEqual([subscription.endpoint, key, replaces, components], ['https://push.example.com/2', KEY, { endpoint: 'https://push.example.com/1', auth: 'auth-1' }, undefined]);
});

test('where the server had not been told and another is there already, the one that ended is what it replaces', async () => {
	const worker = startWorker({ browser: subscribed() });
	const lost = worker.browser.subscription;
	worker.browser.subscription = makeSubscription(worker.browser, 2, new Uint8Array([4, 5, 6]));
	worker.browser.records.delete('told');
	await worker.fire('pushsubscriptionchange', { oldSubscription: lost });
	assert.deepEqual(worker.browser.posts[0].replaces, { endpoint: lost.endpoint, auth: 'auth-1' });
});

test('a subscription that was only ended is made again, by the key of today', async () => {
	const worker = startWorker({ browser: subscribed({ key: OTHER_KEY }) });
	const lost = worker.browser.subscription;
	worker.browser.subscription = null;
	await worker.fire('pushsubscriptionchange', { oldSubscription: lost, newSubscription: null });
	assert.deepEqual([worker.browser.posts[0].subscription.endpoint, worker.browser.posts[0].key], ['https://push.example.com/2', OTHER_KEY]);
});

test('where the server had not been told, the browser\'s own word about the old one is the proof', async () => {
	const worker = startWorker({ browser: subscribed() });
	const lost = worker.browser.subscription;
	worker.browser.subscription = null;
	worker.browser.records.delete('told');
	await worker.fire('pushsubscriptionchange', { oldSubscription: lost });
	assert.deepEqual(worker.browser.posts[0].replaces, { endpoint: lost.endpoint, auth: 'auth-1' });
});

test('a subscription that goes with the data of the site is not made again', async () => {
	const worker = startWorker({ browser: subscribed() });
	const lost = worker.browser.subscription;
	worker.browser.subscription = null;
	const renewed = worker.fire('pushsubscriptionchange', { oldSubscription: lost });
	worker.browser.records.clear();
	await renewed;
	assert.deepEqual([worker.browser.made, worker.browser.posts], [1, []]);
});

test('while our server is away it is made again by its own key, and told when the server is back', async () => {
	const worker = startWorker({ browser: subscribed({ isDown: true }) });
	const lost = worker.browser.subscription;
	worker.browser.subscription = null;
	await worker.fire('pushsubscriptionchange', { oldSubscription: lost });
	assert.equal(worker.browser.subscription.endpoint, 'https://push.example.com/2');
	worker.browser.isDown = false;
	await worker.fire('sync', { tag: 'atstatus' });
	assert.deepEqual(Object.keys(rows(worker.browser)), ['https://push.example.com/2']);
});

test('a sync that fails is asked for again', async () => {
	const worker = startWorker({ browser: subscribed({ isDown: true }) });
	worker.browser.subscription = null;
	await assert.rejects(worker.fire('sync', { tag: 'atstatus' }));
});

test('so is one after which something is still to be told', async () => {
	const worker = startWorker({ browser: subscribed({ refuse: { '/mute': { status: 503, error: 'busy' } } }) });
	await worker.push(message());
	await pressMute(worker);
	await assert.rejects(worker.fire('sync', { tag: 'atstatus' }));
});

test('what was switched off is not made again by a late word of the browser', async () => {
	const worker = startWorker({ browser: makeBrowser({ permission: 'granted', records: new Map([['wish', { on: false, follows: {} }]]) }) });
	await worker.fire('pushsubscriptionchange', { oldSubscription: makeSubscription(worker.browser, 9, new Uint8Array([4])), newSubscription: null });
	assert.deepEqual([worker.browser.subscription, worker.browser.posts], [null, []]);
});

// --- without a network

const PAGE = '<!doctype html>\n<html lang="de">\n<link rel="stylesheet" href="/style.css"><script src="/page.js" defer></script><a href="/history/">x</a>\n<p id="page-age" class="age" role="status"></p>';
const site = () => ({ '/': PAGE, '/style.css': 'css', '/page.js': 'js', '/incidents/abc/': `${PAGE}incident`, '/de/': `${PAGE}German` });
const install = (worker) => worker.fire('install', {});

test('the front page and what it needs are kept from the first visit on', async () => {
	const worker = startWorker({ network: { ...site(), '/history/': PAGE } });
	await install(worker);
	assert.deepEqual([...worker.browser.caches.all.get('atstatus-1').keys()].sort(), ['/', '/page.js', '/style.css']);
	assert.deepEqual(worker.fetched.sort(), ['/ force-cache', '/page.js force-cache', '/style.css force-cache'], 'as the browser has them');
});

test('so is a page that is open, where it is one of the public ones', async () => {
	const windows = [`${ORIGIN}/incidents/abc/`, `${ORIGIN}/cgi-bin/admin-settings/`, 'https://evil.example/history/'];
	const worker = startWorker({ windows, network: { ...site(), '/cgi-bin/admin-settings/': PAGE, '/history/': PAGE } });
	await install(worker);
	assert.deepEqual([...worker.browser.caches.all.get('atstatus-1').keys()].sort(), ['/', '/incidents/abc/', '/page.js', '/style.css']);
});

test('a server that does not answer does not keep the worker from being installed', async () => {
	const worker = startWorker({ network: { '/': 'silent' } });
	assert.equal(await Promise.race([install(worker).then(() => 'installed'), settle(5000)]), 'installed');
});

test('a kept page in a language without words says its age in English, and its length is its own', async () => {
	const worker = startWorker({ network: { '/': { body: PAGE.replace('"de"', '"pt"'), headers: { 'content-length': '7', 'content-encoding': 'br' } } } });
	await install(worker);
	const page = startWorker({ network: { '/': 'down' }, browser: worker.browser });
	const response = await page.ask('/');
	assert.match(await response.text(), new RegExp(english.kept.split('{time}')[0]));
	assert.deepEqual([response.headers.get('content-length'), response.headers.get('content-encoding')], [null, null]);
});

test('the network comes first', async () => {
	const network = site();
	const worker = startWorker({ network });
	await install(worker);
	network['/'] = PAGE.replace('<p', 'newer<p');
	assert.match(await (await worker.ask('/')).text(), /newer/);
	network['/'] = 'down';
	const kept = await (await worker.ask('/')).text();
	assert.match(kept, /newer/, 'and what it said last is what is kept');
});

test('a kept page is never shown as the present: it is marked with its time, and says so', async () => {
	const network = site();
	const worker = startWorker({ network });
	await install(worker);
	network['/'] = 'down';
	const response = await worker.ask('/');
	const text = await response.text();
	assert.match(text, /<html data-kept="2026-11-23T14:02:00.000Z" lang="de">/);
	const [, said] = /id="page-age" class="age" role="status">([^<]+)</.exec(text);
	const [before, after] = workerWords.de.kept.split('{time}');
	assert.ok(said.startsWith(before) && said.endsWith(after) && said.includes('2026'), said);
	assert.equal(response.headers.get('content-type'), 'text/html');
});

for (const [what, answer] of [['that fails', { status: 502, body: 'Bad gateway' }], ['that is too slow', { body: PAGE, after: 4500 }]]) {
	test(`a server ${what} is like none`, { timeout: 20000 }, async () => {
		const network = site();
		const worker = startWorker({ network });
		await install(worker);
		network['/'] = answer;
		assert.match(await (await worker.ask('/')).text(), /data-kept/);
	});
}

test('a page that was never seen is answered by the front page in its language, else by the front page', async () => {
	const network = site();
	const worker = startWorker({ network });
	await install(worker);
	Object.assign(network, { '/history/': 'down', '/de/history/': 'down' });
	assert.match(await (await worker.ask('/history/')).text(), /data-kept/);
	await worker.ask('/de/');
	assert.match(await (await worker.ask('/de/history/')).text(), /German/);
});

test('without anything kept the failure stays one', async () => {
	const worker = startWorker({ network: { '/': 'down' } });
	assert.equal(await worker.ask('/'), 'no answer');
	const other = startWorker({ network: { '/': { status: 503, body: 'sorry' } } });
	assert.equal((await other.ask('/')).status, 503);
});

test('errors are never kept, a page that is gone is forgotten', async () => {
	const network = site();
	const worker = startWorker({ network });
	await worker.ask('/incidents/abc/');
	for (const [path, answer] of [['/', { status: 500, body: 'x' }], ['/style.css', { status: 404, body: 'x' }], ['/page.js', { body: 'x', type: 'opaque' }], ['/moved/', { body: 'x', redirected: true }], ['/secret/', { body: 'x', headers: { 'cache-control': 'private, no-store' } }], ['/incidents/abc/', { status: 404, body: 'x' }]]) {
		network[path] = answer;
		await worker.ask(path);
	}
	assert.deepEqual([...worker.browser.caches.all.get('atstatus-1').keys()], []);
});

test('the page\'s question for its own news never gets what is kept, and what it gets is kept', async () => {
	const network = site();
	const worker = startWorker({ network });
	await install(worker);
	network['/'] = PAGE.replace('<p', 'news<p');
	assert.match(await (await worker.ask('/', { mode: 'cors' })).text(), /news/);
	network['/'] = 'down';
	assert.equal(await worker.ask('/', { mode: 'cors' }), 'no answer');
	assert.match(await (await worker.ask('/')).text(), /news/);
});

for (const path of ['/admin', '/admin/', '/admin.css', '/cgi-bin/admin-settings', '/cgi-bin/subscribe/', `${ORIGIN}//cgi-bin/admin-settings/`, '/v1/pages/default/incidents', '/api/v2/status.json', '/api/', '/push.json',
	'/alive.json', '/feed.atom', '/badge/', '/badge/abc.svg', '/badge.svg', '/maintenance.ics', '/sw-push.js', 'https://evil.example/', 'https://evil.example/page.js']) {
	test(`${path} is left to the browser`, async () => assert.equal(await startWorker().ask(path), undefined));
}

test('only reading is answered', async () => assert.equal(await startWorker({ network: site() }).ask('/', { method: 'POST' }), undefined));

test('old copies of earlier versions go when the worker takes over, those of others stay', async () => {
	const worker = startWorker({ network: site() });
	for (const name of ['atstatus-0', 'atstatus-1', 'somebody']) await worker.browser.caches.open(name);
	await worker.fire('activate', {});
	assert.deepEqual([...worker.browser.caches.all.keys()], ['atstatus-1', 'somebody']);
});

test('not more than some fifty pages are kept, the front page always', async () => {
	const network = Object.fromEntries(Array.from({ length: 70 }, (ignored, i) => [`/incidents/${i}/`, PAGE]));
	const worker = startWorker({ network: { ...network, '/': PAGE } });
	for (const path of ['/', ...Object.keys(network)]) await worker.ask(path);
	const kept = [...worker.browser.caches.all.get('atstatus-1').keys()];
	assert.ok(kept.length <= 51 && kept.includes('/') && kept.includes('/incidents/69/') && !kept.includes('/incidents/0/'), `${kept.length}`);
});

test('a worker that can keep nothing is installed all the same', async () => {
	const worker = startWorker({ network: { '/': 'down' } });
	worker.browser.caches.open = async () => { throw new Error('no storage'); };
	await install(worker);
	await worker.push(message());
	assert.equal(worker.screen.length, 1);
});
