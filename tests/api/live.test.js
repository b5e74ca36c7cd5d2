// SPDX-License-Identifier: Apache-2.0
// The live socket under load: sockets come and go while customers write, and each hears every event once, in order.
'use strict';
const assert = require('node:assert/strict');
const { randomBytes, randomInt } = require('node:crypto');
const { after, before, test } = require('node:test');
const { Besedad } = require('../tools/besedad');
const { Peer, TOKEN } = require('../tools/peer');

const CUSTOMERS = 8;
const MESSAGES = 40; // of each
const LISTENERS = 12;

let server;
let peer;
let admin;
let inbox;

before(async () => {
	peer = await Peer.open();
	server = await Besedad.start({ settings: { 'plugins.allow_hosts': '127.0.0.1' } });
	admin = await server.admin();
	const config = { send_url: peer.url, verify: { token: TOKEN } };
	inbox = (await admin.post('/inboxes', { name: 'Echo', channel: 'echo', config })).inbox;
});
after(async () => {
	await server.stop();
	await peer.close();
});

async function customer(name) {
	for (let i = 0; i < MESSAGES; ) {
		const message = { id: `${name}-${i}`, from: name, text: `${name} ${i}` };
		const response = await fetch(`${server.url}/hooks/${inbox.id}`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', 'X-Echo-Token': TOKEN },
			body: JSON.stringify({ messages: [message] }),
		});
		assert.ok([200, 503].includes(response.status), String(response.status));
		if (response.status === 200) i++; // the same again is taken once
	}
}

// Listens from `from`, hangs up at random and comes back with the seq it had last, until it has heard `last()`.
async function listener(from, last) {
	const heard = [];
	let seq = from;
	while (last() === undefined || seq < last()) {
		const live = await admin.live(String(seq));
		const patience = randomInt(1, 60);
		for (let n = 0; n < patience && (last() === undefined || seq < last()); n++) {
			const frame = await live.next((one) => one.type === 'event' || one.type === 'reset', 500).catch(() => null);
			if (!frame) break;
			assert.notEqual(frame.type, 'reset');
			seq = Number(frame.seq);
			heard.push(seq);
		}
		live.close();
	}
	return heard;
}

test('sockets come and go, and miss nothing', { timeout: 120_000 }, async () => {
	const start = Number((await admin.get('/me')).seq);
	let last;
	const listeners = Array.from({ length: LISTENERS }, () => listener(start, () => last));
	await Promise.all(Array.from({ length: CUSTOMERS }, (_, i) => customer(`customer${i}`)));
	last = Number((await admin.get('/me')).seq);
	assert.ok(last - start >= CUSTOMERS * MESSAGES);
	const expected = Array.from({ length: last - start }, (_, i) => start + 1 + i);
	for (const heard of await Promise.all(listeners)) assert.deepEqual(heard.filter((seq) => seq <= last), expected);
});

test('the live socket and the log say the same', async () => {
	const live = await admin.live('0');
	const last = Number((await admin.get('/me')).seq);
	const logged = [];
	for (let after = 0; after < last; ) {
		const page = await admin.get(`/events?after=${after}&limit=100`);
		logged.push(...page.events);
		after = Number(page.last);
	}
	await live.next((frame) => Number(frame.seq) >= last && frame.type === 'event');
	const strip = ({ seq, kind, actor, conversation, contact, data }) => ({ seq, kind, actor, conversation, contact, data });
	assert.deepEqual(live.events().slice(0, last).map(strip), logged.slice(0, last).map(strip));
});

test('frames that nobody understands do no harm', async () => {
	const live = await admin.live();
	for (const text of ['', '{', '[]', 'null', '{"type":7}', '{"type":"typing"}', '{"type":"typing","conversation":"x"}'])
		live.ws.send(text);
	live.ws.send(JSON.stringify({ type: 'typing', conversation: '12345' }));
	live.ws.send(JSON.stringify({ type: 'typing', more: randomBytes(3000).toString('hex') }));
	await admin.get('/me');
	live.ws.ping();
	await new Promise((resolve) => live.ws.once('pong', resolve));
	live.ws.send(Buffer.from('binary'), { binary: true });
	assert.equal(await live.closed, 1003);
});
