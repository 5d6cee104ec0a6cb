// Every text of the public page and the admin forms is readable: WCAG 2 contrast, computed from the colours in style.css.
// Text needs 4.5:1 (success criterion 1.4.3); the edge of a control and the focus ring need 3:1 (1.4.11).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const css = readFileSync(new URL('../../www/style.css', import.meta.url), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');

/* The custom properties of the first `:root { … }` at or after `from`. */
function readTheme(from) {
	const start = css.indexOf(':root {', from);
	const block = css.slice(start, css.indexOf('}', start));
	return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})\b/gi)].map(([, name, value]) => [name, value]));
}

function luminance(colour) {
	const [red, green, blue] = [1, 3, 5].map((at) => {
		const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
	const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
	return (light + 0.05) / (dark + 0.05);
}

const light = readTheme(0);
const themes = { light, dark: { ...light, ...readTheme(css.indexOf('prefers-color-scheme: dark')) } };
const states = ['none', 'operational', 'degraded', 'partial', 'major', 'maintenance'];

test('the formula gives the two values that the standard names', () => {
	assert.equal(contrast('#000000', '#ffffff'), 21);
	assert.ok(Math.abs(contrast('#777777', '#ffffff') - 4.48) < 0.005);
});

for (const [name, theme] of Object.entries(themes)) {
	const atLeast = (least, text, ground) => {
		assert.ok(theme[text] && theme[ground], `--${text} and --${ground} are colours of the ${name} theme`);
		const found = contrast(theme[text], theme[ground]);
		assert.ok(found >= least, `--${text} on --${ground}: ${found.toFixed(2)}:1, needed ${least}:1`);
	};

	for (const state of states) {
		test(`${name}: "${state}" is readable on page and card, and its fill carries its text`, () => {
			atLeast(4.5, state, 'page');
			atLeast(4.5, state, 'surface');
			atLeast(4.5, `${state}-on-fill`, `${state}-fill`);
		});
	}

	test(`${name}: text, quiet text and links are readable on page and card`, () => {
		for (const text of ['ink', 'muted', 'accent']) {
			atLeast(4.5, text, 'page');
			atLeast(4.5, text, 'surface');
		}
		atLeast(4.5, 'accent-on-fill', 'accent-fill');
	});

	test(`${name}: the bars of the past days can be seen, those of days that nobody knows too`, () => {
		for (const ink of [...states.filter((state) => state !== 'none').map((state) => `${state}-bar`), 'control']) {
			atLeast(3, ink, 'surface');
			atLeast(3, ink, 'page');
		}
	});

	test(`${name}: the edge of a control can be seen`, () => {
		atLeast(3, 'control', 'page');
		atLeast(3, 'control', 'surface');
	});
}

test('the dark theme sets every colour that the light theme sets', () => {
	const dark = readTheme(css.indexOf('prefers-color-scheme: dark'));
	assert.deepEqual(Object.keys(light).filter((colour) => !(colour in dark)), []);
});
