// The check ("Not getting notifications?") judged without a browser: each of its lines where it fails, which no browser on
// one machine can be brought to, and which browser a user agent is.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { runInNewContext } from 'node:vm';

const folder = new URL('../../www/', import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), 'utf8');
const words = JSON.parse(read('words-en.json')).dialog;
const self = {};
for (const name of ['push-steps.js', 'push-check.js']) runInNewContext(read(name), { self });
const plain = (value) => JSON.parse(JSON.stringify(value));

const WELL = {
	place: { os: 'linux', browser: 'chrome', version: '', isInstalled: false, isInApp: false, isOld: false },
	enabled: true, secure: true, able: true, worker: 'activated', permission: 'granted', subscription: true, isCurrent: true,
	standing: { status: 'subscribed', last_push: { at: '2026-11-12T10:00:00.000Z', outcome: 'accepted' }, last_test: { at: null, outcome: null } },
	when: (at) => at,
};
const judge = (facts) => plain(self.pushCheck.judge({ ...WELL, ...facts }));

test('where all is well every line is in order', () => {
	assert.deepEqual(judge({}).map(({ name, mark }) => `${name} ${mark}`),
		['admin ok', 'https ok', 'browser ok', 'worker ok', 'permission ok', 'subscription ok', 'key ok', 'server ok', 'last ok']);
});

for (const [name, facts, mark, said] of [
	['admin', { enabled: false }, 'fail', 'admin_fail'],
	['admin', { enabled: undefined }, 'unknown', 'admin_silent'],
	['https', { secure: false }, 'fail', 'https_fail'],
	['browser', { able: false }, 'fail', 'browser_fail'],
	['browser', { able: false, place: { ...WELL.place, isInApp: true } }, 'fail', 'browser_in_app'],
	['browser', { able: false, place: { ...WELL.place, os: 'ios' } }, 'fail', 'browser_home'],
	['browser', { able: false, place: { ...WELL.place, os: 'ios', isOld: true, version: '16.3' } }, 'fail', 'browser_old'],
	['browser', { able: false, place: { ...WELL.place, os: 'ios', isInstalled: true } }, 'fail', 'browser_fail'],
	['worker', { worker: undefined }, 'fail', 'worker_fail'],
	['worker', { worker: 'installing' }, 'fail', 'worker_wait'],
	['permission', { permission: 'denied' }, 'fail', 'permission_fail'],
	['permission', { permission: 'default' }, 'unknown', 'permission_ask'],
	['subscription', { subscription: false }, 'fail', 'subscription_fail'],
	['key', { isCurrent: false }, 'fail', 'key_fail'],
	['key', { isCurrent: undefined }, 'unknown', 'key_silent'],
	['server', { standing: null }, 'fail', 'server_fail'],
	['server', { standing: undefined }, 'unknown', 'server_silent'],
	['server', { standing: { status: 'gone' } }, 'fail', 'server_gone'],
	['last', { standing: { status: 'subscribed', last_test: { at: null, outcome: null }, last_push: null } }, 'unknown', 'last_none'],
	['last', { standing: { ...WELL.standing, last_test: { at: '2026-11-13T10:00:00.000Z', outcome: 'queued' } } }, 'unknown', 'last_wait'],
	['last', { standing: { ...WELL.standing, last_test: { at: '2026-11-13T10:00:00.000Z', outcome: 'refused: 403' } } }, 'fail', 'last_refused'],
	['last', { standing: { ...WELL.standing, last_test: { at: '2026-11-13T10:00:00.000Z', outcome: 'lost in space' } } }, 'fail', 'last_fail'],
	...Object.entries({
		accepted: 'ok last_ok', sending: 'unknown last_wait', retrying: 'unknown last_retry', refused: 'fail last_refused', expired: 'fail last_expired',
		missed: 'fail last_missed', stopped: 'unknown last_stopped', gone: 'fail last_gone',
	}).map(([outcome, expected]) => ['last', { standing: { ...WELL.standing, last_push: { at: '2026-11-13T10:00:00.000Z', outcome } } }, ...expected.split(' ')]),
]) {
	test(`${name}: ${said}`, () => {
		const found = judge(facts);
		const { mark: given, words: key } = found.find((one) => one.name === name);
		assert.deepEqual([given, key], [mark, said]);
		assert.ok(words[`check_${said}`].length > 10);
		assert.doesNotMatch(words[`check_${said}`], /\{outcome\}/);
		/* What depends on it is not judged by what cannot be seen. */
		if (mark === 'fail' && ['https', 'browser', 'worker', 'permission', 'subscription'].includes(name)) {
			const later = found.slice(found.findIndex((one) => one.name === name) + 1).filter((one) => one.name !== 'permission');
			assert.ok(later.every((one) => one.words === 'later'), JSON.stringify(later));
		}
	});
}

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const IOS = 'Mozilla/5.0 (iPhone; CPU iPhone OS 16_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
for (const [userAgent, more, isInstalled, expected] of [
	['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36', {}, false, 'windows chrome'],
	['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0', {}, false, 'windows edge'],
	['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', {}, false, 'linux firefox'],
	['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0', {}, false, 'linux opera'],
	[`${MAC} Version/17.5 Safari/605.1.15`, { platform: 'MacIntel', maxTouchPoints: 0 }, false, 'mac safari'],
	[`${MAC} Version/17.5 Safari/605.1.15`, { platform: 'MacIntel', maxTouchPoints: 5 }, false, 'ios safari 17.5'],
	[`${IOS} Version/16.3 Mobile/15E148 Safari/604.1`, {}, false, 'ios safari 16.3 old'],
	[`${IOS.replace('16_3_1', '18_6')} Version/26.0 Mobile/15E148 Safari/604.1`, {}, false, 'ios safari 26.0'],
	[`${IOS.replace('16_3_1', '17_0')} CriOS/119.0.0.0 Mobile/15E148 Safari/604.1`, {}, false, 'ios chrome 17.0'],
	[`${IOS.replace('16_3_1', '17_0')} Mobile/15E148`, {}, true, 'ios unknown 17.0'],
	[`${IOS.replace('16_3_1', '17_0')} Mobile/15E148`, {}, false, 'ios unknown 17.0 in-app'],
	[`${IOS.replace('16_3_1', '17_0')} Mobile/15E148 Instagram 300.0`, {}, false, 'ios unknown 17.0 in-app'],
	['Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', {}, false, 'android firefox'],
	['Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36', {}, false, 'android samsung'],
	['Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36', {}, false, 'android chrome in-app'],
]) {
	test(`${expected}: ${userAgent.slice(12, 60)}`, () => {
		const { os, browser, version, isInApp, isOld } = self.pushSteps.where({ userAgent, platform: '', maxTouchPoints: 0, ...more }, isInstalled);
		assert.equal([os, browser, version, isOld && 'old', isInApp && 'in-app'].filter(Boolean).join(' '), expected);
	});
}

test('every script of the visitor is small', () => {
	const names = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== 'admin.js');
	assert.ok(names.includes('push-doors.js') && names.length > 8);
	for (const name of names) assert.ok(Buffer.byteLength(read(name)) < 12288, `${name}: ${Buffer.byteLength(read(name))} octets`);
});
