// SPDX-License-Identifier: Apache-2.0
// Every language says everything, with the same values in it.
'use strict';
const assert = require('node:assert');
const { test } = require('node:test');
const { page, widget } = require('./bundle');

const LANGUAGES = ['en', 'uk', 'bg', 'ru'];
const tables = Object.fromEntries(LANGUAGES.map((tag) => [tag, page(`i18n/${tag}.ts`)[tag]]));
const { chooseLanguage, fill } = page('i18n/table.ts');
const strings = widget('strings.ts');

const forms = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry));
const names = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

function complete(english, other, tag) {
	assert.deepStrictEqual(Object.keys(other).sort(), Object.keys(english).sort(), tag);
	for (const [key, entry] of Object.entries(other))
		for (const text of forms(entry)) {
			assert.ok(text.trim(), `${tag} ${key} is empty`);
			assert.deepStrictEqual(names(text), names(forms(english[key])[0]), `${tag} ${key}`);
		}
}

for (const tag of LANGUAGES) {
	test(`the page speaks ${tag}`, () => complete(tables.en, tables[tag], tag));
	test(`the widget speaks ${tag}`, () => complete(strings.STRINGS.en, strings.STRINGS[tag], tag));
	test(`plurals of ${tag} know every category`, () => {
		const wanted = new Set([0, 1, 2, 3, 5, 11, 21, 22, 25, 101].map((n) => new Intl.PluralRules(tag).select(n)));
		for (const [key, entry] of Object.entries(tables[tag]))
			if (typeof entry !== 'string')
				for (const rule of wanted) assert.ok(entry[rule], `${tag} ${key} has no ${rule}`);
	});
}

test('values are put in as they are', () => {
	assert.strictEqual(fill('{a} and {b}', 'en', { a: '{b}', b: 2 }), '{b} and 2');
	assert.strictEqual(fill('{missing}', 'en'), '{missing}');
	assert.strictEqual(
		fill({ one: '{n} кіт', few: '{n} коти', many: '{n} котів', other: '?' }, 'uk', { n: 22 }),
		'22 коти',
	);
});

test('the language is the first that we speak', () => {
	for (const choose of [chooseLanguage, strings.chooseLanguage]) {
		assert.strictEqual(choose(['de-AT', 'uk-UA', 'en']), 'uk');
		assert.strictEqual(choose(['BG']), 'bg');
		assert.strictEqual(choose(['constructor', '']), 'en');
		assert.strictEqual(choose([]), 'en');
	}
});

test('a text of the settings follows the language', () => {
	assert.strictEqual(strings.localized('Hi', 'uk'), 'Hi');
	assert.strictEqual(strings.localized({ en: 'Hi', uk: 'Вітаю' }, 'uk-UA'), 'Вітаю');
	assert.strictEqual(strings.localized({ en: 'Hi' }, 'bg'), 'Hi');
	assert.strictEqual(strings.localized(undefined, 'bg'), '');
});
