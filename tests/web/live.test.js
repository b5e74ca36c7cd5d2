// SPDX-License-Identifier: Apache-2.0
// The live socket's client: each event once and in order, over lost connections, resets and ended sessions.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { FakeTime, page, settle } = require('./bundle');

const { LiveClient } = page('lib/live.ts');

/** A client, the sockets it opened, and what it told the page. */
function scene() {
	const time = new FakeTime();
	const told = { events: [], signals: [], status: [], trouble: [], resets: 0, signedOut: 0 };
	const sockets = [];
	const world = { probe: 'fine', probes: 0 };
	const open = (after) => {
		const socket = {
			after,
			sent: [],
			isClosed: false,
			onmessage: null,
			onclose: null,
			send: (text) => socket.sent.push(text),
			close: () => (socket.isClosed = true),
		};
		socket.say = (frame) => socket.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
		socket.die = () => socket.onclose?.({});
		sockets.push(socket);
		return socket;
	};
	const probe = async () => (world.probes++, world.probe);
	const client = new LiveClient(
		{ open, probe, timer: time.timer, random: () => 0.5, now: () => time.now },
		{
			event: (event) => told.events.push(event.seq),
			signal: (signal) => told.signals.push(signal.kind),
			trouble: (text) => told.trouble.push(text),
			status: (status) => told.status.push(status),
			reset: () => told.resets++,
			signedOut: () => told.signedOut++,
		},
	);
	return { client, sockets, told, time, world, last: () => sockets.at(-1) };
}
const event = (seq) => ({ type: 'event', seq: String(seq), kind: 'message.in', at: '', actor: { kind: 'contact' } });

test('events come once, in order, and the next socket goes on behind them', async () => {
	const s = scene();
	s.client.start('5');
	assert.strictEqual(s.last().after, '5');
	s.last().say({ type: 'hello', seq: '9' });
	for (const seq of [5, 6, 7, 7, 6, 8]) s.last().say(event(seq));
	assert.deepStrictEqual(s.told.events, ['6', '7', '8']);
	s.last().die();
	await s.time.advance(1_000);
	assert.strictEqual(s.sockets.length, 2);
	assert.strictEqual(s.last().after, '8');
	s.last().say({ type: 'hello', seq: '10' });
	for (const seq of [8, 9, 10]) s.last().say(event(seq));
	assert.deepStrictEqual(s.told.events, ['6', '7', '8', '9', '10']);
	assert.deepStrictEqual(s.told.status, ['connecting', 'open', 'lost', 'open']);
});

test('a socket that was given up is not heard any more', async () => {
	const s = scene();
	s.client.start('0');
	const old = s.last();
	old.say({ type: 'hello', seq: '0' });
	const hear = old.onmessage;
	old.die();
	await s.time.advance(1_000);
	hear({ data: JSON.stringify(event(1)) });
	assert.deepStrictEqual(s.told.events, []);
});

test('waits longer each time, and shortly again after a good connection', async () => {
	const s = scene();
	s.world.probe = 'away';
	s.client.start('0');
	const waits = [];
	for (let i = 0; i < 8; i++) {
		const n = s.sockets.length;
		s.last().die();
		await settle();
		const began = s.time.now;
		while (s.sockets.length === n) await s.time.advance(25);
		waits.push(s.time.now - began);
	}
	assert.deepStrictEqual(
		waits,
		[...waits].sort((a, b) => a - b),
	);
	assert.ok(waits[0] <= 500 && waits.at(-1) >= 10_000 && waits.at(-1) <= 20_000, String(waits));
	s.last().say({ type: 'hello', seq: '0' });
	await s.time.advance(20_000);
	const n = s.sockets.length;
	s.last().die();
	await s.time.advance(1_000);
	assert.strictEqual(s.sockets.length, n + 1);
});

test('a server that says hello and hangs up is not hammered', async () => {
	const s = scene();
	s.client.start('0');
	for (let i = 0; i < 60; i++) {
		if (!s.last().isClosed) {
			s.last().say({ type: 'hello', seq: '0' });
			s.last().die();
		}
		await s.time.advance(1_000);
	}
	assert.ok(s.sockets.length < 15, `${s.sockets.length} sockets in a minute`);
});

test('a socket that never says hello is given up', async () => {
	const s = scene();
	s.client.start('0');
	await s.time.advance(11_000);
	assert.ok(s.sockets[0].isClosed);
	assert.ok(s.sockets.length >= 2);
});

test('when it does not open, it asks whether the session is over', async () => {
	const s = scene();
	s.client.start('3');
	s.world.probe = 'signed_out';
	s.last().die();
	await s.time.advance(60_000);
	assert.strictEqual(s.told.signedOut, 1);
	assert.strictEqual(s.sockets.length, 1);
	s.world.probe = 'fine';
	s.client.resume();
	assert.strictEqual(s.last().after, '3');
	assert.strictEqual(s.sockets.length, 2);
});

test('reset and signed_out turn it off until it is started again', async () => {
	const s = scene();
	s.client.start('3');
	s.last().say({ type: 'hello', seq: '3' });
	s.last().say({ type: 'reset' });
	assert.strictEqual(s.told.resets, 1);
	await s.time.advance(60_000);
	assert.strictEqual(s.sockets.length, 1);
	s.client.start('900');
	s.last().say({ type: 'hello', seq: '900' });
	s.last().say(event(899));
	s.last().say(event(901));
	assert.deepStrictEqual(s.told.events, ['901']);
	s.last().say({ type: 'signed_out' });
	assert.strictEqual(s.told.signedOut, 1);
	assert.ok(s.last().isClosed);
});

test('signals, trouble, and frames of a later server', () => {
	const s = scene();
	s.client.start('0');
	for (const frame of [
		{ type: 'hello', seq: '0' },
		{ type: 'signal', kind: 'typing', conversation: '1' },
		{ type: 'state', trouble: 'disk full' },
		{ type: 'state', trouble: '' },
		{ type: 'novelty' },
		'no JSON',
		'[]',
		'null',
	])
		s.last().say(frame);
	assert.deepStrictEqual([s.told.signals, s.told.trouble], [['typing'], ['disk full', '']]);
	s.client.typing('1');
	assert.deepStrictEqual(s.last().sent, ['{"type":"typing","conversation":"1"}']);
});

test('long silence is checked over HTTP; a dead line is left', async () => {
	const s = scene();
	s.client.start('0');
	s.last().say({ type: 'hello', seq: '0' });
	await s.time.advance(61_000);
	assert.strictEqual(s.world.probes, 1);
	assert.strictEqual(s.sockets.length, 1);
	s.world.probe = 'away';
	await s.time.advance(61_000);
	assert.ok(s.sockets[0].isClosed);
	assert.ok(s.told.status.includes('lost'));
});

test('a nudge ends the waiting', async () => {
	const s = scene();
	s.client.start('0');
	s.last().die();
	await settle();
	s.client.nudge();
	assert.strictEqual(s.sockets.length, 2);
});
