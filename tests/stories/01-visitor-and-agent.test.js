// SPDX-License-Identifier: Apache-2.0
// Scene 1: a visitor of the demo shop writes in the widget; an agent in another browser sees it, answers, and the visitor reads it.
'use strict';
const assert = require('node:assert/strict');
const { after, before } = require('node:test');
const { play } = require('../tools/scene');
const { openBrowser, Shopper, Agent } = require('../tools/browser');

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

play('a visitor writes and reads an answer', { settings: { 'demo.shop': 'true' } }, async (scene) => {
	const { url } = scene.server;
	const agent = await Agent.come(browser);
	await agent.signsIn(url, scene.server.firstLogin());

	const visitor = await Shopper.come(browser);
	await visitor.visits(`${url}/demo/`);
	await visitor.opensChat();
	await visitor.writes('Is the river mug dishwasher safe?');
	await agent.opens('Is the river mug dishwasher safe?');
	await agent.sees(['Is the river mug dishwasher safe?']);

	await agent.writes('Yes, every day.');
	await visitor.sees(['Is the river mug dishwasher safe?', 'Yes, every day.']);
	assert.match(await agent.page.locator('[data-event="conversation.waiting"]').innerText(), /^Waiting for the customer · You · \d/);
	await visitor.writes('Спасибо! <b>Дякую</b> 🫖');
	await agent.sees(['Is the river mug dishwasher safe?', 'Yes, every day.', 'Спасибо! <b>Дякую</b> 🫖']);

	const { conversations } = await scene.admin.get('/conversations?state=any');
	assert.equal(conversations.length, 1);
	assert.equal(conversations[0].channel, 'webchat');
	assert.equal(conversations[0].n_messages, 3);
	await visitor.leave();
	await agent.leave();
});
