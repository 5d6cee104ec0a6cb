/* The bars of the past days: a label for the day under pointer, finger or arrow keys. */
(() => {
	'use strict';

	const LAST = 89;
	const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -LAST, End: LAST };
	const label = document.createElement('p');
	label.className = 'bars-label';
	document.body.append(label);

	const barsOf = (target) => target.closest?.('.bars');
	/* A group's button answers for its bars: a control inside a control would be one too many. */
	const keyBarsOf = (target) => barsOf(target) ?? target.closest?.('summary')?.querySelector('.bars');
	const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
	const troubles = ({ dataset }) => new Map([...dataset.days.matchAll(/(\d+):([^|]+)/g)].map(([, day, words]) => [Number(day), words]));

	let shown;
	let pointer;

	function dayText(date) {
		const day = date.getUTCDate();
		const mon = say('script.months_short').split(' ')[date.getUTCMonth()];
		return say('script.date_day_short', { day: day === 1 ? say('script.first_of_month') : day, mon });
	}

	function wordsOf(bars, day) {
		const date = new Date(Date.parse(bars.closest('section').dataset.first) + day * 86400000);
		const calm = day < bars.dataset.known ? 'script.unknown' : 'script.well';
		return say('script.day_state', { day: dayText(date), state: troubles(bars).get(day) ?? say(calm) });
	}

	function hide() {
		label.hidden = true;
		shown = undefined;
	}

	function setDay(bars, day) {
		bars.day = day;
		if (bars.role === 'slider') Object.assign(bars, { ariaValueNow: day, ariaValueText: wordsOf(bars, day) });
	}

	/* Above its bar, and within the window. */
	function show(bars, day) {
		shown = bars;
		setDay(bars, day);
		label.ariaLive = bars.role === 'slider' ? 'off' : 'polite';
		label.hidden = false;
		label.textContent = wordsOf(bars, day);
		label.style.left = 0;
		const box = bars.getBoundingClientRect();
		const at = box.left + ((day + 0.35) / 89.7) * box.width;
		const { offsetWidth: width, offsetHeight: height } = label;
		const left = clamp(at - width / 2, 8, document.documentElement.clientWidth - width - 8);
		label.style.left = `${left + scrollX}px`;
		label.style.top = `${box.top + scrollY - height}px`;
		label.style.setProperty('--at', `${clamp(at - left, 10, width - 10)}px`);
	}

	/* A finger is wider than a day: it means the trouble beside it, if there is any. */
	function dayAt(bars, { clientX, type }) {
		const { left, width } = bars.getBoundingClientRect();
		const day = clamp(Math.floor(((clientX - left) / width) * 89.7), 0, LAST);
		if (pointer === 'mouse' || type !== 'pointerdown') return day;
		const far = (other) => Math.abs(other - day);
		const [near] = [...troubles(bars).keys()].sort((one, other) => far(one) - far(other));
		return far(near) <= 900 / width ? near : day;
	}

	function point(event) {
		const bars = barsOf(event.target);
		pointer = event.pointerType;
		if (bars) show(bars, dayAt(bars, event));
		else if (event.target !== label) hide();
	}

	function press(event) {
		const { key, target } = event;
		const bars = keyBarsOf(target);
		if (key === 'Escape') hide();
		if (!bars || !STEPS[key] || event.altKey || event.ctrlKey || event.metaKey) return;
		if (bars !== target && !/[LR]/.test(key)) return;
		event.preventDefault();
		const day = bars.day ?? LAST;
		show(bars, shown === bars ? clamp(day + STEPS[key], 0, LAST) : day);
	}

	function focus({ target }) {
		if (target.matches('.bars:focus-visible')) show(target, target.day);
	}

	/* Also what comes later. */
	function prepare() {
		if (!shown?.isConnected) hide();
		for (const bars of document.querySelectorAll('li > .bars[role=img]')) {
			bars.setAttribute('tabindex', 0);
			Object.assign(bars, { role: 'slider', ariaReadOnly: true, ariaValueMax: LAST });
			setDay(bars, LAST);
		}
	}

	const acts = { pointermove: point, pointerdown: point, keydown: press, focusin: focus, focusout: hide, resize: hide };
	for (const type in acts) addEventListener(type, acts[type]);
	/* A tap on bars asks for a day, not for the group. */
	addEventListener('click', (event) => barsOf(event.target) && pointer !== 'mouse' && event.preventDefault());
	new MutationObserver(prepare).observe(document.getElementById('main'), { childList: true, subtree: true });
	prepare();
})();
