// SPDX-License-Identifier: Apache-2.0
// People at real pages in Debian's Chromium: a shopper with the widget, an agent at the desk. They see roles, labels and words.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { waitFor } = require('./besedad');

const ARGS = [
	'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync',
];
const SEEN_MS = 20_000;
const pictures = path.resolve(__dirname, '..', '..', 'build', 'screenshots');

async function openBrowser() {
	const { chromium } = require('playwright-core');
	return chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
}

// In the page: the words of each row, without names and times.
const textsOf = (rows) => rows.map((row) => [...row.querySelectorAll('[dir]')].map((part) => part.textContent).join(' '));

// What both have: a browser context of their own, a page, and ears for its mistakes.
class Person {
	static async come(browser, options = {}) {
		const person = new this();
		person.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
		person.context.setDefaultTimeout(SEEN_MS);
		person.page = await person.context.newPage();
		person.mistakes = [];
		person.page.on('pageerror', (error) => person.mistakes.push(String(error)));
		return person;
	}

	async picture(name) {
		fs.mkdirSync(pictures, { recursive: true });
		await this.page.screenshot({ path: path.join(pictures, `${name}.png`) });
	}

	offline(isOffline) {
		return this.context.setOffline(isOffline);
	}

	reload() {
		return this.page.reload();
	}

	// Leaves; a script of ours that threw fails the test.
	async leave() {
		await this.context.close();
		if (this.mistakes.length) throw new Error(`the page's scripts failed:\n${this.mistakes.join('\n')}`);
	}

	// The messages that stand on the page, oldest first; waits until they are these.
	async sees(wanted) {
		let now;
		await waitFor(`the page to show ${JSON.stringify(wanted)}`, async () => {
			now = await this.messages();
			return JSON.stringify(now) === JSON.stringify(wanted);
		}, SEEN_MS).catch((error) => {
			throw new Error(`${error.message}; it shows ${JSON.stringify(now)}`);
		});
	}

	// Until this text stands there, once.
	async reads(text) {
		let now;
		await waitFor(`the page to show "${text}"`, async () => {
			now = await this.messages();
			return now.filter((line) => line === text).length === 1;
		}, SEEN_MS).catch((error) => {
			throw new Error(`${error.message}; it shows ${JSON.stringify(now)}`);
		});
	}
}

// The widget's words, as far as a test must find them.
const WORDS = {
	en: { open: /Open the chat/, log: 'Messages', message: 'Message', send: 'Send', sending: 'Sending…' },
	uk: { open: /Відкрити чат/, log: 'Повідомлення', message: 'Повідомлення', send: 'Надіслати', sending: 'Надсилається…' },
	bg: { open: /Отваряне на чата/, log: 'Съобщения', message: 'Съобщение', send: 'Изпращане', sending: 'Изпраща се…' },
	ru: { open: /Открыть чат/, log: 'Сообщения', message: 'Сообщение', send: 'Отправить', sending: 'Отправляется…' },
};

// A visitor of the demo shop.
class Shopper extends Person {
	async visits(url, language = 'en') {
		this.words = WORDS[language];
		await this.page.goto(url);
	}

	get log() {
		return this.page.getByRole('log', { name: this.words.log });
	}

	async opensChat() {
		if (!(await this.log.isVisible())) await this.page.getByRole('button', { name: this.words.open }).click();
		await this.log.waitFor();
	}

	async writes(text) {
		await this.page.getByRole('textbox', { name: this.words.message }).fill(text);
		await this.page.getByRole('button', { name: this.words.send, exact: true }).click();
	}

	// What was said and what is on its way; the greeting is left out.
	messages() {
		return this.log.locator('[data-message]:not([data-message="greeting"])').evaluateAll(textsOf);
	}

	// Until nothing of his is on its way any more.
	async isCaughtUp() {
		await this.log.getByText(this.words.sending).first().waitFor({ state: 'detached' });
	}
}

// An agent at the desk, in English.
class Agent extends Person {
	static come(browser, options = {}) {
		return super.come(browser, { locale: 'en-GB', ...options });
	}

	async signsIn(url, { email, password }) {
		await this.page.goto(`${url}/`);
		await this.page.getByLabel('E-mail').fill(email);
		await this.page.getByLabel('Password').fill(password);
		await this.page.getByRole('button', { name: 'Sign in' }).click();
		await this.list.waitFor();
	}

	get list() {
		return this.page.getByRole('region', { name: 'Conversations' });
	}

	// The conversation in the list whose last words are these.
	async opens(preview) {
		await this.list.getByRole('link').filter({ hasText: preview }).first().click();
		await this.page.getByRole('region', { name: 'Messages' }).waitFor();
	}

	async writes(text) {
		await this.page.getByRole('textbox', { name: 'Reply to the customer' }).fill(text);
		await this.page.getByRole('button', { name: 'Send', exact: true }).click();
	}

	messages() {
		return this.page.getByRole('region', { name: 'Messages' }).getByRole('article').evaluateAll(textsOf);
	}

	// Words beside the messages: how far one has come, why it failed.
	async shows(words) {
		await this.page.getByRole('region', { name: 'Messages' }).getByText(words).first().waitFor();
	}

	// What the desk says of the line and the server, on top of the page.
	banner(words) {
		return this.page.getByRole('status').getByText(words).first();
	}

	// Until nothing of hers is on its way any more.
	async isCaughtUp() {
		const onTheWay = this.page.locator('[data-outgoing]');
		await waitFor('the desk to have sent everything', async () => (await onTheWay.count()) === 0, SEEN_MS);
	}
}

module.exports = { openBrowser, Shopper, Agent };
