// SPDX-License-Identifier: Apache-2.0
// Scene 5: the widget on the page of a customer's own site, in English, Ukrainian, Bulgarian and Russian, light and dark, on a wide
// and on a narrow screen; and the desk. The pictures are in build/screenshots.
'use strict';
const assert = require('node:assert/strict');
const http = require('node:http');
const { after, before } = require('node:test');
const { play } = require('../tools/scene');
const { openBrowser, Shopper, Agent } = require('../tools/browser');

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

const GREETINGS = { en: 'Good evening', uk: 'Добрий вечір, ґанок', bg: 'Добър вечер, щъркел', ru: 'Добрый вечер, ёж' };
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 780 };

// Somebody's site, on an origin of its own: a page for each language, with the snippet that the inbox gives.
async function customerSite(scene, snippet) {
	const server = http.createServer((request, response) => {
		const language = request.url.slice(1, 3);
		const page = `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
			<meta name="color-scheme" content="light dark"><title>Shop</title><h1>Shop</h1>${snippet}</html>`;
		response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	scene.atEnd(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))));
	return `http://127.0.0.1:${server.address().port}`;
}

play('the widget in four languages on a customer\'s site', { stores: ['sqlite'] }, async (scene) => {
	const { snippet } = await scene.inbox('webchat', { name: 'Shop' });
	const site = await customerSite(scene, snippet);
	const agent = await Agent.come(browser);
	await agent.signsIn(scene.server.url, scene.server.firstLogin());
	for (const [language, words] of Object.entries(GREETINGS)) {
		const visitor = await Shopper.come(browser, { colorScheme: language === 'bg' || language === 'ru' ? 'dark' : 'light' });
		await visitor.visits(`${site}/${language}`, language);
		await visitor.opensChat();
		await visitor.writes(words);
		await visitor.isCaughtUp();
		await agent.opens(words);
		await agent.writes(`${words}!`);
		await visitor.sees([words, `${words}!`]);
		assert.equal(await visitor.page.evaluate(() => document.getElementById('beseda-chat').lang), language);
		await visitor.picture(`widget-${language}-wide`);
		await visitor.page.setViewportSize(NARROW);
		await visitor.picture(`widget-${language}-narrow`);
		await visitor.leave();
	}
	await agent.leave();
});

for (const [screen, viewport] of Object.entries({ wide: WIDE, narrow: NARROW }))
	play(`light and dark on a ${screen} screen`, { stores: ['sqlite'], settings: { 'demo.shop': 'true' } }, async (scene) => {
		for (const colorScheme of ['light', 'dark']) {
			const agent = await Agent.come(browser, { viewport, colorScheme });
			await agent.signsIn(scene.server.url, scene.server.firstLogin());
			const visitor = await Shopper.come(browser, { viewport, colorScheme });
			await visitor.visits(`${scene.server.url}/demo/`);
			await visitor.picture(`shop-${screen}-${colorScheme}`);
			await visitor.opensChat();
			await visitor.writes(`Is it ${colorScheme} at yours, too?`);
			await agent.picture(`desk-list-${screen}-${colorScheme}`);
			await agent.opens(`Is it ${colorScheme}`);
			await agent.writes('It is. What can I do for you?');
			await visitor.reads('It is. What can I do for you?');
			await visitor.picture(`widget-${screen}-${colorScheme}`);
			await agent.reads('It is. What can I do for you?');
			await agent.picture(`desk-${screen}-${colorScheme}`);
			// Nothing may stand out of the page to the side.
			for (const person of [agent, visitor])
				assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${screen} ${colorScheme} scrolls`);
			await visitor.leave();
			await agent.leave();
		}
	});
