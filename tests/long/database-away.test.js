// SPDX-License-Identifier: Apache-2.0
// PostgreSQL is gone for a minute while a provider posts, a visitor writes and the desk answers.
'use strict';
const assert = require('node:assert/strict');
const { play, waitFor } = require('../tools/scene');
const { Echo } = require('../tools/peer');
const { Provider, isWhole, pause } = require('../tools/provider');
const { Visitor } = require('../tools/visitor');

play('PostgreSQL is gone for a minute', { stores: ['pgsql'], ownCluster: true }, async (scene) => {
	const echo = await Echo.open(scene);
	const chat = await scene.inbox('webchat', { name: 'Shop' });
	const visitor = new Visitor(scene.server.url, chat.id);
	await visitor.connect();
	await visitor.write('before');
	const provider = new Provider(echo, { workers: 20, senders: 200 });
	await waitFor('messages', () => provider.acknowledged.length > 300);
	for (let round = 0; round < 2; round++) {
		const before = provider.acknowledged.length;
		await scene.cluster.stop();
		const written = visitor.write(`while it was away ${round}`);
		written.catch(() => {});
		await pause(60_000);
		await scene.cluster.start();
		await waitFor('messages again', () => provider.acknowledged.length > before + 300, 60_000);
		await waitFor('the visitor to be heard', () => visitor.unacknowledged.size === 0, 60_000);
	}
	await provider.stop();
	assert.deepEqual(visitor.heard(), ['before', 'while it was away 0', 'while it was away 1'].map((text) => `contact: ${text}`));
	const shop = await scene.db.rows(`SELECT key FROM message WHERE inbox = ${chat.id}`);
	visitor.leave();
	await isWhole(scene, [...provider.acknowledged, ...shop.map((row) => row.key)]);
	assert.equal((await scene.admin.get('/me')).trouble, '');
});
