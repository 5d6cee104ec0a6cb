/*
 * The service worker of the status page: shows each push as exactly one notification and opens its page on a click, keeps
 * the subscription alive (push-mend.js), and opens the page with its last known state while there is no network.
 *
 * A push carries the JSON of the contract: a declarative `notification` member and the same members flat, with `data`
 * {url, event, status, impact, incident, lang, seq, ts}. Nothing in it is trusted: members are taken from a list, by type.
 * Its texts are the server's; what the worker itself says is in words-worker.js.
 */
'use strict';

/* Fetched and compared with the worker itself: a new version is installed whole or not at all. */
importScripts('/words-worker.js', '/push-store.js', '/push-mend.js', '/sw-offline.js');

const START = new URL('/', self.location.origin).href;
const TITLE_MAX = 200;
const BODY_MAX = 1000;
const PATIENCE = 2000; /* ms for a question to the browser: showing late is as bad as not showing */
const EARLIER = 24 * 60 * 60 * 1000; /* ms: older news says so */
const MUTED_FOR = 30 * EARLIER; /* an incident that is never resolved does not stay muted here for ever */

const ENDED = ['resolved', 'postmortem', 'completed', 'cancelled', 'operational'];
const WEIGHT = {
	minor: 1, major: 2, critical: 3,
	degraded_performance: 1, partial_outage: 2, major_outage: 3,
};

/* Words */

/* In the language of the message, else of the browser, else in English. */
function wordsFor(...languages) {
	const tags = [...languages, ...(self.navigator?.languages ?? []), 'en'].filter(Boolean);
	const tag = tags.flatMap((one) => [one, one.split('-')[0]]).find((one) => Object.hasOwn(self.workerWords, one));
	return self.workerWords[tag];
}

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
	const words = wordsFor(data.lang, text('lang', 35));
	let body = text('body', BODY_MAX) ?? (title === undefined ? words.body : '');
	if (Date.now() - data.ts > EARLIER) body = words.earlier.replace('{body}', () => body);

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
	/* Quiet hours. */
	if (declared.silent === true || flat.silent === true) options.silent = true;
	const actions = actionsFor(data, words);
	if (actions.length > 0) options.actions = actions;
	return { title: title ?? words.title, options };
}

const hasEnded = (data) => ENDED.includes(data.status);

/* The buttons below it, where the browser has room for them. A click on the rest opens the page anyway. */
function actionsFor(data, words) {
	if (data.incident === undefined || hasEnded(data)) return [];
	const mute = { action: 'mute', title: data.impact === 'maintenance' ? words.mute_maintenance : words.mute };
	const most = self.Notification?.maxActions ?? 0;
	return most < 2 ? [mute].slice(0, most) : [{ action: 'open', title: words.open }, mute];
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

/* Worth a second sound: it got worse, came to its end, or began again. */
function isWorthHearing(before, after) {
	if (hasEnded(before) !== hasEnded(after)) return true;
	return !hasEnded(after) && weight(after) > weight(before);
}

/* What is on the screen once more, without a sound: a push must show something, but an old one shows nothing new. */
function shownAgain(notification) {
	const { body, icon, badge, tag, lang, data, timestamp, actions } = notification;
	const options = { body, icon, badge: badge || own('/badge.png'), tag, lang, data, timestamp, actions };
	for (const name of Object.keys(options)) {
		if (options[name] === undefined || options[name] === '') delete options[name];
	}
	return { title: notification.title, options: { ...options, navigate: own(data.url, START), silent: true } };
}

/* What was muted and is not over is shown without a sound: never nothing, for which browsers take the subscription away. */
async function isMuted(data) {
	if (data.incident === undefined || hasEnded(data)) return false;
	const muted = await within(pushStore.recall('muted'));
	return muted !== undefined && Object.hasOwn(muted, data.incident);
}

/* What begins again after its end is heard again. */
async function unmute({ options: { data } }) {
	if (data.incident === undefined || !hasEnded(data)) return;
	await pushStore.change('muted', (muted) => {
		if (!muted || !Object.hasOwn(muted, data.incident)) return muted;
		const { [data.incident]: over, ...others } = muted;
		return Object.keys(others).length > 0 ? others : undefined;
	});
}

async function show(event) {
	let notice = readEvent(event);
	const { options } = notice;
	const { tag, data } = options;
	const [before, muted] = await Promise.all([shownBefore(tag).catch(() => undefined), isMuted(data)]);
	if (muted) {
		options.silent = true;
		delete options.actions;
	}
	if (before) {
		if (data.seq <= before.data.seq) notice = shownAgain(before);
		else if (options.silent !== true && isWorthHearing(before.data, data)) options.renotify = true;
	}
	try {
		await self.registration.showNotification(notice.title, notice.options);
	} catch {
		const { title, body } = wordsFor(data.lang);
		await self.registration.showNotification(title, { body, data: { url: START } });
	}
}

/* One after the other: two pushes with one tag must see each other's notification. But none waits for a picture's server. */
let lastShown = Promise.resolve();
function showInTurn(event) {
	lastShown = within(lastShown).then(() => show(event));
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

/* Muting */

/* Silent here from this moment on; the server, as soon as it can be reached, sends nothing more until it is resolved. */
async function mute({ incident }) {
	if (typeof incident !== 'string') return;
	await pushStore.change('muted', (muted = {}) => {
		const recent = Object.entries(muted).filter(([, at]) => Date.now() - at < MUTED_FOR);
		return { ...Object.fromEntries(recent), [incident]: Date.now() };
	});
	const subscription = await self.registration.pushManager.getSubscription();
	if (!subscription) return;
	const body = { ...pushMend.proofOf(subscription), incident, until: 'resolved' };
	await pushStore.put(pushStore.makeEntry(`mute ${incident}`, subscription.endpoint, '/mute', body));
	await drain();
}

/* What the server still has to hear */

const drain = () => pushStore.alone(pushStore.drain).catch(() => undefined);
/* A push that takes long counts as one that showed nothing: what is not done by then is done at the next event. */
const afterPush = (event) => within(unmute(readEvent(event)).finally(drain));
const mend = (reason) => pushStore.alone(() => pushMend.mend(self.registration, reason));

/* A rejection makes the browser try again later. */
async function onSync() {
	const { late } = await mend();
	if (late) throw late;
}

/*
 * Firefox says the same while it clears the data of the site: a moment later nothing of ours is left then, neither records
 * nor worker, and nothing is to be made again. Where this fails, the next visit mends it.
 */
async function renew(event) {
	await new Promise((resolve) => { setTimeout(resolve, 1000); });
	await mend({ lost: event.oldSubscription }).catch(() => pushStore.tryLater());
}

self.addEventListener('install', (event) => {
	self.skipWaiting();
	event.waitUntil(pushOffline.install());
});
self.addEventListener('activate', (event) => event.waitUntil(pushOffline.activate().then(() => self.clients.claim())));
self.addEventListener('fetch', pushOffline.answer);
self.addEventListener('push', (event) => event.waitUntil(showInTurn(event).finally(() => afterPush(event))));
self.addEventListener('notificationclick', (event) => {
	const { notification, action } = event;
	notification.close();
	/* Opening comes first: the click counts for a moment only. */
	event.waitUntil(action === 'mute' ? mute(notification.data ?? {}) : open(notification).finally(drain));
});
self.addEventListener('notificationclose', (event) => event.waitUntil(drain()));
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event)));
self.addEventListener('sync', (event) => event.waitUntil(onSync()));
self.addEventListener('message', (event) => event.waitUntil(drain()));
