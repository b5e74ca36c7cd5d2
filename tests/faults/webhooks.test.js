// SPDX-License-Identifier: Apache-2.0
// What a webhook may be sent: malformed, too large, too deep, forged, slow, out of order. None of it is kept as something else,
// none stops another inbox, and the server stays up.
'use strict';
const assert = require('node:assert/strict');
const { play, waitFor } = require('../tools/scene');
const { Echo, TOKEN } = require('../tools/peer');
const { Wire } = require('../tools/wire');
const { talk } = require('../tools/story');

const n_messages = async (scene) => (await scene.db.rows('SELECT CAST(id AS TEXT) AS id FROM message')).length;

// A body whose bytes are these; strings as Latin-1.
const bytes = (...pieces) => Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'latin1')));

const message = (text) => `{"id":"x","from":"ann","text":${text}}`;
const MALFORMED = {
	'nothing': '',
	'no JSON': 'id=1&text=hello',
	'JSON that stops': '{"id":"x","from":"ann","te',
	'something after the JSON': `${message('"hi"')}{}`,
	'invalid UTF-8': bytes('{"id":"x","from":"ann","text":"', '\xff\xfe', '"}'),
	'UTF-8 of a surrogate': bytes('{"id":"x","from":"ann","text":"', '\xed\xa0\x80', '"}'),
	'a raw NUL': bytes('{"id":"x","from":"ann","text":"a\0b"}'),
	'a raw control character': bytes('{"id":"x","from":"ann","text":"a\x01b"}'),
	'deep lists': '['.repeat(100_000),
	'deep maps': '{"a":'.repeat(500) + '1' + '}'.repeat(500),
	'NaN': message('NaN'),
	'a number that is none': message('1e99999'),
	'a byte-order mark': bytes('\xef\xbb\xbf', message('"hi"')),
};

play('malformed bodies are refused', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	for (const [what, body] of Object.entries(MALFORMED)) {
		const { status } = await echo.hook(body);
		const wanted = what === 'nothing' ? [200, 400] : [400];
		assert.ok(wanted.includes(status), `${what}: ${status}`);
	}
	assert.equal(await n_messages(scene), 0);
	await echo.post({ id: 'good', from: 'ann', text: 'still listening' });
	assert.equal(await n_messages(scene), 1);
});

// Well-formed JSON that is no message: never kept as something else, never a 5xx that is posted again for ever.
const STRANGE = {
	'an empty map': {},
	'a list': [],
	'a number': 7,
	'no messages': { messages: [] },
	'messages that is no list': { messages: 'hello' },
	'a message that is no map': { messages: [1, null, 'x'] },
	'a text that is no string': { id: 'x', from: 'ann', text: 12 },
	'an empty text': { id: 'x', from: 'ann', text: '' },
	'a sender of 10,000 letters': { id: 'x', from: 'a'.repeat(10_000), text: 'hello' },
	'a key of 10,000 letters': { id: 'x'.repeat(10_000), from: 'ann', text: 'hello' },
	'no sender': { id: 'x', text: 'hello' },
	'no key': { from: 'ann', text: 'hello' },
	'a receipt of a state of tomorrow': { receipts: [{ id: 'x', state: 'smelled' }] },
	'a receipt of nothing': { receipts: [{ state: 'read' }] },
};

play('strange documents do no harm', { stores: ['sqlite'], allow: [/ingest: inbox \d+: parked/] }, async (scene) => {
	const echo = await Echo.open(scene);
	for (const [what, body] of Object.entries(STRANGE)) {
		const { status } = await echo.hook(body);
		assert.ok(status < 500, `${what}: ${status}`);
	}
	const { status, text } = await echo.hook({ id: 'x', text: 'hello' });
	assert.deepEqual([status, text], [400, 'expected a message with "from", or lists "messages", "receipts"\n']);
	assert.equal(await n_messages(scene), 0);
	await echo.post({ id: 'good', from: 'ann', text: 'still listening' });
	assert.equal(await n_messages(scene), 1);
});

const BAD = {
	'no key': { from: 'bob', text: 'hello' },
	'no sender': { id: 'b1', text: 'hello' },
	'no text': { id: 'b2', from: 'bob' },
	'too long a sender': { id: 'b3', from: 'b'.repeat(10_000), text: 'hello' },
	'too long a text': { id: 'b4', from: 'bob', text: 'b'.repeat(200_000) },
};

// A provider that is answered an error sends the same again for days: what cannot be kept stands as it came, for people to look at.
play('a bad message is parked, and the good ones of its POST come in', { allow: [/ingest: inbox \d+: parked/] }, async (scene) => {
	const echo = await Echo.open(scene);
	for (const [what, bad] of Object.entries(BAD)) {
		const good = { id: `beside ${what}`, from: 'ann', text: 'good' };
		assert.equal((await echo.hook({ messages: [bad, good] })).status, 200, what);
		assert.equal((await scene.db.rows(`SELECT key FROM message WHERE key = 'beside ${what}'`)).length, 1, what);
	}
	const all = async () => scene.db.rows('SELECT name, reason, rows FROM parked ORDER BY id');
	const parked = await all();
	assert.equal(parked.length, Object.keys(BAD).length);
	assert.match(parked[0].name, /^message\.in of inbox \d+$/);
	assert.match(parked[0].reason, /^message\.in: key: /);
	assert.equal(JSON.parse(parked[0].rows).parts[0].text, 'hello');
	assert.equal(await n_messages(scene), Object.keys(BAD).length);
	for (const bad of Object.values(BAD)) assert.equal((await echo.hook({ messages: [bad] })).status, 200); // sent again
	assert.equal((await all()).length, parked.length + 1, 'only what has no key is parked again');
	const metrics = await (await fetch(`${scene.server.url}/metrics`)).text();
	assert.match(metrics, new RegExp(`^beseda_parked_total ${parked.length + 1}$`, 'm'));
});

play('what text may hold comes out as it went in', async (scene) => {
	const echo = await Echo.open(scene);
	const texts = ['Привіт, це «тест» ʼ’\'', '🫖👩‍👩‍👧', '<script>alert(1)</script>', "'; DROP TABLE message; --", '{"a":[1,2]}', '\\N \\0 %s {}', 'עברית ‏RTL', 'a\tb\nc'];
	await echo.post(texts.map((text, i) => ({ id: `t${i}`, from: 'ann', name: `Ann ${i}`, text })));
	const [{ id }] = (await scene.admin.get('/conversations')).conversations;
	assert.deepEqual(await talk(scene.admin, id), texts.map((text) => `in: ${text}`));
});

// Providers cut texts where an emoji stands: what is left is still worth reading.
play('half a character does not cost the message', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	assert.equal((await echo.hook('{"id":"a","from":"ann","text":"tea \\ud83e and \\udc00 and \\u0000 more \\ud83e\\uded6"}')).status, 200);
	const { id } = await echo.conversation('tea \ufffd and \ufffd and \ufffd more 🫖');
	assert.deepEqual(await talk(scene.admin, id), ['in: tea \ufffd and \ufffd and \ufffd more 🫖']);
});

play('forged and misdirected posts are refused', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	const other = await Echo.open(scene, { name: 'Other' });
	const good = { id: 'x', from: 'ann', text: 'hello' };
	for (const token of ['', 'wrong', TOKEN.slice(1), `${TOKEN}x`]) {
		const answer = await echo.hook(good, { headers: { 'X-Echo-Token': token } });
		assert.deepEqual([answer.status, answer.text], [401, 'not verified\n']);
	}
	const { url } = scene.server;
	const ask = (path, method = 'POST') => fetch(url + path, { method, headers: { 'X-Echo-Token': TOKEN }, body: method === 'GET' ? undefined : JSON.stringify(good) });
	assert.equal((await ask('/hooks/1')).status, 404);
	assert.equal((await ask('/hooks/')).status, 404);
	assert.equal((await ask('/hooks/abc')).status, 404);
	assert.equal((await ask(`/hooks/${'9'.repeat(30)}`)).status, 404);
	assert.equal((await ask(echo.path, 'GET')).status, 405);
	assert.equal(await n_messages(scene), 0);
	await scene.admin.patch(`/inboxes/${other.inbox.id}`, { archived: true });
	assert.equal((await ask(other.path)).status, 404);
	await echo.post(good);
	assert.equal(await n_messages(scene), 1);
});

play('oversized bodies are refused before they are read', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	const post = (length, more = '') =>
		`POST ${echo.path} HTTP/1.1\r\nHost: x\r\nX-Echo-Token: ${TOKEN}\r\nContent-Type: application/json\r\n${more}Content-Length: ${length}\r\n\r\n`;
	const announced = await Wire.open(scene.server.port);
	announced.send(post(50_000_000));
	assert.equal((await announced.response()).status, 413);
	const expecting = await Wire.open(scene.server.port);
	expecting.send(post(50_000_000, 'Expect: 100-continue\r\n'));
	assert.equal((await expecting.response()).status, 413);
	const chunked = await Wire.open(scene.server.port);
	chunked.send(`POST ${echo.path} HTTP/1.1\r\nHost: x\r\nX-Echo-Token: ${TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n`);
	for (let i = 0; i < 40; i++) chunked.send(`10000\r\n${'x'.repeat(65536)}\r\n`);
	assert.equal((await chunked.response()).status, 413);
	const head = await Wire.open(scene.server.port);
	head.send(`POST ${echo.path} HTTP/1.1\r\n${'X-Long: '.padEnd(40_000, 'y')}\r\n\r\n`);
	assert.equal((await head.response()).status, 431);
	for (const wire of [announced, expecting, chunked, head]) wire.close();
	// As large as allowed: kept.
	await echo.post({ id: 'big', from: 'ann', text: 'щ'.repeat(30_000) });
	assert.equal(await n_messages(scene), 1);
});

play('hundreds of slow posts block nobody and end', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	const wires = await Promise.all(Array.from({ length: 300 }, () => Wire.open(scene.server.port)));
	const head = `POST ${echo.path} HTTP/1.1\r\nHost: x\r\nX-Echo-Token: ${TOKEN}\r\nContent-Length: 100\r\n`;
	wires.forEach((wire, i) => wire.send(i % 2 ? head : `${head}\r\n{"id"`)); // half a head, half a body
	const dripping = setInterval(() => wires.forEach((wire, i) => i % 2 && wire.send('X')), 1000);
	const began = Date.now();
	for (let i = 0; i < 20; i++) await echo.post({ id: `m${i}`, from: 'ann', text: `meanwhile ${i}` });
	assert.ok(Date.now() - began < 5000, 'others were kept waiting');
	const answers = await Promise.all(wires.map((wire) => wire.response(40_000)));
	clearInterval(dripping);
	assert.ok(answers.every((answer) => answer?.status === 408), JSON.stringify(answers.find((answer) => answer?.status !== 408)));
	await Promise.all(wires.map((wire) => wire.closed));
	assert.equal(await n_messages(scene), 20);
});

play('a client that goes away in the middle leaves nothing behind', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	const whole = JSON.stringify({ id: 'm1', from: 'ann', text: 'did this arrive?' });
	const head = `POST ${echo.path} HTTP/1.1\r\nHost: x\r\nX-Echo-Token: ${TOKEN}\r\nContent-Length: ${whole.length}\r\n\r\n`;
	for (let cut = 1; cut < head.length + whole.length; cut += 23) {
		const wire = await Wire.open(scene.server.port);
		wire.send((head + whole).slice(0, cut));
		wire.close();
	}
	await echo.post({ id: 'm2', from: 'ann', text: 'after them' });
	assert.equal(await n_messages(scene), 1);
	const wire = await Wire.open(scene.server.port);
	wire.send(head + whole);
	wire.close(); // gone before the answer: it may be kept, but then once
	await waitFor('it to be dealt with', async () => (await scene.server.client().raw('GET', '/me')).status === 401);
	await echo.post({ id: 'm1', from: 'ann', text: 'did this arrive?' });
	assert.equal(await n_messages(scene), 2);
});

play('out of order: receipts before messages, old messages after new', async (scene) => {
	const echo = await Echo.open(scene);
	const day = 86_400_000;
	await echo.post({ id: 'm2', from: 'ann', at: Date.now(), text: 'said later' });
	await echo.post({ id: 'm1', from: 'ann', at: Date.now() - day, text: 'said a day before' });
	const [{ id }] = (await scene.admin.get('/conversations')).conversations;
	assert.deepEqual(await talk(scene.admin, id), ['in: said later', 'in: said a day before']);
});

play('an inbox whose peer hangs does not hold up another', async (scene) => {
	const stuck = await Echo.open(scene, { name: 'Stuck' });
	const fine = await Echo.open(scene, { name: 'Fine' });
	stuck.peer.mood = () => 'hang';
	const say = (echo, who, text) => echo.post({ id: `${who}-${text}`, from: who, text });
	await Promise.all(Array.from({ length: 30 }, (_, i) => say(stuck, `s${i}`, 'hello stuck')));
	await say(fine, 'ann', 'hello fine');
	const all = (await scene.admin.get('/conversations?limit=200')).conversations;
	for (const one of all.filter((c) => c.inbox === stuck.inbox.id)) await scene.admin.send(one.id, 'into the void');
	const began = Date.now();
	await scene.admin.send(all.find((c) => c.inbox === fine.inbox.id).id, 'at once');
	await fine.peer.gets('at once');
	assert.ok(Date.now() - began < 3000, 'it was held up');
});
