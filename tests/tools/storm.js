// SPDX-License-Identifier: Apache-2.0
// The crash run: messages come in, answers go out, visitors chat and an agent listens while the server is killed at random moments
// (and PostgreSQL crashes in the middle); in the end the store, the REST API, the peer's log and what visitors and the agent were
// told are counted against what was acknowledged.
'use strict';
const assert = require('node:assert/strict');
const { waitFor } = require('./besedad');
const { Echo } = require('./peer');
const { Visitor } = require('./visitor');
const { conversations, log, timeline, textOf } = require('./story');

const VISITORS = 4;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Small and repeatable (mulberry32): the seed of a failed run is printed.
function random(seed) {
	let a = seed >>> 0;
	return () => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

class Storm {
	// n: messages; senders: how many write; workers: POSTs at once; kills: of the server; upheaval: called once, while the server
	// runs; isForgetful: the peer delivers what it is sent, also twice.
	constructor(scene, { n, senders = 40, workers = 12, kills, upheaval, isForgetful = false, seed = Date.now() % 1e9, t }) {
		Object.assign(this, { scene, n, senders, workers, kills, upheaval, isForgetful, t });
		this.random = random(seed);
		this.acknowledged = new Set();
		this.answers = new Map(); // text → id, of those that were acknowledged
		this.next = 0;
		t.diagnostic(`seed ${seed}`);
	}

	between(from, to) {
		return Math.floor(from + this.random() * (to - from + 1));
	}

	// ---- what comes in

	// One to three new messages, the one before once more now and then: providers do that.
	batch() {
		const messages = [];
		for (let size = this.between(1, 3); size && this.next < this.n; size--, this.next++)
			messages.push({ id: `m${this.next}`, from: `c${this.next % this.senders}`, text: `text m${this.next}` });
		if (messages.length && this.random() < 0.1) messages.push(messages[0]);
		return messages;
	}

	async post(messages) {
		while (!this.isGivenUp) {
			const status = await this.echo.hook({ messages }, { ms: 20_000 }).then((answer) => answer.status, () => 0);
			if (status === 200) break;
			assert.ok([0, 503].includes(status), `the webhook answers ${status}`);
			await pause(50);
		}
		for (const { id } of messages) this.acknowledged.add(id);
	}

	async work() {
		for (let messages; (messages = this.batch()).length; ) await this.post(messages);
	}

	// ---- what goes out: every third message is answered

	async follow() {
		const { admin } = this.scene;
		for (let after = '0'; !this.isOver; ) {
			const page = await admin.get(`/events?after=${after}&limit=200`).catch(() => null);
			if (!page || page.last === after) await pause(50);
			for (const event of page?.events ?? []) {
				const text = event.kind === 'message.in' ? textOf(event.message) : '';
				if (text.startsWith('text m') && Number(text.slice(6)) % 3 === 0) await this.answer(event.conversation, `answer to ${text.slice(5)}`);
			}
			after = page?.last ?? after;
		}
	}

	async answer(conversation, text) {
		const body = { key: text.replace(/ /g, '-'), parts: [{ type: 'text', text }] };
		while (!this.isGivenUp) {
			const answer = await this.scene.admin.raw('POST', `/conversations/${conversation}/messages`, { json: body }).catch(() => null);
			if (answer?.status === 201) {
				this.answers.set(text, answer.body.message.id);
				return;
			}
			assert.ok(!answer || answer.status === 503, `the desk answers ${answer?.status} ${answer?.text}`);
			await pause(50);
		}
	}

	// ---- who listens, and comes back after every kill

	// The live socket, each time from the last number it told, until it has told the last one of all.
	async listen(after) {
		this.told = [];
		while (!this.isGivenUp && BigInt(after) < (this.head ?? Infinity)) {
			const live = await this.scene.admin.live(after).catch(() => null);
			const isTold = () => this.isGivenUp || live.ended || BigInt(live.events().at(-1)?.seq ?? after) >= (this.head ?? Infinity);
			await (live ? waitFor('the live socket to end, or to tell all', isTold, 900_000) : pause(50));
			const seqs = live?.events().map((event) => event.seq) ?? [];
			this.told.push(...seqs);
			after = seqs.at(-1) ?? after;
			live?.close();
		}
	}

	// A visitor of the widget who writes all the time.
	async chat(visitor) {
		for (let n = 0; !this.isOver; n++) {
			const written = visitor.write(`line ${n}`, `${visitor.name}-line-${n}`).catch(() => {});
			while (visitor.unacknowledged.size && !this.isGivenUp) {
				if (!visitor.isUp) await visitor.connect().catch(() => pause(50));
				await pause(20);
			}
			await written;
			visitor.n = n + 1;
		}
	}

	async visitorsCome() {
		this.shop = await this.scene.inbox('webchat', { name: 'Shop' });
		this.visitors = Array.from({ length: VISITORS }, (_, i) => {
			const visitor = new Visitor(this.scene.server.url, this.shop.id);
			return Object.assign(visitor, { name: `visitor-${i}` });
		});
		return this.visitors.map((visitor) => this.chat(visitor));
	}

	// ---- what goes wrong

	async start() {
		await waitFor('the server to start', () => this.scene.server.run().then(() => true, () => false), 60_000);
	}

	async killer() {
		const { server } = this.scene;
		for (let i = 0; i < this.kills; i++) {
			const due = (this.n * (i + 1)) / (this.kills + 1);
			await waitFor(`message ${due} to be acknowledged`, () => this.acknowledged.size >= due, 600_000);
			await pause(this.between(0, 300));
			await server.crash();
			await this.start();
			if (i === this.kills >> 1) await this.upheaval?.();
		}
	}

	// What runs beside the main thing must not fail unseen.
	beside(main, others) {
		return Promise.race([main, Promise.all(others).then(() => main)]);
	}

	async everythingIsSent() {
		const wanted = Math.ceil(this.n / 3);
		await waitFor(`${wanted} answers to be acknowledged`, () => this.answers.size === wanted, 120_000);
		this.isOver = true;
		const isEmpty = async () => (await this.scene.db.rows('SELECT state FROM outbox LIMIT 1')).length === 0;
		await waitFor('the outbox to be empty', isEmpty, 120_000);
	}

	async run() {
		this.scene.atEnd(() => (this.isOver = this.isGivenUp = true));
		this.echo = await Echo.open(this.scene);
		this.echo.peer.isForgetful = this.isForgetful;
		const listening = this.listen((await this.scene.admin.get('/me')).seq);
		const talking = [...(await this.visitorsCome()), this.follow()];
		const posting = Array.from({ length: this.workers }, () => this.work());
		await this.beside(Promise.all([...posting, this.killer()]), [listening, ...talking]);
		await this.beside(this.everythingIsSent(), [listening, ...talking]);
		await Promise.all(talking);
		this.head = BigInt((await this.scene.admin.get('/me')).seq);
		await listening;
	}

	// ---- the count

	async storeHoldsEachOnce() {
		const columns = 'CAST(id AS TEXT) AS id, CAST(thread AS TEXT) AS thread, key, is_out, parts, delivery';
		const rows = await this.scene.db.rows(`SELECT ${columns} FROM message WHERE inbox <> ${this.shop.id} ORDER BY id`);
		const incoming = rows.filter((row) => !row.is_out).map((row) => row.key);
		assert.equal(incoming.length, this.n);
		assert.deepEqual(new Set(incoming), this.acknowledged);
		const outgoing = rows.filter((row) => row.is_out);
		assert.deepEqual(new Map(outgoing.map((row) => [JSON.parse(row.parts)[0].text, row.id])), this.answers);
		assert.equal(outgoing.length, this.answers.size);
		assert.deepEqual(await this.scene.db.rows('SELECT name, reason FROM parked'), []);
		assert.equal(await this.scene.db.check(), 'ok');
		return outgoing;
	}

	// Numbers without a hole or a repeat, and each message told of once.
	async logIsWhole() {
		const all = await this.scene.db.rows('SELECT CAST(seq AS TEXT) AS number FROM event ORDER BY seq');
		const events = await log(this.scene.admin);
		assert.deepEqual(events.map((event) => event.seq), all.map((row) => row.number));
		assert.equal(BigInt(events.at(-1).seq), BigInt(events.length));
		const told = events.filter((event) => event.kind === 'message.in').map((event) => event.message.id);
		assert.equal(told.length, this.n + this.visitors.reduce((sum, visitor) => sum + visitor.n, 0));
		assert.equal(new Set(told).size, told.length);
		const first = BigInt(this.told[0]);
		assert.deepEqual(this.told, all.map((row) => row.number).filter((number) => BigInt(number) >= first), 'the live socket missed or repeated');
	}

	// Each visitor was told each of his lines once and in order, over all his connections; and so they are kept.
	async visitorsHeardEachOnce() {
		const rows = await this.scene.db.rows(`SELECT key FROM message WHERE inbox = ${this.shop.id}`);
		const wanted = this.visitors.flatMap((visitor) => Array.from({ length: visitor.n }, (_, n) => `${visitor.name}-line-${n}`));
		assert.deepEqual(rows.map((row) => row.key).sort(), wanted.sort());
		for (const visitor of this.visitors) {
			await waitFor('the visitor to be told', () => visitor.told.length >= visitor.n);
			assert.deepEqual(visitor.heard(), Array.from({ length: visitor.n }, (_, n) => `contact: line ${n}`));
			visitor.leave();
		}
	}

	// By REST each conversation holds its sender's messages, each once.
	async conversationsHoldEachOnce() {
		const list = (await conversations(this.scene.admin)).filter((one) => one.inbox === this.echo.inbox.id);
		assert.equal(list.length, Math.min(this.senders, this.n));
		const found = [];
		for (const { id, n_messages } of list) {
			const messages = (await timeline(this.scene.admin, id)).filter((event) => /^message\./.test(event.kind));
			assert.equal(messages.length, n_messages);
			found.push(...messages.map((event) => textOf(event.message)));
		}
		assert.equal(found.length, this.n + this.answers.size);
		assert.equal(new Set(found).size, found.length);
	}

	// Every answer once by the peer's own log, or nobody knows; those of one thread in their order.
	peerGotEachOnce(outgoing) {
		const UNKNOWN = 7;
		const ACCEPTED = 3;
		const got = new Map();
		for (const { text } of this.echo.peer.delivered) got.set(text, (got.get(text) ?? 0) + 1);
		for (const row of outgoing) {
			const times = got.get(JSON.parse(row.parts)[0].text) ?? 0;
			const isRight = row.delivery === UNKNOWN ? times <= 1 : row.delivery === ACCEPTED && times === 1;
			assert.ok(isRight, `${row.parts}: delivery ${row.delivery}, ${times} times by the peer's log`);
		}
		const place = new Map(outgoing.map((row, at) => [JSON.parse(row.parts)[0].text, at]));
		const last = new Map();
		for (const { text, thread } of this.echo.peer.delivered) {
			assert.ok(place.get(text) > (last.get(thread) ?? -1), `${text} came out of its order`);
			last.set(thread, place.get(text));
		}
		const repeats = this.echo.peer.attempts.length - this.echo.peer.delivered.length;
		const unknown = outgoing.filter((row) => row.delivery === UNKNOWN).length;
		const lines = this.visitors.reduce((sum, visitor) => sum + visitor.n, 0);
		this.t.diagnostic(`${this.n} in, ${lines} lines of visitors, ${outgoing.length} out, ${this.kills} kills, ${repeats} tried again, ${unknown} unknown`);
	}

	async count() {
		const outgoing = await this.storeHoldsEachOnce();
		await this.logIsWhole();
		await this.conversationsHoldEachOnce();
		await this.visitorsHeardEachOnce();
		this.peerGotEachOnce(outgoing);
	}
}

// Runs it and counts.
async function storm(scene, options) {
	const it = new Storm(scene, options);
	await it.run();
	await it.count();
}

module.exports = { storm };
