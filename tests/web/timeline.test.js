// SPDX-License-Identifier: Apache-2.0
// The timeline is the same whatever way its events came: pages, live events, repeats, in any order that can happen.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { page, seeded } = require('./bundle');

const { EMPTY_TIMELINE, withEvent, withMessage, withPage } = page('lib/timeline.ts');
const { buildRows } = page('lib/rows.ts');

const at = (n) => new Date(Date.UTC(2026, 10, 22, 9, 0, n)).toISOString();
const text = (words) => [{ type: 'text', text: words }];

/** A server's log of one conversation: what it would answer at any moment. */
class Log {
	constructor() {
		this.events = [];
		this.messages = new Map();
	}
	push(kind, extra = {}) {
		const event = {
			seq: String(this.events.length + 1),
			kind,
			at: at(this.events.length),
			actor: { kind: 'system' },
			conversation: '1',
			data: {},
			...extra,
		};
		this.events.push(event);
		return event;
	}
	say(id, direction, extra = {}) {
		const author = direction === 'in' ? { kind: 'contact', id: '7' } : { kind: 'agent', id: '11' };
		const message = {
			id,
			key: null,
			conversation: '1',
			direction,
			author,
			audience: 'customer',
			parts: text(id),
			at: at(this.events.length),
			delivery: direction === 'out' ? 'queued' : null,
			...extra,
		};
		this.messages.set(id, message);
		return this.push(`message.${direction}`, { message: { ...message }, data: { message: id } });
	}
	receipt(id, kind, delivery) {
		this.messages.get(id).delivery = delivery;
		return this.push(`receipt.${kind}`, { data: { message: id, delivery } });
	}
	/** A page as the server gives it after its n-th event: messages stand as they are then. */
	page(n, limit, before = n + 1) {
		const list = this.events.slice(0, before - 1).slice(-limit);
		const events = list.map((event) =>
			event.message ? { ...event, message: this.messageAt(event.message.id, n) } : event,
		);
		return { seq: String(n), events, next: Number(list[0]?.seq ?? 1) > 1 ? list[0].seq : null };
	}
	messageAt(id, n) {
		const past = this.events.slice(0, n);
		const born = past.find((event) => event.message?.id === id).message;
		const receipts = past.filter((event) => event.kind.startsWith('receipt.') && event.data.message === id);
		return { ...born, delivery: receipts.at(-1)?.data.delivery ?? born.delivery };
	}
}

const look = (t) => ({
	seqs: t.events.map((event) => event.seq),
	deliveries: [...t.messages.entries()].sort().map(([id, held]) => [id, held.message.delivery]),
});

test('a page and live events make the whole, once', () => {
	const log = new Log();
	log.push('conversation.created');
	log.say('100', 'in');
	log.say('101', 'out');
	let t = withPage(EMPTY_TIMELINE, log.page(3, 10), false);
	const sent = log.receipt('101', 'sent', 'accepted');
	t = withEvent(withEvent(t, sent), sent);
	assert.deepStrictEqual(look(t), {
		seqs: ['1', '2', '3', '4'],
		deliveries: [
			['100', null],
			['101', 'accepted'],
		],
	});
});

test('a page read before a receipt does not undo it', () => {
	const log = new Log();
	log.say('101', 'out');
	const early = log.page(1, 10);
	const read = log.receipt('101', 'read', 'read');
	const t = withPage(withEvent(withPage(EMPTY_TIMELINE, early, false), read), early, false);
	assert.strictEqual(t.messages.get('101').message.delivery, 'read');
});

test('a receipt repeated from before the page does not go back', () => {
	const log = new Log();
	log.say('101', 'out');
	const sent = log.receipt('101', 'sent', 'accepted');
	log.receipt('101', 'failed', 'failed');
	const t = withEvent(withPage(EMPTY_TIMELINE, log.page(3, 10), false), sent);
	assert.strictEqual(t.messages.get('101').message.delivery, 'failed');
});

test('failed, sent again, delivered: the last word counts', () => {
	const log = new Log();
	log.say('101', 'out', { error: 'gone' });
	let t = withPage(EMPTY_TIMELINE, log.page(1, 10), false);
	for (const [kind, delivery] of [
		['failed', 'failed'],
		['queued', 'queued'],
		['sent', 'accepted'],
		['delivered', 'delivered'],
	])
		t = withEvent(t, log.receipt('101', kind, delivery));
	assert.strictEqual(t.messages.get('101').message.delivery, 'delivered');
	assert.strictEqual(t.messages.get('101').message.error, undefined);
	t = withMessage(t, { ...t.messages.get('101').message, delivery: 'queued' });
	t = withEvent(t, log.receipt('101', 'unknown', 'unknown'));
	assert.strictEqual(t.messages.get('101').message.delivery, 'unknown');
});

test('older pages are put in front and end at the beginning', () => {
	const log = new Log();
	for (let i = 0; i < 10; i++) log.say(String(100 + i), 'in');
	let t = withPage(EMPTY_TIMELINE, log.page(10, 4), false);
	assert.strictEqual(t.next, '7');
	t = withPage(t, log.page(10, 4, 7), true);
	t = withPage(t, log.page(10, 4, 3), true);
	assert.strictEqual(t.next, null);
	assert.deepStrictEqual(
		t.events.map((event) => Number(event.seq)),
		[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
	);
	assert.strictEqual(
		withPage(t, log.page(10, 4), false).next,
		null,
		'a refresh of the newest page does not forget the beginning',
	);
});

test('any way it can come gives the same timeline', () => {
	for (let seed = 1; seed <= 200; seed++) {
		const random = seeded(seed);
		const pick = (n) => Math.floor(random() * n);
		const log = new Log();
		for (let i = 0; i < 30; i++) {
			const outs = [...log.messages.values()].filter((message) => message.direction === 'out');
			const what = pick(4);
			if (what === 0 && outs.length) {
				const [kind, delivery] = [
					['sent', 'accepted'],
					['delivered', 'delivered'],
					['failed', 'failed'],
					['queued', 'queued'],
				][pick(4)];
				log.receipt(outs[pick(outs.length)].id, kind, delivery);
			} else if (what === 1) log.push('conversation.assigned', { data: { to: '11' } });
			else log.say(String(1000 + i), what === 2 ? 'in' : 'out');
		}
		// The page is asked for at one moment, answered as of another; the socket began before and may repeat itself.
		const begun = pick(10);
		const asOf = begun + pick(31 - begun);
		const arrives = pick(31);
		let t = EMPTY_TIMELINE;
		for (let n = begun + 1; n <= 30; n++) {
			if (n - 1 === arrives) t = withPage(t, log.page(Math.max(asOf, n - 1), 50), false);
			t = withEvent(t, log.events[n - 1]);
			if (random() < 0.3) t = withEvent(t, log.events[begun + pick(n - begun)]);
		}
		if (arrives < begun || arrives >= 30) t = withPage(t, log.page(Math.max(asOf, begun), 50), false);
		const truth = withPage(EMPTY_TIMELINE, log.page(30, 50), false);
		assert.deepStrictEqual(look(t), look(truth), `seed ${seed}`);
	}
});

test('rows: days, lines, runs of one author; what is on its way last, and once', () => {
	const log = new Log();
	log.push('conversation.created');
	log.say('100', 'in');
	log.say('101', 'in');
	log.push('conversation.needs_plan');
	log.say('102', 'out', { key: 'key-0001' });
	log.say('103', 'out', { audience: 'internal' });
	const t = withPage(EMPTY_TIMELINE, log.page(6, 50), false);
	const pending = {
		key: 'key-0002',
		conversation: '1',
		audience: 'customer',
		parts: text('later'),
		at: at(30),
		state: 'sending',
	};
	const rows = buildRows(t, [{ ...pending, key: 'key-0001' }, pending], '11');
	assert.deepStrictEqual(
		rows.map((row) => row.type),
		['day', 'line', 'message', 'message', 'message', 'message', 'message'],
	);
	const messages = rows.filter((row) => row.type === 'message');
	assert.deepStrictEqual(
		messages.map((row) => row.id),
		['100', '101', 'key-0001', '103', 'key-0002'],
	);
	assert.deepStrictEqual(
		messages.map((row) => [row.isFirst, row.isLast]),
		[
			[true, false],
			[false, true],
			[true, true],
			[true, true],
			[true, true],
		],
	);
	assert.strictEqual(new Set(rows.map((row) => row.id)).size, rows.length);
});
