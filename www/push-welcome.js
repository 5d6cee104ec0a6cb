/*
 * What stands below the bell when it was switched on by a click: what this browser is told of, the way to choose, and a
 * test. Nobody has to answer it: it lies over the page without moving it, takes no focus, and goes away by its button, by
 * Escape, when the bell is switched off again, or with the next page.
 */
(() => {
	'use strict';

	const push = self.statusPush;
	const { make, makeClose } = self.pushDoors;
	const say = (name) => self.say(`dialog.${name}`);
	const bell = document.getElementById('push-subscribe');

	let place;

	function close() {
		if (!place) return;
		const hadFocus = place.contains(document.activeElement);
		place.remove();
		place = undefined;
		push.removeEventListener('change', onChange);
		document.removeEventListener('keydown', onKey);
		if (hadFocus) bell.focus();
	}

	function onChange() {
		if (!push.busy && push.state !== 'on') close();
	}

	/* A dialog that stands over it is closed first. */
	function onKey({ key }) {
		if (key === 'Escape' && !document.querySelector('dialog[open]')) close();
	}

	async function test(button, verdict) {
		if (button.getAttribute('aria-busy') === 'true') return;
		button.setAttribute('aria-busy', 'true');
		verdict.textContent = say('choice_testing');
		const { sentence } = await push.test().catch(({ message }) => ({ sentence: message }));
		verdict.textContent = sentence;
		button.removeAttribute('aria-busy');
	}

	/* hearsAll: nothing was chosen here before. */
	function open(hearsAll) {
		close();
		const text = make('p', { id: 'push-welcome-text', role: 'status' });
		const verdict = make('p', { className: 'verdict', role: 'status' });
		const choose = make('button', { type: 'button', className: 'button', textContent: say('welcome_choose'), 'aria-haspopup': 'dialog' });
		const tries = make('button', { type: 'button', className: 'button', textContent: say('welcome_test') });
		choose.addEventListener('click', () => {
			/* Where the dialog gives the focus back to, as if it had been opened there. */
			close();
			document.getElementById('push-options').focus();
			document.getElementById('push-options').click();
		});
		tries.addEventListener('click', () => test(tries, verdict));
		place = make('div', { className: 'welcome-place' }, make('div', { id: 'push-welcome', role: 'group', 'aria-label': say('welcome_title') },
			make('div', { className: 'welcome-top' }, text, makeClose(close)), make('div', { className: 'buttons' }, choose, tries), verdict));
		bell.parentNode.after(place);
		/* A change inside of what is there is read out, what comes with its text is not everywhere. */
		requestAnimationFrame(() => { text.textContent = say(hearsAll ? 'welcome_all' : 'welcome_some'); });
		push.addEventListener('change', onChange);
		document.addEventListener('keydown', onKey);
	}

	self.pushWelcome = { open };
})();
