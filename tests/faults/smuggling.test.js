// SPDX-License-Identifier: Apache-2.0
// Requests that two servers on the way could read differently: each is refused, the connection ends, and what hides behind is
// never taken for a request.
'use strict';
const assert = require('node:assert/strict');
const { play } = require('../tools/scene');
const { Echo, TOKEN } = require('../tools/peer');
const { say } = require('../tools/wire');

play('forms of smuggling are refused', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	const { port } = scene.server;
	const json = (id) => JSON.stringify({ id, from: 'mallory', text: 'smuggled' });
	const body = json('front');
	const hidden = `POST ${echo.path} HTTP/1.1\r\nHost: x\r\nX-Echo-Token: ${TOKEN}\r\nContent-Length: ${json('hidden').length}\r\n\r\n${json('hidden')}`;
	const line = `POST ${echo.path} HTTP/1.1\r\n`;
	const fields = `Host: x\r\nX-Echo-Token: ${TOKEN}\r\n`;
	const length = `Content-Length: ${body.length}\r\n`;
	const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
	const FORMS = {
		'CR alone ends a line': `${line}Host: x\rX-Echo-Token: ${TOKEN}\r\n${length}\r\n${body}`,
		'CR alone ends the head': `${line}${fields}${length}\r\r${body}`,
		'LF alone ends a line': `${line}Host: x\nX-Echo-Token: ${TOKEN}\r\n${length}\r\n${body}`,
		'LF alone ends the head': `${line}${fields}${length}\n${body}`,
		'a folded line': `${line}${fields}X-Folded: a\r\n b\r\n${length}\r\n${body}`,
		'a folded length': `${line}${fields}Content-Length:\r\n ${body.length}\r\n\r\n${body}`,
		'a space before the colon': `${line}${fields}Content-Length : ${body.length}\r\n\r\n${body}`,
		'a tab before the colon': `${line}${fields}Transfer-Encoding\t: chunked\r\n\r\n${chunk}`,
		'a space before the name': `${line} Host: x\r\n${fields}${length}\r\n${body}`,
		'length and chunks': `${line}${fields}${length}Transfer-Encoding: chunked\r\n\r\n${chunk}`,
		'chunks and length': `${line}${fields}Transfer-Encoding: chunked\r\n${length}\r\n${chunk}`,
		'two lengths': `${line}${fields}${length}Content-Length: 0\r\n\r\n${body}`,
		'two equal lengths': `${line}${fields}${length}${length}\r\n${body}`,
		'a list of lengths': `${line}${fields}Content-Length: ${body.length}, ${body.length}\r\n\r\n${body}`,
		'a signed length': `${line}${fields}Content-Length: +${body.length}\r\n\r\n${body}`,
		'a length in hex': `${line}${fields}Content-Length: 0x${body.length.toString(16)}\r\n\r\n${body}`,
		'a negative length': `${line}${fields}Content-Length: -1\r\n\r\n${body}`,
		'an endless length': `${line}${fields}Content-Length: 99999999999999999999999\r\n\r\n${body}`,
		'no CRLF after a chunk': `${line}${fields}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}0\r\n\r\n`,
		'LF after a chunk': `${line}${fields}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\n0\r\n\r\n`,
		'a chunk size with 0x': `${line}${fields}Transfer-Encoding: chunked\r\n\r\n0x${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
		'a chunk size with a space': `${line}${fields}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)} \r\n${body}\r\n0\r\n\r\n`,
		'an endless chunk size': `${line}${fields}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n${body}\r\n0\r\n\r\n`,
		'a coding that is not chunked': `${line}${fields}Transfer-Encoding: xchunked\r\n\r\n${chunk}`,
		'chunked, then something': `${line}${fields}Transfer-Encoding: chunked, identity\r\n\r\n${chunk}`,
		'chunked twice': `${line}${fields}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
		'chunks in HTTP/1.0': `POST ${echo.path} HTTP/1.0\r\n${fields}Transfer-Encoding: chunked\r\n\r\n${chunk}`,
		'HTTP/2.0': `POST ${echo.path} HTTP/2.0\r\n${fields}${length}\r\n${body}`,
		'HTTP/1.10': `POST ${echo.path} HTTP/1.10\r\n${fields}${length}\r\n${body}`,
		'two spaces': `POST  ${echo.path} HTTP/1.1\r\n${fields}${length}\r\n${body}`,
		'a tab in the request line': `POST\t${echo.path} HTTP/1.1\r\n${fields}${length}\r\n${body}`,
		'a NUL in a value': `${line}${fields}X-Nul: a\0b\r\n${length}\r\n${body}`,
		'a NUL in a name': `${line}${fields}X-N\0ul: b\r\n${length}\r\n${body}`,
		'an empty name': `${line}${fields}: b\r\n${length}\r\n${body}`,
		'no host': `${line}X-Echo-Token: ${TOKEN}\r\n${length}\r\n${body}`,
		'two hosts': `${line}Host: a\r\n${fields}${length}\r\n${body}`,
	};
	for (const [form, bytes] of Object.entries(FORMS)) {
		const answer = await say(port, bytes + hidden);
		assert.ok(answer.status >= 400 && answer.status < 500, `${form}: ${answer.status}`);
		assert.ok(answer.isClosed, `${form}: the connection goes on`);
		assert.equal(answer.extra, '', `${form}: answered twice`);
	}
	assert.deepEqual(await scene.db.rows('SELECT key FROM message'), []);
	const plain = await say(port, `${line}${fields}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
	assert.equal(plain.status, 200);
	assert.deepEqual(await scene.db.rows('SELECT key FROM message'), [{ key: 'front' }]);
});
