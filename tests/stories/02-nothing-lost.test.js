// SPDX-License-Identifier: Apache-2.0
// Scene 2: pages are reloaded, networks go away, the server is stopped and killed: nothing is lost, nothing comes twice, on either side.
'use strict';
const assert = require('node:assert/strict');
const { after, before } = require('node:test');
const { play } = require('../tools/scene');
const { openBrowser, Shopper, Agent } = require('../tools/browser');

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

// The two talk: each line is said by one and read by both, in order.
class Talk {
	static async begin(scene) {
		const talk = new Talk();
		const { url } = scene.server;
		talk.said = ['Hello'];
		talk.agent = await Agent.come(browser);
		await talk.agent.signsIn(url, scene.server.firstLogin());
		talk.visitor = await Shopper.come(browser);
		await talk.visitor.visits(`${url}/demo/`);
		await talk.visitor.opensChat();
		await talk.visitor.writes('Hello');
		await talk.agent.opens('Hello');
		return talk;
	}

	async says(who, text) {
		await who.writes(text);
		this.said.push(text);
	}

	async isWholeOnBothSides() {
		await this.agent.sees(this.said);
		await this.visitor.sees(this.said);
		await this.agent.isCaughtUp();
		await this.visitor.isCaughtUp();
	}

	async ends() {
		await this.agent.leave();
		await this.visitor.leave();
	}
}

const DEMO = { settings: { 'demo.shop': 'true' } };

play('reload and lost network', DEMO, async (scene) => {
	const talk = await Talk.begin(scene);
	await talk.isWholeOnBothSides();

	await talk.visitor.reload();
	await talk.visitor.opensChat();
	await talk.agent.reload();
	await talk.says(talk.visitor, 'after my reload');
	await talk.isWholeOnBothSides();

	await talk.visitor.offline(true);
	await talk.says(talk.agent, 'you cannot hear this yet');
	await talk.says(talk.visitor, 'said without a network');
	await talk.agent.reads('you cannot hear this yet');
	assert.ok(!(await talk.agent.messages()).includes('said without a network'), 'the network was not away');
	await talk.visitor.offline(false);
	await talk.isWholeOnBothSides();

	await talk.agent.offline(true);
	await talk.says(talk.visitor, 'and now you cannot');
	await talk.visitor.isCaughtUp();
	await talk.says(talk.agent, 'answered without a network');
	await talk.agent.offline(false);
	await talk.isWholeOnBothSides();
	await talk.ends();
});

play('the server is restarted and killed while both stay', DEMO, async (scene) => {
	const talk = await Talk.begin(scene);
	await talk.isWholeOnBothSides();

	await scene.server.stop({ keep: true });
	await talk.says(talk.visitor, 'said to a stopped server');
	await scene.server.run();
	await talk.isWholeOnBothSides();
	await talk.says(talk.agent, 'answered after the restart');
	await talk.isWholeOnBothSides();

	await scene.server.crash();
	await talk.says(talk.agent, 'answered to a killed server');
	await scene.server.run();
	await talk.isWholeOnBothSides();
	await talk.says(talk.visitor, 'and on we go');
	await talk.isWholeOnBothSides();

	const rows = await scene.db.rows('SELECT parts FROM message ORDER BY id');
	assert.deepEqual(rows.map((row) => JSON.parse(row.parts)[0].text).sort(), [...talk.said].sort());
	await talk.ends();
});

play('what was not yet sent survives a reload', { ...DEMO, stores: ['sqlite'] }, async (scene) => {
	const talk = await Talk.begin(scene);
	await scene.server.crash();
	await talk.says(talk.visitor, 'typed while the server was dead');
	await talk.says(talk.agent, 'answered while the server was dead');
	await scene.server.run();
	await talk.visitor.reload();
	await talk.visitor.opensChat();
	await talk.agent.reload();
	await talk.visitor.reads('answered while the server was dead');
	await talk.agent.reads('typed while the server was dead');
	const rows = await scene.db.rows('SELECT parts FROM message');
	assert.equal(rows.length, talk.said.length);
	await talk.ends();
});
