// Both halves of a badge are readable: WCAG 2 contrast (success criterion 1.4.3), computed from the colours of its template.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const template = readFileSync(new URL('../../www/state_badge.svg.in', import.meta.url), 'utf8');
const states = ['operational', 'under_maintenance', 'degraded_performance', 'partial_outage', 'major_outage'];

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

/* Ground first, what stands on it second. */
function assertReadable(part) {
	const fills = [...part.matchAll(/fill="([^"]*)"/g)].map(([, colour]) => colour);
	assert.equal(fills.length, 2);
	const found = contrast(...fills);
	assert.ok(found >= 4.5, `${fills.join(' on ')}: ${found.toFixed(2)}:1, needed 4.5:1`);
}

test('the name is readable', () => assertReadable(template.slice(0, template.indexOf('@@block'))));

for (const state of states) {
	test(`"${state}" is readable, and has a shape of its own`, () => {
		const part = new RegExp(`@@block ${state}@@([^]*?)@@end ${state}@@`).exec(template)[1];
		assertReadable(part);
		const shape = /<(circle|path) [^]*?\/>/.exec(part)[0];
		assert.equal(template.split(shape).length, 2);
	});
}

test('it brings nothing that a strict policy forbids', () => {
	assert.doesNotMatch(template, /<script|<style|style=|href=|@import|\son\w+=/);
});
