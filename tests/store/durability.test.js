// SPDX-License-Identifier: Apache-2.0
// Durable before acknowledged. On SQLite strace shows that the log file was synced before each kind of acknowledgement was written; on
// PostgreSQL the server's own sessions are asked what they run under.
'use strict';
const assert = require('node:assert/strict');
const { play, Scene } = require('../tools/scene');
const { test } = require('node:test');
const strace = require('../tools/strace');
const { Besedad } = require('../tools/besedad');
const { Echo } = require('../tools/peer');
const { Visitor } = require('../tools/visitor');

const READS = ['read', 'readv', 'recvfrom', 'recvmsg'];
const WRITES = ['write', 'writev', 'sendto', 'sendmsg'];
const STORES = ['pwrite64', 'pwritev', 'fdatasync', 'fsync'];

// Between the request with this mark and the acknowledgement with that one the log was written, then synced, and all of that ended
// before the acknowledgement began.
function isSyncedBetween(calls, request, acknowledgement) {
	const came = calls.find((call) => READS.includes(call.name) && call.args.includes(request));
	assert.ok(came, `the request with ${request} is not in the trace`);
	const left = calls.find((call) => WRITES.includes(call.name) && call.begin > came.end && call.args.includes(acknowledgement));
	assert.ok(left, `the acknowledgement ${acknowledgement} is not in the trace`);
	const between = calls.filter((call) => call.begin > came.begin && call.end < left.begin && call.result >= 0 && call.args.includes('beseda.db-wal'));
	const wrote = between.filter((call) => call.name === 'pwrite64');
	assert.ok(wrote.length, `nothing was written for ${request}`);
	const synced = between.filter((call) => /^f(data)?sync$/.test(call.name)).at(-1);
	assert.ok(synced, `nothing was synced between ${request} and ${acknowledgement}`);
	assert.ok(synced.begin > wrote.at(-1).end, 'something was written after the last sync');
}

test('SQLite: fdatasync comes before every acknowledgement', async (t) => {
	const { bin } = new Besedad({});
	const traced = strace.wrap(bin, [...READS, ...WRITES, ...STORES]);
	const scene = await Scene.open('sqlite', { bin: traced.bin, env: { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0` } });
	try {
		const echo = await Echo.open(scene);
		await echo.post({ id: 'opens-the-conversation', from: 'ann', text: 'hello' });
		const { id } = await echo.conversation('hello');
		const chat = await scene.inbox('webchat', { name: 'Shop' });
		const visitor = new Visitor(scene.server.url, chat.id);
		await visitor.connect();
		for (let i = 0; i < 5; i++) {
			await echo.post({ id: `webhook-mark-${i}`, from: 'ann', text: 'hello again' });
			const body = { key: `reply-mark-${i}`, parts: [{ type: 'text', text: 'an answer' }] };
			await scene.admin.post(`/conversations/${id}/messages`, body);
		}
		await visitor.write('from the widget', 'widget-mark-0');
		visitor.leave();
		await scene.close();

		const calls = strace.read(traced.output);
		for (let i = 0; i < 5; i++) {
			isSyncedBetween(calls, `webhook-mark-${i}`, 'HTTP/1.1 200');
			isSyncedBetween(calls, `reply-mark-${i}`, 'HTTP/1.1 201');
		}
		// The visitor's frame is masked on the wire: its way begins with the webhook before it.
		isSyncedBetween(calls, 'reply-mark-4', 'widget-mark-0');
	} catch (error) {
		t.diagnostic(await scene.abandon());
		throw error;
	} finally {
		traced.remove();
	}
});

play('SQLite: what is uploaded is synced, file and folder, before it is acknowledged', { stores: ['sqlite'] }, async (scene, t) => {
	await scene.server.stop({ keep: true });
	const traced = strace.wrap(scene.server.bin, [...READS, ...WRITES, ...STORES, 'rename', 'renameat', 'renameat2']);
	t.after(() => traced.remove());
	scene.server.bin = traced.bin;
	scene.server.options.env = { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0` };
	await scene.server.run();
	await scene.admin.upload('mark.bin', Buffer.alloc(300_000, 'bytes of the file '));
	await scene.server.stop({ keep: true });
	const calls = strace.read(traced.output);
	const left = calls.findIndex((call) => WRITES.includes(call.name) && call.args.includes('HTTP/1.1 201'));
	assert.ok(left > 0);
	const before = calls.slice(0, left).filter((call) => call.result >= 0 && call.end < calls[left].begin);
	const at = (name, part) => before.findLastIndex((call) => name.test(call.name) && part.test(call.args));
	const file = at(/^f(data)?sync$/, /files\/tmp/);
	const renamed = at(/^rename/, /files/);
	const folder = before.findLastIndex((call, i) => i > renamed && /^fsync$/.test(call.name) && /\/files/.test(call.args));
	const row = at(/^f(data)?sync$/, /beseda\.db-wal/);
	assert.ok(file >= 0 && file < renamed && renamed < folder && folder < row, JSON.stringify({ file, renamed, folder, row }));
});

play('PostgreSQL: our sessions run with fsync and synchronous_commit', { stores: ['pgsql'] }, async (scene) => {
	// A trigger is asked from within the session that writes; the role's own default is the dangerous one.
	await scene.db.exec(`CREATE TABLE witness (fsync text, synchronous_commit text, full_page_writes text)`);
	await scene.db.exec(`CREATE FUNCTION testify() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO witness VALUES (current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'));
		RETURN NEW; END $$`);
	await scene.db.exec('CREATE TRIGGER testify BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION testify()');
	const name = new URL(scene.db.url).pathname.slice(1);
	await scene.db.exec(`ALTER DATABASE ${name} SET synchronous_commit = off`);
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'one' });
	await scene.restart();
	await echo.post({ id: 'm2', from: 'ann', text: 'two' });
	await scene.db.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`);
	await echo.post({ id: 'm3', from: 'ann', text: 'three' });
	const witness = await scene.db.rows('SELECT * FROM witness');
	assert.equal(witness.length, 3);
	for (const one of witness) assert.deepEqual(one, { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' });
});
