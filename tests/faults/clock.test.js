// SPDX-License-Identifier: Apache-2.0
// The wall clock is set back an hour, set forward a day and back again, under a running server and over a restart: ids stay unique and
// rising, the log stays in order, nobody is signed out, nothing is lost.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Scene, makeFolder, STORES } = require('../tools/scene');
const { test } = require('node:test');
const { Echo } = require('../tools/peer');
const { log } = require('../tools/story');

const HOUR = 3_600_000;

// The environment of a server whose clock `set` moves.
function skewedClock() {
	const folder = makeFolder('clock');
	const file = path.join(folder, 'skew');
	const library = path.join(folder, 'skew.so');
	execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', library, path.join(__dirname, '..', 'tools', 'skew.c'), '-ldl']);
	const set = (ms) => {
		const bytes = Buffer.alloc(8);
		bytes.writeBigInt64LE(BigInt(ms));
		fs.writeFileSync(file, bytes, { flag: fs.existsSync(file) ? 'r+' : 'w' });
	};
	set(0);
	const asan = `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`;
	return { env: { SKEW_FILE: file, LD_PRELOAD: library, ASAN_OPTIONS: asan }, set, remove: () => fs.rmSync(folder, { recursive: true }) };
}

// Somebody writes, is answered and told of; each id made meanwhile must lie above all that were there before.
class Talk {
	static async begin(scene) {
		const talk = new Talk();
		talk.scene = scene;
		talk.echo = await Echo.open(scene);
		talk.live = await scene.admin.live();
		talk.ids = new Set();
		talk.n = 0;
		return talk;
	}

	async goesOn() {
		const texts = Array.from({ length: 5 }, () => `m${this.n++}`);
		await Promise.all(texts.map((text) => this.echo.post({ id: text, from: `of ${text}`, text })));
		const { id } = await this.echo.conversation(texts[0]);
		await this.scene.admin.send(id, `answer ${this.n}`);
		await this.echo.peer.gets(`answer ${this.n}`);
		await this.idsRise();
	}

	async idsRise() {
		const rows = await this.scene.db.rows('SELECT CAST(id AS TEXT) AS id FROM message');
		const fresh = rows.map((row) => BigInt(row.id)).filter((id) => !this.ids.has(id));
		const highest = [...this.ids].reduce((a, b) => (a > b ? a : b), 0n);
		assert.equal(fresh.length, 6);
		assert.ok(fresh.every((id) => id > highest), 'an id lies below an earlier one');
		for (const id of fresh) this.ids.add(id);
	}

	async isWhole() {
		const rows = await this.scene.db.rows('SELECT key FROM message WHERE is_out = 0');
		assert.equal(rows.length, this.n);
		assert.equal(new Set(rows.map((row) => row.key)).size, this.n);
		const seqs = (await log(this.scene.admin)).map((event) => BigInt(event.seq));
		assert.ok(seqs.every((seq, i) => seq === BigInt(i + 1)), 'the log has a hole');
	}

	// What the socket told until the server was restarted.
	liveIsInOrder() {
		const told = this.live.events().map((event) => BigInt(event.seq));
		assert.ok(told.length > 30);
		assert.ok(told.every((seq, i) => !i || seq === told[i - 1] + 1n), 'the live socket missed or repeated');
	}
}

async function backAndForth(scene, clock) {
	const talk = await Talk.begin(scene);
	for (const at of [0, -HOUR, 0, 24 * HOUR, 0, -HOUR]) {
		clock.set(at);
		await talk.goesOn();
	}
	talk.liveIsInOrder();
	await scene.restart();
	await talk.goesOn();
	await scene.crash();
	await talk.goesOn();
	clock.set(0);
	await talk.goesOn();
	await talk.isWhole();
}

for (const store of STORES)
	test(`the clock is set back and forth (${store})`, async (t) => {
		const clock = skewedClock();
		t.after(() => clock.remove());
		const scene = await Scene.open(store, { env: clock.env });
		try {
			await backAndForth(scene, clock);
		} catch (error) {
			t.diagnostic(await scene.abandon());
			throw error;
		}
		await scene.close();
	});
