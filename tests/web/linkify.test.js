// SPDX-License-Identifier: Apache-2.0
// Links in plain text, on the agent page and in the widget: only web addresses, nothing lost, nothing hidden.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { page, widget } = require('./bundle');

const linkifiers = { page: page('lib/linkify.ts').linkify, widget: widget('linkify.ts').linkify };

for (const [who, linkify] of Object.entries(linkifiers)) {
	const hrefs = (text) => linkify(text).flatMap((piece) => (piece.href ? [piece.href] : []));

	test(`${who}: the pieces joined are the text`, () => {
		const texts = [
			'',
			'no link',
			'https://a.example/b c',
			'xhttps://a.example',
			'a\nhttps://b.example/ü?x=1&y=<b>\n',
			'https://',
			'http://a https://b.',
		];
		for (const text of texts)
			assert.strictEqual(
				linkify(text)
					.map((piece) => piece.text)
					.join(''),
				text,
			);
	});

	test(`${who}: finds web addresses only`, () => {
		assert.deepStrictEqual(hrefs('see https://a.example/x?y=1#z and http://b.example'), [
			'https://a.example/x?y=1#z',
			'http://b.example/',
		]);
		for (const text of [
			'javascript:alert(1)',
			'data:text/html,x',
			'ftp://a.example',
			'www.a.example',
			'https://',
			'https://%',
			'vbscript:x',
		])
			assert.deepStrictEqual(hrefs(text), [], text);
	});

	test(`${who}: an address with a user's name is no link`, () => {
		assert.deepStrictEqual(hrefs('https://bank.example@evil.example/ https://u:p@evil.example'), []);
	});

	test(`${who}: punctuation belongs to the sentence`, () => {
		assert.deepStrictEqual(
			hrefs('(https://a.example/b). Or https://a.example/c, "https://a.example/d"! https://a.example/e?'),
			['https://a.example/b', 'https://a.example/c', 'https://a.example/d', 'https://a.example/e'],
		);
		assert.deepStrictEqual(hrefs('https://w.example/Cup_(ceramics)'), ['https://w.example/Cup_(ceramics)']);
	});

	test(`${who}: letters that turn the reading direction end an address`, () => {
		const [piece] = linkify('https://a.example/\u202efdp.exe').filter((one) => one.href);
		assert.strictEqual(piece.text, 'https://a.example/');
	});

	test(`${who}: long text takes no long time`, () => {
		const run = (piece) => piece.repeat(Math.ceil(64_000 / piece.length));
		const nasty = [
			run('https://a.example/'),
			`https://a.example/${run(')')}`,
			`https://a.example/${run(')')}x`,
			`https://a.example/${run('.)')}`,
			`https://a.example/${run('(')}${run('.)')}`,
			run('https://'),
			run('https://a '),
			run('h'),
		];
		const began = process.hrtime.bigint();
		for (const text of nasty)
			assert.strictEqual(
				linkify(text)
					.map((piece) => piece.text)
					.join(''),
				text,
			);
		assert.ok(process.hrtime.bigint() - began < 3_000_000_000n);
	});
}
