// The subscription of a browser through its life, as page and bell have it: the scripts run with a page, a browser and a
// server around them that only remember. After everything that can happen to it, the server has one row for it, or none.

import assert from 'node:assert/strict';
import test from 'node:test';
import { KEY, OTHER_KEY, makeBrowser, makeNavigator, makeSubscription, makeSurroundings, rows, runScripts, say, settle, source } from './push-world.mjs';

const SCRIPTS = ['push-store.js', 'push-mend.js', 'push-life.js', 'push.js'];
const OLD = { endpoint: 'https://push.example.com/old', auth: 'old', key: KEY, at: 0 };

class Element {
	attributes = {};
	textContent = '';
	hidden = true;

	setAttribute(name, value) { this.attributes[name] = String(value); }
	removeAttribute(name) { delete this.attributes[name]; }
	addEventListener(name, act) { this[`on${name}`] = act; }
	querySelector() { return (this.label ??= new Element()); }
}

async function visit(browser, place = {}) {
	const bell = new Element();
	const line = new Element();
	const idle = [];
	const listeners = {};
	const around = makeSurroundings(browser);
	const document = {
		hidden: false,
		getElementById: (id) => ({ 'push-subscribe': bell, 'push-status': line, 'page-news': new Element() })[id],
		querySelectorAll: () => [],
		addEventListener: () => undefined,
	};
	const navigator = {
		...makeNavigator(browser),
		userAgent: '', platform: '',
		get onLine() { return !browser.isOffline; },
		serviceWorker: { ready: Promise.resolve(around.registration), register: async () => around.registration },
	};
	const page = { ...around, document, navigator, say, isSecureContext: true, PushManager: {}, requestIdleCallback: (act) => idle.push(act),
		MutationObserver: class { observe() {} }, matchMedia: () => ({ matches: true }), addEventListener: (name, act) => { listeners[name] = act; }, ...place };
	delete page.registration;
	page.window = page;
	if ('Notification' in place) delete page.Notification;
	else Object.defineProperty(page, 'Notification', { value: around.Notification, enumerable: true });
	const { statusPush: push } = runScripts(SCRIPTS, page);
	await push.ready;
	await settle(20);
	return {
		bell, line, push,
		label: () => bell.label.textContent,
		click: () => bell.onclick(),
		/* What the page does when it has nothing better to do. */
		async idle() {
			for (const act of idle.splice(0)) await act();
			await settle();
		},
		async online() {
			browser.isOffline = false;
			await listeners.online();
			await settle();
		},
	};
}

async function revisit(browser) {
	const page = await visit(browser);
	await page.idle();
	return page;
}

async function switchedOn(members) {
	const browser = makeBrowser(members);
	await (await visit(browser)).click();
	assert.equal(browser.subscription?.endpoint, 'https://push.example.com/1');
	return browser;
}

const actions = (browser) => browser.posts.map(({ action }) => action);
const removed = (browser) => browser.posts.filter(({ action }) => action === '/remove').map(({ endpoint, auth }) => `${endpoint} ${auth}`);
const only = (browser) => ({ [browser.subscription.endpoint]: true });
const living = (browser) => Object.fromEntries(Object.keys(rows(browser)).map((endpoint) => [endpoint, true]));

for (const name of [...SCRIPTS, 'sw-push.js', 'sw-offline.js', 'page.js', 'bars.js']) {
	test(`${name} is small`, () => assert.ok(Buffer.byteLength(source(name)) < 12288, `${Buffer.byteLength(source(name))} octets`));
}

// --- switching on and off

test('nothing is asked before a click', async () => {
	const browser = makeBrowser();
	const page = await revisit(browser);
	assert.deepEqual([browser.asked, browser.posts.length, page.push.state, page.label()], [0, 0, 'off', 'Get notified']);
});

test('switching on by a click asks for everything, in the language of the page, where this browser remembers nothing', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	assert.equal(page.label(), 'Notifications on');
	assert.equal(page.line.textContent, say('push.note_on'));
	assert.equal(browser.posts.length, 1);
	const [{ components, lang, key, replaces }] = browser.posts;
	assert.deepEqual({ components, lang, key, replaces }, { components: 'all', lang: 'en', key: KEY, replaces: undefined });
	assert.equal(browser.records.get('told').endpoint, browser.subscription.endpoint);
});

test('switching on with choices sends them, and those made here before', async () => {
	const browser = makeBrowser({ components: [{ id: 'api', group: null }] });
	const page = await visit(browser);
	await page.push.switchOn({ components: ['api'], min_impact: 'major' });
	assert.deepEqual(browser.posts[0].components, ['api']);
	assert.equal(browser.posts[0].min_impact, 'major');
	assert.equal(browser.posts[0].lang, 'en');
});

test('a remembered subscription keeps its choices when it is switched on again', async () => {
	const browser = makeBrowser({ records: new Map([['told', OLD]]) });
	const page = await visit(browser);
	await page.click();
	assert.equal('components' in browser.posts.at(-1), false);
	assert.deepEqual(browser.posts.at(-1).replaces, { endpoint: OLD.endpoint, auth: OLD.auth });
});

test('switching off removes the row and every record', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	browser.records.set('muted', { abc: Date.now() });
	await page.click();
	assert.equal(browser.subscription, null);
	assert.deepEqual(removed(browser)[0], 'https://push.example.com/1 auth-1');
	assert.deepEqual([...browser.records.keys()], ['config']);
	assert.deepEqual(rows(browser), {});
	assert.match(page.line.textContent, /Nothing about this browser is stored/);
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

for (const [name, answer, state, note] of [['refused', 'denied', 'blocked', /Blocked/], ['left open', 'default', 'off', /unanswered/]]) {
	test(`a question that was ${name} is not asked again by itself`, async () => {
		const browser = makeBrowser({ answer });
		const page = await visit(browser);
		await page.click();
		assert.equal(page.push.state, state);
		assert.match(page.line.textContent, note);
		assert.equal(page.bell.attributes['aria-busy'], undefined);
		await revisit(browser);
		assert.deepEqual([browser.asked, browser.posts.length, browser.records.has('wish')], [1, 0, false]);
		await assert.rejects((await visit(browser)).push.switchOn(), (error) => note.test(error.message));
	});
}

test('a sentence of the server is shown, and nothing is left that would look as if it were on', async () => {
	const browser = makeBrowser({ refuse: { '': { status: 400, error: 'This push service is not allowed here.' } } });
	const page = await visit(browser);
	await page.click();
	assert.equal(page.line.textContent, 'Not switched on. This push service is not allowed here.');
	assert.deepEqual([page.push.state, browser.subscription], ['off', null]);
	assert.deepEqual([...browser.records.keys()], ['config']);
});

test('a browser whose push service does not answer says so, online', async () => {
	const browser = makeBrowser({ forbids: 'AbortError' });
	const page = await visit(browser);
	await page.click();
	assert.match(page.line.textContent, /Not switched on\..*push service.*Brave/);
	assert.equal(page.push.state, 'off');
});

for (const [state, place] of [
	['insecure', { isSecureContext: false }],
	['unsupported', { Notification: undefined }],
	['home_screen', { navigator: { userAgent: 'iPhone', platform: '' }, matchMedia: () => ({ matches: false }) }],
]) {
	test(`where it cannot be (${state}) nothing is asked, and a click is told why`, async () => {
		const browser = makeBrowser();
		const page = await visit(browser, place);
		await page.click();
		const { [state]: name } = { insecure: 'note_insecure', unsupported: 'note_unsupported', home_screen: 'note_home' };
		await assert.rejects(page.push.switchOn(), { message: say(`push.${name}`) });
		assert.deepEqual([page.push.state, browser.asked], [state, 0]);
	});
}

test('what is chosen while the browser has ended it goes along when it is switched on again, and nothing else', async () => {
	const wish = { on: true, choices: { lang: 'de', min_impact: 'major' } };
	const browser = makeBrowser({ permission: 'granted', forbids: 'NotAllowedError', records: new Map([['told', { ...OLD, at: Date.now() }], ['wish', wish]]) });
	const page = await revisit(browser);
	await page.push.save({ min_impact: 'none' });
	browser.forbids = undefined;
	await page.click();
	assert.deepEqual(browser.posts.map(({ min_impact, lang }) => [min_impact, lang]), [['none', undefined]]);
});

// --- offline

test('switching on while the server is down waits, and is made up for at the next visit', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	browser.isDown = true;
	await page.click();
	assert.deepEqual([page.push.state, page.label(), page.bell.attributes['aria-pressed']], ['waiting', say('push.bell_waiting'), 'true']);
	assert.equal(page.line.textContent, say('push.note_waiting'));
	assert.ok(browser.syncs.includes('atstatus'), 'Background Sync is asked for');
	assert.deepEqual(rows(browser), {});
	browser.isDown = false;
	assert.equal((await revisit(browser)).push.state, 'on');
	assert.deepEqual(living(browser), only(browser));
});

test('switching on without any network is carried out when it is back, with the choices made', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	browser.isOffline = true;
	await page.push.switchOn({ min_impact: 'major' });
	assert.deepEqual([page.push.state, browser.subscription], ['waiting', null]);
	await page.push.save({ lang: 'de' });
	await page.online();
	assert.equal(page.push.state, 'on');
	const { min_impact, lang, components } = browser.posts.at(-1);
	assert.deepEqual({ min_impact, lang, components }, { min_impact: 'major', lang: 'de', components: 'all' });
	assert.deepEqual(living(browser), only(browser));
});

test('a server that asks for patience leaves it waiting', async () => {
	const browser = makeBrowser({ refuse: { '': { status: 503, error: 'The site is busy.' } } });
	const page = await visit(browser);
	await page.click();
	assert.equal(page.push.state, 'waiting');
	browser.refuse = {};
	assert.equal((await revisit(browser)).push.state, 'on');
	assert.deepEqual(living(browser), only(browser));
});

test('waiting can be taken back', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	browser.isOffline = true;
	await page.click();
	await page.click();
	assert.equal(page.push.state, 'off');
	await page.online();
	assert.deepEqual([browser.subscription, rows(browser)], [null, {}]);
});

test('switching off works while the server is down; the row is removed at the next visit', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.click();
	browser.isDown = true;
	await page.click();
	assert.equal(browser.subscription, null);
	assert.equal(page.label(), 'Get notified');
	assert.equal(page.line.textContent, say('push.note_off_later'));
	assert.deepEqual(removed(browser), []);

	const between = await revisit(browser);
	assert.deepEqual(removed(browser), [], 'still down');
	assert.equal(between.bell.hidden, false, 'the bell is drawn from what was read last');
	browser.isDown = false;
	await revisit(browser);
	await revisit(browser);
	assert.deepEqual(rows(browser), {});
	assert.deepEqual([...browser.records.keys()], ['config']);
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
	await revisit(browser);
	assert.equal(browser.subscription.endpoint, 'https://push.example.com/2');
	assert.deepEqual(living(browser), only(browser));
});

test('rows that an earlier version still had to erase are erased', async () => {
	const browser = makeBrowser({ records: new Map([['owed', [{ endpoint: 'https://push.example.com/x', auth: 'x' }]]]) });
	await revisit(browser);
	assert.deepEqual(removed(browser), ['https://push.example.com/x x']);
	assert.equal(browser.records.has('owed'), false);
});

test('choices made while the server is down are sent once, the later winning', async () => {
	const browser = await switchedOn();
	const page = await visit(browser);
	browser.isDown = true;
	await page.push.save({ min_impact: 'major', lang: 'de' });
	await page.push.save({ min_impact: 'critical' });
	assert.equal(page.push.state, 'on', 'it is delivered to');
	browser.isDown = false;
	browser.posts.length = 0;
	await revisit(browser);
	assert.deepEqual(browser.posts.map(({ min_impact, lang }) => [min_impact, lang]), [['critical', 'de']]);
});

test('choices that the server refuses are told, and the subscription stays', async () => {
	const browser = await switchedOn();
	const page = await visit(browser);
	browser.refuse = { '': { status: 400, error: 'Choose at least one component.' } };
	await assert.rejects(page.push.save({ components: [] }), /Choose at least one component/);
	assert.deepEqual([page.push.state, browser.records.get('wish').choices.components], ['on', 'all']);
	assert.equal(browser.records.has('queue'), false);
});

test('what answers in place of the server is not taken for it', async () => {
	const browser = await switchedOn();
	const page = await visit(browser);
	browser.refuse = { '': { status: 404, error: undefined } };
	await page.push.save({ lang: 'fr' });
	assert.equal(browser.records.get('queue').length, 1);
});

test('a mute of an incident that is over, sent late, does not stand in the way of switching on, nor is it complained of', async () => {
	const mute = { id: 'x', thing: 'mute abc', endpoint: OLD.endpoint, action: '/mute', body: { ...OLD, incident: 'abc' } };
	const browser = makeBrowser({ records: new Map([['queue', [mute]]]), refuse: { '/mute': { status: 404, error: 'There is no such incident.' } } });
	const page = await visit(browser);
	await page.click();
	assert.deepEqual([page.push.state, page.line.textContent], ['on', say('push.note_on')]);
	browser.records.set('queue', [mute]);
	assert.equal((await revisit(browser)).line.textContent, '');
});

test('a queue that nobody takes is not followed by more questions', async () => {
	const browser = await switchedOn();
	browser.isDown = true;
	await (await visit(browser)).push.save({ lang: 'fr' });
	const page = await visit(browser);
	browser.requests.length = 0;
	await page.idle();
	assert.deepEqual([browser.requests, page.push.state], [['/cgi-bin/subscribe'], 'on']);
});

test('a page that is closed while it switches off is no reason to switch on again', async () => {
	const browser = await switchedOn();
	const page = await visit(browser);
	browser.subscription.unsubscribe = () => {
		browser.subscription = null;
		return new Promise(() => undefined);
	};
	page.click();
	await settle();
	assert.equal(browser.subscription, null);
	/* Who is closed holds no lock. */
	browser.turn = Promise.resolve();
	const next = await revisit(browser);
	assert.deepEqual([next.push.state, browser.subscription, rows(browser)], ['off', null, {}]);
	assert.deepEqual([...browser.records.keys()], ['config']);
});

// --- the queue, the way to the server

const REPLACED = { replaces: { endpoint: 'a', auth: '1' } };
for (const [what, fill, expected] of [
	['a row that is to be erased need not be made', ({ saving, removal }) => [saving('a', {}), removal({ endpoint: 'a' })], ['remove a']],
	['nor need it hear of an incident', ({ makeEntry, removal }) => [makeEntry('follow i', 'a', '', { incident: 'i' }), makeEntry('mute i', 'a', '/mute', {}), removal({ endpoint: 'a' })], ['remove a']],
	['what it was to replace goes too', ({ saving, removal }) => [saving('b', REPLACED), removal({ endpoint: 'b' })], ['remove a', 'remove b']],
	['rows of others stay', ({ saving, removal }) => [saving('b', {}), removal({ endpoint: 'a' })], ['save b', 'remove a']],
	['what comes after an end is made', ({ saving, removal }) => [removal({ endpoint: 'a' }), saving('b', {})], ['remove a', 'save b']],
	['an end is said once', ({ removal }) => [removal({ endpoint: 'a' }), removal({ endpoint: 'a' })], ['remove a']],
	['the last word about an incident counts', ({ makeEntry }) => ['', '/remove'].map((action) => makeEntry('follow i', 'a', action, { incident: 'i' })), ['follow i/remove']],
	['the end of a follow is not the end of the row', ({ saving, makeEntry }) => [saving('a', {}), makeEntry('follow i', 'a', '/remove', { incident: 'i' })], ['save a', 'follow i/remove']],
]) {
	test(`queue: ${what}`, async () => {
		const { pushStore } = runScripts(['push-store.js'], { ...makeSurroundings(makeBrowser()), navigator: {} });
		for (const entry of fill(pushStore)) await pushStore.put(entry);
		const queue = await pushStore.recall('queue');
		assert.deepEqual(queue.map(({ thing, action }) => thing + (thing.startsWith('follow') ? action : '')), expected);
	});
}

test('queue: choices about one row become one word, the later one winning; what it replaces is not forgotten', async () => {
	const { pushStore } = runScripts(['push-store.js'], { ...makeSurroundings(makeBrowser()), navigator: {} });
	await pushStore.put(pushStore.saving('b', { ...REPLACED, lang: 'de', min_impact: 'none' }), pushStore.saving('b', { lang: 'fr' }));
	const [{ body }, ...more] = await pushStore.recall('queue');
	assert.deepEqual([body, more], [{ ...REPLACED, lang: 'fr', min_impact: 'none' }, []]);
});

test('the server is asked past every cache, follows nobody elsewhere, and is not waited for for ever', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	assert.equal(browser.options.cache, 'no-store');
	await page.click();
	assert.deepEqual([browser.options.method, browser.options.redirect], ['POST', 'error']);
	assert.ok(browser.options.signal instanceof AbortSignal);
});

test('push.json of somebody else is not taken for ours: the bell is drawn by the last one, and nothing is ended', async () => {
	const browser = await switchedOn();
	browser.records.get('told').at = 0;
	browser.portal = {};
	const page = await revisit(browser);
	assert.deepEqual([page.bell.hidden, page.push.state, page.push.config.publicKey], [false, 'on', KEY]);
	assert.equal(browser.posts.length, 1);
});

// --- what happens to a subscription

test('a visit that renews a lost subscription leaves its choices alone', async () => {
	const browser = makeBrowser({ permission: 'granted', records: new Map([['told', OLD]]) });
	await revisit(browser);
	assert.equal(browser.posts.length, 1);
	assert.equal('components' in browser.posts[0], false);
	assert.equal(browser.posts[0].replaces.endpoint, OLD.endpoint);
});

test('a subscription that can only be renewed by a click is offered, not nagged for', async () => {
	const browser = makeBrowser({ permission: 'granted', forbids: 'NotAllowedError', records: new Map([['told', OLD]]) });
	const page = await revisit(browser);
	assert.deepEqual([page.push.state, page.line.textContent, browser.asked], ['off', say('push.note_lost'), 0]);
	browser.forbids = undefined;
	await page.click();
	assert.equal(page.push.state, 'on');
	assert.deepEqual(browser.posts.at(-1).replaces, { endpoint: OLD.endpoint, auth: OLD.auth });
});

test('another key of the server makes another subscription in place of the old one', async () => {
	const browser = await switchedOn();
	browser.key = OTHER_KEY;
	const page = await revisit(browser);
	assert.deepEqual([page.push.state, browser.subscription.endpoint, browser.posts.at(-1).key], ['on', 'https://push.example.com/2', OTHER_KEY]);
	assert.deepEqual(living(browser), only(browser));
	assert.equal(rows(browser)['https://push.example.com/2'].components, 'all', 'the choices went along');
});

test('two renewals that the server hears late end as one row with the choices', async () => {
	const browser = await switchedOn();
	browser.refuse = { '': { status: 503, error: 'busy' } };
	browser.key = OTHER_KEY;
	await revisit(browser);
	browser.subscription = null;
	await revisit(browser);
	browser.refuse = {};
	await revisit(browser);
	assert.equal(browser.subscription.endpoint, 'https://push.example.com/3');
	assert.deepEqual(living(browser), only(browser));
	assert.equal(rows(browser)['https://push.example.com/3'].components, 'all');
});

test('one that its push service has given up is made anew, with its choices', async () => {
	const browser = await switchedOn();
	browser.records.get('told').at = 0;
	browser.answers = { '/state': { status: 'gone' } };
	await revisit(browser);
	assert.equal(browser.subscription.endpoint, 'https://push.example.com/2');
	assert.deepEqual(living(browser), only(browser));
});

test('a visit within a day posts nothing, one after a day says that it is still there', async () => {
	const browser = await switchedOn();
	browser.posts.length = 0;
	await revisit(browser);
	assert.deepEqual(browser.posts, []);
	browser.records.get('told').at -= 25 * 3600 * 1000;
	await revisit(browser);
	assert.deepEqual(actions(browser), ['/state', '']);
	assert.equal('components' in browser.posts[1], false);
});

test('a clock that was wrong does not put off for long what is due', async () => {
	const browser = await switchedOn();
	browser.records.get('told').at += 400 * 24 * 3600 * 1000;
	browser.posts.length = 0;
	await revisit(browser);
	assert.deepEqual(actions(browser), ['/state', '']);
	assert.ok(browser.records.get('told').at <= Date.now());
});

test('who comes back after the server has forgotten the old row brings the choices along', async () => {
	const browser = await switchedOn();
	await (await visit(browser)).push.save({ min_impact: 'major' });
	for (const [days, expected] of [[29, undefined], [31, 'major']]) {
		browser.records.get('told').at -= days * 24 * 3600 * 1000;
		browser.subscription = null;
		await revisit(browser);
		assert.equal(browser.posts.at(-1).min_impact, expected, `${days} days`);
	}
});

test('a browser that can keep the page but not receive has no subscription, and says so', async () => {
	const page = await visit(makeBrowser());
	delete page.push.registration.pushManager;
	assert.equal(await page.push.subscription(), null);
});

test('new secrets behind the same address prove themselves by the old ones', async () => {
	const browser = await switchedOn();
	browser.records.get('told').auth = 'before';
	await revisit(browser);
	assert.deepEqual(browser.posts.at(-1).replaces, { endpoint: browser.subscription.endpoint, auth: 'before' });
});

test('a permission that was taken away has the row removed, once the server answers, and given back brings it back', async () => {
	const browser = makeBrowser();
	await (await visit(browser)).push.switchOn({ min_impact: 'major' });
	Object.assign(browser, { permission: 'denied', subscription: null, isDown: true });
	assert.equal((await revisit(browser)).push.state, 'blocked');
	browser.isDown = false;
	await revisit(browser);
	assert.deepEqual(rows(browser), {});
	browser.permission = 'granted';
	assert.equal((await revisit(browser)).push.state, 'on');
	assert.deepEqual(living(browser), only(browser));
	assert.equal(browser.posts.at(-1).min_impact, 'major');
	assert.equal(browser.asked, 1);
});

test('a component that is no longer there is no reason not to come back', async () => {
	const browser = makeBrowser({ components: [{ id: 'api', group: { id: 'core' } }] });
	await (await visit(browser)).push.switchOn({ components: ['gone', 'core'] });
	browser.records.delete('told');
	browser.subscription = null;
	await revisit(browser);
	assert.deepEqual(browser.posts.at(-1).components, ['core']);
});

test('cleared data of the site leave the bell off and ask nothing', async () => {
	const browser = await switchedOn();
	Object.assign(browser, { subscription: null, permission: 'default' });
	browser.records.clear();
	browser.posts.length = 0;
	const page = await revisit(browser);
	assert.deepEqual([page.push.state, browser.asked, browser.posts.length], ['off', 1, 0]);
});

test('a subscription that the store knows nothing of is told to the server, without touching its choices', async () => {
	const browser = makeBrowser({ permission: 'granted' });
	browser.subscription = makeSubscription(browser, 7, new Uint8Array([4, 5, 6]));
	const page = await revisit(browser);
	assert.equal(page.push.state, 'on');
	assert.deepEqual(browser.posts.map(({ action, components }) => [action, components]), [['', undefined]]);
});

test('while the operator has push switched off, no bell is shown and nothing is done', async () => {
	const browser = makeBrowser({ enabled: false, permission: 'granted', records: new Map([['told', OLD]]) });
	const page = await revisit(browser);
	assert.deepEqual([page.bell.hidden, browser.posts.length], [true, 0]);
});

test('nothing is made anew where push is switched off while the page is open', async () => {
	const browser = makeBrowser({ permission: 'granted', records: new Map([['told', OLD]]) });
	const page = await visit(browser);
	browser.enabled = false;
	await page.idle();
	assert.deepEqual([browser.made, browser.posts], [0, []]);
});

test('a renewal that the server refuses leaves nothing that looks as if it were on, and is tried again', async () => {
	const browser = await switchedOn();
	browser.subscription = null;
	browser.refuse = { '': { status: 400, error: 'This push service is not allowed here.' } };
	const page = await revisit(browser);
	assert.deepEqual([page.push.state, browser.subscription, page.line.textContent], ['off', null, 'Not switched on. This push service is not allowed here.']);
	browser.refuse = {};
	assert.equal((await revisit(browser)).push.state, 'on');
	assert.deepEqual(living(browser), only(browser));
});

// --- several at once

for (const isOld of [false, true]) {
	test(`a click while the visit is still being looked after makes one subscription, ${isOld ? 'without' : 'with'} locks`, async () => {
		const browser = makeBrowser({ isOld, permission: 'granted', records: new Map([['told', OLD]]) });
		const page = await visit(browser);
		await Promise.all([page.idle(), page.push.switchOn()]);
		assert.deepEqual([browser.made, page.push.state], [1, 'on']);
		assert.deepEqual(living(browser), only(browser));
	});

	test(`what went wrong does not hold up what comes next, ${isOld ? 'without' : 'with'} locks`, async () => {
		const browser = makeBrowser({ isOld, forbids: 'NotAllowedError' });
		const page = await visit(browser);
		await page.click();
		browser.forbids = undefined;
		await page.click();
		assert.equal(page.push.state, 'on');
	});
}

test('two tabs at the same moment make one subscription, and both show it', async () => {
	const browser = makeBrowser();
	const [one, other] = [await visit(browser), await visit(browser)];
	await Promise.all([one.click(), other.click()]);
	assert.deepEqual([browser.made, one.push.state, other.push.state], [1, 'on', 'on']);
	assert.deepEqual(living(browser), only(browser));
	await one.click();
	await settle();
	assert.equal(other.push.state, 'off');
});

test('what is done in one tab while nobody answers shows in the other, and the worker is asked to see to it', async () => {
	const browser = makeBrowser();
	const [one, other] = [await visit(browser), await visit(browser)];
	browser.refuse = { '': { status: 503, error: 'busy' } };
	await one.click();
	await settle();
	assert.deepEqual([other.push.state, browser.messages], ['waiting', ['drain']]);
});

test('a tab that waits is told when another one, or the worker, was heard', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	browser.isDown = true;
	await page.click();
	browser.refuse = { '': { status: 503, error: 'busy' } };
	browser.isDown = false;
	await revisit(browser);
	assert.equal(page.push.state, 'waiting');
	browser.refuse = {};
	await revisit(browser);
	assert.equal(page.push.state, 'on');
});

test('a permission that changes while the page is open shows at once, and is followed', async () => {
	const browser = await switchedOn();
	const page = await revisit(browser);
	browser.permission = 'denied';
	browser.subscription = null;
	await browser.watched.at(-1).onchange();
	assert.deepEqual([page.push.state, rows(browser)], ['blocked', {}]);
});

// --- following one incident

test('following without a subscription asks, and makes a row of that incident alone', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.push.follow('incident1', true);
	const [{ action, incident, components }] = browser.posts;
	assert.deepEqual([action, incident, components, browser.posts.length], ['', 'incident1', undefined, 1]);
	assert.deepEqual([page.push.state, page.label(), ...page.push.follows], ['on', say('push.bell_follow'), 'incident1']);
});

test('a followed incident never becomes everything by itself; when the server refuses it as over, nothing is left', async () => {
	const browser = makeBrowser();
	await (await visit(browser)).push.follow('incident1', true);
	browser.records.get('told').at = 0;
	await revisit(browser);
	assert.deepEqual(browser.posts.filter(({ action, incident }) => action === '' && !incident), []);
	browser.records.get('told').at = 0;
	browser.refuse = { '': { status: 409, error: 'This incident is over.' } };
	await revisit(browser);
	browser.refuse = {};
	const page = await revisit(browser);
	assert.deepEqual([page.push.state, browser.subscription, rows(browser)], ['off', null, {}]);
	assert.deepEqual([...browser.records.keys()], ['config']);
});

test('an incident that is over by now is let go without a word, and does not hinder another', async () => {
	const browser = makeBrowser();
	await (await visit(browser)).push.follow('incident1', true);
	browser.records.get('told').at = 0;
	browser.refuse = { '': ({ incident }) => incident === 'incident1' && { status: 409, error: 'This incident is over.' } };
	const page = await revisit(browser);
	assert.equal(page.line.textContent, '');
	browser.records.get('told').at = 0;
	browser.records.get('wish').follows = { incident1: true };
	await page.push.follow('incident2', true);
	assert.deepEqual([page.push.state, ...page.push.follows], ['on', 'incident2']);
});

test('an incident that the server lets nobody follow is said so', async () => {
	const browser = await switchedOn({ refuse: { '': ({ incident }) => incident && { status: 409, error: 'This incident is over.' } } });
	const page = await visit(browser);
	await assert.rejects(page.push.follow('incident1', true), { message: say('push.error_again') });
	assert.deepEqual([page.push.state, [...page.push.follows]], ['on', []]);
});

for (const isFull of [false, true]) {
	test(`a visit within a day does not say again what is followed, ${isFull ? 'beside' : 'without'} the rest`, async () => {
		const browser = isFull ? await switchedOn() : makeBrowser();
		await (await visit(browser)).push.follow('incident1', true);
		browser.posts.length = 0;
		await revisit(browser);
		assert.deepEqual(browser.posts, []);
	});
}

test('the last incident that is no longer followed ends the subscription', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.push.follow('incident1', true);
	await page.push.follow('incident1', false);
	assert.deepEqual([page.push.state, browser.subscription, rows(browser)], ['off', null, {}]);
});

test('a follower who wants everything gets it, by the options', async () => {
	const browser = makeBrowser();
	const page = await visit(browser);
	await page.push.follow('incident1', true);
	await page.push.save({ components: 'all' });
	assert.equal(page.label(), 'Notifications on');
	await page.push.follow('incident1', false);
	assert.deepEqual([page.push.state, living(browser)], ['on', only(browser)]);
});

test('what is followed goes along with a renewal', async () => {
	const browser = await switchedOn();
	await (await visit(browser)).push.follow('incident1', true);
	browser.records.delete('told');
	browser.subscription = null;
	browser.posts.length = 0;
	await revisit(browser);
	assert.deepEqual(rows(browser)['https://push.example.com/2'].follows, ['incident1']);
});

// --- what the server knows

test('the server is asked once what it knows, and again when something was done', async () => {
	let lang = 'en';
	const browser = await switchedOn({ answers: { '/state': () => ({ lang }) } });
	const page = await visit(browser);
	browser.posts.length = 0;
	assert.equal((await page.push.standing()).lang, 'en');
	lang = 'fr';
	assert.equal((await page.push.standing()).lang, 'en');
	await page.push.save({ lang });
	assert.equal((await page.push.standing()).lang, 'fr');
	assert.deepEqual(actions(browser), ['/state', '', '/state']);
});

test('an answer that did not come is asked for again', async () => {
	const browser = await switchedOn({ refuse: { '/state': { status: 503, error: 'x' } } });
	const page = await visit(browser);
	await assert.rejects(page.push.standing(), { message: say('push.error_busy') });
	browser.refuse = { '/state': { status: 404, error: 'x' } };
	assert.equal(await page.push.standing(), null);
	browser.isDown = true;
	browser.refuse = {};
	await assert.rejects((await visit(browser)).push.standing(), { message: say('push.error_server') });
});

// --- the test to this device

for (const [outcome, expected] of [['accepted', 'accepted'], ['refused: too large', 'refused'], ['expired', 'refused']]) {
	test(`a test that was ${outcome} is told in words`, async () => {
		const browser = await switchedOn({ answers: { '/state': { last_test: { outcome } } } });
		const page = await visit(browser);
		assert.deepEqual({ ...(await page.push.test()) }, { outcome, sentence: say(`push.note_test_${expected}`) });
	});
}

test('a test to a subscription that is gone makes a new one and says so', async () => {
	const browser = await switchedOn({ answers: { '/state': { last_test: { outcome: 'gone' } } } });
	const page = await visit(browser);
	assert.equal((await page.push.test()).sentence, say('push.note_test_gone'));
	assert.deepEqual([page.push.state, browser.subscription.endpoint], ['on', 'https://push.example.com/2']);
	assert.deepEqual(living(browser), only(browser));
});

test('a test to a subscription that the server does not know makes a new one and says so', async () => {
	const browser = await switchedOn({ refuse: { '/test': { status: 404, error: 'x' } } });
	const page = await visit(browser);
	assert.equal((await page.push.test()).outcome, 'gone');
	assert.deepEqual([page.push.state, browser.subscription.endpoint], ['on', 'https://push.example.com/2']);
});

test('a test too soon, and one without a subscription, are refused in words', async () => {
	const browser = await switchedOn({ refuse: { '/test': { status: 429, error: 'x' } } });
	await assert.rejects((await visit(browser)).push.test(), { message: say('push.error_test_often') });
	await assert.rejects((await visit(makeBrowser())).push.test(), { message: say('push.error_not_on') });
});

// --- a browser without a memory

test('a database that never opens leaves the bell neither busy nor useless', { timeout: 20000 }, async () => {
	const browser = makeBrowser({ stuck: true });
	const page = await visit(browser);
	await page.click();
	assert.equal(page.bell.attributes['aria-busy'], undefined);
	assert.equal(page.label(), 'Notifications on');
	await page.click();
	assert.equal(page.label(), 'Get notified');
	assert.deepEqual(rows(browser), {});
});

for (const [what, members] of [['is forbidden', { closed: true }], ['takes nothing more', { full: true }]]) {
	test(`a database that ${what} is done without, and what it holds is not forgotten`, async () => {
		const browser = makeBrowser({ records: new Map([['told', OLD]]), ...members });
		const page = await visit(browser);
		await page.click();
		assert.deepEqual([page.push.state, page.bell.hidden], ['on', false]);
		if (browser.full) assert.equal(browser.posts[0].replaces?.endpoint, OLD.endpoint);
		await page.click();
		assert.deepEqual([page.push.state, browser.subscription, rows(browser)], ['off', null, {}]);
	});
}
