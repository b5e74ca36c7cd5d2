// SPDX-License-Identifier: Apache-2.0
// Two servers on one store: there is one who writes. The other one is refused, or the first is fenced and stops; what either has
// acknowledged is there, once.
'use strict';
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { play, makeFolder, waitFor } = require('../tools/scene');
const { Besedad } = require('../tools/besedad');
const { Echo } = require('../tools/peer');

const SETTINGS = { 'plugins.allow_hosts': '127.0.0.1' };

// Starts one that is expected to refuse; gives {status, log}.
function refused(server, data, pg) {
	const set = ['--set', 'http.listen=127.0.0.1:0', '--set', `plugins.dir=${server.plugins}`, ...(pg ? ['--set', `store.url=${pg}`] : [])];
	const { status, stdout, stderr } = spawnSync(server.bin, ['--data', data, ...set], { encoding: 'utf8', timeout: 30_000 });
	return { status, log: stdout + stderr };
}

// A second data folder; `copies` of the first one's files.
function dataFolder(scene, copies = []) {
	const data = makeFolder('second');
	for (const name of copies) fs.copyFileSync(path.join(scene.server.data, name), path.join(data, name));
	for (const name of copies) fs.chmodSync(path.join(data, name), 0o600);
	scene.atEnd(() => fs.rmSync(data, { recursive: true, force: true }));
	return data;
}

play('a second server on the same data folder refuses to start', async (scene) => {
	const second = refused(scene.server, scene.server.data, scene.db.url);
	assert.equal(second.status, 1);
	assert.match(second.log, new RegExp(`another besedad \\(pid ${scene.server.child.pid}\\) runs on .*; stop it, or give this one a --data of its own`));
	assert.equal((await scene.admin.get('/me')).trouble, '');
});

play('a second server with an instance of its own refuses while the first one lives', { stores: ['pgsql'] }, async (scene) => {
	const echo = await Echo.open(scene);
	const data = dataFolder(scene);
	const second = refused(scene.server, data, scene.db.url);
	assert.equal(second.status, 1);
	assert.match(second.log, /the server "[0-9a-f]{32}" works on this store; its lease runs for \d+ ms more/);
	await echo.post({ id: 'm1', from: 'ann', text: 'the first one does not mind' });

	await scene.server.crash(); // its lease still runs
	assert.equal(refused(scene.server, data, scene.db.url).status, 1);
	const third = new Besedad({ pg: scene.db.url, data, settings: SETTINGS, allow: [/cannot start: the server .* works on this store/] });
	third.port = scene.server.port;
	await waitFor('the dead one\'s lease to run out', () => third.run().then(() => true, () => false), 60_000);
	const login = scene.server.firstLogin();
	const admin = third.client();
	await admin.login(login.email, login.password);
	assert.equal((await admin.get('/conversations')).conversations.length, 1);
	await third.stop();
	await scene.server.run();
});

play('a copy of the instance takes over at once: the first is fenced and stops with 3', { stores: ['pgsql'], allow: [/taken over|fenced|stops:/] }, async (scene) => {
	const echo = await Echo.open(scene);
	const acknowledged = [];
	let n = 0;
	const isDown = { first: false };
	// Posts until the server is gone, and keeps what was acknowledged.
	const worker = async () => {
		while (!isDown.first) {
			const id = `m${n++}`;
			const status = await echo.hook({ id, from: `c${n % 7}`, text: id }, { ms: 10_000 }).then((answer) => answer.status, () => 0);
			if (status === 200) acknowledged.push(id);
			else assert.ok([0, 503].includes(status), `answered ${status}`);
		}
	};
	const working = Promise.all(Array.from({ length: 6 }, worker));
	await waitFor('some messages', () => acknowledged.length > 30);

	const first = scene.server;
	const data = dataFolder(scene, ['instance', 'key']);
	const second = await Besedad.start({ pg: scene.db.url, data, settings: SETTINGS });
	const end = await waitFor('the first to stop', () => Promise.race([first.ended, new Promise((go) => setTimeout(go, 100))]), 30_000);
	isDown.first = true;
	await working;
	assert.equal(end.code, 3, first.log.slice(-2000));
	assert.match(first.log, /another besedad has taken over this store; this one stops/);

	const rows = await scene.db.rows('SELECT key FROM message WHERE is_out = 0');
	const kept = rows.map((row) => row.key);
	assert.equal(new Set(kept).size, kept.length);
	assert.deepEqual(acknowledged.filter((id) => !kept.includes(id)), []);
	scene.server = second; // goes on with the same inbox and key
	await echo.post({ id: acknowledged[0], from: 'c1', text: 'once more' });
	await echo.post({ id: 'last', from: 'c1', text: 'last' });
	assert.equal((await scene.db.rows('SELECT key FROM message WHERE is_out = 0')).length, kept.length + 1);
	const seqs = await scene.db.rows('SELECT CAST(max(seq) AS TEXT) AS last, CAST(count(*) AS TEXT) AS n FROM event');
	assert.equal(seqs[0].last, seqs[0].n);
	first.remove();
});
