/*
 * The service worker of the status page: shows each push as exactly one notification and opens its page on a click.
 * It has no fetch handler and no cache, so that the page is always the server's own.
 *
 * A push carries the JSON of the contract: a declarative `notification` member and the same members flat, with `data`
 * {url, event, status, impact, incident, lang, seq, ts}. Nothing in it is trusted: members are taken from a list, by type.
 */
'use strict';

const START = new URL('/', self.location.origin).href;
const GENERIC = { title: 'Status page update', body: 'Open the page to see what has changed.' };
const TITLE_MAX = 200;
const BODY_MAX = 1000;
const PATIENCE = 2000; /* ms for a question to the browser: showing late is as bad as not showing */
const EARLIER = 24 * 60 * 60 * 1000; /* ms: older news says so */

const ENDED = ['resolved', 'postmortem', 'completed', 'cancelled', 'operational'];
const WEIGHT = {
	minor: 1, major: 2, critical: 3,
	degraded_performance: 1, partial_outage: 2, major_outage: 3,
};

/* Reading a push */

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function cut(text, most) {
	return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/* The address made absolute if it is one of our own, else the fallback. */
function own(address, fallback) {
	try {
		const url = new URL(address, START);
		return typeof address === 'string' && url.origin === self.location.origin ? url.href : fallback;
	} catch {
		return fallback;
	}
}

function readData(source, navigate) {
	const data = { url: own(source.url, own(navigate, START)) };
	for (const name of ['event', 'status', 'impact', 'incident', 'lang']) {
		if (typeof source[name] === 'string') data[name] = cut(source[name], 100);
	}
	for (const name of ['seq', 'ts']) {
		if (Number.isFinite(source[name])) data[name] = source[name];
	}
	return data;
}

/* { title, options } from whatever came; declarative members win over flat ones. */
function readNotice(message) {
	const flat = isObject(message) ? message : {};
	const declared = isObject(flat.notification) ? flat.notification : {};
	const text = (name, most) => {
		const value = [declared[name], flat[name]].find((candidate) => typeof candidate === 'string' && candidate !== '');
		return value === undefined ? undefined : cut(value, most);
	};
	const data = readData([flat.data, declared.data].find(isObject) ?? {}, declared.navigate);
	const title = text('title', TITLE_MAX);
	let body = text('body', BODY_MAX) ?? (title === undefined ? GENERIC.body : '');
	if (Date.now() - data.ts > EARLIER) body = `Earlier: ${body}`;

	const options = {
		body,
		icon: own(text('icon', 2000), own('/logo.png')),
		badge: own(text('badge', 2000), own('/badge.png')),
		navigate: data.url,
		data,
	};
	const tag = text('tag', 100);
	if (tag !== undefined) options.tag = tag;
	const lang = text('lang', 35);
	if (lang !== undefined && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(lang)) options.lang = lang;
	if (data.ts !== undefined) options.timestamp = data.ts;
	return { title: title ?? GENERIC.title, options };
}

function readEvent(event) {
	try {
		/* A mutable declarative push has no data, but the notification that the browser would show. */
		if (event.notification) return readNotice({ notification: event.notification });
		return readNotice(event.data ? event.data.json() : undefined);
	} catch {
		return readNotice(undefined);
	}
}

/* Showing it */

function within(promise, fallback) {
	return Promise.race([
		promise.catch(() => fallback),
		new Promise((resolve) => { setTimeout(resolve, PATIENCE, fallback); }),
	]);
}

/* The newest notification with this tag on the screen, if any. */
async function shownBefore(tag) {
	if (tag === undefined) return undefined;
	const shown = await within(self.registration.getNotifications({ tag }), []);
	return shown
		.filter((notification) => Number.isFinite(notification.data?.seq))
		.sort((one, other) => other.data.seq - one.data.seq)[0];
}

const weight = (data) => Math.max(WEIGHT[data.impact] ?? 0, WEIGHT[data.status] ?? 0);
const hasEnded = (data) => ENDED.includes(data.status);

/* Worth a second sound: it got worse, came to its end, or began again. */
function isWorthHearing(before, after) {
	if (hasEnded(before) !== hasEnded(after)) return true;
	return !hasEnded(after) && weight(after) > weight(before);
}

/* What is on the screen once more, without a sound: a push must show something, but an old one shows nothing new. */
function shownAgain(notification) {
	const { body, icon, badge, tag, lang, data, timestamp } = notification;
	const options = { body, icon, badge: badge || own('/badge.png'), tag, lang, data, timestamp };
	for (const name of Object.keys(options)) {
		if (options[name] === undefined || options[name] === '') delete options[name];
	}
	return { title: notification.title, options: { ...options, navigate: own(data.url, START), silent: true } };
}

async function show(event) {
	let notice = readEvent(event);
	const { tag, data } = notice.options;
	const before = await shownBefore(tag).catch(() => undefined);
	if (before) {
		if (data.seq <= before.data.seq) notice = shownAgain(before);
		else if (isWorthHearing(before.data, data)) notice.options.renotify = true;
	}
	try {
		await self.registration.showNotification(notice.title, notice.options);
	} catch {
		await self.registration.showNotification(GENERIC.title, { body: GENERIC.body, data: { url: START } });
	}
}

/* One after the other: two pushes with one tag must see each other's notification. */
let lastShown = Promise.resolve();
function showInTurn(event) {
	lastShown = lastShown.catch(() => undefined).then(() => show(event));
	return lastShown;
}

/* Opening it */

const isPublicPage = (client) => !/^\/(admin|cgi-bin)(\/|$)/.test(new URL(client.url).pathname);

async function open(notification) {
	const target = own(notification.data?.url, START);
	try {
		const clients = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
		const there = clients.find((client) => client.url.split('#')[0] === target.split('#')[0]);
		if (there) return await there.focus();
		/* Never a form of the admin's: its text would be lost. Focus first: navigating spends the click. */
		const other = clients.find(isPublicPage);
		if (other) {
			const focused = await other.focus();
			if (await (focused ?? other).navigate(target)) return undefined;
		}
	} catch {
		/* A client may be gone or not ours to steer: a new window is always right. */
	}
	return self.clients.openWindow(target);
}

/* Renewing the subscription */

function recall() {
	return new Promise((resolve) => {
		const request = self.indexedDB.open('atstatus', 1);
		request.onupgradeneeded = () => request.result.createObjectStore('push');
		request.onerror = () => resolve(undefined);
		request.onsuccess = () => {
			const read = request.result.transaction('push').objectStore('push').get('told');
			read.onsuccess = () => resolve(read.result);
			read.onerror = () => resolve(undefined);
		};
	});
}

function toBase64url(octets) {
	const text = btoa(String.fromCharCode(...new Uint8Array(octets)));
	return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/* Where this fails, the next visit of the page sees that endpoint and record differ, and mends it. */
async function renew(event) {
	const before = event.oldSubscription;
	let subscription = event.newSubscription ?? (await self.registration.pushManager.getSubscription());
	if (!subscription) {
		const config = before ? undefined : await (await fetch('/push.json', { cache: 'no-store' })).json();
		const key = before ? before.options.applicationServerKey : config.publicKey;
		subscription = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
	}
	const told = before ? { endpoint: before.endpoint, auth: before.toJSON().keys.auth } : await recall();
	const body = { subscription: subscription.toJSON() };
	const key = subscription.options?.applicationServerKey;
	if (key) body.key = toBase64url(key);
	if (told) body.replaces = { endpoint: told.endpoint, auth: told.auth };
	await fetch('/cgi-bin/subscribe', {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify(body),
	});
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('push', (event) => event.waitUntil(showInTurn(event)));
self.addEventListener('notificationclick', (event) => {
	event.notification.close();
	event.waitUntil(open(event.notification));
});
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event).catch(() => undefined)));
