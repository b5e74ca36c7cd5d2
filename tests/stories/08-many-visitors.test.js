// SPDX-License-Identifier: Apache-2.0
// Scene 8: visitors do not meet each other: the keys of their messages are their own, and what nobody can see is told to who sent it.
'use strict';
const assert = require('node:assert/strict');
const { play, waitFor } = require('../tools/scene');
const { Visitor } = require('../tools/visitor');
const { talk } = require('../tools/story');

play('two visitors use the same key, and both are heard once', async (scene) => {
	const inbox = await scene.inbox('webchat', { name: 'Shop' });
	const visitors = [];
	for (const who of ['one', 'two']) {
		const visitor = new Visitor(scene.server.url, inbox.id);
		await visitor.connect();
		await visitor.write(`I am visitor ${who}`, 'message-00000001');
		await visitor.hears(`I am visitor ${who}`);
		visitors.push(visitor);
	}
	// A repeat of one's own counts once.
	await visitors[1].write('I am visitor two', 'message-00000001');
	const { conversations } = await scene.admin.get('/conversations');
	assert.equal(conversations.length, 2);
	const said = await Promise.all(conversations.map(({ id }) => talk(scene.admin, id)));
	assert.deepEqual(said.sort(), [['in: I am visitor one'], ['in: I am visitor two']]);
	for (const visitor of visitors) visitor.leave();
});

play('a message with nothing to see is refused, and says so', { stores: ['sqlite'], allow: [/were not committed/] }, async (scene) => {
	const inbox = await scene.inbox('webchat', { name: 'Shop' });
	const visitor = new Visitor(scene.server.url, inbox.id);
	await visitor.connect();
	for (const [i, text] of [' \n', '\u200b\u202e', '\u3000\u00a0', '\u3164'].entries()) {
		const key = `nothing-000000${i}`;
		visitor.say({ type: 'message', key, parts: [{ type: 'text', text }] });
		const { code } = await waitFor(`the refusal of ${key}`, () => visitor.frames.find((frame) => frame.type === 'error' && frame.key === key));
		assert.equal(code, 'invalid');
	}
	await visitor.write('something');
	assert.equal((await scene.db.rows('SELECT key FROM message')).length, 1);
	visitor.leave();
});
