/*
 * The bell, which shows what statusPush (push-life.js) is about and switches it on and off; and the number on the icon of
 * the installed page. The page is complete without; what fails here leaves it as it was.
 */
(() => {
	'use strict';

	const push = self.statusPush;
	const bell = document.getElementById('push-subscribe');
	const line = document.getElementById('push-status');
	const say = (name) => self.say(`push.${name}`);
	const ignore = () => undefined;

	/* The bell's label in each state. Where a click cannot help, push-doors.js shows the way. */
	const LOOKS = {
		off: { label: 'bell_off' },
		asking: {},
		working: {},
		on: { label: 'bell_on', pressed: true },
		waiting: { label: 'bell_waiting', pressed: true },
		blocked: { label: 'bell_how' },
		home_screen: { label: 'bell_how' },
		insecure: { label: 'bell_off', disabled: true },
		unsupported: { label: 'bell_off', disabled: true },
	};

	function draw() {
		const { label, pressed, disabled } = LOOKS[push.state];
		if (label) {
			const isFollowing = push.state === 'on' && !push.isFull;
			bell.querySelector('[data-label]').textContent = say(isFollowing ? 'bell_follow' : label);
			bell.setAttribute('aria-pressed', pressed === true);
			bell.setAttribute('aria-disabled', disabled === true);
		}
		if (push.busy) bell.setAttribute('aria-busy', 'true');
		else bell.removeAttribute('aria-busy');
		if (line.textContent !== push.note) line.textContent = push.note;
	}

	/* What goes wrong stands in the line already. */
	async function onClick() {
		if (push.busy) return;
		if (push.state === 'off') await push.switchOn().catch(ignore);
		else if (['on', 'waiting'].includes(push.state)) await push.switchOff().catch(ignore);
	}

	/* ---- the number on the icon: open incidents, only where there can be an icon, and while somebody looks */

	const isInstalled = () => 'setAppBadge' in navigator && !matchMedia('(display-mode: browser)').matches;

	async function showBadge() {
		if (document.hidden || !isInstalled()) return;
		const answer = await fetch('/api/v2/incidents/unresolved.json', { cache: 'no-cache' });
		const { incidents } = await answer.json();
		/* 0 takes it away. */
		await navigator.setAppBadge(incidents.length);
	}

	const showBadgeQuietly = () => showBadge().catch(ignore);

	/* Why this browser cannot do it here, as a state. */
	function findHindrance() {
		if (!window.isSecureContext) return 'insecure';
		if ('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) return undefined;
		const apple = /iPhone|iPad|iPod/.test(navigator.userAgent) ||
			(navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1);
		return apple && !matchMedia('(display-mode: standalone)').matches ? 'home_screen' : 'unsupported';
	}

	/* The worker is the page's too, for the day without a network: also where it cannot receive. */
	async function register() {
		if (!window.isSecureContext || !('serviceWorker' in navigator)) return undefined;
		/* A worker that is there need not wait for the look for a newer one. */
		const { ready } = navigator.serviceWorker;
		const registered = navigator.serviceWorker.register('/sw-push.js', { scope: '/', updateViaCache: 'none' });
		return Promise.race([ready, registered.then(() => ready)]);
	}

	async function start() {
		await push.start(findHindrance(), register().catch(ignore));
		showBadgeQuietly();
		document.addEventListener('visibilitychange', showBadgeQuietly);
		new MutationObserver(showBadgeQuietly).observe(document.getElementById('page-news'), { childList: true });
		if (push.config?.enabled !== true) return;

		draw();
		push.addEventListener('change', draw);
		bell.addEventListener('click', onClick);
		bell.hidden = false;
		for (const note of document.querySelectorAll('[data-push-privacy]')) note.hidden = false;
	}

	start().catch(ignore);
})();
