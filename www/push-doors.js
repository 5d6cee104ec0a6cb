/*
 * What opens beside the bell: the options, the check, the steps, the welcome; and the button that follows one incident. The scripts
 * behind are loaded when they are first needed, and built with the few tools that this one hands out as pushDoors.
 */
(() => {
	'use strict';

	const push = self.statusPush;
	const say = (name, values) => self.say(`push.${name}`, values);
	const bell = document.getElementById('push-subscribe');
	const options = document.getElementById('push-options');

	/* The states in which this browser can be told something, or will be. */
	const ABLE = ['off', 'asking', 'working', 'on', 'waiting'];
	const isOn = () => ['on', 'waiting'].includes(push.state);

	/* ---- tools */

	function give(element, given, children) {
		for (const [name, value] of Object.entries(given)) {
			if (name in element) element[name] = value;
			else element.setAttribute(name, value);
		}
		element.append(...children);
		return element;
	}

	/* make('p', { className: 'note', 'aria-live': 'polite' }, ...children) */
	const make = (tag, given = {}, ...children) => give(document.createElement(tag), given, children);

	/* draw('path', { d: 'M0 0h8' }): everything is an attribute. */
	function draw(tag, given = {}, ...children) {
		const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
		for (const [name, value] of Object.entries(given)) element.setAttribute(name, value);
		element.append(...children);
		return element;
	}

	const icon = (...paths) => draw('svg', { class: 'icon', viewBox: '0 0 20 20', 'aria-hidden': 'true' },
		...paths.map((d) => draw('path', { d, class: 'stroke' })));

	/* A list of several steps or hints, which stand in one text, a line each. */
	const makeList = (tag, text) => make(tag, {}, ...text.split('\n').map((line) => make('li', { textContent: line })));

	const makeHint = (text) => make('small', { textContent: text });

	/* A box to tick, or one of several -> { input, label } */
	function makeTick(type, given, ...words) {
		const input = make('input', { type, ...given });
		return { input, label: make('label', { className: 'tick' }, input, make('span', {}, ...words)) };
	}

	/* The page of help, in the language of this one. */
	function makeHelpLink() {
		const link = document.getElementById('push-check');
		return make('a', { href: link ? link.href : '/help/notifications/', textContent: self.say('dialog.check_help') });
	}

	/* Opens the check, from inside a dialog too. */
	const makeCheckLink = () => give(makeHelpLink(), { textContent: self.say('dialog.check_open'), 'data-push-check': '' }, []);

	function makeClose(act) {
		const close = make('button', { type: 'button', className: 'close', 'aria-label': self.say('dialog.choice_close') }, icon('M5 5l10 10M15 5L5 15'));
		close.addEventListener('click', act);
		return close;
	}

	/* -> { dialog, body }. What is in it stays when it is closed. */
	function makeDialog(id, title, inner = 'div') {
		/* The title takes the focus first: a reader hears where they are, and no button is pressed by mistake. */
		const heading = make('h2', { id: `${id}-title`, textContent: title, tabIndex: -1, autofocus: true });
		const body = make(inner, { className: 'dialog-body' });
		const dialog = make('dialog', { id, 'aria-labelledby': heading.id }, make('div', { className: 'dialog-top' }, heading, makeClose(() => dialog.close())), body);
		/* Its own area is covered by what it holds: only what is behind remains. */
		dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
		document.body.append(dialog);
		return { dialog, body };
	}

	/* ---- doors */

	const loading = new Map();

	function load(name) {
		if (!loading.has(name)) {
			loading.set(name, new Promise((resolve, reject) => {
				const script = make('script', { src: `/${name}.js` });
				script.onload = resolve;
				script.onerror = () => {
					loading.delete(name);
					script.remove();
					reject(new Error(say('choice_unreachable')));
				};
				document.head.append(script);
			}));
		}
		return loading.get(name);
	}

	function tell(text) {
		document.getElementById('push-status').textContent = text;
	}

	/* Their words first of all: some are built as soon as they are there. */
	async function loadAll(...names) {
		await load(`words-${self.say.lang}-dialog`);
		await Promise.all(names.map(load));
	}

	async function openOptions() {
		await loadAll('push-tree', 'push-choices');
		await self.pushChoices.open();
	}

	async function openSteps() {
		await loadAll('push-steps');
		self.pushSteps.open();
	}

	async function openCheck() {
		await loadAll('push-steps', 'push-check');
		await self.pushCheck.open();
	}

	/* What a visitor opened in a dialog stands over that dialog. */
	self.pushDoors = { make, draw, makeList, makeHint, makeTick, makeClose, makeDialog, makeHelpLink, makeCheckLink, isOn, install: null };

	addEventListener('beforeinstallprompt', (event) => {
		event.preventDefault();
		self.pushDoors.install = event;
	});
	addEventListener('appinstalled', () => {
		self.pushDoors.install = null;
	});

	document.addEventListener('click', (event) => {
		const link = event.target.closest?.('a[data-push-check]');
		if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		/* The page of help is complete by itself. */
		openCheck().catch(() => location.assign(link.href));
	});

	if (!push || !bell) return;

	let isAsked = false;
	options?.addEventListener('click', () => openOptions().catch((error) => tell(error.message)));
	bell.addEventListener('click', () => {
		if (['home_screen', 'blocked'].includes(push.state)) openSteps().catch((error) => tell(error.message));
		isAsked = push.state === 'off' && !push.busy;
	});

	/* When that click has come to its end, and only then: a visit that mends something is no reason to speak. */
	async function welcome() {
		if (!isAsked || push.busy || ['asking', 'working'].includes(push.state)) return;
		isAsked = false;
		if (push.state !== 'on') return;
		await readWish();
		await loadAll('push-welcome');
		if (push.state === 'on' && !document.querySelector('dialog[open]')) self.pushWelcome.open(hearsAll);
	}

	/* Its place is kept until it is known that nothing can be chosen here. */
	function drawOptions() {
		if (!options || push.config?.enabled !== true) return;
		options.hidden = false;
		options.parentNode.classList.toggle('alone', !ABLE.includes(push.state));
	}

	/* ---- following one incident or maintenance */

	let hearsAll = false;
	let isReady = false;
	let busy = false;
	let followed = null;

	const follower = () => document.getElementById('push-follow');

	/* The observer below must not see what changes nothing. */
	function write(element, text) {
		if (element && element.textContent !== text) element.textContent = text;
	}

	const note = (text) => write(document.getElementById('push-follow-note'), text);

	function drawFollow() {
		const button = follower();
		if (!button) {
			/* The page has brought its own news: what was followed is over. */
			if (followed) note(say('follow_over'));
			followed = null;
			return;
		}
		const isFollowed = push.follows.includes(button.dataset.incident);
		const kind = button.dataset.kind === 'maintenance' ? 'maintenance' : 'incident';
		followed = isFollowed ? button.dataset.incident : null;
		button.setAttribute('aria-pressed', isFollowed);
		write(button.querySelector('[data-label]'), say(isFollowed ? 'follow_on' : `follow_${kind}`));
		button.hidden = !isReady || push.config?.enabled !== true || !ABLE.includes(push.state);
		if (!button.hidden && !busy && !isFollowed && hearsAll) note(say('follow_anyway'));
	}

	/* From the memory of this browser: on the day of an incident the server has other things to do. */
	async function readWish() {
		const { on, choices = {} } = (await self.pushStore.recall('wish')) ?? {};
		const { components = 'all', events = 'all', min_impact: impact = 'none' } = choices;
		hearsAll = on === true && components === 'all' && events === 'all' && impact === 'none';
	}

	async function refresh() {
		drawOptions();
		drawFollow();
		if (!follower()) return;
		await readWish();
		drawFollow();
	}

	async function onFollow(button) {
		if (busy) return;
		busy = true;
		button.setAttribute('aria-busy', 'true');
		const on = button.getAttribute('aria-pressed') !== 'true';
		/* First of all: later it would no longer count as the answer to a click. */
		const done = push.follow(button.dataset.incident, on);
		note('');
		try {
			await done;
			await refresh();
			note(say(on ? 'follow_done' : 'follow_ended'));
		} catch (error) {
			note(error.message);
		}
		button.removeAttribute('aria-busy');
		busy = false;
	}

	document.addEventListener('click', ({ target }) => {
		const button = target.closest?.('#push-follow');
		if (button) onFollow(button);
	});
	push.addEventListener('change', refresh);
	push.addEventListener('change', () => welcome().catch(() => undefined));
	/* News bring a button of their own, or take it away. */
	new MutationObserver(drawFollow).observe(document.getElementById('main'), { childList: true, subtree: true });
	push.ready.then(() => {
		isReady = true;
		return refresh();
	});
})();
