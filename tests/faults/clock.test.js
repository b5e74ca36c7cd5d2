// SPDX-License-Identifier: Apache-2.0
// The wall clock is set back an hour, set forward a day and back again, under a running server and over a restart: ids stay unique and
// rising, the log stays in order, nobody is signed out, nothing is lost.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Scene, makeFolder, waitFor, STORES } = require('../tools/scene');
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

for (const store of STORES) {
	test(`the clock is set back and forth (${store})`, async (t) => {
		const clock = skewedClock();
		const scene = await Scene.open(store, { env: clock.env });
		try {
			const echo = await Echo.open(scene);
			const live = await scene.admin.live();
			let n = 0;
			const speak = async () => {
				const texts = Array.from({ length: 5 }, () => `m${n++}`);
				await Promise.all(texts.map((text) => echo.post({ id: text, from: `of ${text}`, text })));
				const conversation = (await echo.conversation(texts[0])).id;
				await scene.admin.send(conversation, `answer ${n}`);
				await echo.peer.gets(`answer ${n}`);
			};
			for (const at of [0, -HOUR, 0, 24 * HOUR, 0, -HOUR]) {
				clock.set(at);
				await speak();
			}
			await scene.restart();
			await speak();
			await scene.crash();
			await speak();
			clock.set(0);
			await speak();

			const rows = await scene.db.rows('SELECT CAST(id AS TEXT) AS id, key FROM message WHERE is_out = 0');
			assert.equal(rows.length, n);
			assert.equal(new Set(rows.map((row) => row.key)).size, n);
			const events = await log(scene.admin);
			const seqs = events.map((event) => BigInt(event.seq));
			assert.ok(seqs.every((seq, i) => seq === BigInt(i + 1)), 'the log has a hole');
			const ids = events.filter((event) => event.kind === 'message.in').map((event) => BigInt(event.message.id));
			assert.equal(new Set(ids).size, ids.length);
			await waitFor('the live socket to have told what came before the restart', () => live.events().length > 30);
			const told = live.events().map((event) => BigInt(event.seq));
			assert.ok(told.every((seq, i) => !i || seq === told[i - 1] + 1n), 'the live socket missed or repeated');
		} catch (error) {
			t.diagnostic(await scene.abandon());
			throw error;
		}
		await scene.close();
		clock.remove();
	});
}
