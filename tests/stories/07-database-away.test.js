// SPDX-License-Identifier: Apache-2.0
// Scene 7: the database is away while people are at their pages: the desk says so, nothing is lost, and it goes on by itself.
'use strict';
const assert = require('node:assert/strict');
const { play } = require('../tools/scene');
const { openBrowser, Shopper, Agent } = require('../tools/browser');

const WAY = { stores: ['pgsql'], ownCluster: true, settings: { 'demo.shop': 'true' } };

play('the desk says that the database is away', WAY, async (scene) => {
	const browser = await openBrowser();
	scene.atEnd(() => browser.close());
	const { url } = scene.server;
	const agent = await Agent.come(browser);
	await agent.signsIn(url, scene.server.firstLogin());
	const visitor = await Shopper.come(browser);
	await visitor.visits(`${url}/demo/`);
	await visitor.opensChat();
	await visitor.writes('hello');
	await agent.opens('hello');

	await scene.cluster.stop();
	await agent.banner(/PostgreSQL/).waitFor();
	await agent.picture('desk-database-away');
	await visitor.writes('are you there?');
	await agent.writes('one moment');
	await scene.cluster.start();
	await agent.banner(/PostgreSQL/).waitFor({ state: 'detached' });
	await visitor.reads('one moment');
	await agent.reads('are you there?');
	await agent.isCaughtUp();
	await visitor.isCaughtUp();
	assert.equal((await agent.messages()).length, 3);
	assert.equal((await visitor.messages()).length, 3);
	await visitor.leave();
	await agent.leave();
});
