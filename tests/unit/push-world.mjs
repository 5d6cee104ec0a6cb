/*
 * A browser and a server around the scripts of push, that only remember: for the unit tests of page and worker.
 *
 *   const browser = makeBrowser({ permission, … })   what outlives a page: permission, subscription, records, the server
 *     .subscription .records (Map: what IndexedDB holds) .made (subscriptions so far) .posts [{ action, …body }]
 *     .isDown     nobody answers           .isOffline  the same, and the browser knows
 *     .portal     what somebody else answers in place of push.json
 *     .key        base64url of the server's key             .enabled
 *     .refuse     { action: { status, error }, or of its body }  what the server says to that action
 *     .forbids    the name of the DOMException that subscribing ends with
 *     .answers    { action: what is answered }   .requests: what was asked for, answered or not; .options: how, the last time
 *     .isOld: it has no locks, no channel between tabs and no word about permissions    .watched: who is told of the permission
 *     .messages: what the worker was told
 *     .stuck: IndexedDB never opens     .closed: it is forbidden     .full: it takes nothing more
 *   makeSurroundings(browser) -> the globals that page and worker have in common
 *   runScripts(names, globals) -> the globals, after the scripts of www/ have run in a context of their own
 *   say(key, values), words(language)
 */
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

export const ORIGIN = 'https://status.example.com';
export const KEY = Buffer.from([4, 5, 6]).toString('base64url');
export const OTHER_KEY = Buffer.from([4, 7, 8]).toString('base64url');

export const source = (name) => readFileSync(new URL(`../../www/${name}`, import.meta.url), 'utf8');
export const words = (language) => JSON.parse(source(`words-${language}.json`));

const english = words('en');

export function say(key, values = {}) {
	const dot = key.indexOf('.');
	const text = english[key.slice(0, dot)][key.slice(dot + 1)];
	if (text === undefined) throw new Error(`no words for ${key}`);
	return text.replace(/\{(\w+)\}/g, (all, name) => values[name]);
}
say.lang = 'en';

/* IndexedDB with one store. A value is read and replaced in one step, as in one transaction. */
function makeIndexedDB(browser) {
	const { records } = browser;
	const store = {
		get(name) {
			const request = {};
			setTimeout(() => {
				request.result = structuredClone(records.get(name));
				request.onsuccess();
			});
			return request;
		},
		put: (value, name) => browser.full || records.set(name, structuredClone(value)),
		delete: (name) => records.delete(name),
	};
	const makeTransaction = () => {
		let isFull = false;
		const put = (...args) => { isFull = store.put(...args) === true; };
		const transaction = { error: null, objectStore: () => ({ ...store, put }) };
		setTimeout(() => setTimeout(() => (isFull ? transaction.onabort() : transaction.oncomplete())));
		return transaction;
	};
	return {
		open() {
			if (browser.closed) throw new Error('SecurityError');
			const open = { result: { close() {}, transaction: makeTransaction } };
			if (!browser.stuck) setTimeout(() => open.onsuccess());
			return open;
		},
	};
}

export function makeSubscription(browser, number, octets) {
	const endpoint = `https://push.example.com/${number}`;
	return {
		endpoint,
		options: { applicationServerKey: octets.buffer },
		toJSON: () => ({ endpoint, keys: { p256dh: 'BPoint', auth: `auth-${number}` } }),
		async unsubscribe() {
			if (browser.subscription === this) browser.subscription = null;
			return true;
		},
	};
}

export function makeBrowser(members = {}) {
	return {
		permission: 'default', subscription: null, records: new Map(), made: 0, posts: [], asked: 0, syncs: [], key: KEY, enabled: true,
		isDown: false, isOffline: false, stuck: false, closed: false, full: false, requests: [], refuse: {}, answers: {}, components: [], isOld: false, tabs: [], messages: [], turn: Promise.resolve(), watched: [], ...members,
	};
}

/* What the server knows, from the words that reached it: one living row, or none. */
export function rows(browser) {
	const known = new Map();
	for (const { action, subscription, replaces, endpoint, incident, ...choices } of browser.posts) {
		if (action === '') {
			const before = known.get(replaces?.endpoint) ?? known.get(subscription.endpoint) ?? {};
			if (replaces) known.delete(replaces.endpoint);
			known.set(subscription.endpoint, { ...before, ...choices, ...(incident && { follows: [...(before.follows ?? []), incident] }) });
		}
		if (action === '/remove' && !incident) known.delete(endpoint);
	}
	return Object.fromEntries(known);
}

function answerOf(browser, url, options) {
	browser.requests.push(url);
	browser.options = options;
	if (browser.isDown || browser.isOffline) throw new TypeError('unreachable');
	if (url === '/push.json' && browser.portal) return { status: 200, body: browser.portal };
	if (url === '/push.json') return { status: 200, body: { enabled: browser.enabled, publicKey: browser.key, components: browser.components } };
	const action = url.replace('/cgi-bin/subscribe', '');
	const body = JSON.parse(options.body);
	const refusal = typeof browser.refuse[action] === 'function' ? browser.refuse[action](body) : browser.refuse[action];
	if (refusal) return { status: refusal.status, body: { error: refusal.error } };
	browser.posts.push({ action, ...body });
	const answer = browser.answers[action] ?? { status: 'subscribed' };
	return { status: 200, body: typeof answer === 'function' ? answer(body) : answer };
}

/* What tabs and worker share. */
export function makeNavigator(browser) {
	if (browser.isOld) return {};
	const request = (name, act) => {
		const mine = browser.turn.then(act);
		browser.turn = mine.catch(() => undefined);
		return mine;
	};
	const query = async () => browser.watched[browser.watched.push({}) - 1];
	return { locks: { request }, permissions: { query } };
}

function makeChannel(browser) {
	return browser.isOld ? undefined : class {
		constructor() { browser.tabs.push(this); }
		postMessage(data) {
			for (const other of browser.tabs) if (other !== this) setTimeout(() => other.onmessage?.({ data }));
		}
	};
}

/* No test waits for the end of a long patience. */
function startTimer(act, ms, ...args) {
	const timer = setTimeout(act, ms, ...args);
	if (ms >= 20000) timer.unref();
	return timer;
}

export function makeSurroundings(browser) {
	const registration = {
		pushManager: {
			getSubscription: async () => browser.subscription,
			async subscribe({ applicationServerKey }) {
				if (browser.isOffline || browser.forbids) throw Object.assign(new Error('no'), { name: browser.forbids ?? 'AbortError' });
				if (browser.subscription) throw Object.assign(new Error('another key'), { name: 'InvalidStateError' });
				await settle(30);
				browser.subscription = makeSubscription(browser, ++browser.made, new Uint8Array(applicationServerKey));
				return browser.subscription;
			},
		},
		sync: { register: async (tag) => void browser.syncs.push(tag) },
		active: { postMessage: (message) => void browser.messages.push(message) },
	};
	const Notification = {
		maxActions: browser.maxActions,
		get permission() { return browser.permission; },
		async requestPermission() {
			browser.asked++;
			return (browser.permission = browser.answer ?? 'granted');
		},
	};
	async function fetch(url, options) {
		const { status, body } = answerOf(browser, url, options);
		return { ok: status < 300, status, json: async () => structuredClone(body) };
	}
	return { registration, Notification, fetch, BroadcastChannel: makeChannel(browser), indexedDB: makeIndexedDB(browser), Date, AbortController, Event, EventTarget, URL, Headers, Response,
		atob, btoa, Uint8Array, setTimeout: startTimer, clearTimeout };
}

export function runScripts(names, globals) {
	const context = vm.createContext(globals);
	context.self = context;
	for (const name of names) vm.runInContext(source(name), context, { filename: name });
	return context;
}

export const settle = (ms = 60) => new Promise((resolve) => { setTimeout(resolve, ms); });
