// The subscription of a browser through its life, as page and bell have it: the scripts run with a page, a browser and a
// server around them that only remember. After everything that can happen to it, the server has one row for it, or none.

import assert from 'node:assert/strict';
import test from 'node:test';
import { KEY, OTHER_KEY, makeBrowser, makeSubscription, makeSurroundings, rows, runScripts, say, settle, source } from './push-world.mjs';

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

async function visit(browser) {
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
		userAgent: '', platform: '',
		get onLine() { return !browser.isOffline; },
		serviceWorker: { ready: Promise.resolve(around.registration), register: async () => around.registration },
	};
	const page = { ...around, document, navigator, say, isSecureContext: true, PushManager: {}, requestIdleCallback: (act) => idle.push(act),
		MutationObserver: class { observe() {} }, matchMedia: () => ({ matches: true }), addEventListener: (name, act) => { listeners[name] = act; } };
	delete page.registration;
	page.window = page;
	Object.defineProperty(page, 'Notification', { value: around.Notification, enumerable: true });
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
	assert.equal(page.push.state, 'on');
	assert.deepEqual(living(browser), only(browser));
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
