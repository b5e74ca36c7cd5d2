// SPDX-License-Identifier: Apache-2.0
// Scene 6: two inboxes that different teams answer, one of them restricted. Whoever may not see a conversation is told nothing of it:
// not by lists, not by its address, not by the log, the contact or the live socket; and cannot touch it.
'use strict';
const assert = require('node:assert/strict');
const { play, waitFor } = require('../tools/scene');
const { Echo } = require('../tools/peer');
const { conversations, log } = require('../tools/story');

// Two teams with a queue, an inbox and an agent each; the admin, who is in neither.
async function twoHouses(scene, more = {}) {
	const { admin } = scene;
	const house = async (name, options) => {
		const { team } = await admin.post('/teams', { name });
		const { queue } = await admin.post('/queues', { name, teams: [team.id] });
		const echo = await Echo.open(scene, { name, queue: queue.id, ...options });
		const agent = await scene.agent(`${name} agent`, { teams: [team.id] });
		return { team, queue, echo, agent };
	};
	return { shop: await house('Shop'), clinic: await house('Clinic', more) };
}

// A patient writes to the clinic and is answered; gives what nobody else may know.
async function secretOf(clinic) {
	await clinic.echo.post({ id: 'p1', from: 'patient-4711', name: 'Olena Secretna', text: 'my test results' });
	const card = await clinic.echo.conversation('my test results', clinic.agent);
	const { message } = await clinic.agent.send(card.id, 'they are fine');
	await clinic.agent.send(card.id, 'an internal note', { audience: 'internal' });
	await clinic.echo.peer.gets('they are fine');
	const file = await clinic.agent.upload('results.pdf', Buffer.from('secret bytes'));
	await clinic.agent.post(`/conversations/${card.id}/messages`, { key: 'with-the-file-01', audience: 'internal', parts: [{ type: 'media', file: file.id }] });
	return {
		conversation: card.id,
		contact: card.contact.id,
		message: message.id,
		file: file.id,
		words: ['Olena', 'Secretna', 'patient-4711', 'test results', 'they are fine', 'internal note', 'results.pdf', card.id, message.id, file.id],
	};
}

function knowsNothing(what, secret, where) {
	const text = JSON.stringify(what);
	for (const word of secret.words) assert.ok(!text.includes(word), `${where} tells "${word}"`);
}

async function isKeptFrom(stranger, secret) {
	for (const view of ['all', 'mine', 'unassigned']) knowsNothing(await conversations(stranger, view), secret, `the list ${view}`);
	knowsNothing(await log(stranger), secret, 'the log');
	knowsNothing((await stranger.get('/inboxes')).inboxes, secret, 'the inboxes');
	const missing = (await stranger.raw('GET', '/conversations/1')).text;
	const refused = [
		['GET', `/conversations/${secret.conversation}`],
		['GET', `/conversations/${secret.conversation}/timeline`],
		['GET', `/contacts/${secret.contact}`],
		['PATCH', `/contacts/${secret.contact}`, { name: 'Mallory' }],
		['GET', `/files/${secret.file}`],
		['POST', `/conversations/${secret.conversation}/messages`, { key: 'mallory-0000001', parts: [{ type: 'text', text: 'hello' }] }],
		['POST', `/conversations/${secret.conversation}/messages`, { key: 'mallory-0000002', audience: 'internal', parts: [{ type: 'text', text: 'hi' }] }],
		['POST', `/conversations/${secret.conversation}/assign`, { user: stranger.me.user.id }],
		['POST', `/conversations/${secret.conversation}/state`, { state: 'closed' }],
		['POST', `/messages/${secret.message}/resend`],
	];
	for (const [method, path, json] of refused) {
		const answer = await stranger.raw(method, path, json ? { json } : {});
		assert.equal(answer.status, 404, `${method} ${path}: ${answer.status} ${answer.text}`);
		if (/^\/conversations\/\d+$/.test(path)) assert.equal(answer.text, missing, 'it is told that it is there');
		knowsNothing(answer.text.replace(secret.conversation, ''), { words: secret.words.slice(0, 7) }, path);
	}
}

play('neither house knows of the other', async (scene) => {
	const { shop, clinic } = await twoHouses(scene);
	const live = await shop.agent.live('0');
	const secret = await secretOf(clinic);
	await shop.echo.post({ id: 's1', from: 'buyer', text: 'where is my mug' });
	await live.event('message.in');
	await isKeptFrom(shop.agent, secret);
	knowsNothing(live.frames, secret, 'the live socket');
	shop.agent.sockets[0].send({ type: 'typing', conversation: secret.conversation });

	const mug = await shop.echo.conversation('where is my mug', shop.agent);
	assert.deepEqual((await conversations(shop.agent)).map((one) => one.id), [mug.id]);
	assert.deepEqual((await conversations(clinic.agent)).map((one) => one.id), [secret.conversation]);
	assert.equal((await conversations(scene.admin)).length, 2); // neither is restricted: the admin sees both
	const [row] = await scene.db.rows(`SELECT CAST(n_messages AS TEXT) AS n FROM conversation WHERE id = ${secret.conversation}`);
	assert.equal(row.n, '4');
});

play('a restricted inbox is closed to the admin and the supervisor, too', async (scene) => {
	const { clinic } = await twoHouses(scene, { restricted: true });
	const supervisor = await scene.agent('Supervisor', { role: 'supervisor' });
	const live = await scene.admin.live('0');
	const secret = await secretOf(clinic);
	await scene.admin.post('/teams', { name: 'something to be told of' });
	await live.event('team.changed');
	await isKeptFrom(scene.admin, secret);
	await isKeptFrom(supervisor, secret);
	knowsNothing(live.frames, secret, 'the live socket');
});

play('what is assigned away is out of sight at once, and back when it comes back', async (scene) => {
	const { shop, clinic } = await twoHouses(scene);
	const secret = await secretOf(clinic);
	const live = await shop.agent.live();
	await scene.admin.post(`/conversations/${secret.conversation}/assign`, { user: shop.agent.me.user.id });
	await waitFor('the shop to see it', async () => (await conversations(shop.agent)).length === 1);
	await live.next((frame) => frame.type === 'event' && frame.conversation === secret.conversation);

	await scene.admin.post(`/conversations/${secret.conversation}/assign`, { user: clinic.agent.me.user.id });
	await waitFor('the shop not to see it', async () => (await conversations(shop.agent)).length === 0);
	await live.next((frame) => frame.type === 'reset');
	const again = await shop.agent.live();
	await clinic.echo.post({ id: 'p2', from: 'patient-4711', text: 'something new' });
	await shop.echo.post({ id: 's1', from: 'buyer', text: 'where is my mug' });
	await again.event('message.in');
	knowsNothing(again.frames, { words: ['something new', 'Secretna', secret.conversation] }, 'the live socket');
	await isKeptFrom(shop.agent, secret);
});

play('who leaves a team is told to load anew, and sees no more', async (scene) => {
	const { clinic } = await twoHouses(scene);
	const leaver = await scene.agent('Leaver', { teams: [clinic.team.id] });
	const secret = await secretOf(clinic);
	assert.equal((await conversations(leaver)).length, 1);
	const live = await leaver.live();
	await scene.admin.patch(`/users/${leaver.me.user.id}`, { teams: [] });
	await live.next((frame) => frame.type === 'reset');
	await isKeptFrom(leaver, secret);

	const goner = await scene.agent('Goner', { teams: [clinic.team.id] });
	const socket = await goner.live();
	await scene.admin.patch(`/users/${goner.me.user.id}`, { disabled: true });
	await socket.next((frame) => frame.type === 'signed_out');
	assert.equal((await goner.raw('GET', '/conversations')).status, 401);
});

play('one person in both houses is two stories', async (scene) => {
	const { shop, clinic } = await twoHouses(scene);
	const secret = await secretOf(clinic);
	await shop.echo.post({ id: 's1', from: 'patient-4711', name: 'O. S.', text: 'where is my mug' });
	const card = await shop.echo.conversation('where is my mug', shop.agent);
	const { conversations: seen } = await shop.agent.get(`/contacts/${card.contact.id}`);
	assert.deepEqual(seen.map((one) => one.id), [card.id]);
	assert.ok(!JSON.stringify(await log(shop.agent)).includes(secret.conversation));
	await shop.agent.send(card.id, 'on its way');
	const got = await shop.echo.peer.gets('on its way');
	assert.equal(got.to, 'patient-4711');
	assert.ok(!clinic.echo.peer.delivered.some((one) => one.text === 'on its way'));
});

play('a restricted conversation is given only to those who serve its queue', { stores: ['sqlite'] }, async (scene) => {
	const { shop, clinic } = await twoHouses(scene, { restricted: true });
	const secret = await secretOf(clinic);
	const refused = await clinic.agent.raw('POST', `/conversations/${secret.conversation}/assign`, { json: { user: shop.agent.me.user.id } });
	assert.equal(refused.status, 400);
	assert.match(refused.text, /restricted/);
	await isKeptFrom(shop.agent, secret);
	// Not even that somebody new has written there.
	const created = async (who) => (await log(who)).filter((event) => event.kind === 'contact.created').length;
	assert.deepEqual([await created(clinic.agent), await created(shop.agent), await created(scene.admin)], [1, 0, 0]);
});
