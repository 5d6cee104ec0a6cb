/*
 * The public page's script: times in the reader's own zone, and the bell.
 * The page is complete without it; whatever fails here leaves the page as it was.
 */
(() => {
	'use strict';

	const DAY = 24 * 60 * 60 * 1000;
	const bell = document.getElementById('push-subscribe');
	const line = document.getElementById('push-status');

	/* What the bell says in each state: its label, whether it is pressed, and the line below it. */
	const STATES = {
		off: { label: 'Get notified' },
		asking: { note: 'Your browser is asking for permission…' },
		working: { note: 'One moment…' },
		on: { label: 'Notifications on', pressed: true },
		blocked: { label: 'How to allow', note: 'Blocked in this browser.' },
		home_screen: { label: 'Show me how', note: 'Add this page to the Home Screen first.' },
		insecure: { label: 'Get notified', disabled: true, note: 'Notifications need HTTPS.' },
		unsupported: { label: 'Get notified', disabled: true, note: 'This browser cannot receive notifications.' },
	};
	const HOW = {
		blocked: 'Open the site settings beside the address, set Notifications to “Allow”, then come back to this page.',
		home_screen: 'Tap Share, then “Add to Home Screen”. Open this page from its new icon and tap “Get notified” there.',
	};

	let state = 'off';
	let registration;
	let switching = false;
	let reconciling = Promise.resolve();

	function show(next, note) {
		const words = STATES[next];
		state = next;
		if (words.label) {
			bell.querySelector('[data-label]').textContent = words.label;
			bell.setAttribute('aria-pressed', String(words.pressed === true));
			bell.setAttribute('aria-disabled', String(words.disabled === true));
		}
		line.textContent = note ?? words.note ?? '';
	}

	/* Times */

	const language = navigator.language.startsWith(document.documentElement.lang)
		? navigator.language
		: document.documentElement.lang;

	function showLocalTimes() {
		const parts = { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' };
		const short = new Intl.DateTimeFormat(language, parts);
		const long = new Intl.DateTimeFormat(language, { ...parts, year: 'numeric' });

		for (const time of document.querySelectorAll('time[datetime]:not([data-day])')) {
			const at = new Date(time.dateTime);
			if (Number.isNaN(at.getTime())) continue;
			time.title = time.textContent;
			time.textContent = (at.getFullYear() === new Date().getFullYear() ? short : long).format(at);
		}
		const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll('_', ' ');
		for (const note of document.querySelectorAll('[data-zone]')) {
			note.textContent = `All times are in your time zone, ${zone}.`;
		}
	}

	function inWords(milliseconds) {
		const minutes = Math.floor(milliseconds / 60000);
		const counts = { day: Math.floor(minutes / 1440), hour: Math.floor(minutes / 60) % 24, minute: minutes % 60 };
		return Object.entries(counts)
			.filter(([, count]) => count > 0)
			.slice(0, 2)
			.map(([unit, count]) =>
				new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count))
			.join(' ');
	}

	function showElapsed() {
		for (const time of document.querySelectorAll('time[data-elapsed]')) {
			const words = inWords(Date.now() - new Date(time.dateTime).getTime());
			if (!words) continue;
			if (!time.nextElementSibling) time.after(document.createElement('span'));
			time.nextElementSibling.textContent = ` (${words})`;
		}
	}

	/* What this browser told the server last, in IndexedDB because the worker reads it too. */

	function withStore(act) {
		return new Promise((resolve) => {
			const open = indexedDB.open('atstatus', 1);
			open.onupgradeneeded = () => open.result.createObjectStore('push');
			open.onerror = () => resolve(undefined);
			open.onsuccess = () => {
				const transaction = open.result.transaction('push', 'readwrite');
				const request = act(transaction.objectStore('push'));
				transaction.oncomplete = transaction.onabort = () => {
					open.result.close();
					resolve(transaction.error ? undefined : request.result);
				};
			};
		}).catch(() => undefined);
	}

	const recall = () => withStore((store) => store.get('told'));
	const remember = (told) => withStore((store) => store.put(told, 'told'));
	const forget = () => withStore((store) => store.delete('told'));

	/* The server */

	class Refusal extends Error {}

	/* Always fresh: a cached key would make subscriptions that no key of ours can reach. */
	async function readConfig() {
		const answer = await fetch('/push.json', { cache: 'no-store' });
		if (!answer.ok) throw new Refusal(`The server answered ${answer.status}.`);
		return answer.json();
	}

	async function post(action, body) {
		const answer = await fetch(`/cgi-bin/subscribe${action}`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(body),
			signal: AbortSignal.timeout?.(20000),
		});
		const told = await answer.json().catch(() => ({}));
		if (!answer.ok) {
			throw new Refusal(typeof told.error === 'string' ? told.error : `The server answered ${answer.status}.`);
		}
		return told;
	}

	const proofOf = (subscription) => ({ endpoint: subscription.endpoint, auth: subscription.toJSON().keys.auth });

	/* `old` is the row that this subscription takes over: the server keeps its choices. */
	async function tell(subscription, key, old) {
		const proof = proofOf(subscription);
		const body = { subscription: subscription.toJSON(), key };
		if (old && (old.endpoint !== proof.endpoint || old.auth !== proof.auth)) {
			body.replaces = { endpoint: old.endpoint, auth: old.auth };
		}
		await post('', body);
		await remember({ ...proof, key, at: Date.now() });
	}

	/* The browser's own subscription */

	function toOctets(base64url) {
		const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
		return Uint8Array.from(text, (character) => character.charCodeAt(0));
	}

	/* The key it was made with, or '' where the browser does not say. */
	function keyOf(subscription) {
		const octets = subscription.options?.applicationServerKey;
		if (!octets) return '';
		const text = btoa(String.fromCharCode(...new Uint8Array(octets)));
		return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
	}

	async function subscribe(key) {
		const manager = registration.pushManager;
		const options = { userVisibleOnly: true, applicationServerKey: toOctets(key) };
		const known = await manager.getSubscription();
		if (known && (keyOf(known) || key) === key) return known;
		if (known) await known.unsubscribe();
		return manager.subscribe(options);
	}

	/* The bell shows what the browser says, never what was stored. */
	async function refresh(note) {
		const subscription = await registration.pushManager.getSubscription().catch(() => null);
		if (Notification.permission === 'denied') show('blocked', note);
		else if (subscription && Notification.permission === 'granted') show('on', note);
		else show('off', note);
	}

	function explain(error) {
		if (error instanceof Refusal) return error.message;
		switch (error.name) {
			case 'TypeError':
			case 'TimeoutError':
				return 'The server of this page did not answer. Try again in a minute.';
			case 'AbortError':
				return 'This browser could not reach its push service. ' +
					'In Brave, first allow “Google services for push messaging” under Privacy.';
			default:
				return 'This browser refused. Reload the page and try again.';
		}
	}

	async function switchOn() {
		/* The question comes before everything else: later it would no longer count as the answer to a click. */
		show(Notification.permission === 'default' ? 'asking' : 'working');
		const permission = await Notification.requestPermission();
		await reconciling;
		if (permission !== 'granted') return refresh();

		show('working');
		try {
			const { publicKey } = await readConfig();
			const subscription = await subscribe(publicKey);
			await tell(subscription, publicKey, await recall());
			await refresh('You will be told here when something happens.');
		} catch (error) {
			/* A subscription that the server does not know would show as on, and stay silent. */
			const half = await registration.pushManager.getSubscription().catch(() => null);
			await half?.unsubscribe().catch(() => false);
			await refresh(Notification.permission === 'denied' ? undefined : `Not switched on. ${explain(error)}`);
		}
	}

	async function switchOff() {
		show('working');
		await reconciling;
		try {
			const subscription = await registration.pushManager.getSubscription();
			if (subscription) {
				await post('/remove', proofOf(subscription));
				await subscription.unsubscribe();
			}
			await forget();
			await refresh('Notifications are off. Nothing about this browser is stored any more.');
		} catch (error) {
			await refresh(`Not switched off. ${explain(error)}`);
		}
	}

	/*
	 * Subscriptions get lost or renewed without a word: on each visit, browser and server are brought together.
	 * Nothing is posted within a day unless the endpoint or the key has changed.
	 */
	async function reconcile() {
		const told = await recall();
		if (Notification.permission === 'denied') {
			if (!told) return;
			await post('/remove', { endpoint: told.endpoint, auth: told.auth });
			await forget();
			return;
		}
		if (Notification.permission !== 'granted') return;

		const known = await registration.pushManager.getSubscription();
		if (!known && !told) return;
		const { publicKey } = await readConfig();
		const old = told ?? proofOf(known);
		let subscription;
		try {
			subscription = await subscribe(publicKey);
		} catch {
			await refresh('This browser ended the notifications. You can switch them on again.');
			return;
		}
		const current = told && told.endpoint === subscription.endpoint && told.key === publicKey;
		if (!current || Date.now() - told.at > DAY) await tell(subscription, publicKey, old);
		if (state !== 'on') await refresh();
	}

	/* Nothing is said when this fails: the next visit tries again. */
	function reconcileQuietly() {
		if (switching) return;
		reconciling = reconciling.then(reconcile).catch(() => undefined);
	}

	async function onClick() {
		if (HOW[state]) line.textContent = HOW[state];
		if (switching || !['on', 'off'].includes(state)) return;
		switching = true;
		bell.setAttribute('aria-busy', 'true');
		await (state === 'on' ? switchOff() : switchOn()).catch(() => refresh());
		bell.removeAttribute('aria-busy');
		switching = false;
	}

	/* Why this browser cannot do it here, as a state; undefined when it can. */
	function obstacle() {
		if (!window.isSecureContext) return 'insecure';
		if ('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) return undefined;
		const apple = /iPhone|iPad|iPod/.test(navigator.userAgent) ||
			(navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1);
		return apple && !matchMedia('(display-mode: standalone)').matches ? 'home_screen' : 'unsupported';
	}

	async function startBell() {
		const config = await readConfig();
		if (config.enabled !== true) return;

		let hindrance = obstacle();
		if (!hindrance) {
			try {
				/* A worker that is there already need not wait until the browser has looked for a newer one. */
				const { ready } = navigator.serviceWorker;
				const registered = navigator.serviceWorker.register('/sw-push.js', { scope: '/', updateViaCache: 'none' });
				registration = await Promise.race([ready, registered.then(() => ready)]);
			} catch {
				hindrance = 'unsupported';
			}
		}
		if (hindrance) show(hindrance);
		else await refresh();
		bell.addEventListener('click', onClick);
		bell.hidden = false;
		for (const note of document.querySelectorAll('[data-push-privacy]')) note.hidden = false;
		if (hindrance) return;

		(window.requestIdleCallback ?? setTimeout)(reconcileQuietly);
		navigator.permissions?.query({ name: 'notifications' })
			.then((permission) => {
				permission.onchange = () => {
					if (!switching) refresh().then(reconcileQuietly);
				};
			})
			.catch(() => undefined);
	}

	showLocalTimes();
	showElapsed();
	setInterval(showElapsed, 60000);
	startBell().catch(() => undefined);
})();
