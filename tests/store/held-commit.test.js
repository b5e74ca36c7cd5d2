// SPDX-License-Identifier: Apache-2.0
// A transaction of somebody else is open for 5 s while others commit through the server. No reader of the log misses an event or
// gets one twice: whoever reads by seq never passes a number that may still appear.
'use strict';
const assert = require('node:assert/strict');
const { play, waitFor } = require('../tools/scene');
const { Echo } = require('../tools/peer');

const HOLD_MS = 5000;
const MESSAGE_IN = 1;

// Follows /api/v1/events by its cursor until it is told to stop.
class Reader {
	constructor(client, after) {
		this.seqs = [];
		this.after = after;
		this.reading = this.read(client);
	}

	async read(client) {
		for (let isLast = false; ; ) {
			const page = await client.get(`/events?after=${this.after}&limit=7`);
			this.seqs.push(...page.events.map((event) => event.seq));
			if (page.last === this.after && isLast) return;
			isLast = this.isOver;
			this.after = page.last;
		}
	}

	stop() {
		this.isOver = true;
		return this.reading;
	}
}

// A writer beside the server: its message is inserted at once, its numbers are taken and committed when the time has come.
class Writer {
	static async begin(scene, conversation) {
		const writer = new Writer();
		writer.session = scene.db.session();
		const [row] = await scene.db.rows(`SELECT CAST(thread AS TEXT) AS thread, CAST(inbox AS TEXT) AS inbox,
			CAST(contact AS TEXT) AS contact, CAST(id AS TEXT) AS id FROM conversation WHERE id = ${conversation}`);
		writer.row = row;
		writer.id = (BigInt(row.id) + 1_000_000n + BigInt((Writer.n = (Writer.n ?? 0) + 1))).toString();
		await writer.session.run('BEGIN');
		await writer.session.run(`INSERT INTO message (id, conversation, contact, thread, inbox, author, author_id, is_out, origin, audience,
			received_at, parts, delivery) SELECT ${writer.id}, id, contact, thread, inbox, 0, contact, 0, 0, 0,
			(extract(epoch FROM clock_timestamp()) * 1000)::bigint, '[{"type":"text","text":"from beside"}]', 0
			FROM conversation WHERE id = ${conversation}`);
		return writer;
	}

	// Takes the next number and tells the log; gives the number.
	async takeSeq() {
		const { id, contact, thread, inbox } = this.row;
		const columns = 'seq, at, kind, actor_kind, actor, conversation, contact, message, inbox, thread';
		const out = await this.session.run(`WITH h AS (UPDATE feed_head SET seq = seq + 1 RETURNING seq) INSERT INTO event (${columns})
			SELECT seq, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, ${MESSAGE_IN}, 1, ${contact}, ${id}, ${contact}, ${this.id},
			${inbox}, ${thread} FROM h RETURNING seq`);
		this.seq = out.split('\n')[0];
		return this.seq;
	}

	async commit() {
		await this.session.run('COMMIT');
		await this.session.close();
	}
}

async function allSeqs(scene, after) {
	const rows = await scene.db.rows(`SELECT CAST(seq AS TEXT) AS number FROM event WHERE seq > ${after} ORDER BY seq`);
	return rows.map((row) => row.number);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

play('a transaction is open for 5 s while others commit', { stores: ['pgsql'] }, async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	const { seq: start } = await scene.admin.get('/me');
	const live = await scene.admin.live(start);
	const reader = new Reader(scene.admin, start);

	const writer = await Writer.begin(scene, id);
	const until = Date.now() + HOLD_MS;
	let n = 0;
	while (Date.now() < until) await echo.post({ id: `m${n}`, from: `c${n++ % 5}`, text: `meanwhile ${n}` });
	assert.ok(n > 50, `only ${n} were committed beside the open transaction`);
	const posting = Promise.all(Array.from({ length: 20 }, (_, i) => echo.post({ id: `l${i}`, from: `c${i % 5}`, text: `late ${i}` })));
	await writer.takeSeq();
	await writer.commit();
	await posting;
	await echo.post({ id: 'last', from: 'ann', text: 'the last' });

	const wanted = await allSeqs(scene, start);
	assert.ok(wanted.includes(writer.seq));
	await waitFor('the live socket to be told everything', () => live.events().length >= wanted.length);
	await reader.stop();
	assert.deepEqual(reader.seqs, wanted);
	assert.deepEqual(live.events().map((event) => event.seq), wanted);
	const told = live.events().find((event) => event.seq === writer.seq);
	assert.equal(told.message.parts[0].text, 'from beside');
});

play('the head of the log itself is held for 5 s: everybody waits, nobody loses', { stores: ['pgsql'] }, async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	const { seq: start } = await scene.admin.get('/me');
	const live = await scene.admin.live(start);
	const reader = new Reader(scene.admin, start);

	const writer = await Writer.begin(scene, id);
	await writer.takeSeq();
	let n_acknowledged = 0;
	const posts = Array.from({ length: 30 }, (_, i) => echo.post({ id: `m${i}`, from: `c${i % 6}`, text: `held up ${i}` }).then(() => n_acknowledged++));
	await pause(HOLD_MS);
	assert.equal(n_acknowledged, 0, 'acknowledged although nothing can be committed');
	await writer.commit();
	await Promise.all(posts);
	await live.next((frame) => frame.type === 'state' && !frame.trouble).catch(() => {}); // the banner, if there was one, is gone
	assert.equal((await scene.admin.get('/me')).trouble, '');

	const wanted = await allSeqs(scene, start);
	await waitFor('the live socket to be told everything', () => live.events().length >= wanted.length);
	await reader.stop();
	assert.deepEqual(reader.seqs, wanted);
	assert.deepEqual(live.events().map((event) => event.seq), wanted);
});

play('somebody holds one conversation for 5 s: the others go on', { stores: ['pgsql'] }, async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post([{ id: 'a', from: 'ann', text: 'hello' }, { id: 'b', from: 'bob', text: 'hi' }]);
	const { id } = await echo.conversation('hello');
	const session = scene.db.session();
	await session.run('BEGIN');
	await session.run(`SELECT version FROM conversation WHERE id = ${id} FOR UPDATE`);
	let isHeld = true;
	const held = echo.post({ id: 'a2', from: 'ann', text: 'held up' }).then(() => (isHeld = false));
	const until = Date.now() + HOLD_MS;
	let slowest = 0;
	for (let n = 0; Date.now() < until; n++) {
		const began = Date.now();
		await echo.post({ id: `b${n}`, from: 'bob', text: `on we go ${n}` });
		slowest = Math.max(slowest, Date.now() - began);
	}
	assert.ok(isHeld);
	assert.ok(slowest < 2500, `the others waited ${slowest} ms`);
	await session.run('COMMIT');
	await session.close();
	await held;
	const rows = await scene.db.rows(`SELECT key FROM message WHERE conversation = ${id}`);
	assert.deepEqual(rows.map((row) => row.key).sort(), ['a', 'a2']);
});
