// The bell's script, run in a context of its own with a page, a browser and a server around it that only remember.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

const source = readFileSync(new URL('../../www/push.js', import.meta.url), 'utf8');
const KEY = Buffer.from([4, 5, 6]).toString('base64url');

class Element {
	attributes = {};
	textContent = '';
	hidden = true;

	constructor(members = {}) { Object.assign(this, members); }
	setAttribute(name, value) { this.attributes[name] = String(value); }
	removeAttribute(name) { delete this.attributes[name]; }
	addEventListener(name, act) { this[`on${name}`] = act; }
	querySelector() { return (this.label ??= new Element()); }
}

/* IndexedDB with one store; `stuck`: an open that is never answered. */
function makeIndexedDB(records, { stuck }) {
	const request = (act) => {
		const made = {};
		made.result = act();
		return made;
	};
	const store = {
		get: (name) => request(() => structuredClone(records.get(name))),
		put: (value, name) => request(() => void records.set(name, structuredClone(value))),
		delete: (name) => request(() => void records.delete(name)),
	};
	return {
		open() {
			const open = {
				result: {
					close() {},
					transaction() {
						const transaction = { error: null, objectStore: () => store };
						setTimeout(() => transaction.oncomplete());
						return transaction;
					},
				},
			};
			if (!stuck) setTimeout(() => open.onsuccess());
			return open;
		},
	};
}

function subscriptionOf(browser, number) {
	const endpoint = `https://push.example.com/${number}`;
	return {
		endpoint,
		options: { applicationServerKey: new Uint8Array([4, 5, 6]).buffer },
		toJSON: () => ({ endpoint, keys: { p256dh: 'BPoint', auth: `auth-${number}` } }),
		async unsubscribe() {
			if (browser.subscription === this) browser.subscription = null;
			return true;
		},
	};
}

/* What outlives a page: the browser's subscription and records, and whether the server answers. */
function makeBrowser(members = {}) {
	return { permission: 'default', subscription: null, records: new Map(), made: 0, posts: [], isDown: false, stuck: false, ...members };
}

async function visit(browser) {
	const bell = new Element();
	const line = new Element();
	const idle = [];
	const registration = {
		pushManager: {
			getSubscription: async () => browser.subscription,
			subscribe: async () => (browser.subscription = subscriptionOf(browser, ++browser.made)),
		},
	};
	const Notification = {
		get permission() { return browser.permission; },
		requestPermission: async () => (browser.permission = browser.answer ?? 'granted'),
	};
	const fetch = async (url, options) => {
		if (url === '/push.json') return { ok: true, status: 200, json: async () => ({ enabled: true, publicKey: KEY }) };
		if (browser.isDown) throw new TypeError('unreachable');
		browser.posts.push({ action: url.replace('/cgi-bin/subscribe', ''), ...JSON.parse(options.body) });
		return { ok: true, status: 200, json: async () => ({}) };
	};
	const document = {
		getElementById: (id) => ({ 'push-subscribe': bell, 'push-status': line })[id],
		querySelectorAll: () => [],
	};
	const window = { isSecureContext: true, PushManager: {}, Notification, requestIdleCallback: (act) => idle.push(act) };
	const navigator = { userAgent: '', platform: '',
		serviceWorker: { ready: Promise.resolve(registration), register: async () => registration } };
	vm.runInNewContext(source, { document, window, navigator, Notification, fetch, Date, AbortSignal, atob, btoa, Uint8Array,
		indexedDB: makeIndexedDB(browser.records, browser), setTimeout, clearTimeout });
	await until(() => bell.hidden === false && idle.length > 0);
	return {
		bell, line,
		label: () => bell.label.textContent,
		async click() {
			await bell.onclick();
		},
		/* What the page does when it has nothing better to do. */
		async idle() {
			for (const act of idle.splice(0)) act();
			await new Promise((resolve) => { setTimeout(resolve, 50); });
		},
	};
}

async function until(isSo) {
	for (let i = 0; i < 500; i++) {
		if (isSo()) return;
		await new Promise((resolve) => { setTimeout(resolve, 1); });
	}
	assert.fail('it never came to that');
}

const removed = (browser) => browser.posts.filter(({ action }) => action === '/remove').map(({ endpoint, auth }) => `${endpoint} ${auth}`);

test('the script is small', () => assert.ok(Buffer.byteLength(source) < 12288, `${Buffer.byteLength(source)} bytes`));

test('switching on by a click asks for everything where this browser remembers nothing', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	assert.equal(page.label(), 'Notifications on');
	assert.equal(browser.posts.length, 1);
	assert.equal(browser.posts[0].components, 'all');
	assert.equal(browser.records.get('told').endpoint, browser.subscription.endpoint);
});

test('a remembered subscription keeps its choices when it is switched on again', async () => {
	const browser = makeBrowser({ records: new Map([['told', { endpoint: 'https://push.example.com/old', auth: 'old', key: KEY, at: 0 }]]) });
	const page = await visit(browser);
	await page.click();
	assert.equal('components' in browser.posts[0], false);
	assert.deepEqual(browser.posts[0].replaces, { endpoint: 'https://push.example.com/old', auth: 'old' });
});

test('a visit that renews a lost subscription leaves its choices alone', async () => {
	const browser = makeBrowser({ permission: 'granted', records: new Map([['told', { endpoint: 'https://push.example.com/old', auth: 'old', key: KEY, at: 0 }]]) });
	await (await visit(browser)).idle();
	assert.equal(browser.posts.length, 1);
	assert.equal('components' in browser.posts[0], false);
});

test('switching off removes the row and every record', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	await page.click();
	assert.equal(browser.subscription, null);
	assert.deepEqual(removed(browser), ['https://push.example.com/1 auth-1']);
	assert.equal(browser.records.size, 0);
	assert.match(page.line.textContent, /Nothing about this browser is stored/);
});

test('switching off works while the server is down; the row is removed at the next visit', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	browser.isDown = true;
	await page.click();
	assert.equal(browser.subscription, null);
	assert.equal(page.label(), 'Get notified');
	assert.match(page.line.textContent, /are off.*next visit/);
	assert.deepEqual(removed(browser), []);

	await (await visit(browser)).idle();
	assert.deepEqual(removed(browser), [], 'still down');
	browser.isDown = false;
	await (await visit(browser)).idle();
	await (await visit(browser)).idle();
	assert.deepEqual(removed(browser), ['https://push.example.com/1 auth-1']);
	assert.equal(browser.records.size, 0);
	assert.equal(browser.subscription, null);
});

test('on, off while the server is down, and on again: the old row goes, the new one stays', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	browser.isDown = true;
	await page.click();
	browser.isDown = false;
	await page.click();
	await (await visit(browser)).idle();
	assert.deepEqual(removed(browser), ['https://push.example.com/1 auth-1']);
	assert.equal(browser.subscription.endpoint, 'https://push.example.com/2');
	assert.equal(browser.records.get('told').endpoint, 'https://push.example.com/2');
});

test('a subscription that the browser does not give up stays on and stays known', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	browser.subscription.unsubscribe = async () => { throw new Error('not now'); };
	await page.click();
	assert.equal(page.label(), 'Notifications on');
	assert.match(page.line.textContent, /^Not switched off/);
	assert.deepEqual(removed(browser), []);
});

test('a permission that was taken away has the row removed, once the server answers', async () => {
	const browser = makeBrowser();
	await (await visit(browser)).click();
	Object.assign(browser, { permission: 'denied', subscription: null, isDown: true });
	await (await visit(browser)).idle();
	browser.isDown = false;
	await (await visit(browser)).idle();
	assert.deepEqual(removed(browser), ['https://push.example.com/1 auth-1']);
	assert.equal(browser.records.size, 0);
});

test('a database that never opens leaves the bell neither busy nor useless', { timeout: 20000 }, async () => {
	const browser = makeBrowser({ stuck: true });
	const page = await visit(browser);
	await page.click();
	assert.equal(page.bell.attributes['aria-busy'], undefined);
	assert.equal(page.label(), 'Notifications on');
	await page.click();
	assert.equal(page.label(), 'Get notified');
	assert.deepEqual(removed(browser), ['https://push.example.com/1 auth-1']);
});
