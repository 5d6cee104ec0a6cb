/*
 * What page and worker share, second part: the mending that makes the browser, the server and the visitor's wish agree.
 * Browsers lose and renew subscriptions without a word, keys are changed, permissions come and go, and the network was
 * away: whatever happened, one call of mend() ends with one living row on the server, or with none.
 */
self.pushMend = (() => {
	'use strict';

	const { change, recall, remember, forget, post, readConfig, put, drain, makeEntry, removal, saving } = self.pushStore;
	const DAY = 24 * 60 * 60 * 1000;
	const KEPT = 30 * DAY; /* so long the server keeps a row that the push service gave up, and what was chosen */

	const proofOf = (subscription) => ({ endpoint: subscription.endpoint, auth: subscription.toJSON().keys.auth });
	const isSame = (one, other) => one?.endpoint === other.endpoint && one.auth === other.auth;

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

	/* Another key needs another subscription: browsers allow only one at a time. */
	async function subscribe(known, isGone, key, { pushManager }) {
		if (known && !isGone && (keyOf(known) || key) === key) return known;
		await known?.unsubscribe();
		return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: toOctets(key) });
	}

	/* What was chosen here, without what is no longer there. */
	function stillValid(choices, { components }) {
		if (!components || !Array.isArray(choices.components)) return choices;
		const there = components.flatMap(({ id, group }) => [id, group?.id]);
		const left = choices.components.filter((id) => there.includes(id));
		return { ...choices, components: left.length > 0 ? left : 'all' };
	}

	/* Nothing of this browser is wanted any more. Should the page be closed meanwhile, the next visit goes on with it. */
	async function end(subscription, told) {
		const rows = [told, subscription && proofOf(subscription)].filter(Boolean);
		const wish = await recall('wish');
		await remember('wish', { on: false });
		try {
			await subscription?.unsubscribe();
		} catch (error) {
			await change('wish', () => wish);
			throw error;
		}
		for (const row of rows) await put(removal(row));
		for (const name of ['told', 'wish', 'muted']) await forget(name);
	}

	/* A clock that was wrong may have left a time to come. */
	const isWithin = (time, told) => Math.abs(Date.now() - told.at) < time;
	const isFresh = (told) => isWithin(DAY, told);

	/* Given up by the push service, which the browser does not notice. */
	async function isGone(subscription, told) {
		if (!subscription || !told || isFresh(told)) return false;
		const standing = await post('/state', proofOf(subscription)).catch(() => null);
		return standing?.status === 'gone';
	}

	/* What the server is to hear of this subscription. A row for followed incidents alone is made by following them. */
	function* sayings(subscription, key, old, told, wish, config) {
		const proof = proofOf(subscription);
		const isTold = isSame(told, proof) && told.key === key && isFresh(told);
		const body = { subscription: subscription.toJSON(), key };
		if (old && !isSame(old, proof)) body.replaces = { endpoint: old.endpoint, auth: old.auth };
		const choices = told && isWithin(KEPT, told) ? wish?.unsaid : wish?.choices;
		const isFull = wish?.on ?? true;
		if (isFull && (!isTold || wish?.unsaid)) yield saving(proof.endpoint, { ...body, ...stillValid(choices ?? {}, config) });
		for (const [incident, wasTold] of Object.entries(wish?.follows ?? {})) {
			if (!wasTold || !told || !(isFull || isTold)) yield makeEntry(`follow ${incident}`, proof.endpoint, '', { ...body, incident });
		}
	}

	/*
	 * Makes browser, server and wish agree; in alone(). Posts once a day, or where something differs. `lost`: the
	 * subscription that the browser says it ended. -> { subscription, late, refused }; throws where no key could be read,
	 * or what the browser says against subscribing.
	 */
	async function mend(registration, { lost } = {}) {
		const before = await drain();
		const [told, wish] = [await recall('told'), await recall('wish')];
		/* The browser has ended it; a wish stays for the day when it is allowed again. */
		if (Notification.permission !== 'granted') {
			if (!told) return before;
			await put(removal(told));
			await forget('told');
			return drain();
		}
		const known = await registration.pushManager.getSubscription();
		const isWanted = wish ? wish.on || Object.keys(wish.follows ?? {}).length > 0 : Boolean(known ?? told);
		if (!isWanted) {
			if (wish) await end(known, told);
			return wish ? drain() : before;
		}
		/* Who cannot be told anything now is not waited for a second time. */
		if (before.late && !lost) throw before.late;
		const { enabled, publicKey, ...site } = await readConfig().catch((failure) => {
			/* What was lost may be made again by the key that it had: the next visit looks after it. */
			if (!lost) throw failure;
			return { enabled: true, publicKey: keyOf(known ?? lost) };
		});
		if (!enabled) return { ...before, subscription: known };
		const former = [lost, known].find((one) => one?.toJSON().keys?.auth);
		const old = told ?? (former ? proofOf(former) : undefined);
		const subscription = await subscribe(known, await isGone(known, told), publicKey, registration);
		const entries = [...sayings(subscription, publicKey, old, told, wish, site)];
		if (entries.length === 0) return { ...before, subscription };
		await put(...entries);
		if (wish?.unsaid) await change('wish', ({ unsaid, ...others }) => others);
		const after = await drain();
		/* Unknown to the server it would look as if it were on, and stay silent. */
		if (after.refused.length > 0 && !isSame(await recall('told'), proofOf(subscription))) await subscription.unsubscribe();
		return { ...after, subscription, refused: [...before.refused, ...after.refused] };
	}

	/* What the server said against the row itself, or against following that incident. */
	const refusalOf = (refused, incident) => refused.find(({ entry }) => entry.body.incident === incident)?.failure;

	return { mend, end, proofOf, refusalOf };
})();
