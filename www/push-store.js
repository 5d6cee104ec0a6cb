/*
 * What page and worker share, first part: a small memory, the way to the server, and the queue of what it still has to
 * hear. Loaded before push-mend.js and push.js, imported by sw-push.js.
 *
 * Records of the store `push` in the database `atstatus`; nothing of them but config is left after switching off:
 *   told    { endpoint, auth, key, at }: the subscription that the server knows, and when it was told last
 *   wish    { on, choices, unsaid, follows: { incident: was it told } }: `choices` are the last ones made here, for the
 *           day when the server has none; `unsaid` those that it is to be told with the next word
 *   queue   [{ id, thing, endpoint, action, body }]: what the server still has to hear, in this order
 *   muted   { incident: since }: what the worker shows silently, whatever still arrives
 *   config  the last /push.json, to draw the page by while it cannot be read; no key is ever taken from it
 *   owed    of earlier versions: rows to erase
 *
 * Whoever changes the subscription or sends from the queue does it in alone().
 */
self.pushStore = (() => {
	'use strict';

	const TIMEOUT = 20000;
	const NAME = 'atstatus'; /* of the database, the lock, the channel and the tag of Background Sync */

	const ignore = () => undefined;

	/* ---- memory */

	/*
	 * Takes the place of a database that is forbidden or does not open, as in some private windows, or takes no more, as on
	 * a full disk. Lives as long as the page.
	 */
	const spare = new Map();
	let isStuck = false;

	const changeInDatabase = (name, act) => new Promise((resolve, reject) => {
		const limit = setTimeout(() => {
			isStuck = true;
			reject();
		}, 5000);
		const open = indexedDB.open(NAME, 1);
		open.onupgradeneeded = () => open.result.createObjectStore('push');
		open.onerror = () => {
			clearTimeout(limit);
			reject();
		};
		open.onsuccess = () => {
			if (isStuck) return open.result.close();
			const transaction = open.result.transaction('push', 'readwrite');
			const store = transaction.objectStore('push');
			const read = store.get(name);
			let value;
			read.onsuccess = () => {
				value = act(read.result);
				if (value === undefined) store.delete(name);
				else if (value !== read.result) store.put(value, name);
			};
			const finish = (settle) => () => {
				clearTimeout(limit);
				open.result.close();
				settle(value);
			};
			transaction.onabort = finish(reject);
			transaction.oncomplete = finish(resolve);
		};
	});

	/* Replaces one value by act(value), in one transaction; undefined deletes it. -> the new value */
	async function change(name, act) {
		let before = spare.get(name);
		if (!isStuck && !spare.has(name)) {
			try {
				return await changeInDatabase(name, (value) => act(before = value));
			} catch {
				/* See above. */
			}
		}
		spare.set(name, act(before));
		return spare.get(name);
	}

	const recall = (name) => change(name, (value) => value);
	const remember = (name, value) => change(name, () => value);
	const forget = (name) => change(name, ignore);

	/* Two at once, a tab and the worker for instance, would make two subscriptions. */
	let turn = Promise.resolve();
	function alone(act) {
		if (navigator.locks) return navigator.locks.request(NAME, act);
		const mine = turn.then(act);
		turn = mine.catch(ignore);
		return mine;
	}

	/* Tells the other tabs to look at their bells. */
	const channel = self.BroadcastChannel && new BroadcastChannel(NAME);
	const announce = () => channel?.postMessage('changed');

	/* ---- the server */

	/*
	 * Why the server did not do it. kind: 'refused' for good, `message` is its sentence; 'busy', it asks for patience;
	 * 'unreached', nobody of ours answered.
	 */
	const makeFailure = (kind, status, sentence) => Object.assign(new Error(sentence), { kind, status });

	/* A portal of a hotel or a proxy may answer in the server's place: only JSON is the server's own word. */
	async function ask(address, request) {
		const stop = new AbortController();
		const limit = setTimeout(() => stop.abort(), TIMEOUT);
		try {
			const answer = await fetch(address, { ...request, redirect: 'error', signal: stop.signal });
			const told = await answer.json();
			return { ok: answer.ok && typeof told === 'object', status: answer.status, told };
		} catch {
			throw makeFailure('unreached');
		} finally {
			clearTimeout(limit);
		}
	}

	async function post(action, body) {
		const { ok, status, told } = await ask(`/cgi-bin/subscribe${action}`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(body),
		});
		if (ok) return told;
		if (typeof told?.error !== 'string') throw makeFailure('unreached', status);
		throw makeFailure(status === 429 || status >= 500 ? 'busy' : 'refused', status, told.error);
	}

	/* Never from a cache: no key of ours reaches a subscription made with an old one. */
	async function readConfig() {
		const { ok, status, told } = await ask('/push.json', { cache: 'no-store' });
		if (!ok || typeof told?.enabled !== 'boolean') throw makeFailure('unreached', status);
		return told;
	}

	/* By Background Sync; where there is none, the next event of the worker, `online` or visit does it. */
	const tryLater = () => self.pushStore.registration?.sync?.register(NAME).catch(ignore);

	/* ---- the queue */

	/*
	 * The newest wish about one thing takes the place of an earlier one; of two about a row the later one's choices win.
	 * Nothing that was to be said of a row matters once it is to be erased, and neither do those that it was to replace.
	 */
	function enqueue(list, entry) {
		if (entry.action === '/remove' && !entry.body.incident) {
			const moot = list.filter(({ endpoint }) => endpoint === entry.endpoint);
			const also = moot.flatMap(({ body }) => (body.replaces ? [removal(body.replaces)] : []));
			return [...list.filter((one) => !moot.includes(one)), ...also, entry];
		}
		const earlier = list.find(({ thing }) => thing === entry.thing);
		const body = entry.action === '' && earlier?.action === '' ? { ...earlier.body, ...entry.body } : entry.body;
		return [...list.filter((one) => one !== earlier), { ...entry, body }];
	}

	const makeEntry = (thing, endpoint, action, body) => ({ id: `${Date.now()} ${Math.random()}`, thing, endpoint, action, body });
	const removal = ({ endpoint, auth }) => makeEntry(`remove ${endpoint}`, endpoint, '/remove', { endpoint, auth });
	const saving = (endpoint, body) => makeEntry(`save ${endpoint}`, endpoint, '', body);

	const put = (...entries) => change('queue', (list = []) => entries.reduce(enqueue, list));

	async function noteTold({ endpoint, body }) {
		await remember('told', { endpoint, auth: body.subscription.keys.auth, key: body.key ?? (await recall('told'))?.key, at: Date.now() });
		if (body.incident) await changeFollows((follows) => ({ ...follows, [body.incident]: true }));
	}

	const changeFollows = (act) => change('wish', (wish) => wish && { ...wish, follows: act(wish.follows ?? {}) });
	const unfollow = (incident) => changeFollows(({ [incident]: gone, ...others }) => others);

	/* Which row there is, is known only now: of two renewals in the queue the second replaces the first. */
	async function send({ action, body }) {
		const { endpoint, auth } = (await recall('told')) ?? {};
		if (!endpoint) return post(action, body);
		if (action === '/mute') return post(action, { ...body, endpoint, auth });
		const { subscription } = body;
		const isOther = action === '' && (subscription.endpoint !== endpoint || subscription.keys.auth !== auth);
		return post(action, isOther ? { ...body, replaces: { endpoint, auth } } : body);
	}

	/*
	 * In order, until one cannot be told. -> { late: what held it up, refused: [{ entry, failure }] }, without what was to be
	 * erased or muted and is not there any more: nobody need hear of that.
	 */
	async function drain() {
		const refused = [];
		for (const row of (await recall('owed')) ?? []) await put(removal(row));
		await forget('owed');
		for (;;) {
			const [entry] = (await recall('queue')) ?? [];
			if (!entry) return { refused };
			try {
				await send(entry);
				if (entry.action === '') await noteTold(entry);
			} catch (failure) {
				if (failure.kind !== 'refused') {
					tryLater();
					return { late: failure, refused };
				}
				if (entry.action === '') {
					refused.push({ entry, failure });
					if (entry.body.incident) await unfollow(entry.body.incident);
				}
			}
			await change('queue', (list) => {
				const left = list?.filter(({ id }) => id !== entry.id) ?? [];
				return left.length > 0 ? left : undefined;
			});
			announce();
		}
	}

	return {
		/* Background Sync is asked for through it; a page sets it. */
		registration: self.registration,
		change, recall, remember, forget, alone, announce, channel, post, readConfig, put, drain,
		makeEntry, removal, saving, unfollow, tryLater,
	};
})();
