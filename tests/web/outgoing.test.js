// SPDX-License-Identifier: Apache-2.0
// The agent's messages on their way: in order, tried again with the same key, kept over a reload, never twice on the page.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { FakeTime, fakeStorage, page, settle } = require('./bundle');

const { OutgoingQueue } = page('lib/outgoing.ts');
const { randomKey } = page('lib/key.ts');

/** A server whose answers the test decides: each POST waits until the test says how it ends. */
function scene(storage = fakeStorage(), time = new FakeTime()) {
	const posts = [];
	const post = (item) =>
		new Promise((resolve, reject) =>
			posts.push({ item, ok: () => resolve({ id: `m-${item.key}`, key: item.key }), fail: reject }),
		);
	const failure = (error) => ({ isFinal: error === 'no', text: String(error) });
	const queue = new OutgoingQueue({
		post,
		failure,
		storage,
		prefix: 'out.',
		timer: time.timer,
		random: () => 0.5,
		changed: () => {},
	});
	const add = (key, conversation = '1') =>
		queue.add({
			key,
			conversation,
			audience: 'customer',
			parts: [{ type: 'text', text: key }],
			at: `2026-11-22T09:00:0${posts.length}Z`,
		});
	const states = () => queue.items.map((item) => `${item.key}:${item.state}`);
	return { queue, posts, storage, time, add, states, keys: () => posts.map((one) => one.item.key) };
}

test('one at a time within a conversation, side by side between them', async () => {
	const s = scene();
	s.add('a');
	s.add('b');
	s.add('c', '2');
	assert.deepStrictEqual(s.keys(), ['a', 'c']);
	s.posts[0].ok();
	await settle();
	assert.deepStrictEqual(s.keys(), ['a', 'c', 'b']);
	assert.deepStrictEqual(s.states(), ['a:kept', 'b:sending', 'c:sending']);
	s.queue.settle({ id: 'm-a', key: 'a' });
	assert.deepStrictEqual(s.states(), ['b:sending', 'c:sending']);
});

test('the log may bring it before the answer does', async () => {
	const s = scene();
	s.add('a');
	s.add('b');
	s.queue.settle({ id: 'm-a', key: 'a' });
	s.posts[0].ok();
	await settle();
	assert.deepStrictEqual(s.states(), ['b:sending']);
	assert.strictEqual(s.keys().filter((key) => key === 'b').length, 1);
});

test('a log that does not show keys is known by the id', async () => {
	const s = scene();
	s.add('a');
	s.posts[0].ok();
	await settle();
	s.queue.settle({ id: 'm-other', key: null });
	assert.deepStrictEqual(s.states(), ['a:kept']);
	s.queue.settle({ id: 'm-a', key: null });
	assert.deepStrictEqual(s.states(), []);
});

test('without an answer it tries the same key again, with pauses; those behind it wait', async () => {
	const s = scene();
	s.add('a');
	s.add('b');
	for (let i = 0; i < 4; i++) {
		s.posts.at(-1).fail('away');
		await settle();
		assert.deepStrictEqual(s.states(), ['a:retrying', 'b:waiting']);
		await s.time.advance(30_000);
	}
	assert.deepStrictEqual(s.keys(), ['a', 'a', 'a', 'a', 'a']);
	s.posts.at(-1).ok();
	await settle();
	assert.deepStrictEqual(s.states(), ['a:kept', 'b:sending']);
});

test('the line is back: what waits goes at once', async () => {
	const s = scene();
	s.add('a');
	s.posts[0].fail('away');
	await settle();
	s.queue.retryAll();
	assert.deepStrictEqual(s.keys(), ['a', 'a']);
	assert.strictEqual(s.time.timers.length, 0);
});

test('a refusal stays, lets the others pass, and can be tried again or given back', async () => {
	const s = scene();
	s.add('a');
	s.add('b');
	s.posts[0].fail('no');
	await settle();
	assert.deepStrictEqual(s.states(), ['a:refused', 'b:sending']);
	assert.strictEqual(s.queue.items[0].why, 'no');
	s.queue.retry('a');
	s.posts[1].ok();
	await settle();
	assert.deepStrictEqual(s.keys(), ['a', 'b', 'a']);
	s.posts[2].fail('no');
	await settle();
	assert.strictEqual(s.queue.discard('a').parts[0].text, 'a');
	assert.strictEqual(s.storage.entries.size, 0);
});

test('what may have arrived cannot be discarded', async () => {
	const s = scene();
	s.add('a');
	assert.strictEqual(s.queue.discard('a'), undefined);
	s.posts[0].ok();
	await settle();
	assert.strictEqual(s.queue.discard('a'), undefined);
});

test('a reload goes on with the same keys in the same order, and leaves refusals alone', async () => {
	const before = scene();
	before.add('a');
	before.posts[0].fail('no');
	await settle();
	before.add('b');
	before.posts[1].fail('away');
	before.add('c');
	await settle();
	before.queue.close();
	const after = scene(before.storage);
	after.queue.start();
	assert.deepStrictEqual(after.states(), ['a:refused', 'b:sending', 'c:waiting']);
	after.posts[0].ok();
	await settle();
	after.posts[1].ok();
	await settle();
	assert.deepStrictEqual(after.keys(), ['b', 'c']);
	assert.deepStrictEqual([...before.storage.entries.keys()], ['out.a']);
});

test('what somebody else wrote into the storage does no harm', () => {
	const storage = fakeStorage(
		new Map([
			['out.x', '"text"'],
			['out.y', '{"key":"y"}'],
			['other', '{}'],
		]),
	);
	assert.deepStrictEqual(scene(storage).states(), []);
});

test('keys are of the form the server wants, and differ', () => {
	const keys = new Set(Array.from({ length: 1000 }, randomKey));
	assert.strictEqual(keys.size, 1000);
	for (const key of keys) assert.match(key, /^[A-Za-z0-9_-]{8,64}$/);
});
