// SPDX-License-Identifier: Apache-2.0
// A peer behind TLS: what we send goes to nobody who cannot show who he is, never turns from https to http, and arrives once he can.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { after } = require('node:test');
const { play, makeFolder, waitFor } = require('../tools/scene');
const { Echo } = require('../tools/peer');

const folder = makeFolder('tls');
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const file = (name) => path.join(folder, name);
const openssl = (...words) => execFileSync('openssl', words, { stdio: 'pipe' });

function makeAuthority(name) {
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-keyout', file(`${name}.key`), '-out', file(`${name}.pem`));
}

// A certificate for an address, signed by an authority.
function makeCertificate(name, { authority = 'trusted', address = 'IP:127.0.0.1', days = 2 } = {}) {
	openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
	fs.writeFileSync(file(`${name}.ext`), `subjectAltName=${address}\n`);
	openssl('x509', '-req', '-in', file(`${name}.csr`), '-CA', file(`${authority}.pem`), '-CAkey', file(`${authority}.key`), '-CAcreateserial',
		'-days', String(days), '-extfile', file(`${name}.ext`), '-out', file(`${name}.pem`));
	return { key: fs.readFileSync(file(`${name}.key`)), cert: fs.readFileSync(file(`${name}.pem`)) };
}

makeAuthority('trusted');
makeAuthority('stranger');
const RIGHT = makeCertificate('right');
const WRONG = {
	'of an authority that nobody knows': makeCertificate('unknown', { authority: 'stranger' }),
	'of another host': makeCertificate('other', { address: 'DNS:other.example' }),
	'that is over': makeCertificate('over', { days: 0 }),
};

// An HTTPS server of this test: {url, server, n_closed connections}.
async function open(scene, credentials, take) {
	const tls = { server: https.createServer(credentials, take), n_closed: 0 };
	tls.server.on('connection', (socket) => socket.on('close', () => tls.n_closed++));
	await new Promise((resolve) => tls.server.listen(0, '127.0.0.1', resolve));
	scene.atEnd(() => tls.server.close());
	tls.url = `https://127.0.0.1:${tls.server.address().port}/send`;
	return tls;
}

// A customer has written to this echo inbox; we answer.
async function answer(scene, echo, text) {
	await echo.post({ id: 'm1', from: 'ann', text: 'hello' });
	const { id } = await echo.conversation('hello');
	await scene.admin.send(id, text);
}

const TRUST = { settings: { 'plugins.ca_file': file('trusted.pem') } };

for (const [what, credentials] of Object.entries(WRONG))
	play(`a certificate ${what} gets nothing, the right one everything`, { stores: ['sqlite'], ...TRUST, allow: [/echo|outbox/] }, async (scene) => {
		let tls;
		const sendUrl = async (peer) => (tls = await open(scene, credentials, (request, response) => void peer.take(request, response))).url;
		const echo = await Echo.open(scene, { sendUrl });
		await answer(scene, echo, 'for your eyes only');
		await waitFor('the server to hang up', () => tls.n_closed > 0);
		assert.equal(echo.peer.attempts.length, 0);
		tls.server.setSecureContext(RIGHT);
		await echo.peer.gets('for your eyes only', 60_000);
		assert.equal(echo.peer.attempts.length, 1);
	});

play('https does not turn into http', { stores: ['sqlite'], ...TRUST, allow: [/echo|outbox/] }, async (scene) => {
	const plain = http.createServer((request, response) => (plain.n++, response.end('{}')));
	plain.n = 0;
	await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
	scene.atEnd(() => plain.close());
	const Location = `http://127.0.0.1:${plain.address().port}/send`;
	let n_asked = 0;
	const tls = await open(scene, RIGHT, (request, response) => (n_asked++, response.writeHead(307, { Location }).end()));
	const echo = await Echo.open(scene, { sendUrl: () => tls.url });
	await answer(scene, echo, 'for your eyes only');
	const row = async () => (await scene.db.rows('SELECT delivery, error FROM message WHERE is_out = 1'))[0];
	await waitFor('the message to fail', async () => n_asked > 0 && (await row()).error);
	assert.equal(plain.n, 0);
});

play('a file without authorities is refused at the start', { stores: ['sqlite'] }, async (scene) => {
	fs.writeFileSync(file('empty.pem'), 'nothing\n');
	for (const [name, why] of [['empty.pem', /holds no certificate in PEM form/], ['missing.pem', /No such file/]]) {
		const words = ['--data', file('data'), '--set', 'http.listen=127.0.0.1:0', '--set', `plugins.dir=${scene.server.plugins}`, '--set', `plugins.ca_file=${file(name)}`];
		assert.throws(() => execFileSync(scene.server.bin, words, { stdio: 'pipe', timeout: 60_000 }), (error) => why.test(String(error.stderr)));
	}
});
