// SPDX-License-Identifier: Apache-2.0
// The disk is full (a small tmpfs, so only root can play this): nothing is acknowledged that is not kept, the desk says what is wrong,
// and when there is room again everything goes on by itself.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Scene, makeFolder, waitFor } = require('../tools/scene');
const { Echo } = require('../tools/peer');

// A folder with so many MiB, or why there can be none.
function smallDisk(t, mib) {
	const folder = makeFolder('disk');
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=0700`, 'tmpfs', folder], { stdio: 'pipe' });
	} catch (error) {
		fs.rmdirSync(folder);
		t.skip(`no small disk can be made: ${String(error.stderr).trim()}`);
		return null;
	}
	return { folder, remove: () => (execFileSync('umount', [folder]), fs.rmdirSync(folder)) };
}

function fill(folder) {
	const file = path.join(folder, 'ballast');
	const fd = fs.openSync(file, 'w');
	for (let size = 1 << 20; size >= 512; )
		try {
			fs.writeSync(fd, Buffer.alloc(size));
		} catch {
			size >>= 1;
		}
	fs.closeSync(fd);
	return () => fs.rmSync(file);
}

test('the disk is full for a while (sqlite)', async (t) => {
	const disk = smallDisk(t, 24);
	if (!disk) return;
	const scene = await Scene.open('sqlite', { data: disk.folder, allow: [/store: waits: /, /blob|files/] });
	try {
		const echo = await Echo.open(scene);
		const live = await scene.admin.live();
		await echo.post({ id: 'm0', from: 'ann', text: 'before' });
		const { id } = await echo.conversation('before');

		const empty = fill(disk.folder);
		const acknowledged = ['m0'];
		const big = 'x'.repeat(3000);
		let n = 1;
		const waiting = new Map();
		const post = (key) => waiting.set(key, echo.hook({ id: key, from: 'ann', text: `${key} ${big}` }).then((answer) => (answer.status === 200 ? acknowledged.push(key) : answer)));
		const trouble = live.next((frame) => frame.type === 'state' && frame.trouble, 30_000);
		while (!scene.server.log.includes('store: waits:')) {
			post(`m${n++}`);
			await Promise.race([waiting.get(`m${n - 1}`), new Promise((go) => setTimeout(go, 50))]);
		}
		assert.match((await trouble).trouble, /full/);
		const kept = acknowledged.length;
		post(`m${n++}`);
		assert.equal((await fetch(`${scene.server.url}/healthz`)).status, 503);
		assert.equal((await scene.admin.get(`/conversations/${id}`)).conversation.id, id); // reading still works
		const upload = await scene.admin.raw('POST', '/files?name=a.bin', { body: Buffer.alloc(100_000), headers: { 'Content-Type': 'image/png' } });
		assert.ok(upload.status >= 500, `an upload onto a full disk is answered ${upload.status}`);
		assert.equal(acknowledged.length, kept, 'acknowledged onto a full disk');

		empty();
		await live.next((frame) => frame.type === 'state' && !frame.trouble, 30_000);
		await Promise.all(waiting.values());
		await echo.post({ id: 'last', from: 'ann', text: 'after' });
		acknowledged.push('last');
		const rows = await scene.db.rows('SELECT key FROM message');
		assert.deepEqual(rows.map((row) => row.key).sort(), [...acknowledged].sort());
		assert.equal(await scene.db.check(), 'ok');
		await scene.admin.upload('a.bin', Buffer.alloc(100_000));
	} catch (error) {
		t.diagnostic(await scene.abandon());
		disk.remove();
		throw error;
	}
	await scene.close();
	disk.remove();
});

test('killed on a full disk, and started when there is room (sqlite)', async (t) => {
	const disk = smallDisk(t, 24);
	if (!disk) return;
	const scene = await Scene.open('sqlite', { data: disk.folder, allow: [/store: waits: /] });
	try {
		const echo = await Echo.open(scene);
		await echo.post({ id: 'm0', from: 'ann', text: 'before' });
		const empty = fill(disk.folder);
		const posts = Array.from({ length: 40 }, (_, i) => echo.hook({ id: `m${i + 1}`, from: `c${i}`, text: 'y'.repeat(3000) }).catch(() => ({})));
		await waitFor('the store to say that it waits', () => scene.server.log.includes('store: waits:'), 30_000);
		await scene.server.crash();
		const acknowledged = (await Promise.all(posts)).flatMap((answer, i) => (answer.status === 200 ? [`m${i + 1}`] : []));
		empty();
		await scene.server.run();
		const keys = (await scene.db.rows('SELECT key FROM message')).map((row) => row.key);
		assert.equal(new Set(keys).size, keys.length);
		assert.deepEqual(['m0', ...acknowledged].filter((key) => !keys.includes(key)), []);
		assert.equal(await scene.db.check(), 'ok');
		await echo.post({ id: 'last', from: 'ann', text: 'after' });
	} catch (error) {
		t.diagnostic(await scene.abandon());
		disk.remove();
		throw error;
	}
	await scene.close();
	disk.remove();
});
