/*
 * Which browser this is, and what a person does in it: the steps to the Home Screen of an iPhone or iPad, drawn, and those
 * that allow notifications again. For the bell, and for the check (push-check.js).
 */
(() => {
	'use strict';

	const { make, draw, makeList, makeDialog } = self.pushDoors ?? {};
	const say = (name, values) => self.say(`dialog.${name}`, values);

	/* In this order: each names those below it, too. */
	const NAMES = [
		['edge', /\bEdg(?:A|iOS)?\//],
		['opera', /\bOPR\/|\bOPT\/|\bOPiOS\//],
		['samsung', /SamsungBrowser\//],
		['firefox', /Firefox\/|FxiOS\//],
		['chrome', /Chrome\/|CriOS\//],
		['safari', /Safari\//],
	];
	const IN_APP = /FBAN|FBAV|Instagram|\bLine\/|Twitter|TikTok|musical_ly|Snapchat|LinkedInApp|Pinterest|MicroMessenger|\bGSA\/|; wv\)/;

	function findSystem({ userAgent, platform, maxTouchPoints }) {
		if (/iPhone|iPad|iPod/.test(userAgent) || (platform === 'MacIntel' && maxTouchPoints > 1)) return 'ios';
		if (/Android/.test(userAgent)) return 'android';
		if (/Windows/.test(userAgent)) return 'windows';
		return /Macintosh/.test(userAgent) ? 'mac' : 'linux';
	}

	/* navigator or its like -> { os, browser, version (of iOS, "16.3", or ""), isInstalled, isInApp, isOld } */
	function where(navigator, isInstalled) {
		const { userAgent } = navigator;
		const os = findSystem(navigator);
		const browser = (NAMES.find(([, form]) => form.test(userAgent)) ?? ['unknown'])[0];
		/* Since version 26 the system's own number stands still: Safari's goes on. */
		const version = os === 'ios' ? (/Version\/(\d+\.\d+)/.exec(userAgent) ?? /OS (\d+_\d+)/.exec(userAgent))?.[1].replace('_', '.') ?? '' : '';
		const [major, minor] = version.split('.').map(Number);
		/* An app that shows pages inside itself does not call itself Safari there. */
		const isInApp = IN_APP.test(userAgent) || (os === 'ios' && browser === 'unknown' && !isInstalled);
		return { os, browser, version, isInstalled, isInApp, isOld: version !== '' && (major < 16 || (major === 16 && minor < 4)) };
	}

	const here = () => where(navigator, navigator.standalone === true || matchMedia('(display-mode: standalone)').matches);

	/* ---- pictures: a phone's edge, and in it what is to be pressed */

	const line = (d, more) => draw('path', { d, class: 'stroke', ...more });
	const box = (x, y, width, height, rx, kind) => draw('rect', { x, y, width, height, rx, class: kind });
	const share = (x, y) => draw('g', { transform: `translate(${x} ${y})`, class: 'mark' }, line('M-4-3h-3v11H7V-3H4M0 4V-10M-4-6l4-4 4 4'));
	const plus = (x, y) => draw('g', { transform: `translate(${x} ${y})`, class: 'mark' }, box(-6, -6, 12, 12, 3, 'stroke'), line('M-3 0h6M0-3v6'));
	const bellAt = (x, y) => draw('g', { transform: `translate(${x} ${y})`, class: 'mark' }, line('M-5 4c2-2 1-9 5-9s3 7 5 9zM-1.500 6.500h3'));

	const PICTURES = {
		share: () => [box(22, 12, 76, 8, 4, 'faint'), box(22, 26, 52, 8, 4, 'faint'), line('M12 50h96', { class: 'edge' }), share(60, 65),
			line('M31 62l-4 4 4 4M89 62l4 4-4 4', { class: 'edge' })],
		add: () => [box(20, 14, 80, 16, 4, 'faint'), box(20, 34, 80, 20, 5, 'chosen'), box(28, 41, 42, 6, 3, 'ink'), plus(88, 44), box(20, 58, 80, 16, 4, 'faint')],
		open: () => [...[0, 1, 2, 3].flatMap((x) => [0, 1].map((y) => box(22 + x * 20, 16 + y * 22, 15, 15, 4, 'faint'))),
			box(42, 60, 15, 15, 4, 'chosen'), line('M45.500 68h2l2-4 2.500 7 1.500-3h1.500', { class: 'stroke thin' })],
		press: () => [box(22, 17, 16, 16, 4, 'faint'), box(52, 14, 48, 22, 6, 'chosen'), bellAt(62, 25), box(70, 22, 24, 6, 3, 'ink'), box(22, 46, 78, 7, 3.5, 'faint'), box(22, 60, 56, 7, 3.5, 'faint')],
	};

	const picture = (name) => draw('svg', { viewBox: '7 1 106 82', class: 'picture', 'aria-hidden': 'true' }, box(8, 2, 104, 80, 10, 'edge'), ...PICTURES[name]());

	/* The steps to the Home Screen, for that place; isExplained: it was said already why. */
	function drawHomeScreen(place, isExplained) {
		if (place.isOld) return [make('p', { textContent: say('ios_old', { version: place.version }) })];
		const parts = isExplained ? [] : [make('p', { textContent: say('ios_why') })];
		if (place.isInApp) parts.push(make('p', { textContent: say('ios_in_app') }));
		const steps = Object.keys(PICTURES).map((name) => make('li', {}, picture(name), make('span', { textContent: say(`ios_${name}`) })));
		parts.push(make('ol', { className: 'steps' }, ...steps));
		return parts;
	}

	/* How to allow it again there. */
	function drawAllow({ os, browser }) {
		const kind = os === 'ios' ? 'ios'
			: browser === 'firefox' ? (os === 'android' ? 'firefox_android' : 'firefox')
				: browser === 'safari' ? 'safari' : os === 'android' ? 'chrome_android' : 'chrome';
		return makeList('ol', say(`check_allow_${kind}`));
	}

	let dialog;
	function open() {
		dialog?.remove();
		const isBlocked = self.statusPush.state === 'blocked';
		const made = makeDialog('push-steps', say(isBlocked ? 'check_allow' : here().isOld ? 'ios_old_title' : 'ios_title'));
		dialog = made.dialog;
		const steps = isBlocked ? [make('p', { textContent: say('check_allow_why') }), drawAllow(here())] : drawHomeScreen(here());
		made.body.append(...steps, make('p', {}, self.pushDoors.makeHelpLink()));
		dialog.showModal();
	}

	self.pushSteps = { where, here, drawHomeScreen, drawAllow, open };
})();
