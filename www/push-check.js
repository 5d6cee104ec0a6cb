/*
 * "Not getting notifications?": looks at everything between the server and the screen, one after the other, says what it
 * found and what to do, and makes a report of it that holds no secret.
 */
(() => {
	'use strict';

	const { make, makeList, makeDialog, makeHelpLink } = self.pushDoors ?? {};
	const say = (name, values) => self.say(`dialog.${name}`, values);
	const MARKS = { ok: '✓', fail: '✗', unknown: '?' };
	const PATIENCE = 8000; /* ms for one question */

	/* ---- judging: facts in, findings out; nothing here looks at the browser */

	const ok = (words, values) => ({ mark: 'ok', words, values });
	const fail = (words, values) => ({ mark: 'fail', words, values });
	const unknown = (words, values) => ({ mark: 'unknown', words, values });

	function judgeBrowser({ able, place }) {
		if (able) return ok('browser_ok');
		if (place.isOld) return fail('browser_old', { version: place.version });
		if (place.isInApp) return fail('browser_in_app');
		return place.os === 'ios' && !place.isInstalled ? fail('browser_home') : fail('browser_fail');
	}

	function judgeStanding({ standing }) {
		if (standing === undefined) return unknown('server_silent');
		if (standing === null) return fail('server_fail');
		return standing.status === 'gone' ? fail('server_gone') : ok('server_ok');
	}

	const OUTCOMES = {
		accepted: ok('last_ok'), queued: unknown('last_wait'), sending: unknown('last_wait'), retrying: unknown('last_retry'),
		refused: fail('last_refused'), expired: fail('last_expired'), missed: fail('last_missed'), gone: fail('last_gone'),
		stopped: unknown('last_stopped'),
	};

	/* Of what was sent last, as notification or as test. */
	function judgeLast({ standing, when }) {
		const [last] = [standing?.last_push, standing?.last_test].filter((one) => one?.at && one.outcome)
			.sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
		if (!last) return unknown('last_none');
		const values = { at: when(last.at) };
		/* Of a test it says the reason, too: "refused: 403". */
		const judgement = OUTCOMES[last.outcome.split(':')[0]] ?? fail('last_fail');
		return { ...judgement, values };
	}

	/* In this order; `needs`: without these nothing can be said of it. */
	const CHECKS = [
		{ name: 'admin', judge: ({ enabled }) => (enabled === undefined ? unknown('admin_silent') : enabled ? ok('admin_ok') : fail('admin_fail')) },
		{ name: 'https', judge: ({ secure }) => (secure ? ok('https_ok') : fail('https_fail')) },
		{ name: 'browser', needs: ['https'], judge: judgeBrowser },
		{ name: 'worker', needs: ['browser'], judge: ({ worker }) => (worker === 'activated' ? ok('worker_ok') : fail(worker ? 'worker_wait' : 'worker_fail')) },
		{ name: 'permission', needs: ['browser'], judge: ({ permission }) => ({ granted: ok('permission_ok'), denied: fail('permission_fail') }[permission] ?? unknown('permission_ask')) },
		{ name: 'subscription', needs: ['worker', 'permission'], judge: ({ subscription }) => (subscription ? ok('subscription_ok') : fail('subscription_fail')) },
		{ name: 'key', needs: ['subscription', 'admin'], judge: ({ isCurrent }) => (isCurrent === undefined ? unknown('key_silent') : isCurrent ? ok('key_ok') : fail('key_fail')) },
		{ name: 'server', needs: ['subscription'], judge: judgeStanding },
		{ name: 'last', needs: ['server'], judge: judgeLast },
	];

	/* -> [{ name, mark, words, values }], each of CHECKS */
	function judge(facts) {
		const found = [];
		for (const { name, needs = [], judge: look } of CHECKS) {
			const stands = needs.every((other) => found.find((one) => one.name === other).mark === 'ok');
			found.push({ name, ...(stands ? look(facts) : unknown('later')) });
		}
		return found;
	}

	/* ---- looking */

	const within = (promise) => Promise.race([promise, new Promise((resolve, reject) => {
		setTimeout(() => reject(new Error('late')), PATIENCE);
	})]);
	const orNothing = (promise) => within(promise).catch(() => undefined);

	function isSameKey(octets, base64url) {
		const text = btoa(String.fromCharCode(...new Uint8Array(octets)));
		return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') === base64url;
	}

	const when = (at) => new Date(at).toLocaleString(self.say.lang ?? [], { dateStyle: 'medium', timeStyle: 'short' });

	/* What the server says now: null where it does not know this browser. */
	const ask = (subscription) => self.pushStore.post('/state', self.pushMend.proofOf(subscription)).catch((error) => {
		if (error.status === 404) return null;
		throw error;
	});

	async function look() {
		const place = self.pushSteps.here();
		const secure = self.isSecureContext;
		const able = 'serviceWorker' in navigator && 'PushManager' in self && 'Notification' in self;
		const config = await orNothing(fetch('/push.json', { cache: 'no-store' }).then((answer) => answer.json()));
		const registration = able ? await orNothing(navigator.serviceWorker.getRegistration('/')) : undefined;
		const worker = (registration?.active ?? registration?.waiting ?? registration?.installing)?.state;
		const subscription = await orNothing(Promise.resolve(registration?.pushManager.getSubscription()));
		const octets = subscription?.options?.applicationServerKey;
		const standing = subscription ? await orNothing(ask(subscription)) : undefined;
		return {
			place, secure, able, worker, standing, when,
			enabled: config?.enabled,
			permission: able ? Notification.permission : undefined,
			subscription: Boolean(subscription),
			service: subscription ? new URL(subscription.endpoint).hostname : '',
			isCurrent: octets && config ? isSameKey(octets, config.publicKey) : undefined,
		};
	}

	/* ---- showing */

	const sentenceOf = ({ words, values }) => say(`check_${words}`, values);

	function drawFinding(finding, ...more) {
		const { name, mark, words } = finding;
		const sign = make('span', { className: `sign sign-${mark}`, role: 'img', 'aria-label': say(`check_mark_${mark}`) }, MARKS[mark]);
		const text = words === 'later' ? '' : make('p', { textContent: sentenceOf(finding) });
		return make('li', { className: `finding ${words === 'later' ? 'later' : ''}`, 'data-check': name, 'data-mark': mark }, sign, make('div', {}, make('b', { textContent: say(`check_${name}`) }), text, ...more));
	}

	/* What helps beside the sentence. */
	function drawHelp({ name, words }, { place }) {
		if (name === 'permission' && words === 'permission_fail') return [self.pushSteps.drawAllow(place)];
		return name === 'browser' && ['browser_home', 'browser_old'].includes(words) ? self.pushSteps.drawHomeScreen(place, true) : [];
	}

	/* For whoever runs the page: no endpoint, no key, nothing that could be used. */
	function write(findings, { place, service }, tested) {
		const { userAgent, language } = navigator;
		return [
			`${location.origin}, ${new Date().toISOString()}`,
			userAgent,
			`${place.os}, ${place.browser}${place.version && ` ${place.version}`}, ${place.isInstalled ? 'installed' : 'in a tab'}, ${language}`,
			service && `push service: ${service}`,
			...findings.map((finding) => `${MARKS[finding.mark]} ${finding.name}: ${sentenceOf(finding)}`),
			tested && `test: ${tested}`,
		].filter(Boolean).join('\n');
	}

	let dialog, body, summary, list, report, facts, findings;

	function build() {
		({ dialog, body } = makeDialog('push-diagnosis', say('check_title')));
		summary = make('p', { className: 'summary', role: 'status' });
		list = make('ol', { className: 'findings' });
		report = make('textarea', { readOnly: true, rows: 6, spellcheck: false });
		const copy = make('button', { type: 'button', className: 'button', textContent: say('check_copy') });
		const copied = make('span', { className: 'quiet', role: 'status' });
		copy.addEventListener('click', async () => {
			report.select();
			const done = await (navigator.clipboard?.writeText(report.value) ?? Promise.reject()).then(() => true, () => document.execCommand('copy'));
			copied.textContent = say(done ? 'check_copied' : 'check_copy_self');
		});
		const paper = make('details', { className: 'report' }, make('summary', { textContent: say('check_report') }),
			make('label', { className: 'field' }, make('span', { textContent: say('check_report_hint') }), report), make('div', { className: 'buttons' }, copy, copied));
		body.append(make('div', { className: 'dialog-scroll' }, summary, list, paper, make('p', {}, makeHelpLink())));
	}

	function drawTest() {
		const press = make('button', { type: 'button', className: 'button', textContent: say('choice_test') });
		const verdict = make('p', { role: 'status' });
		press.addEventListener('click', async () => {
			if (press.getAttribute('aria-busy') === 'true') return;
			press.setAttribute('aria-busy', 'true');
			verdict.textContent = say('choice_testing');
			const { outcome, sentence } = await self.statusPush.test().catch(({ message }) => ({ sentence: message }));
			const mark = outcome === 'accepted' ? 'ok' : outcome === 'waiting' ? 'unknown' : 'fail';
			verdict.textContent = sentence;
			const line = press.closest('li');
			line.dataset.mark = mark;
			line.querySelector('.sign').replaceWith(drawFinding({ name: 'test', mark, words: 'test_hint' }).firstChild);
			report.value = write(findings, facts, sentence);
			press.removeAttribute('aria-busy');
		});
		return drawFinding({ name: 'test', ...unknown('test_hint') }, press, verdict);
	}

	/* Each line as soon as it is its turn; the last two only where a notification can come at all. */
	async function run() {
		list.replaceChildren();
		summary.textContent = say('check_running');
		report.value = '';
		facts = await look();
		findings = judge(facts);
		for (const finding of findings) list.append(drawFinding(finding, ...drawHelp(finding, facts)));
		const { place } = facts;
		const broken = findings.find(({ mark }) => mark === 'fail') ?? findings.find(({ words }) => words === 'permission_ask');
		if (findings.find(({ name }) => name === 'subscription').mark === 'ok') list.append(drawTest());
		const hints = [say(`check_quiet_${place.os}`), ...(place.os === 'android' ? [say('check_android')] : [])].join('\n');
		list.append(drawFinding({ name: 'quiet', ...unknown('quiet_hint') }, makeList('ul', hints)));
		summary.textContent = broken ? say('check_broken', { name: say(`check_${broken.name}`) }) : say('check_well');
		report.value = write(findings, facts);
	}

	async function open() {
		if (!dialog) build();
		if (!dialog.open) dialog.showModal();
		await run();
	}

	self.pushCheck = { judge, open };
})();
