// SPDX-License-Identifier: Apache-2.0
// Every operation of the contract, on a real besedad: what it answers is of the form that the contract says.
'use strict';
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Besedad, waitFor } = require('../tools/besedad');
const { Peer, TOKEN } = require('../tools/peer');
const { call, called, checkMembers, checkSchema, operations } = require('./contract');

let server;
let peer; // the program behind the inbox
let admin;
let agent;
let echo; // an inbox
let conversation;

before(async () => {
	peer = await Peer.open();
	server = await Besedad.start({ settings: { 'plugins.allow_hosts': '127.0.0.1' } });
	admin = await server.admin();
});
after(async () => {
	await server.stop();
	await peer.close();
});

const key = () => `key-${Math.random().toString(36).slice(2, 12)}xxxx`;

function hook(body) {
	return fetch(`${server.url}/hooks/${echo.id}`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json', 'X-Echo-Token': TOKEN },
		body: JSON.stringify(body),
	});
}

// An inbox that was just changed opens anew: a provider would come again, too.
async function customerWrites(text) {
	const messages = [{ id: key(), from: 'olya', name: 'Оля', text }];
	await waitFor('the webhook to take a message', async () => {
		const response = await hook({ messages });
		assert.ok([200, 503].includes(response.status), `${response.status} ${await response.text()}`);
		return response.status === 200;
	});
}

test('signing in', async () => {
	const { email, password } = server.firstLogin();
	const client = server.client();
	await call(client, 'me', { status: 401 });
	await call(client, 'login', { json: { email, password: 'wrong' }, status: 401 });
	const { body } = await call(client, 'login', { json: { email, password } });
	client.csrf = body.csrf;
	checkMembers('Me', body);
	checkMembers('User', body.user);
	await call(client, 'me');
	await call(client, 'changePassword', { json: { old: 'wrong', new: 'long enough it is' }, status: 400 });
	await call(client, 'changePassword', { json: { old: password, new: 'long enough it is' } });
	server.login.password = 'long enough it is';
	await call(client, 'logout');
	await call(client, 'me', { status: 401 });
	admin = await server.admin();
});

test('people', async () => {
	await call(admin, 'addTeam', { json: { name: 'Продажі' } });
	const { teams } = (await call(admin, 'listTeams')).body;
	assert.deepEqual(teams.map((team) => team.name), ['Support', 'Продажі']);
	await call(admin, 'addQueue', { json: { name: 'VIP', teams: [teams[1].id] } });
	const { queues } = (await call(admin, 'listQueues')).body;
	assert.equal(queues.length, 2);
	queues.forEach((queue) => checkMembers('Queue', queue));
	const made = await call(admin, 'addUser', { json: { name: 'Ann', email: 'ann@example.org', role: 'agent', teams: [teams[0].id] } });
	await call(admin, 'addUser', { json: { name: 'Ann', email: 'ann@example.org', role: 'agent' }, status: 409 });
	await call(admin, 'updateUser', { id: made.body.user.id, json: { name: 'Anna', takes_work: true } });
	const { users } = (await call(admin, 'listUsers')).body;
	assert.deepEqual(users.map((user) => user.name), ['Admin', 'Anna']);
	agent = server.client();
	await agent.login('ann@example.org', made.body.password);
	await call(agent, 'addUser', { json: { name: 'x', email: 'x@y.z', role: 'admin' }, status: 403 });
});

test('inboxes', async () => {
	const { channels } = (await call(admin, 'listChannels')).body;
	const one = channels.find((channel) => channel.channel === 'echo');
	assert.ok(one.webhook && !one.live);
	channels.forEach((channel) => checkMembers('Channel', channel));
	const config = { send_url: peer.url, verify: { token: TOKEN } };
	await call(admin, 'addInbox', { json: { name: 'Echo', channel: 'echo', config: { ...config, no_such: 1 } }, status: 400 });
	await call(admin, 'addInbox', { json: { name: 'Echo', channel: 'pigeon', config }, status: 400 });
	const added = (await call(admin, 'addInbox', { json: { name: 'Echo', channel: 'echo', config } })).body.inbox;
	checkMembers('Inbox', added);
	assert.equal(added.hook_url, `${server.url}/hooks/${added.id}`);
	assert.equal(added.snippet, null);
	echo = added;
	const { inboxes } = (await call(agent, 'listInboxes')).body;
	assert.equal(inboxes[0].config, undefined);
	assert.equal((await call(admin, 'listInboxes')).body.inboxes[0].state, 'ok');
});

test('secrets of an inbox stay', async () => {
	const shown = async () => (await call(admin, 'listInboxes')).body.inboxes.find((inbox) => inbox.id === echo.id);
	assert.ok(!JSON.stringify(await shown()).includes(TOKEN));
	const update = (json) => call(admin, 'updateInbox', { id: echo.id, json });
	const config = { send_url: `${peer.url}?again` };
	const changed = (await update({ name: 'Echo 2', config })).body.inbox;
	assert.equal(changed.config.send_url, config.send_url);
	assert.ok(!JSON.stringify(changed).includes(TOKEN));
	await customerWrites('the token still holds');
	assert.ok(!server.log.includes(TOKEN));
	await call(admin, 'updateInbox', { id: '12345', json: { name: 'x' }, status: 404 });
});

test('conversations', async () => {
	await customerWrites('Добрий день');
	conversation = await waitFor('the conversation', async () => {
		const { body } = await call(agent, 'listConversations', { query: { state: 'any' } });
		return body.conversations.find((one) => one.preview === 'Добрий день');
	});
	checkMembers('Conversation', conversation);
	assert.equal(conversation.contact.name, 'Оля');
	assert.equal(conversation.channel, 'echo');
	const { id } = conversation;
	const one = (await call(agent, 'getConversation', { id })).body;
	checkMembers('Contact', one.contact);
	await call(agent, 'getConversation', { id: '12345', status: 404 });
	await call(agent, 'listConversations', { query: { limit: 1, view: 'all' } });
	await call(agent, 'listConversations', { query: { view: 'nobody' }, status: 400 });
	await call(agent, 'assign', { id, json: { user: agent.me.user.id } });
	await call(agent, 'assign', { id, json: { user: null, version: 1 }, status: 409 });
	await call(agent, 'setState', { id, json: { state: 'waiting' } });
	await call(agent, 'setState', { id, json: { state: 'lost' }, status: 400 });
	const mine = (await call(agent, 'listConversations', { query: { view: 'mine', state: 'waiting' } })).body.conversations;
	assert.deepEqual(mine.map((each) => each.id), [id]);
});

test('messages', async () => {
	const { id } = conversation;
	const parts = [{ type: 'text', text: 'Чим допомогти?' }];
	const json = { key: key(), parts };
	const sent = (await call(agent, 'sendMessage', { id, json })).body;
	checkMembers('Message', sent.message);
	assert.equal(sent.message.delivery, 'queued');
	const again = (await call(agent, 'sendMessage', { id, json })).body;
	assert.equal(again.message.id, sent.message.id);
	await call(agent, 'sendMessage', { id, json: { key: key(), audience: 'internal', parts } });
	await call(agent, 'sendMessage', { id, json: { key: 'short', parts }, status: 400 });
	await call(agent, 'sendMessage', { id: '12345', json, status: 404 });
	const { events } = (await call(agent, 'getTimeline', { id })).body;
	events.forEach((event) => checkMembers('Event', event));
	assert.deepEqual(events.filter((event) => event.message).map((event) => event.message.parts[0].text), [
		'the token still holds',
		'Добрий день',
		'Чим допомогти?',
		'Чим допомогти?',
	]);
	await call(agent, 'getTimeline', { id, query: { limit: 1 } });
});

test('what failed goes out again', async () => {
	const { id } = conversation;
	peer.mood = () => 400;
	const json = { key: key(), parts: [{ type: 'text', text: 'Ще раз?' }] };
	const { message } = (await call(agent, 'sendMessage', { id, json })).body;
	const shown = async () => {
		const { events } = (await call(agent, 'getTimeline', { id })).body;
		return events.find((event) => event.kind === 'message.out' && event.message.id === message.id).message;
	};
	const failed = await waitFor('the message to fail', async () => {
		const now = await shown();
		return now.delivery === 'failed' && now;
	});
	assert.ok(failed.error);
	peer.mood = () => 'deliver';
	const again = (await call(agent, 'resendMessage', { id: message.id })).body.message;
	assert.equal(again.delivery, 'queued');
	checkMembers('Message', again);
	await peer.gets('Ще раз?');
	await waitFor('the message to be accepted', async () => (await shown()).delivery === 'accepted');
	await call(agent, 'resendMessage', { id: message.id, status: 409 });
	await call(agent, 'resendMessage', { id: '12345', status: 404 });
});

test('contacts', async () => {
	const { id } = conversation.contact;
	const { body } = await call(agent, 'getContact', { id });
	assert.equal(body.conversations.length, 1);
	assert.equal(body.contact.identities[0].inbox, echo.id);
	const renamed = (await call(agent, 'updateContact', { id, json: { name: 'Оля Коваль' } })).body.contact;
	assert.equal(renamed.name, 'Оля Коваль');
	checkMembers('Contact', renamed);
	await call(agent, 'updateContact', { id: '12345', json: { name: 'x' }, status: 404 });
	await call(agent, 'getContact', { id: '12345', status: 404 });
});

test('files', async () => {
	const body = Buffer.from('89504e470d0a1a0a', 'hex');
	const headers = { 'Content-Type': 'image/png' };
	const { file } = (await call(agent, 'uploadFile', { query: { name: 'знак.png' }, body, headers })).body;
	checkMembers('File', file);
	assert.equal(file.bytes, body.length);
	const got = await call(agent, 'getFile', { id: file.id });
	assert.deepEqual(got.bytes, body);
	assert.match(got.headers.get('content-disposition'), /^inline/);
	await call(admin, 'getFile', { id: file.id, status: 404 }); // not sent yet: it is the agent's own
	const parts = [{ type: 'media', file: file.id }];
	await call(agent, 'sendMessage', { id: conversation.id, json: { key: key(), audience: 'internal', parts } });
	await call(admin, 'getFile', { id: file.id });
	await call(agent, 'getFile', { id: '12345', status: 404 });
});

test('a large file is streamed both ways', async () => {
	const body = Buffer.alloc(12 << 20, 'beseda');
	const { file } = (await call(agent, 'uploadFile', { query: { name: 'large.bin' }, body })).body;
	assert.equal(file.mime, 'application/octet-stream');
	const got = await call(agent, 'getFile', { id: file.id });
	assert.ok(got.bytes.equals(body));
	await call(agent, 'uploadFile', { query: { name: 'x' }, body: Buffer.alloc(60 << 20), status: 413 }).catch((error) => {
		// The server may hang up before we have sent it all.
		if (!/fetch failed|ECONNRESET|EPIPE/.test(`${error.message} ${error.cause?.code}`)) throw error;
	});
});

test('the log', async () => {
	const { events, last } = (await call(admin, 'listEvents', { query: { after: 0, limit: 1000 } })).body;
	assert.ok(Number(last) >= events.length);
	events.forEach((event) => {
		checkSchema('Event', event);
		checkMembers('Event', event);
	});
	for (const kind of ['message.in', 'message.out', 'conversation.created', 'conversation.assigned', 'contact.created', 'inbox.created'])
		assert.ok(events.some((event) => event.kind === kind), `no ${kind} in the log`);
	const page = (await call(admin, 'listEvents', { query: { after: 2, limit: 3 } })).body;
	assert.deepEqual(page.events.map((event) => event.seq), ['3', '4', '5']);
	assert.equal(page.last, '5');
	await call(admin, 'listEvents', { query: { after: 'x' }, status: 400 });
});

test('the live socket', async () => {
	const live = await agent.live();
	const other = await admin.live('0');
	assert.equal(live.frames[0].seq, live.frames[0].seq.match(/^\d+$/)[0]);
	await customerWrites('Ви тут?');
	for (const socket of [live, other]) {
		const event = await socket.event('message.in', (frame) => frame.message.parts[0].text === 'Ви тут?');
		const { type, ...rest } = event;
		assert.equal(type, 'event');
		checkSchema('Event', rest);
		checkMembers('Event', rest);
		checkMembers('Conversation', rest.card);
		assert.equal(rest.card.preview, 'Ви тут?');
	}
	const seqs = other.events().map((event) => Number(event.seq));
	assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
	live.send({ type: 'typing', conversation: conversation.id });
	await other.next((frame) => frame.type === 'signal' && frame.kind === 'typing' && frame.by.id === agent.me.user.id);
	await agent.logout();
	await live.next((frame) => frame.type === 'signed_out');
	assert.equal(await live.closed, 4401);
});

test('an archived inbox is closed and keeps its history', async () => {
	const { inbox } = (await call(admin, 'updateInbox', { id: echo.id, json: { archived: true } })).body;
	assert.equal(inbox.state, 'archived');
	const json = { key: key(), parts: [{ type: 'text', text: 'x' }] };
	await call(admin, 'sendMessage', { id: conversation.id, json, status: 400 });
	await call(admin, 'getConversation', { id: conversation.id });
	await call(admin, 'updateInbox', { id: echo.id, json: { archived: false } });
	await customerWrites('Я ще тут');
});

test('every operation was called', () => {
	assert.deepEqual([...operations.keys()].filter((name) => !called.has(name)), []);
});
