// SPDX-License-Identifier: Apache-2.0
// Scene 3: a program posts to the echo channel's webhook, an agent answers, the answer leaves by an HTTP call to the program.
'use strict';
const assert = require('node:assert/strict');
const { play, waitFor } = require('../tools/scene');
const { Echo } = require('../tools/peer');
const { talk, timeline } = require('../tools/story');
const { openBrowser, Agent } = require('../tools/browser');

const delivery = async (scene, text) => {
	const [row] = await scene.db.rows(`SELECT delivery FROM message WHERE is_out = 1 AND parts LIKE '%${text}%'`);
	return row?.delivery;
};
const ACCEPTED = 3;
const DELIVERED = 4;
const READ = 5;
const FAILED = 6;

play('a message comes in and its answer leaves', async (scene) => {
	const echo = await Echo.open(scene);
	const live = await scene.admin.live();
	await echo.post({ id: 'm1', from: 'ann', name: 'Ann Ivanova', thread: 'room-7', text: 'Is anybody there?' });
	const told = await live.event('message.in');
	assert.equal(told.card.contact.name, 'Ann Ivanova');
	assert.equal(told.message.parts[0].text, 'Is anybody there?');

	const { message } = await scene.admin.send(told.conversation, 'We are.');
	const got = await echo.peer.gets('We are.');
	assert.deepEqual([got.to, got.thread, got.key], ['ann', 'room-7', `beseda-${message.id}`]);
	const sent = await live.event('receipt.sent');
	assert.equal(sent.message.id, message.id);
	assert.deepEqual(await talk(scene.admin, told.conversation), ['in: Is anybody there?', 'out: We are.']);
	assert.equal(echo.peer.attempts.length, 1);
});

play('an agent at the desk sees it, answers, and sees how far the answer has come', { stores: ['sqlite'] }, async (scene) => {
	const browser = await openBrowser();
	scene.atEnd(() => browser.close());
	const echo = await Echo.open(scene);
	const agent = await Agent.come(browser);
	await agent.signsIn(scene.server.url, scene.server.firstLogin());
	await echo.post({ id: 'm1', from: 'ann', name: 'Ann Ivanova', text: 'Is anybody there?' });
	await agent.opens('Is anybody there?');
	await agent.writes('We are.');
	const { key } = await echo.peer.gets('We are.');
	await agent.shows('Sent');
	await echo.receipt('read', { key });
	await agent.shows('Read');
	echo.peer.mood = () => 404;
	await agent.writes('Are you gone?');
	await agent.shows(/Not delivered/);
	echo.peer.mood = () => 'deliver';
	await agent.page.getByRole('button', { name: 'Resend' }).click();
	await echo.peer.gets('Are you gone?');
	await agent.sees(['Is anybody there?', 'We are.', 'Are you gone?']);
	await agent.leave();
});

play('several messages in one POST, some of them twice, keep their order and count once', async (scene) => {
	const echo = await Echo.open(scene);
	const say = (id, from, text) => ({ id, from, text });
	await echo.post([say('a1', 'ann', 'one'), say('b1', 'bob', 'uno'), say('a2', 'ann', 'two'), say('a1', 'ann', 'one')]);
	await echo.post([say('a2', 'ann', 'two'), say('a3', 'ann', 'three')]); // retried with something new
	await Promise.all(Array.from({ length: 8 }, () => echo.post([say('a4', 'ann', 'four'), say('b2', 'bob', 'due')])));
	const ann = await echo.conversation('four');
	const bob = await echo.conversation('due');
	assert.deepEqual(await talk(scene.admin, ann.id), ['in: one', 'in: two', 'in: three', 'in: four']);
	assert.deepEqual(await talk(scene.admin, bob.id), ['in: uno', 'in: due']);
	assert.equal((await scene.db.rows('SELECT CAST(id AS TEXT) AS id FROM contact')).length, 2);
});

play('"yes" and "yes" with keys of their own are two messages', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post([{ id: 'y1', from: 'ann', text: 'yes' }, { id: 'y2', from: 'ann', text: 'yes' }]);
	const { id } = await echo.conversation('yes');
	assert.deepEqual(await talk(scene.admin, id), ['in: yes', 'in: yes']);
});

play('the same key in two inboxes is two messages', { stores: ['sqlite'] }, async (scene) => {
	const one = await Echo.open(scene, { name: 'One' });
	const two = await Echo.open(scene, { name: 'Two' });
	await one.post({ id: 'k', from: 'ann', text: 'to one' });
	await two.post({ id: 'k', from: 'ann', text: 'to two' });
	assert.deepEqual(await talk(scene.admin, (await one.conversation('to one')).id), ['in: to one']);
	assert.deepEqual(await talk(scene.admin, (await two.conversation('to two')).id), ['in: to two']);
});

play('an answer is tried again until the peer has it, in order, once', async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	echo.peer.mood = (message, attempt) => (attempt === 1 && message.text === 'first' ? 503 : 'deliver');
	await scene.admin.send(id, 'first');
	await scene.admin.send(id, 'second');
	await echo.peer.gets('second', 20_000);
	assert.deepEqual(echo.peer.delivered.map((one) => one.text), ['first', 'second']);
	assert.equal(echo.peer.attempts.filter((one) => one.text === 'first').length, 2);
	await waitFor('both to be accepted', async () => (await delivery(scene, 'second')) === ACCEPTED);
});

play('a peer that hangs up after it has delivered gets the same key again, and delivers once', async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	echo.peer.mood = (_, attempt) => (attempt === 1 ? 'drop' : 'deliver');
	await scene.admin.send(id, 'did you get this?');
	await waitFor('the answer to be accepted', async () => (await delivery(scene, 'did you get this')) === ACCEPTED, 20_000);
	assert.equal(new Set(echo.peer.attempts.map((one) => one.key)).size, 1);
	assert.equal(echo.peer.attempts.length, 2);
	assert.deepEqual(echo.peer.delivered.map((one) => one.text), ['did you get this?']);
});

play('a peer that refuses for good: failed, shown, and sent again by hand', async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	echo.peer.mood = () => 404;
	const live = await scene.admin.live();
	const { message } = await scene.admin.send(id, 'to nobody');
	await live.event('receipt.failed');
	assert.equal(await delivery(scene, 'to nobody'), FAILED);
	echo.peer.mood = () => 'deliver';
	await scene.admin.post(`/messages/${message.id}/resend`);
	await echo.peer.gets('to nobody');
	await live.event('receipt.sent');
	assert.deepEqual((await talk(scene.admin, id)).filter((line) => line.startsWith('out')), ['out: to nobody']);
});

play('receipts only move forward, in any order, also before the answer to our call', async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	echo.peer.mood = async (message) => {
		const early = await echo.receipt('delivered', { id: echo.peer.deliver(message) });
		assert.equal(early.status, 200);
		return 'deliver';
	};
	const { message } = await scene.admin.send(id, 'one');
	await waitFor('it to be delivered', async () => (await delivery(scene, 'one')) === DELIVERED);
	await echo.receipt('read', { key: `beseda-${message.id}` });
	await waitFor('it to be read', async () => (await delivery(scene, 'one')) === READ);
	await echo.receipt('delivered', { id: echo.peer.ids.get(`beseda-${message.id}`) });
	await echo.receipt('failed', { key: `beseda-${message.id}` });
	await echo.receipt('read', { id: 'of nobody' });
	assert.equal(await delivery(scene, 'one'), READ);
	const receipts = (await timeline(scene.admin, id)).map((e) => e.kind).filter((kind) => kind.startsWith('receipt.'));
	assert.equal(receipts.at(-1), 'receipt.read');
	assert.equal(new Set(receipts).size, receipts.length);
});

play('the same message sent twice by the desk is stored and sent once', async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	const body = { key: 'desk-key-000001', parts: [{ type: 'text', text: 'once' }] };
	const answers = await Promise.all(Array.from({ length: 5 }, () => scene.admin.post(`/conversations/${id}/messages`, body)));
	assert.equal(new Set(answers.map((answer) => answer.message.id)).size, 1);
	await echo.peer.gets('once');
	await scene.admin.send(id, 'last');
	await echo.peer.gets('last');
	assert.deepEqual(echo.peer.delivered.map((one) => one.text), ['once', 'last']);
});

play('what the channel cannot carry is refused before it is kept', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	const { admin } = scene;
	const send = (key, parts) => admin.raw('POST', `/conversations/${id}/messages`, { json: { key, parts } });
	const file = await admin.upload('photo.png', Buffer.from('not really'));
	const withFile = await send('with-a-file-01', [{ type: 'media', file: file.id }]);
	assert.equal(withFile.status, 400);
	assert.match(withFile.text, /this channel cannot carry files/);
	const long = await send('too-long-00001', [{ type: 'text', text: 'щ'.repeat(4097) }]);
	assert.equal(long.status, 413);
	assert.match(long.text, /takes 4096 characters of text in one message, this has 4097/);
	assert.equal((await send('blank-0000001', [{ type: 'text', text: ' \u200b\u3000\n' }])).status, 400);
	assert.equal((await send('longest-000001', [{ type: 'text', text: 'щ'.repeat(4096) }])).status, 201);
	await echo.peer.gets('щ'.repeat(4096));
	assert.equal(echo.peer.attempts.length, 1);
});

play('a provider that names an absurd time to wait is asked again all the same', { stores: ['sqlite'], allow: [/echo|outbox/] }, async (scene) => {
	const echo = await Echo.open(scene);
	const absurd = ['9223372036854775807', '-5', '99999999999999999999', 'Wed, 21 Oct 2099 07:28:00 GMT', '1e9', ''];
	echo.peer.retryAfter = () => absurd[echo.peer.attempts.length - 1];
	echo.peer.mood = () => (echo.peer.attempts.length <= 2 ? 429 : 'deliver');
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	await scene.admin.send((await echo.conversation('hello')).id, 'at last');
	await echo.peer.gets('at last', 60_000);
});
