/*
 * The admin pages' script.  Every form works without it; it adds what a page alone cannot do: drafts that outlive a
 * closed tab and an ended session, a preview, Ctrl+Enter, the delivery as it happens, and the test to this browser.
 */
(() => {
	'use strict';

	const KEEP = 7 * 24 * 60 * 60 * 1000;
	const HIDDEN = new Set(['csrf', 'post_id', 'incident', 'deliver_notifications']);

	/* Storage may be forbidden: then there are no drafts, and nothing else changes. */
	const store = {
		get(key) {
			try {
				const draft = JSON.parse(localStorage.getItem(`draft:${key}`));
				return draft && Date.now() - draft.at < KEEP ? draft.fields : null;
			} catch {
				return null;
			}
		},
		set(key, fields) {
			try {
				localStorage.setItem(`draft:${key}`, JSON.stringify({ at: Date.now(), fields }));
			} catch { /* full or forbidden */ }
		},
		drop(key) {
			try {
				localStorage.removeItem(`draft:${key}`);
			} catch { /* forbidden */ }
		},
		dropAll() {
			try {
				for (const name of Object.keys(localStorage)) {
					if (name.startsWith('draft:')) localStorage.removeItem(name);
				}
			} catch { /* forbidden */ }
		},
	};

	/* Drafts */

	function read(form) {
		return [...new FormData(form)].filter(([name]) => !HIDDEN.has(name));
	}

	function write(form, fields) {
		/* a box without its tick is not among what was kept */
		const boxes = [...form.querySelectorAll('input[type="checkbox"]')];
		for (const box of boxes) box.checked = fields.some(([name, value]) => name === box.name && value === box.value);
		for (const [name, value] of fields) {
			const field = form.elements.namedItem(name);
			if (boxes.some((box) => box.name === name)) continue;
			if (field instanceof Element || field instanceof RadioNodeList) field.value = value;
		}
		for (const fold of form.querySelectorAll('details')) {
			if (fold.querySelector('input:checked:not([value="keep"])')) fold.open = true;
		}
	}

	function keepDraft(form) {
		const key = form.dataset.draft;
		const blank = JSON.stringify(read(form));
		const note = form.querySelector('[data-draft-note]');
		/* what was sent and not stored is the draft */
		const redrawn = form.hasAttribute('data-redrawn');
		const draft = redrawn ? null : store.get(key);

		if (draft && JSON.stringify(draft) !== blank) {
			write(form, draft);
			note.hidden = false;
		}
		if (redrawn) store.set(key, read(form));
		note.querySelector('[data-draft-drop]').addEventListener('click', () => {
			write(form, JSON.parse(blank));
			store.drop(key);
			note.hidden = true;
			form.dispatchEvent(new Event('input', { bubbles: true }));
		});
		form.addEventListener('input', () => {
			const fields = read(form);
			if (!redrawn && JSON.stringify(fields) === blank) store.drop(key);
			else store.set(key, fields);
		});
	}

	/* Whoever signs out leaves nothing behind for the next person at this browser. */
	for (const form of document.querySelectorAll('form[action$="/sign-out"]')) {
		form.addEventListener('submit', () => store.dropAll());
	}

	/* What was published needs no draft any more. */
	for (const message of document.querySelectorAll('[data-clear]')) {
		if (message.dataset.clear) store.drop(message.dataset.clear);
	}
	document.querySelectorAll('form[data-draft]').forEach(keepDraft);

	/* A message belongs to what was just done, not to a later visit by the same address. */
	const here = new URL(location.href);
	for (const name of ['done', 'at', 'way', 'update']) here.searchParams.delete(name);
	if (here.href !== location.href) history.replaceState(null, '', here);

	/* The time zones that this browser knows, to choose from while somebody types. */
	for (const list of document.querySelectorAll('[data-zones]')) {
		for (const zone of Intl.supportedValuesOf?.('timeZone') ?? []) list.append(new Option('', zone));
	}

	/* Ctrl+Enter publishes. */
	document.addEventListener('keydown', (event) => {
		if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
		const form = event.target.closest?.('form');
		const button = form?.querySelector('.button.primary');
		if (!button) return;
		event.preventDefault();
		form.requestSubmit(button);
	});

	/* A title from the statuses that were chosen, as long as nobody wrote another one. */
	function suggest(form) {
		const title = form.elements.namedItem('name');
		let suggested = '';

		form.addEventListener('change', (event) => {
			if (!event.target.name?.startsWith('components[')) return;
			const chosen = [...form.querySelectorAll('.segments input:checked[name^="components["]:not([value="keep"])')];
			const named = chosen.map((input) => ({
				name: input.closest('fieldset').querySelector('[data-name]').dataset.name,
				word: input.parentElement.textContent.trim(),
			}));
			const first = named[0];
			const rest = named.length > 2 ? ` and ${named.length - 1} more` : named.length === 2 ? ` and ${named[1].name}` : '';
			const next = first ? `${first.word}: ${first.name}${rest}` : '';
			if (title.value !== suggested || next === suggested) return;
			title.value = suggested = next;
			/* draft and preview know of it as well */
			form.dispatchEvent(new Event('input', { bubbles: true }));
		});
	}
	document.querySelectorAll('form[data-suggest]').forEach(suggest);

	/* What would be published, drawn by the server. */
	function preview(form) {
		const place = form.querySelector('[data-preview]');
		let timer;
		let asked = 0;

		async function ask() {
			const turn = ++asked;
			const body = new URLSearchParams(new FormData(form));
			body.set('csrf', place.dataset.previewCsrf);
			const answer = await fetch(place.dataset.preview, { method: 'POST', body }).catch(() => null);
			if (!answer?.ok || turn !== asked) return;
			const drawn = new DOMParser().parseFromString(await answer.text(), 'text/html');
			place.replaceChildren(...drawn.body.children);
			place.hidden = false;
		}

		form.addEventListener('input', () => {
			clearTimeout(timer);
			timer = setTimeout(ask, 400);
		});
	}
	for (const form of document.querySelectorAll('form')) {
		if (form.querySelector('[data-preview]')) preview(form);
	}

	/* The delivery as it happens: asked for each second while it does, and only while somebody looks. */

	function seen() {
		if (!document.hidden) return Promise.resolve();
		return new Promise((resolve) => { document.addEventListener('visibilitychange', resolve, { once: true }); });
	}

	/* What somebody folded or unfolded, and is about to press, stays as it is. */
	function replace(old, fresh) {
		const folds = old.querySelectorAll('details');
		if (fresh.outerHTML === old.outerHTML || old.contains(document.activeElement)) return;
		fresh.querySelectorAll('details').forEach((fold, i) => { if (folds[i]) fold.open = folds[i].open; });
		old.replaceWith(fresh);
	}

	async function follow() {
		let failures = 0;
		const part = () => document.querySelector('#delivery[data-live]');

		for (let live = part(); live && failures < 10; live = part()) {
			const ms = Number(live.dataset.every) * 2 ** failures;
			await new Promise((resolve) => { setTimeout(resolve, ms); });
			await seen();
			const answer = await fetch(live.dataset.live).catch(() => null);
			/* signed out: the next click says so */
			if (answer?.redirected) return;
			failures = answer?.ok ? 0 : failures + 1;
			if (!answer?.ok) continue;
			const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('delivery');
			if (!fresh) return;
			replace(document.getElementById('delivery'), fresh);
		}
	}
	follow();

	/* Send a test to my browser */

	async function subscription() {
		const registration = await navigator.serviceWorker?.getRegistration('/');
		return registration?.pushManager?.getSubscription() ?? null;
	}

	async function call(path, own) {
		const { endpoint, keys } = own.toJSON();
		const answer = await fetch(`/cgi-bin/subscribe/${path}`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ endpoint, auth: keys.auth }),
		});
		return { status: answer.status, ...await answer.json() };
	}

	const OUTCOMES = {
		accepted: 'The push service took it: the notification should be there now. If it is not, look at the system’s own notification settings.',
		gone: 'The push service says that this subscription has ended. Switch notifications off and on again on the status page.',
		refused: 'The push service refused it; the sender’s log says why.',
		expired: 'The push service could not be reached within a minute.',
	};

	async function test(say) {
		const own = await subscription();
		if (!own) {
			say('This browser is not subscribed. Open the status page, press “Get notified”, and come back.');
			return;
		}
		const asked = Date.now();
		const queued = await call('test', own);
		if (queued.status !== 202) {
			say(queued.error);
			return;
		}
		say('On its way…');
		while (Date.now() - asked < 60000) {
			await new Promise((resolve) => { setTimeout(resolve, 500); });
			const { last_test: last } = await call('state', own);
			if (last?.outcome && last.outcome !== 'queued') {
				say(OUTCOMES[last.outcome.split(':')[0]] ?? `The push service answered: ${last.outcome}.`);
				return;
			}
		}
		say('No answer within a minute. Is the sender running? Its log says more.');
	}

	const button = document.querySelector('[data-push-test]');
	if (button) {
		const line = document.querySelector('[data-push-test-status]');
		button.hidden = false;
		button.addEventListener('click', async () => {
			button.disabled = true;
			await test((text) => { line.textContent = text; }).catch(() => {
				line.textContent = 'This did not work: the server could not be reached. Try again.';
			});
			button.disabled = false;
		});
	}
})();
