/*
 * The dialog of choices: what this browser is told of, and when. Works before a subscription, which it then makes, and
 * after. What was changed and not saved stays in it, also when it is closed with Escape or the page brings news.
 */
(() => {
	'use strict';

	const push = self.statusPush;
	const { make, makeTick, makeHint, makeDialog, makeCheckLink, isOn } = self.pushDoors;
	const say = (name, values) => self.say(`dialog.${name}`, values);

	const IMPACTS = ['none', 'minor', 'major', 'critical'];
	const EVENTS = ['incident_new', 'incident_update', 'incident_resolved', 'component_down', 'component_recovered',
		'maintenance_scheduled', 'maintenance_reminder', 'maintenance_starting', 'maintenance_overrun',
		'maintenance_completed', 'maintenance_rescheduled', 'maintenance_cancelled'];
	const zone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';

	/* The server's answer; null: this browser is not known there. */
	let standing = null;
	let saved = '';
	let tree;
	/* Chosen events that the operator has switched off meanwhile: they are not shown, and not lost. */
	let unseen = [];

	const { dialog, body } = makeDialog('push-choices', say('choice_title'), 'form');
	const parts = {};

	/* ---- pieces of the form */

	const group = (title, ...children) => make('fieldset', {}, make('legend', { textContent: title }), ...children);
	const field = (title, input) => make('label', { className: 'field' }, make('span', { textContent: title }), input);

	/* ---- the form */

	function drawForm() {
		const all = makeTick('radio', { name: 'push-what', value: 'all' }, say('choice_all'), makeHint(say('choice_all_hint')));
		const some = makeTick('radio', { name: 'push-what', value: 'some' }, say('choice_some'));
		parts.all = all.input;
		parts.some = some.input;
		parts.box = make('div');
		parts.what = group(say('choice_what'), all.label, some.label, parts.box);
		parts.follows = make('p', { className: 'quiet' });

		parts.events = EVENTS.filter((name) => push.config.events.includes(name))
			.map((name) => makeTick('checkbox', { value: name }, say(`choice_event_${name}`)));
		parts.when = group(say('choice_when'), ...parts.events.map(({ label }) => label));
		parts.when.hidden = parts.events.length === 0;
		parts.impact = make('select', {}, ...IMPACTS.map((name) => make('option', { value: name, textContent: say(`choice_impact_${name}`) })));

		parts.lang = make('select');
		const quiet = makeTick('checkbox', { value: 'quiet' }, say('choice_quiet'), makeHint(say('choice_quiet_hint')));
		const critical = makeTick('checkbox', { value: 'critical' }, say('choice_quiet_critical'));
		parts.quiet = quiet.input;
		parts.critical = critical.input;
		parts.from = make('input', { type: 'time' });
		parts.to = make('input', { type: 'time' });
		parts.times = make('div', { className: 'times' },
			make('div', { className: 'beside-each' }, field(say('choice_quiet_from'), parts.from), field(say('choice_quiet_to'), parts.to)),
			make('p', { className: 'quiet', textContent: say('choice_quiet_zone', { zone: zone().replaceAll('_', ' ') }) }), critical.label);

		parts.test = button('choice_test', onTest);
		parts.install = button('install_button', onInstall);
		parts.erase = button('choice_erase', onErase);
		parts.verdict = make('p', { className: 'verdict', role: 'status' });
		parts.mine = make('div', { className: 'buttons' }, parts.test, parts.install, parts.erase);

		parts.message = make('p', { className: 'message', role: 'status' });
		parts.save = make('button', { className: 'button primary' });
		const foot = make('div', { className: 'dialog-foot' }, parts.message, button('choice_cancel', onCancel), parts.save);

		parts.scroll = make('div', { className: 'dialog-scroll' }, parts.what, parts.follows,
			parts.when,
			make('div', { className: 'beside-each' }, field(say('choice_impact'), parts.impact), field(say('choice_lang'), parts.lang)),
			group(say('choice_quiet_title'), quiet.label, parts.times),
			group(say('choice_here'), make('p', { className: 'quiet', textContent: say('choice_stored') }), parts.mine, parts.verdict, make('p', {}, makeCheckLink())));
		body.noValidate = true;
		body.append(parts.scroll, foot);
		body.addEventListener('change', () => {
			showParts();
			tell('');
		});
		body.addEventListener('submit', onSubmit);
	}

	function showParts() {
		parts.box.hidden = parts.all.checked;
		parts.times.hidden = !parts.quiet.checked;
	}

	function button(name, act) {
		const made = make('button', { type: 'button', className: 'button', textContent: say(name) });
		made.addEventListener('click', act);
		return made;
	}

	function tell(text, isProblem = false) {
		parts.message.textContent = text;
		parts.message.classList.toggle('problem', isProblem);
	}

	/* ---- from the server's answer to the form and back */

	function fill() {
		const known = standing ?? { components: 'all', events: 'all', min_impact: 'none', lang: self.say.lang ?? push.config.lang, quiet: null, follows: [] };
		const isAll = known.components === 'all';
		tree = self.pushTree.makeTree(push.config.components);
		tree.set(isAll ? [] : known.components);
		parts.box.replaceChildren(tree.element);
		parts.what.hidden = tree.isEmpty;
		parts.all.checked = isAll;
		parts.some.checked = !isAll;
		const offered = parts.events.map(({ input }) => input.value);
		unseen = known.events === 'all' ? [] : known.events.filter((name) => !offered.includes(name));
		for (const { input } of parts.events) input.checked = known.events === 'all' || known.events.includes(input.value);
		parts.impact.value = known.min_impact;
		fillLanguages(known.lang);
		parts.quiet.checked = known.quiet !== null;
		parts.from.value = known.quiet?.from ?? '22:00';
		parts.to.value = known.quiet?.to ?? '07:00';
		parts.critical.checked = known.quiet?.critical ?? true;
		parts.follows.textContent = known.follows.length > 0 ? say('choice_follows', { n: known.follows.length }) : '';
		showParts();
		saved = JSON.stringify(read());
	}

	/* Each by its own name, "Deutsch" and "日本語". */
	function fillLanguages(lang) {
		const tags = push.config.languages ?? [];
		parts.lang.replaceChildren(...[...new Set([...tags, lang])].map((tag) => {
			const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag);
			return make('option', { value: tag, lang: tag, textContent: name[0].toLocaleUpperCase(tag) + name.slice(1) });
		}));
		parts.lang.value = lang;
	}

	function read() {
		const ticked = parts.events.filter(({ input }) => input.checked).map(({ input }) => input.value);
		const isEvery = ticked.length === parts.events.length && (ticked.length > 0 || unseen.length === 0);
		return {
			components: parts.all.checked ? 'all' : tree.get(),
			events: isEvery ? 'all' : [...ticked, ...unseen],
			min_impact: parts.impact.value,
			lang: parts.lang.value,
			quiet: parts.quiet.checked ? { from: parts.from.value, to: parts.to.value, tz: zone(), critical: parts.critical.checked } : null,
		};
	}

	/* What stands in the way of saving, and where: never a silent nothing. */
	function findProblem({ components, quiet }) {
		const following = standing?.follows.length > 0;
		if (components.length === 0 && !following) return [say('choice_none'), tree.first];
		if (parts.events.length > 0 && !parts.events.some(({ input }) => input.checked)) return [say('choice_no_event'), parts.events[0].input];
		if (quiet && (!quiet.from || !quiet.to)) return [say('choice_no_time'), quiet.from ? parts.to : parts.from];
		return quiet && quiet.from === quiet.to ? [say('choice_same_time'), parts.to] : null;
	}

	/* ---- what the buttons do */

	function showStanding() {
		parts.save.textContent = say(standing ? 'choice_save' : 'choice_begin');
		parts.test.hidden = parts.erase.hidden = !standing && !isOn();
		parts.install.hidden = !self.pushDoors.install;
	}

	/* One after the other: a second press waits for nothing. */
	let busy = false;
	async function work(pressed, act, failed) {
		if (busy) return;
		busy = true;
		pressed.setAttribute('aria-busy', 'true');
		try {
			await act();
		} catch (error) {
			failed(error.message);
		}
		pressed.removeAttribute('aria-busy');
		busy = false;
	}

	const look = async () => {
		standing = isOn() ? await Promise.resolve(push.standing()).catch(() => null) : null;
		showStanding();
	};

	function onSubmit(event) {
		event.preventDefault();
		const choices = read();
		const problem = findProblem(choices);
		if (problem) {
			tell(problem[0], true);
			problem[1]?.focus();
			return;
		}
		const isNew = !isOn();
		tell('');
		work(parts.save, async () => {
			/* First of all: later it would no longer count as the answer to a click. */
			await (isNew ? push.switchOn(choices) : push.save(choices));
			if (!isOn()) return tell(say('choice_not_on'), true);
			saved = JSON.stringify(choices);
			await look();
			if (isNew) return tell(say(push.state === 'waiting' ? 'choice_waiting' : 'choice_begun'));
			dialog.close();
			document.getElementById('push-status').textContent = say(push.state === 'waiting' ? 'choice_waiting' : 'choice_saved');
		}, (message) => tell(message, true));
	}

	function onCancel() {
		fill();
		tell('');
		dialog.close();
	}

	function onErase() {
		work(parts.erase, async () => {
			await push.switchOff();
			await look();
			fill();
			parts.verdict.textContent = '';
			/* Erased, or as soon as the server can be reached: the bell knows. */
			tell(push.note);
			parts.save.focus();
		}, (message) => tell(message, true));
	}

	function onTest() {
		parts.verdict.textContent = say('choice_testing');
		work(parts.test, async () => {
			const { sentence } = await push.test();
			parts.verdict.textContent = sentence;
		}, (message) => {
			parts.verdict.textContent = message;
		});
	}

	function onInstall() {
		const event = self.pushDoors.install;
		self.pushDoors.install = null;
		event?.prompt();
		parts.install.hidden = true;
	}

	const isChanged = () => JSON.stringify(read()) !== saved;

	/* At once, and then filled: the server may be slow on the day on which it matters. */
	async function open() {
		const isDraft = saved !== '' && isChanged();
		if (!isDraft) tell(say('choice_looking'));
		parts.verdict.textContent = '';
		showStanding();
		if (!dialog.open) dialog.showModal();
		if (isDraft) return tell(say('choice_draft'));
		parts.scroll.inert = parts.save.disabled = true;
		await look();
		fill();
		parts.scroll.inert = parts.save.disabled = false;
		return tell(!standing && push.state === 'on' ? say('choice_unread') : '');
	}

	drawForm();
	push.addEventListener('change', async () => {
		if (!dialog.open || busy) return;
		await look();
		if (!isChanged()) fill();
	});
	self.pushChoices = { open };
})();
