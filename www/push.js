/* The bell. The page is complete without; what fails here leaves it as it was. */
(() => {
	'use strict';

	const DAY = 24 * 60 * 60 * 1000;
	const bell = document.getElementById('push-subscribe');
	const line = document.getElementById('push-status');

	/* The bell's label in each state, and the line below it. */
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

	const ignore = () => undefined;
	const permission = () => Notification.permission;

	let state = 'off';
	let registration;
	let switching = false;
	let reconciling = Promise.resolve();

	function show(next, note) {
		const words = STATES[next];
		state = next;
		if (words.label) {
			bell.querySelector('[data-label]').textContent = words.label;
			bell.setAttribute('aria-pressed', words.pressed === true);
			bell.setAttribute('aria-disabled', words.disabled === true);
		}
		line.textContent = note ?? words.note ?? '';
	}

	/* `told`: what the server knows (the worker reads it too); `owed`: rows that it is still to erase. */
	let stuck = false;
	function withStore(act) {
		if (stuck) return undefined;
		return new Promise((resolve) => {
			const open = indexedDB.open('atstatus', 1);
			const giveUp = () => {
				stuck = true;
				resolve();
			};
			const limit = setTimeout(giveUp, 2000);
			open.onupgradeneeded = () => open.result.createObjectStore('push');
			open.onerror = open.onblocked = giveUp;
			open.onsuccess = () => {
				if (stuck) return open.result.close();
				const transaction = open.result.transaction('push', 'readwrite');
				const request = act(transaction.objectStore('push'));
				transaction.oncomplete = transaction.onabort = () => {
					clearTimeout(limit);
					open.result.close();
					resolve(transaction.error ? undefined : request.result);
				};
			};
		}).catch(ignore);
	}

	const recall = (name) => withStore((store) => store.get(name));
	const remember = (name, value) => withStore((store) => store.put(value, name));
	const forget = (name) => withStore((store) => store.delete(name));

	class Refusal extends Error {}

	const failed = (answer) => `The server answered ${answer.status}.`;

	/* Never from a cache: no key of ours reaches a subscription made with an old one. */
	async function readConfig() {
		const answer = await fetch('/push.json', { cache: 'no-store' });
		if (!answer.ok) throw new Refusal(failed(answer));
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
		if (!answer.ok) throw new Refusal(typeof told.error === 'string' ? told.error : failed(answer));
		return told;
	}

	const proofOf = (subscription) => ({ endpoint: subscription.endpoint, auth: subscription.toJSON().keys.auth });

	/* `old`: the row that it takes over with its choices. */
	async function tell(subscription, key, old, choices) {
		const proof = proofOf(subscription);
		const body = { subscription: subscription.toJSON(), key, ...choices };
		if (old && (old.endpoint !== proof.endpoint || old.auth !== proof.auth)) {
			body.replaces = { endpoint: old.endpoint, auth: old.auth };
		}
		await post('', body);
		await remember('told', { ...proof, key, at: Date.now() });
	}

	/* Has the server erase rows; what fails is kept for the next visit. */
	async function settle(more = []) {
		const owed = [...((await recall('owed')) ?? []), ...more];
		if (owed.length === 0) return;
		await remember('owed', owed);
		for (const { endpoint, auth } of owed) await post('/remove', { endpoint, auth });
		await forget('owed');
	}

	function toOctets(base64url) {
		const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
		return Uint8Array.from(text, (character) => character.charCodeAt(0));
	}

	/* '' where the browser does not say. */
	function keyOf(subscription) {
		const octets = subscription.options?.applicationServerKey;
		if (!octets) return '';
		const text = btoa(String.fromCharCode(...new Uint8Array(octets)));
		return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
	}

	const getSubscription = () => registration.pushManager.getSubscription();

	async function subscribe(key) {
		const known = await getSubscription();
		if (known && (keyOf(known) || key) === key) return known;
		if (known) await known.unsubscribe();
		return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: toOctets(key) });
	}

	/* The bell shows what the browser says, never what was stored. */
	async function refresh(note) {
		const subscription = await getSubscription().catch(ignore);
		if (permission() === 'denied') show('blocked', note);
		else if (subscription && permission() === 'granted') show('on', note);
		else show('off', note);
	}

	function explain(error) {
		if (error instanceof Refusal) return error.message;
		if (error.name === 'AbortError') {
			return 'This browser could not reach its push service. ' +
				'In Brave, first allow “Google services for push messaging” under Privacy.';
		}
		return ['TypeError', 'TimeoutError'].includes(error.name)
			? 'The server of this page did not answer. Try again in a minute.'
			: 'This browser refused. Reload the page and try again.';
	}

	async function switchOn() {
		/* First of all: later it would no longer count as the answer to a click. */
		show(permission() === 'default' ? 'asking' : 'working');
		await Notification.requestPermission();
		await reconciling;
		if (permission() !== 'granted') return refresh();

		show('working');
		try {
			const { publicKey } = await readConfig();
			const subscription = await subscribe(publicKey);
			const told = await recall('told');
			/* A row made by following one incident becomes a full one. */
			await tell(subscription, publicKey, told, told ? {} : { components: 'all' });
			await refresh('You will be told here when something happens.');
		} catch (error) {
			/* Unknown to the server it would show as on, and stay silent. */
			const half = await getSubscription().catch(ignore);
			await half?.unsubscribe().catch(ignore);
			await refresh(permission() === 'denied' ? undefined : `Not switched on. ${explain(error)}`);
		}
	}

	async function switchOff() {
		show('working');
		await reconciling;
		const gone = [];
		try {
			const subscription = await getSubscription();
			if (subscription) {
				gone.push(proofOf(subscription));
				await subscription.unsubscribe();
			}
		} catch (error) {
			return refresh(`Not switched off. ${explain(error)}`);
		}
		await forget('told');
		await refresh(await settle(gone).then(
			() => 'Notifications are off. Nothing about this browser is stored any more.',
			() => 'Notifications are off. The server did not answer: it erases this browser at your next visit.',
		));
	}

	/* Subscriptions get lost or renewed without a word. Posts once a day, or where endpoint or key changed. */
	async function reconcile() {
		await settle().catch(ignore);
		const told = await recall('told');
		if (permission() === 'denied' && told) {
			await forget('told');
			await settle([told]);
		}
		if (permission() !== 'granted') return;

		const known = await getSubscription();
		if (!known && !told) return;
		const { publicKey } = await readConfig();
		const old = told ?? proofOf(known);
		let subscription;
		try {
			subscription = await subscribe(publicKey);
		} catch {
			return refresh('This browser ended the notifications. You can switch them on again.');
		}
		const isCurrent = told?.endpoint === subscription.endpoint && told.key === publicKey;
		if (!isCurrent || Date.now() - told.at > DAY) await tell(subscription, publicKey, old);
		if (state !== 'on') await refresh();
	}

	function reconcileQuietly() {
		if (!switching) reconciling = reconciling.then(reconcile).catch(ignore);
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

	/* Why this browser cannot do it here, as a state. */
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
				/* A worker that is there need not wait for the look for a newer one. */
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
			.then((watched) => {
				watched.onchange = () => switching || refresh().then(reconcileQuietly);
			})
			.catch(ignore);
	}

	startBell().catch(ignore);
})();
