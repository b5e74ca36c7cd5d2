// SPDX-License-Identifier: Apache-2.0
// PostgreSQL goes away: stopped for a while, crashed, its sessions ended, COMMITs and their answers lost. Webhooks are told to come
// again, the desk says what is wrong, and everything goes on by itself; what was acknowledged is there, once.
'use strict';
const assert = require('node:assert/strict');
const { play, freshDatabase, waitFor, Scene } = require('../tools/scene');
const { test } = require('node:test');
const { PgProxy } = require('../tools/pgproxy');
const { PgDb } = require('../tools/db');
const { Echo } = require('../tools/peer');
const { Visitor } = require('../tools/visitor');
const { Provider, isWhole, pause } = require('../tools/provider');
const { talk } = require('../tools/story');

play('PostgreSQL is away longer than ids are reserved', { stores: ['pgsql'], ownCluster: true }, async (scene) => {
	const echo = await Echo.open(scene);
	const chat = await scene.inbox('webchat', { name: 'Shop' });
	const visitor = new Visitor(scene.server.url, chat.id);
	await visitor.connect();
	await visitor.write('before');
	const live = await scene.admin.live();
	const provider = new Provider(echo);
	await waitFor('some messages', () => provider.acknowledged.length > 20);
	const { id } = (await scene.admin.get('/conversations')).conversations.find((one) => one.inbox === echo.inbox.id);

	await scene.cluster.stop();
	const trouble = await live.next((frame) => frame.type === 'state' && frame.trouble, 20_000);
	assert.match(trouble.trouble, /PostgreSQL/);
	const health = await fetch(`${scene.server.url}/healthz`);
	assert.equal(health.status, 503);
	const newcomer = await echo.hook({ id: 'n1', from: 'newcomer', text: 'n1' });
	assert.equal(newcomer.status, 503);
	assert.match(newcomer.retry, /^\d+$/);
	// Those who are known wait, but not without end: with 2,000 on their way the others are told to come again.
	const flood = Array.from({ length: 2100 }, (_, i) => echo.hook({ id: `f${i}`, from: 'c1', text: `f${i}` }, { ms: 90_000 }));
	const told = await Promise.any(flood.map((one) => one.then((answer) => (answer.status === 503 ? answer : Promise.reject(answer)))));
	assert.match(told.retry, /^\d+$/);
	const key = 'sent-while-away-01';
	const body = { key, parts: [{ type: 'text', text: 'sent while it was away' }] };
	const send = (ms) => Promise.race([scene.admin.raw('POST', `/conversations/${id}/messages`, { json: body }), pause(ms)]);
	const answered = await send(15_000);
	assert.ok(!answered || answered.status === 503, `the desk acknowledged what nobody keeps: ${answered?.status}`);
	const written = visitor.write('written while it was away');
	await pause(0);

	await scene.cluster.start();
	await live.next((frame) => frame.type === 'state' && !frame.trouble, 30_000);
	await written;
	await waitFor('the desk to work again', async () => (await send(20_000))?.status === 201, 30_000);
	const before = provider.acknowledged.length;
	await waitFor('webhooks to be taken again', () => provider.acknowledged.length > before + 20, 30_000);
	await provider.stop();
	(await Promise.all(flood)).forEach((answer, i) => answer.status === 200 && provider.acknowledged.push(`f${i}`));
	await echo.peer.gets('sent while it was away', 20_000);
	assert.deepEqual((await talk(scene.admin, id)).filter((line) => line.startsWith('out')), ['out: sent while it was away']);
	const words = visitor.heard();
	assert.deepEqual(words, ['contact: before', 'contact: written while it was away']);
	visitor.leave();
	const shop = await scene.db.rows(`SELECT key FROM message WHERE inbox = ${chat.id}`);
	assert.equal(shop.length, 2);
	provider.acknowledged.push(...shop.map((row) => row.key));
	await isWhole(scene, provider.acknowledged);
});

play('PostgreSQL crashes again and again under load', { stores: ['pgsql'], ownCluster: true }, async (scene) => {
	const echo = await Echo.open(scene);
	const provider = new Provider(echo);
	for (let round = 0; round < 4; round++) {
		const before = provider.acknowledged.length;
		await waitFor('more messages', () => provider.acknowledged.length > before + 60, 60_000);
		await scene.cluster.crash();
		await scene.cluster.start();
	}
	await provider.stop();
	await isWhole(scene, provider.acknowledged);
});

play('sessions of ours are ended under load', { stores: ['pgsql'] }, async (scene) => {
	const echo = await Echo.open(scene);
	const provider = new Provider(echo);
	for (let round = 0; round < 12; round++) {
		const before = provider.acknowledged.length;
		await waitFor('more messages', () => provider.acknowledged.length > before + 15, 60_000);
		await scene.db.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`);
	}
	await provider.stop();
	await isWhole(scene, provider.acknowledged);
});

test('a COMMIT whose answer is lost, and one that never arrives (pgsql)', async (t) => {
	const url = freshDatabase();
	const proxy = await PgProxy.open(url);
	t.after(() => proxy.close());
	const scene = await Scene.open('pgsql', { pg: proxy.url });
	scene.db = new PgDb(url);
	try {
		const echo = await Echo.open(scene);
		const live = await scene.admin.live();
		const acknowledged = [];
		let provider;
		for (const lost of ['loseAnswer', 'loseRequest', 'loseAnswer', 'loseAnswer', 'loseRequest', 'loseRequest']) {
			const isLost = proxy[lost]();
			provider = new Provider(echo, { workers: 4, first: provider?.n });
			await isLost;
			const before = provider.acknowledged.length;
			await waitFor('messages after the loss', () => provider.acknowledged.length > before + 20, 30_000);
			await provider.stop();
			acknowledged.push(...provider.acknowledged);
		}
		await isWhole(scene, acknowledged);
		assert.match(scene.server.log, /the lost transaction was committed/);
		assert.match(scene.server.log, /the lost transaction runs again/);
		const n_told = () => live.events().filter((event) => event.kind === 'message.in').length;
		await waitFor('the live socket to be told everything', () => n_told() === acknowledged.length);
		const told = live.events().map((event) => BigInt(event.seq));
		assert.ok(told.every((seq, i) => !i || seq === told[i - 1] + 1n), 'the live socket missed or repeated');
	} catch (error) {
		t.diagnostic(await scene.abandon());
		throw error;
	}
	await scene.close();
});
