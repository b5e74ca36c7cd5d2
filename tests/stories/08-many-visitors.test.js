// SPDX-License-Identifier: Apache-2.0
// Scene 8: visitors do not meet each other: the keys of their messages are their own, what nobody can see is told to who sent it, and
// one address cannot bring them by the thousand.
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

play('one address brings only so many new visitors at once', { stores: ['sqlite'], settings: { 'http.trusted_proxies': '127.0.0.1' } }, async (scene) => {
	const inbox = await scene.inbox('webchat', { name: 'Shop' });
	const hello = async (from, token = null) => {
		const response = await fetch(`${scene.server.url}/live/${inbox.id}/poll`, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': from },
			body: JSON.stringify({ frames: [{ type: 'hello', token }] }),
		});
		return (await response.json()).frames?.find((frame) => frame.type === 'welcome');
	};
	const welcomed = [];
	for (let i = 0; i < 90; i++) welcomed.push(await hello(`2001:db8:7:7::${i.toString(16)}`));
	const n = welcomed.filter(Boolean).length;
	assert.ok(n >= 60 && n < 90, `${n} of 90 were let in`);
	assert.ok(await hello('203.0.113.9'), 'others come in');
	assert.ok(await hello('2001:db8:7:7::1', welcomed[0].token), 'who was here before comes back');
});
