// The service worker, run in a context of its own with a browser around it that only remembers what it is told.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

const ORIGIN = 'https://status.example.com';
const source = readFileSync(new URL('../../www/sw-push.js', import.meta.url), 'utf8');

/* A browser with notifications on its screen and windows that are open. */
function startWorker({ windows = [], withoutNavigate = false, refuseOptions = false, getNotifications } = {}) {
	const listeners = {};
	const screen = [];
	const calls = [];
	const requests = [];

	const registration = {
		async showNotification(title, options = {}) {
			calls.push({ title, options });
			if (refuseOptions && calls.length === 1) throw new TypeError('refused');
			if (options.renotify && !options.tag) throw new TypeError('renotify needs a tag');
			/* Firefox does not give back the badge. */
			const shown = { title, tag: '', ...structuredClone({ ...options, badge: undefined }), close() { screen.splice(screen.indexOf(shown), 1); } };
			const at = screen.findIndex((other) => other.tag !== '' && other.tag === shown.tag);
			if (at < 0) screen.push(shown);
			else screen[at] = shown;
		},
		getNotifications: getNotifications ?? (async ({ tag }) => screen.filter((shown) => shown.tag === tag)),
		pushManager: {
			getSubscription: async () => null,
			subscribe: async (options) => subscriptionOf(`${ORIGIN}/renewed`, options.applicationServerKey ?? null),
		},
	};

	const opened = [];
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

	const self = {
		location: new URL(`${ORIGIN}/sw-push.js`),
		registration,
		clients,
		skipWaiting: async () => undefined,
		addEventListener: (name, listener) => { listeners[name] = listener; },
	};
	const fetch = async (url, options) => {
		requests.push({ url, ...options, body: options.body && JSON.parse(options.body) });
		return { ok: true, json: async () => ({ enabled: true, publicKey: 'BKey' }) };
	};
	vm.runInNewContext(source, { self, URL, fetch, btoa, setTimeout });

	/* Fires an event; the worker must have asked the browser to wait exactly once. */
	async function fire(name, members) {
		const waits = [];
		listeners[name]({ ...members, waitUntil: (promise) => waits.push(promise) });
		assert.equal(waits.length, 1, `${name}: one waitUntil`);
		await waits[0];
	}

	return {
		calls, screen, opened, requests, fire,
		push: (message) => fire('push', { data: message === undefined ? null : { json: () => JSON.parse(message) } }),
		click: (notification) => fire('notificationclick', { notification }),
	};
}

function subscriptionOf(endpoint, key = new Uint8Array([4, 5, 6]).buffer) {
	const keys = { p256dh: 'BPoint', auth: 'secret' };
	return { endpoint, options: { applicationServerKey: key }, toJSON: () => ({ endpoint, keys }) };
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
		assert.equal(worker.calls[0].title, 'Status page update');
		assert.equal(worker.calls[0].options.body, 'Open the page to see what has changed.');
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
		title: 'T', body: 7, tag: { a: 1 }, lang: 'no such language!', silent: true, vibrate: [1], requireInteraction: true, renotify: true, image: '/x',
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

test('a renewed subscription is told to the server with the one that it replaces', async () => {
	const worker = startWorker();
	await worker.fire('pushsubscriptionchange', {
		oldSubscription: subscriptionOf('https://push.example/old'),
		newSubscription: subscriptionOf('https://push.example/new'),
	});
	const [request] = plain(worker.requests);
	assert.equal(request.url, '/cgi-bin/subscribe');
	assert.equal(request.method, 'POST');
	assert.equal(request.headers['Content-Type'], 'application/json');
	assert.equal(request.body.subscription.endpoint, 'https://push.example/new');
	assert.equal(request.body.key, 'BAUG');
	assert.deepEqual(request.body.replaces, { endpoint: 'https://push.example/old', auth: 'secret' });
});

test('a subscription that was only ended is made again with the same key', async () => {
	const worker = startWorker();
	await worker.fire('pushsubscriptionchange', { oldSubscription: subscriptionOf('https://push.example/old'), newSubscription: null });
	assert.equal(worker.requests[0].body.subscription.endpoint, `${ORIGIN}/renewed`);
	assert.equal(worker.requests[0].body.key, 'BAUG');
});

test('the worker is small', () => {
	assert.ok(Buffer.byteLength(source) < 12 * 1024);
});
