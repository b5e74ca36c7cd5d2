// SPDX-License-Identifier: Apache-2.0
// Scene 4: the server is killed at any moment and started again: everything acknowledged is there, once.
'use strict';
const assert = require('node:assert/strict');
const { play, waitFor } = require('../tools/scene');
const { Echo } = require('../tools/peer');
const { Visitor } = require('../tools/visitor');
const { talk } = require('../tools/story');

play('what was acknowledged is there after a kill, and nothing twice', async (scene) => {
	const echo = await Echo.open(scene);
	const chat = await scene.inbox('webchat', { name: 'Shop' });
	const visitor = new Visitor(scene.server.url, chat.id);
	await visitor.connect();
	const widgetKey = await visitor.write('from the widget');
	await echo.post({ id: 'm1', from: 'ann', text: 'from the program' });
	const { id } = await echo.conversation('from the program');
	await scene.admin.send(id, 'an answer');
	const key = 'desk-key-000001';
	await scene.admin.post(`/conversations/${id}/messages`, { key, audience: 'internal', parts: [{ type: 'text', text: 'a note' }] });
	await scene.server.crash();
	await scene.server.run();

	await echo.post({ id: 'm1', from: 'ann', text: 'from the program' }); // the program did not trust the first 200
	await scene.admin.post(`/conversations/${id}/messages`, { key, audience: 'internal', parts: [{ type: 'text', text: 'a note' }] });
	await visitor.connect();
	await visitor.write('from the widget', widgetKey);
	await visitor.write('and again');
	assert.deepEqual(await talk(scene.admin, id), ['in: from the program', 'out: an answer', 'out: a note']);
	await echo.peer.gets('an answer');
	assert.deepEqual(visitor.heard(), ['contact: from the widget', 'contact: and again']);
	visitor.leave();
});

play('killed while it sends: the answer is delivered once, or nobody knows', async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	echo.peer.mood = (_, attempt) => (attempt === 1 ? 'hang' : 'deliver');
	await scene.admin.send(id, 'half sent');
	await echo.peer.gets('half sent');
	await scene.server.crash();
	await scene.server.run();
	await waitFor('the outbox to be empty', async () => (await scene.db.rows('SELECT state FROM outbox')).length === 0, 20_000);
	assert.deepEqual(echo.peer.delivered.map((one) => one.text), ['half sent']);
	assert.deepEqual(await talk(scene.admin, id), ['in: hello', 'out: half sent']);
});

play('killed again and again while it starts', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'still here' });
	for (let round = 0; round < 6; round++) {
		await scene.server.crash();
		const isUp = scene.server.run().then(() => true, () => false);
		await waitFor('the server to say something', () => scene.server.log.length > 0);
		if (round % 2) scene.server.child?.kill('SIGKILL');
		if (!(await isUp)) await scene.server.run();
	}
	const { id } = await echo.conversation('still here');
	assert.deepEqual(await talk(scene.admin, id), ['in: still here']);
	assert.equal(await scene.db.check(), 'ok');
});
