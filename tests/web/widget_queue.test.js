// SPDX-License-Identifier: Apache-2.0
// The visitor's side: nothing that was written is lost or shown twice, over lost lines, reloads and second tabs.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { FakeTime, seeded, settle, widget } = require('./bundle');

const { Queue } = widget('queue.ts');
const { History } = widget('history.ts');
const { areaOf, Memory } = widget('memory.ts');
const { asFrame, parseFrame } = widget('wire.ts');

const text = (words) => [{ type: 'text', text: words }];
const said = (id, key, kind = 'contact') => ({
	type: 'message',
	cursor: id,
	id,
	key,
	author: { kind, name: null },
	at: '2026-11-22T09:00:00Z',
	parts: text(id),
});

/** localStorage over a Map that several pages may share. */
function browser(map = new Map()) {
	return new Proxy(
		{},
		{
			get: (_, name) =>
				({
					getItem: (key) => map.get(key) ?? null,
					setItem: (key, value) => map.set(key, value),
					removeItem: (key) => map.delete(key),
				})[name],
			ownKeys: () => [...map.keys()],
			getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
		},
	);
}

function scene(map = new Map()) {
	const time = new FakeTime();
	const memory = new Memory(
		areaOf(() => browser(map)),
		'21',
	);
	const sent = [];
	const world = { stuck: 0 };
	const queue = new Queue({
		load: () => memory.entries(),
		keep: (entry) => memory.keep(entry),
		forget: (key) => memory.forget(key),
		timer: time.timer,
		random: () => 0.5,
		changed: () => {},
		stuck: () => world.stuck++,
	});
	let clock = 0;
	const add = (key) => queue.add(key, text(key), (clock += 1000));
	return { map, time, memory, queue, sent, world, add, open: () => queue.open((entry) => sent.push(entry.key)) };
}

test('waits for a line, then goes one by one', () => {
	const s = scene();
	s.add('a');
	s.add('b');
	assert.deepStrictEqual(s.sent, []);
	s.open();
	assert.deepStrictEqual(s.sent, ['a']);
	s.queue.done('a');
	assert.deepStrictEqual(s.sent, ['a', 'b']);
	s.queue.done('b');
	assert.deepStrictEqual([s.queue.entries.length, s.map.size], [0, 0]);
});

test('after a lost line the same key goes again, and an acknowledgement twice does no harm', () => {
	const s = scene();
	s.add('a');
	s.open();
	s.queue.closed();
	s.open();
	assert.deepStrictEqual(s.sent, ['a', 'a']);
	assert.ok(s.queue.done('a'));
	assert.strictEqual(s.queue.done('a'), undefined);
});

test('a reload in mid-send goes on with the same keys in the same order', () => {
	const before = scene();
	before.open();
	before.add('a');
	before.add('b');
	const after = scene(before.map);
	after.open();
	after.queue.done('a');
	after.queue.done('b');
	assert.deepStrictEqual(after.sent, ['a', 'b']);
	assert.strictEqual(before.map.size, 0);
});

test('another tab finished one: it is not sent again', () => {
	const one = scene();
	one.add('a');
	one.add('b');
	const two = scene(one.map);
	two.open();
	two.queue.done('a');
	one.queue.drop('a');
	one.open();
	assert.deepStrictEqual(one.sent, ['b']);
});

test('the server is busy: the same again after what it asks, in order', async () => {
	const s = scene();
	s.open();
	s.add('a');
	s.add('b');
	s.queue.error({ type: 'error', key: 'a', code: 'rate', retry_ms: 700 });
	await s.time.advance(699);
	assert.deepStrictEqual(s.sent, ['a']);
	await s.time.advance(1);
	assert.deepStrictEqual(s.sent, ['a', 'a']);
	s.queue.error({ type: 'error', key: 'a', code: 'unavailable', retry_ms: null });
	await s.time.advance(60_000);
	assert.strictEqual(s.sent[2], 'a');
	assert.strictEqual(s.world.stuck > 0, true, 'then it waits for the acknowledgement again');
});

test('a refused one stays, lets the others pass, survives a reload, and can go again', () => {
	const s = scene();
	s.open();
	s.add('a');
	s.add('b');
	s.queue.error({ type: 'error', key: 'a', code: 'too_large', text: 'Too long' });
	assert.deepStrictEqual(s.sent, ['a', 'b']);
	const after = scene(s.map);
	after.open();
	assert.strictEqual(after.queue.entries[0].refused, 'Too long');
	assert.deepStrictEqual(after.sent, ['b']);
	after.queue.done('b');
	after.queue.retry('a');
	assert.deepStrictEqual(after.sent, ['b', 'a']);
	after.queue.done('a');
	assert.strictEqual(s.map.size, 0);
});

test('no acknowledgement in time: the line is given up', async () => {
	const s = scene();
	s.open();
	s.add('a');
	await s.time.advance(20_000);
	assert.strictEqual(s.world.stuck, 1);
});

test('an error that names nobody, or a stranger, changes nothing', () => {
	const s = scene();
	s.open();
	s.add('a');
	s.queue.error({ type: 'error', key: null, code: 'invalid' });
	s.queue.error({ type: 'error', key: 'zz', code: 'invalid' });
	assert.strictEqual(s.queue.entries[0].refused, undefined);
});

test('history: replays do not repeat, an acknowledged one keeps its place and gets its id', () => {
	const h = new History();
	h.take(said('1', 'a'));
	h.acknowledged({ key: 'b', parts: text('b'), at: 5 });
	h.acknowledged({ key: 'b', parts: text('b'), at: 5 });
	h.take(said('3', null, 'agent'));
	h.take(said('2', 'b'));
	h.take(said('1', 'a'));
	h.take(said('3', null, 'agent'));
	assert.deepStrictEqual(
		h.items.map((item) => [item.uid, item.id]),
		[
			['a', '1'],
			['b', '2'],
			['3', '3'],
		],
	);
	assert.strictEqual(h.unread('1'), 1);
	assert.strictEqual(h.unread('3'), 0);
	assert.strictEqual(h.unread(null), 1);
	assert.strictEqual(h.lastTheirs(), '3');
});

test("an agent cannot take the place of a visitor's message by its key", () => {
	const h = new History();
	h.take(said('1', 'a'));
	h.take(said('2', 'a', 'agent'));
	assert.strictEqual(h.items.length, 2);
});

test('whatever breaks when, each message is stored once and shown once, in order', async () => {
	for (let seed = 1; seed <= 150; seed++) {
		const random = seeded(seed);
		const map = new Map();
		const stored = [];
		let s = scene(map);
		let history = new History();
		let isUp = false;
		/** The server: stores a key once; frames and acknowledgements may be lost with the line. */
		const serve = (key) => {
			if (random() < 0.2) return void (isUp = false);
			if (!stored.includes(key)) stored.push(key);
			if (random() < 0.2) return void (isUp = false);
			const entry = s.queue.done(key);
			if (entry) history.acknowledged(entry);
		};
		const connect = () => {
			isUp = true;
			stored.forEach((key, i) => {
				history.take(said(String(i + 1), key));
				s.queue.done(key);
			});
			const flying = [];
			s.queue.open((entry) => flying.push(entry.key));
			while (isUp && flying.length) serve(flying.shift());
			if (!isUp) s.queue.closed();
		};
		const written = [];
		for (let i = 0; i < 12; i++) {
			const key = `key-${String(i).padStart(4, '0')}`;
			written.push(key);
			s.queue.closed();
			isUp = false;
			s.queue.add(key, text(key), i);
			if (random() < 0.4) [s, history] = [scene(map), new History()];
			if (random() < 0.8) connect();
		}
		while (s.queue.entries.length) connect();
		connect();
		assert.deepStrictEqual(stored, written, `seed ${seed}`);
		assert.deepStrictEqual(
			history.items.map((item) => item.uid),
			written,
			`seed ${seed}`,
		);
		assert.strictEqual(map.size, 0);
		await settle();
	}
});

test('a browser that keeps nothing still works on this page', () => {
	const area = areaOf(() => {
		throw new Error('denied');
	});
	const memory = new Memory(area, '21');
	memory.set('token', 't');
	memory.keep({ key: 'a', parts: text('a'), at: 1 });
	assert.strictEqual(memory.text('token'), 't');
	assert.strictEqual(memory.entries().length, 1);
	memory.set('token', null);
	memory.forget('a');
	assert.deepStrictEqual([memory.text('token'), memory.entries().length], [null, 0]);
});

test("inboxes do not read each other's memory", () => {
	const map = new Map();
	const one = new Memory(
		areaOf(() => browser(map)),
		'1',
	);
	const two = new Memory(
		areaOf(() => browser(map)),
		'12',
	);
	one.keep({ key: 'a', parts: text('a'), at: 1 });
	assert.strictEqual(two.entries().length, 0);
	assert.strictEqual(one.entries().length, 1);
});

test('frames: nonsense is none', () => {
	for (const nonsense of [
		'',
		'x',
		'[]',
		'1',
		'null',
		'{}',
		'{"type":1}',
		'{"type":"message"}',
		'{"type":"message","id":"1","author":{},"parts":{}}',
	])
		assert.strictEqual(parseFrame(nonsense), undefined, nonsense);
	assert.strictEqual(asFrame({ type: 'later' }).type, 'later');
	assert.strictEqual(asFrame(said('1', null)).id, '1');
});
