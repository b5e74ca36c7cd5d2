// SPDX-License-Identifier: Apache-2.0
// The agents' list, unread marks, addresses of the page, short times.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { page } = require('./bundle');

const { isNewer, isUnread, listOf } = page('lib/views.ts');
const { formatRoute, parseRoute } = page('lib/router.ts');
const { formatBytes, formatDay, formatShort, initials } = page('lib/format.ts');
const { compareIds, seqOf } = page('lib/seq.ts');

const card = (id, extra = {}) => ({
	id,
	state: 'open',
	handler: 'none',
	assignee: null,
	version: 1,
	last_at: `2026-11-22T09:00:0${id}.000Z`,
	last_in_at: `2026-11-22T09:00:0${id}.000Z`,
	preview_by: 'contact',
	...extra,
});
const ids = (list) => list.map((one) => one.id).join('');
const everything = { view: 'all', state: 'any', floor: -Infinity };

test('newest activity first; older than the pages loaded is left out', () => {
	const cards = [card('1'), card('3'), card('2')];
	assert.strictEqual(ids(listOf(cards, everything, 'me')), '321');
	assert.strictEqual(ids(listOf(cards, { ...everything, floor: Date.parse(card('2').last_at) }, 'me')), '32');
});

test('views: mine, unassigned (a flow or a bot is somebody), all; states', () => {
	const cards = [
		card('1', { assignee: 'me', handler: 'agent' }),
		card('2'),
		card('3', { handler: 'flow' }),
		card('4', { handler: 'bot' }),
		card('5', { state: 'waiting' }),
		card('6', { state: 'closed' }),
	];
	const list = (view, state) => ids(listOf(cards, { ...everything, view, state }, 'me'));
	assert.strictEqual(list('mine', 'active'), '1');
	assert.strictEqual(list('unassigned', 'active'), '52');
	assert.strictEqual(list('all', 'active'), '54321');
	assert.strictEqual(list('all', 'waiting'), '5');
	assert.strictEqual(list('all', 'any'), '654321');
});

test('an older card does not replace a newer one, the same again may', () => {
	assert.ok(isNewer(card('1'), undefined));
	assert.ok(isNewer(card('1', { version: 2 }), card('1', { version: 2 })));
	assert.ok(!isNewer(card('1', { version: 1 }), card('1', { version: 2 })));
});

test('unread: the customer spoke last, after the agent looked, and it is not over', () => {
	const spoke = Date.parse(card('1').last_in_at);
	assert.ok(isUnread(card('1'), spoke - 1));
	assert.ok(!isUnread(card('1'), spoke));
	assert.ok(!isUnread(card('1', { preview_by: 'agent' }), 0));
	assert.ok(!isUnread(card('1', { state: 'resolved' }), 0));
});

test('addresses: there and back again, nonsense leads home', () => {
	const home = { view: 'mine', state: 'active' };
	const routes = [
		{ view: 'all', state: 'any', conversation: null, pane: 'list' },
		{ view: 'mine', state: 'active', conversation: '9223372036854775807', pane: 'conversation' },
		{ view: 'unassigned', state: 'open', conversation: '5', pane: 'contact' },
	];
	for (const route of routes) {
		const url = new URL(formatRoute(route), 'http://x');
		assert.deepStrictEqual(parseRoute(url.pathname, url.search, home), route);
	}
	for (const path of ['/', '/c/', '/c/0', '/c/x', '/c/1/2', '/c/12345678901234567890', '/elsewhere'])
		assert.deepStrictEqual(
			parseRoute(path, '?view=x&state=y', home),
			{ ...home, conversation: null, pane: 'list' },
			path,
		);
});

test('ids and sequence numbers', () => {
	assert.ok(
		compareIds('9', '10') < 0 &&
			compareIds('9223372036854775807', '9223372036854775806') > 0 &&
			compareIds('5', '5') === 0,
	);
	assert.strictEqual(seqOf('17'), 17);
	for (const text of ['x', '', '-1', '1.5', '9007199254740993'].filter(Boolean))
		assert.throws(() => seqOf(text), undefined, text);
});

test('times and sizes as people read them', () => {
	const now = new Date(2026, 10, 22, 15, 0).getTime();
	const minute = 60_000;
	assert.strictEqual(formatShort(now - 10_000, now, 'en', 'now'), 'now');
	assert.strictEqual(formatShort(now - 5 * minute, now, 'en', 'now'), '5m');
	assert.match(formatShort(now - 120 * minute, now, 'en', 'now'), /^1:00\sPM$/);
	assert.strictEqual(formatShort(now - 24 * 60 * minute, now, 'en', 'now'), 'Sat');
	assert.strictEqual(formatShort(now - 40 * 24 * 60 * minute, now, 'en', 'now'), 'Oct 13');
	assert.strictEqual(formatDay(now, now, 'uk'), 'Сьогодні');
	assert.strictEqual(formatDay(now - 24 * 60 * minute, now, 'en'), 'Yesterday');
	assert.match(formatDay(now - 400 * 24 * 60 * minute, now, 'en'), /2025/);
	assert.strictEqual(formatBytes(182400, 'en'), '182 kB');
	assert.strictEqual(formatBytes(1_500_000, 'en'), '1.5 MB');
});

test('initials of any script', () => {
	assert.deepStrictEqual(['Anna Maria Horvat', 'дмитро шевченко', 'visitor-7', '🙂', '', 'x'].map(initials), [
		'AH',
		'ДШ',
		'V7',
		'?',
		'?',
		'X',
	]);
});
