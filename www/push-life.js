/*
 * The subscription of this browser through its whole life, as the page sees it: `self.statusPush`, there before push.json
 * has arrived. The bell (push.js), the dialog of choices and the check are built on it. Needs push-store.js, push-mend.js
 * and the words of the page (self.say). An EventTarget; `change` comes whenever what is below may have changed.
 *
 *   .state           off asking working on waiting blocked home_screen insecure unsupported; waiting: it is switched on,
 *                    but the server or the push service could not be told yet, which is made up for by itself
 *   .note            what is to be said about it, a sentence or ''
 *   .busy            something is being done
 *   .config          the last /push.json; null before, and where there never was one
 *   .registration    of the worker, or null
 *   .follows         ids of the incidents that are followed here; .isFull: there is more than those
 *   .ready           a promise: the state is known for the first time
 *   .subscription()  -> PushSubscription or null
 *   .standing()      -> the answer of …/subscribe/state, or null where the server does not know this browser
 *   .switchOn(choices)  .save(choices)   members of POST /cgi-bin/subscribe; call switchOn and follow first thing in the
 *                    handler of a click. Both are done also where the state is `waiting` afterwards
 *   .switchOff()     ends it all: this browser is erased, here and on the server
 *   .follow(id, on)  one incident or maintenance, with or without the rest
 *   .test()          -> { outcome, sentence }: accepted, gone (and renewed), refused…, waiting
 * Each of them rejects with an Error whose message can be shown.
 */
(() => {
	'use strict';

	const { alone, recall, remember, change, announce, post, readConfig, put, drain, makeEntry, saving, unfollow, tryLater } = self.pushStore;
	const { mend, end, proofOf, refusalOf } = self.pushMend;
	const say = (name, values) => self.say(`push.${name}`, values);

	/* What is said about a state where nothing else is. */
	const NOTES = {
		asking: 'note_asking', working: 'note_working', waiting: 'note_waiting', blocked: 'note_blocked',
		home_screen: 'note_home', insecure: 'note_insecure', unsupported: 'note_unsupported',
	};

	const ignore = () => undefined;
	const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
	const permission = () => Notification.permission;

	const push = self.statusPush = Object.assign(new EventTarget(), {
		state: 'off', note: '', busy: false, config: null, registration: null, follows: [], isFull: false,
	});
	let settled;
	push.ready = new Promise((resolve) => { settled = resolve; });

	/* Why this browser cannot do it here, as a state; that it ended a subscription and wants a click for the next. */
	let hindrance;
	let isEnded = false;
	let known = null;

	/* ---- the state */

	function become(state, note) {
		Object.assign(push, { state, note: note ?? (NOTES[state] ? say(NOTES[state]) : '') });
		push.dispatchEvent(new Event('change'));
	}

	push.subscription = async () => (await push.registration?.pushManager?.getSubscription()) ?? null;

	const readWish = async () => (await recall('wish')) ?? ((await recall('told')) ? { on: true } : undefined);

	/* What the browser says counts, not what was stored: only whether the server was told is known from there. */
	async function judge() {
		if (hindrance) return hindrance;
		if (permission() === 'denied') return 'blocked';
		const [subscription, told, wish] = await Promise.all([push.subscription(), recall('told'), readWish()]);
		push.follows = Object.keys(wish?.follows ?? {});
		push.isFull = wish ? wish.on : Boolean(subscription);
		const isWanted = push.isFull || push.follows.length > 0;
		if (permission() !== 'granted' || !isWanted || (!subscription && isEnded)) return 'off';
		if (!subscription) return 'waiting';
		const isLate = (entry) => entry.endpoint === subscription.endpoint && entry.action === '';
		return told?.endpoint !== subscription.endpoint && (await recall('queue'))?.some(isLate) ? 'waiting' : 'on';
	}

	async function refresh(note) {
		become(await judge().catch(() => 'off'), note);
		settled();
	}

	/* ---- errors in words */

	function explain(error) {
		if (error.kind === 'unreached') return say('error_server');
		if (error.status === 409) return say('error_again');
		if (error.kind) return error.kind === 'busy' ? say('error_busy') : error.message;
		return say(error.name === 'AbortError' ? 'error_push_service' : 'error_browser');
	}

	/* It was put down, and is done as soon as somebody can be reached. */
	const isLater = ({ kind }) => kind === 'unreached' || kind === 'busy';

	/* ---- acts: one at a time, in all tabs and the worker */

	/* Shows what came of it, and says what went wrong to whoever asked. `name` of the sentence around the reason. */
	async function perform(name, act, done) {
		push.busy = true;
		become(push.state, push.note);
		let problem;
		await alone(act).catch((error) => { problem = error; });
		/* Should the tab be closed before the queue is empty. */
		if ((await recall('queue'))?.length > 0) push.registration?.active?.postMessage('drain');
		push.busy = false;
		known = null;
		announce();
		const reason = problem && (problem.shown ?? explain(problem));
		await refresh(problem ? say(name, { reason }) : done?.());
		if (problem) throw new Error(reason, { cause: problem });
	}

	function fail(name) {
		throw Object.assign(new Error(say(name)), { shown: say(name) });
	}

	/* Carries out a wish. What it depends on may be away: then it is only remembered. */
	async function carryOut(wish, before, incident) {
		await remember('wish', wish);
		isEnded = false;
		const { refused } = await mend(push.registration).catch(async (error) => {
			if (!isLater(error)) {
				await remember('wish', before);
				throw error;
			}
			tryLater();
			return { refused: [] };
		});
		const failure = refusalOf(refused, incident);
		if (!failure) return;
		if (before) await remember('wish', before);
		else await end(await push.subscription(), await recall('told'));
		await drain();
		throw failure;
	}

	/* First of all: later it would no longer count as the answer to a click. */
	async function askPermission() {
		if (hindrance) throw new Error(say(NOTES[hindrance]));
		become(permission() === 'default' ? 'asking' : 'working');
		await Notification.requestPermission();
		if (permission() === 'granted') return become('working');
		const reason = say(permission() === 'denied' ? 'note_blocked' : 'error_dismissed');
		await refresh(reason);
		throw new Error(reason);
	}

	push.switchOn = async (choices = {}) => {
		await askPermission();
		await perform('note_not_on', async () => {
			const before = await readWish();
			const kept = before?.on ? before.choices : { components: 'all', lang: self.say.lang };
			const isKnown = before?.on && (await recall('told'));
			const wish = { ...before, on: true, choices: { ...kept, ...choices } };
			/* The server has the choices of a row that it knows; one made by following has none yet. */
			await carryOut({ ...wish, unsaid: isKnown ? { ...before.unsaid, ...choices } : wish.choices }, before);
		});
		if (push.state === 'on') become('on', say('note_on'));
	};

	push.save = (choices) => perform('note_not_saved', async () => {
		const before = (await readWish()) ?? fail('error_not_on');
		await remember('wish', { ...before, on: choices.components ? choices.components.length > 0 : before.on, choices: { ...before.choices, ...choices } });
		const subscription = await push.subscription();
		/* There is nothing yet that could be saved to: it goes along with the first word. */
		if (!subscription) return change('wish', (wish) => ({ ...wish, unsaid: { ...wish.unsaid, ...choices } }));
		await put(saving(subscription.endpoint, { subscription: subscription.toJSON(), ...choices }));
		const failure = refusalOf((await drain()).refused);
		if (!failure) return undefined;
		await remember('wish', before);
		throw failure;
	});

	push.switchOff = () => {
		let isLate;
		become('working');
		return perform('note_not_off', async () => {
			await end(await push.subscription(), await recall('told'));
			isLate = (await drain()).late;
		}, () => say(isLate ? 'note_off_later' : 'note_off'));
	};

	push.follow = async (id, on) => {
		if (on) await askPermission();
		await perform('note_not_saved', async () => {
			const before = await readWish();
			if (on) return carryOut({ on: false, ...before, follows: { ...before?.follows, [id]: false } }, before, id);
			const told = await recall('told');
			await unfollow(id);
			if (told) await put(makeEntry(`follow ${id}`, told.endpoint, '/remove', { endpoint: told.endpoint, auth: told.auth, incident: id }));
			/* With the last of them the subscription ends too, unless there is more; what fails is done at the next visit. */
			return mend(push.registration).catch(ignore);
		});
	};

	/* ---- what the server knows */

	push.standing = () => {
		known ??= push.subscription().then((subscription) => subscription && post('/state', proofOf(subscription)).catch((error) => {
			known = null;
			if (error.status === 404) return null;
			throw new Error(explain(error));
		}));
		return known;
	};

	push.test = async () => {
		const subscription = (await push.subscription()) ?? fail('error_not_on');
		let outcome = await post('/test', proofOf(subscription)).then(() => 'queued', (error) => {
			if (error.status === 404) return 'gone';
			throw new Error(error.status === 429 ? say('error_test_often') : explain(error));
		});
		for (let i = 0; outcome === 'queued' && i < 20; i++) {
			await pause(300 + i * 100);
			known = null;
			outcome = (await push.standing())?.last_test.outcome ?? 'gone';
		}
		if (outcome === 'gone') {
			/* Given up by the push service, which browsers do not notice, or unknown to the server: a new one is made. */
			await alone(async () => {
				await subscription.unsubscribe();
				await mend(push.registration);
			}).catch(ignore);
			await refresh();
		}
		const name = { accepted: 'accepted', gone: 'gone', queued: 'waiting' }[outcome] ?? 'refused';
		return { outcome: outcome === 'queued' ? 'waiting' : outcome, sentence: say(`note_test_${name}`) };
	};

	/* ---- each visit */

	async function reconcile() {
		if (push.busy) return undefined;
		const before = (await recall('told'))?.at;
		try {
			const refusal = refusalOf((await alone(() => mend(push.registration))).refused);
			/* What the server said of it is asked again only where it was told something. */
			if ((await recall('told'))?.at !== before) known = null;
			isEnded = refusal !== undefined;
			return refresh(refusal && say(await push.subscription() ? 'note_not_saved' : 'note_not_on', { reason: explain(refusal) }));
		} catch (error) {
			if (isLater(error)) return refresh();
			isEnded = true;
			return refresh(say('note_lost'));
		}
	}

	/* Resolves when the state is known; the rest is done when the page has nothing better to do. */
	push.start = async (reason, registering) => {
		const [config, registration] = await Promise.all([readConfig().catch(ignore), registering]);
		hindrance = reason ?? (registration ? undefined : 'unsupported');
		push.registration = self.pushStore.registration = registration ?? null;
		push.config = config ?? (await recall('config')) ?? null;
		if (config) await remember('config', config);
		await refresh();
		if (hindrance || push.config?.enabled !== true) return;
		(window.requestIdleCallback ?? setTimeout)(reconcile);
		window.addEventListener('online', reconcile);
		const { channel } = self.pushStore;
		if (channel) {
			channel.onmessage = () => {
				known = null;
				if (!push.busy) refresh();
			};
		}
		const watched = await navigator.permissions?.query({ name: 'notifications' }).catch(ignore);
		if (watched) watched.onchange = () => push.busy || refresh().then(reconcile);
	};
})();
