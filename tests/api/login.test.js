// SPDX-License-Identifier: Apache-2.0
// Signing in: guessing is slow however it is done, and the cookie is for TLS where TLS is.
'use strict';
const assert = require('node:assert/strict');
const { play } = require('../tools/scene');

function login(scene, email, password, headers = {}) {
	const body = JSON.stringify({ email, password });
	return fetch(`${scene.server.url}/api/v1/login`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body });
}

play('many guesses at once are no more than one after the other', { stores: ['sqlite'] }, async (scene) => {
	const email = scene.admin.me.user.email;
	const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => login(scene, email, `wrong password ${i}`)));
	const n = (status) => answers.filter((answer) => answer.status === status).length;
	// Five are free; a slow machine may take so long that the first waits are over in between.
	assert.ok(n(401) >= 5 && n(401) <= 8, `${n(401)} were checked`);
	assert.equal(n(401) + n(429), 40);
	assert.ok(answers.every((answer) => answer.status !== 429 || Number(answer.headers.get('retry-after')) >= 1));
});

play('addresses of one IPv6 network count as one, however they are written', { stores: ['sqlite'], settings: { 'http.trusted_proxies': '127.0.0.1' } }, async (scene) => {
	const answers = [];
	for (let i = 0; i < 22; i++) {
		const from = { 'X-Forwarded-For': `2001:db8::${i.toString(16)}:1:1:1` };
		answers.push((await login(scene, `nobody${i}@example.org`, 'wrong password', from)).status);
	}
	assert.deepEqual(answers.slice(-2), [429, 429]);
	assert.equal((await login(scene, 'nobody@example.org', 'wrong password', { 'X-Forwarded-For': '2001:db8:0:1::1' })).status, 401);
});

play('behind a proxy that speaks TLS the cookie is for TLS only', { stores: ['sqlite'], settings: { 'http.trusted_proxies': '127.0.0.1' } }, async (scene) => {
	const { email, password } = scene.server.firstLogin();
	const cookie = async (headers) => (await login(scene, email, password, headers)).headers.get('set-cookie');
	assert.match(await cookie({ 'X-Forwarded-Proto': 'https' }), /; Secure/);
	assert.doesNotMatch(await cookie({}), /; Secure/);
});
