// SPDX-License-Identifier: Apache-2.0
// The widget's way to the server: comes back, falls back to polls, tries the socket again later.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { FakeTime, widget } = require('./bundle');

const { Link } = widget('link.ts');

function scene() {
	const time = new FakeTime();
	const opened = [];
	const told = { frames: [], status: [] };
	const open = (kind) => (hello, on) => {
		const transport = {
			kind,
			hello,
			on,
			sent: [],
			isClosed: false,
			send: (frame) => transport.sent.push(frame),
			close: () => (transport.isClosed = true),
		};
		opened.push(transport);
		return transport;
	};
	const world = { hello: { type: 'hello', token: null, cursor: null } };
	const link = new Link(
		{
			socket: open('socket'),
			poll: open('poll'),
			hello: () => world.hello,
			timer: time.timer,
			random: () => 0.5,
			now: () => time.now,
		},
		{ frame: (frame) => told.frames.push(frame.type), status: (status) => told.status.push(status) },
	);
	return { link, time, opened, told, world, last: () => opened.at(-1) };
}

test('a socket that is welcomed is up; what comes after its end is not heard', async () => {
	const s = scene();
	s.link.connect();
	const first = s.last();
	first.on.frame({ type: 'welcome' });
	assert.deepStrictEqual(s.told.status, ['up']);
	s.link.send({ type: 'typing' });
	assert.strictEqual(first.sent.length, 1);
	first.on.down();
	first.on.frame({ type: 'message' });
	first.on.down();
	assert.deepStrictEqual(s.told, { frames: ['welcome'], status: ['up', 'down'] });
	await s.time.advance(2_000);
	assert.strictEqual(s.opened.length, 2);
	assert.strictEqual(s.last().kind, 'socket');
});

test('two sockets that do not open: polls; later a socket again', async () => {
	const s = scene();
	s.link.connect();
	s.last().on.down();
	await s.time.advance(2_000);
	s.last().on.down();
	await s.time.advance(4_000);
	assert.deepStrictEqual(
		s.opened.map((one) => one.kind),
		['socket', 'socket', 'poll'],
	);
	s.last().on.frame({ type: 'welcome' });
	assert.deepStrictEqual(s.told.status.at(-1), 'up');
	await s.time.advance(31 * 60_000);
	assert.strictEqual(s.last().kind, 'socket');
});

test('a proxy that swallows the socket: no welcome in time counts as not open', async () => {
	const s = scene();
	s.link.connect();
	await s.time.advance(30_000);
	assert.ok(s.opened.some((one) => one.kind === 'poll'));
	assert.ok(s.opened.slice(0, -1).every((one) => one.isClosed));
});

test('nothing works: ever longer pauses, no storm', async () => {
	const s = scene();
	s.link.connect();
	for (let i = 0; i < 600; i++) {
		if (!s.last().isClosed) s.last().on.down();
		await s.time.advance(1_000);
	}
	assert.ok(s.opened.length < 60, `${s.opened.length} tries in ten minutes`);
});

test('a server that welcomes and hangs up is not hammered', async () => {
	const s = scene();
	s.link.connect();
	for (let i = 0; i < 120; i++) {
		if (!s.last().isClosed) {
			s.last().on.frame({ type: 'welcome' });
			s.last().on.down();
		}
		await s.time.advance(1_000);
	}
	assert.ok(s.opened.length < 25, `${s.opened.length} tries in two minutes`);
});

test('a nudge ends the waiting; after a stop there is none', async () => {
	const s = scene();
	s.link.connect();
	s.last().on.down();
	s.link.nudge();
	assert.strictEqual(s.opened.length, 2);
	s.link.stop();
	s.link.nudge();
	await s.time.advance(60_000);
	assert.strictEqual(s.opened.length, 2);
	assert.strictEqual(s.link.isStarted, false);
});

test('the hello is made anew for each connection', async () => {
	const s = scene();
	s.link.connect();
	s.world.hello = { type: 'hello', token: 't', cursor: '5' };
	s.link.lost(0);
	await s.time.advance(1);
	assert.deepStrictEqual(s.last().hello, s.world.hello);
});
