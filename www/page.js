/* The reader's language and time zone, news without a reload, and how old it all is. The page is complete without. */
(() => {
	'use strict';

	/* ---- the reader's language: only from a page of the page's own one, before anything is seen */

	const languages = [...document.querySelectorAll('a[hreflang]')];
	const { lang, dataset } = document.documentElement;

	function chosen() {
		try {
			return localStorage.getItem('lang');
		} catch {
			/* Nothing can be remembered: who comes from a page of ours has chosen this one. */
			return document.referrer.startsWith(`${location.origin}/`) ? lang : null;
		}
	}

	function languageOf(tags) {
		for (const tag of tags) {
			const link = languages.find(({ hreflang }) => hreflang === tag?.split('-')[0].toLowerCase());
			if (link) return link;
		}
		return undefined;
	}

	const wanted = languageOf([chosen(), ...(navigator.languages ?? [])]);
	/* Offline, another page may stand at this address already. */
	if (wanted && wanted.hreflang !== lang && !location.pathname.startsWith(`/${lang}/`) && wanted.pathname !== location.pathname) {
		/* Until the other page is there nothing of this one is seen; should it not come, this one is better than none. */
		document.documentElement.hidden = true;
		setTimeout(() => { document.documentElement.hidden = false; }, 3000);
		location.replace(wanted.pathname + location.search + location.hash);
		return;
	}

	addEventListener('click', ({ target }) => {
		const link = target.closest?.('a[hreflang]');
		try {
			if (link) localStorage.setItem('lang', link.hreflang);
		} catch {
			/* See above. */
		}
	});

	const MINUTE = 60000;
	const main = document.getElementById('main');
	const [age, news] = ['page-age', 'page-news'].map((id) => document.getElementById(id));
	const all = (selector) => document.querySelectorAll(selector);

	/* By how much the server's clock is ahead; when the page was last up to date; answers missed since. */
	let ahead = 0;
	let lookedAt = dataset.kept && new Date(dataset.kept);
	let misses = dataset.kept ? 2 : 0;
	const now = () => Date.now() + ahead;

	/* ---- times */

	/* In the order of the day headings: "23 November". */
	const language = lang === 'en' ? 'en-GB' : lang;
	const CLOCK = { hour: '2-digit', minute: '2-digit' };
	const format = (value, form) => value.toLocaleString(language, form);
	const isSameDay = (one, other) => one.toDateString() === other.toDateString();

	function sayMoment(at, day) {
		const isThisYear = at.getFullYear() === new Date(now()).getFullYear();
		return format(at, { ...day, ...(!isThisYear && { year: 'numeric' }), ...CLOCK });
	}

	const localTime = (at) => sayMoment(at, !isSameDay(at, new Date(now())) && { day: 'numeric', month: 'long' });
	const shortTime = (at) => sayMoment(at, { weekday: 'short', day: 'numeric', month: 'short' });

	function inWords(ms) {
		const minutes = Math.floor(ms / MINUTE);
		const counts = { day: minutes / 1440, hour: (minutes / 60) % 24, minute: minutes % 60 };
		return Object.entries(counts)
			.filter(([, count]) => count >= 1)
			.slice(0, 2)
			.map(([unit, count]) => say(`script.${unit}`, { n: Math.floor(count) }))
			.reduce((more, less) => (more ? say('script.two_units', { more, less }) : less), '');
	}

	/* An old browser ends the script here, before anything was touched. */
	const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll('_', ' ');
	inWords(MINUTE);

	function write(element, text) {
		if (element.textContent !== text) element.textContent = text;
	}

	function writeTime(time, text) {
		time.title = `${time.dateTime.slice(0, 16).replace('T', ' ')} UTC`;
		write(time, text);
	}

	function showTime(time) {
		const at = new Date(time.dateTime);
		const elapsed = time.matches('[data-elapsed]') ? ` (${inWords(now() - at) || say('script.just_now')})` : '';
		writeTime(time, localTime(at) + elapsed);
	}

	function showWindow(span) {
		const [from, until] = span.querySelectorAll('time');
		const [begin, end] = [new Date(from.dateTime), new Date(until.dateTime)];
		const isShort = isSameDay(begin, end);
		writeTime(from, shortTime(begin));
		writeTime(until, isShort ? format(end, CLOCK) : shortTime(end));
		from.nextSibling.data = isShort ? '–' : ' – ';
	}

	function showTimes() {
		all('time:not([data-day], [data-window] time)').forEach(showTime);
		all('[data-window]').forEach(showWindow);
		for (const span of all('[data-ahead]')) {
			const left = new Date(span.dataset.ahead) - now();
			write(span, left < MINUTE ? say('script.begins_now') : say('script.begins_in', { time: inWords(left) }));
		}
		if (lookedAt) for (const place of all('[data-looked]')) write(place, say('script.looked', { time: localTime(lookedAt) }));
		for (const note of all('[data-zone]')) write(note, say('script.zone', { zone }));
	}

	/* ---- news: only what changed is touched; focus, open details and a selection stay */

	/* What the server sent last; scripts have changed the page since. */
	let told = main.cloneNode(true);

	/* Unnamed siblings are known by their place alone. */
	const nameOf = (node) => node.id || node.getAttribute('aria-labelledby') ||
		(node.localName === 'article' && node.querySelector('a')?.getAttribute('href'));
	const hasText = (node) => [...node.childNodes].some((child) => child.nodeName === '#text' && child.data.trim());

	function bringAttributes(old, next, shown) {
		for (const name of [...old.getAttributeNames(), ...next.getAttributeNames()]) {
			const value = next.getAttribute(name);
			if (value === old.getAttribute(name)) continue;
			/* Nothing is closed under the reader. */
			if (value !== null) shown.setAttribute(name, value);
			else if (name !== 'open') shown.removeAttribute(name);
		}
	}

	function bringChildren(old, next, shown) {
		const left = [...old.children].map((node, i) => ({ node, twin: shown.children[i] }));
		const coming = [...next.children];
		while (coming.length > 0) {
			const child = coming.shift();
			const fits = ({ node }, i) => node.localName === child.localName && nameOf(node) === nameOf(child) &&
				(i === 0 || nameOf(node)) && !coming.some((later) => later.isEqualNode(node));
			let at = left.findIndex(({ node }) => node.isEqualNode(child));
			if (at < 0) at = left.findIndex(fits);
			for (const { twin } of left.splice(0, at)) twin.remove();
			const [first] = at < 0 ? left : left.splice(0, 1);
			if (at < 0) shown.insertBefore(document.importNode(child, true), first?.twin ?? null);
			else bring(first.node, child, first.twin);
		}
		for (const { twin } of left) twin.remove();
	}

	/* Brings what is shown from `old` to `next`. */
	function bring(old, next, shown) {
		if (old.isEqualNode(next)) return;
		bringAttributes(old, next, shown);
		if (hasText(old) || hasText(next)) shown.replaceChildren(...document.importNode(next, true).childNodes);
		else bringChildren(old, next, shown);
	}

	function show(page) {
		const next = page.getElementById('main');
		if (!next || told.isEqualNode(next)) return;
		const headline = () => main.querySelector('h1')?.textContent;
		const before = headline();
		const focused = document.activeElement;
		/* Does what scroll anchoring does, where the browser has none. */
		const topOf = (node) => node.getBoundingClientRect().top;
		const isHeld = scrollY === 0 || CSS.supports('overflow-anchor', 'auto');
		const anchor = isHeld ? null : [...main.querySelectorAll('h2, h3, li')].find((node) => topOf(node) >= 0);
		const top = anchor && topOf(anchor);

		bring(told, next, main);
		told = next;
		document.title = page.title;
		showTimes();
		if (anchor?.isConnected) scrollBy(0, topOf(anchor) - top);
		if (!focused.isConnected) {
			[...main.querySelectorAll(focused.localName)].find((one) => one.href === focused.href)?.focus({ preventScroll: true });
		}
		news.textContent = before === headline() ? say('script.news') : headline();
	}

	const ask = (path, cache) => fetch(path, { cache, signal: AbortSignal.timeout?.(20000) });

	let seen;
	async function lookForNews() {
		const { page } = await (await ask('/api/v2/status.json', 'no-cache')).json();
		if (page.updated_at === seen) return;
		const own = await ask(location.pathname, 'no-cache');
		if (!own.ok) {
			/* Gone, while a copy of it is shown. */
			if (dataset.kept) throw new Error('gone');
			return;
		}
		show(new DOMParser().parseFromString(await own.text(), 'text/html'));
		seen = page.updated_at;
	}

	/* ---- age, by the server's clock alone */

	function sayAge() {
		const of = (text) => (lookedAt ? say(`${text}_since`, { time: localTime(lookedAt) }) : say(text));
		if (!navigator.onLine) return of('script.offline');
		if (misses > 1) return of('script.silent');
		const old = lookedAt ? now() - lookedAt : 0;
		return old > 3 * MINUTE ? say('script.outdated', { time: inWords(old) }) : '';
	}

	function showAge() {
		const text = sayAge();
		if (text && !age.textContent) news.textContent = text;
		write(age, text);
		showTimes();
	}

	async function lookAtAge() {
		try {
			const answer = await ask('/alive.json', 'no-store');
			const { at } = await answer.json();
			/* What the worker kept from an earlier visit is not the present before it was brought up to date. */
			if (dataset.kept) {
				await lookForNews();
				delete dataset.kept;
			}
			lookedAt = new Date(at);
			ahead = (Date.parse(answer.headers.get('date')) || Date.now()) - Date.now();
			misses = 0;
		} catch {
			/* One may get lost: a laptop wakes up. */
			if (++misses === 1) setTimeout(look, 10000, true);
		}
		showAge();
	}

	/* ---- only while somebody looks, and at once when they come back */

	let turn = 0;
	function look(isDue) {
		if (document.hidden) return;
		if (isDue || turn % 2 === 0) lookAtAge().catch(() => {});
		if (turn++ > 0) lookForNews().catch(() => {});
		showTimes();
	}

	setInterval(look, MINUTE / 2);
	document.addEventListener('visibilitychange', look);
	addEventListener('online', look);
	addEventListener('offline', showAge);
	look(true);
})();
