// SPDX-License-Identifier: Apache-2.0
// A provider that posts to an echo inbox all the time, each message until it is acknowledged; and the count in the end.
'use strict';
const assert = require('node:assert/strict');
const { log } = require('./story');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Provider {
	// senders: how many people write; first: the number of the first message.
	constructor(echo, { workers = 6, senders = 9, first = 0 } = {}) {
		this.echo = echo;
		this.n = first;
		this.senders = senders;
		this.acknowledged = [];
		echo.scene.atEnd(() => (this.isOver = true));
		this.working = Promise.all(Array.from({ length: workers }, () => this.work()));
	}

	async work() {
		while (!this.isOver) await this.deliver(`m${this.n++}`);
	}

	async deliver(id) {
		const message = { id, from: `c${Number(id.slice(1)) % this.senders}`, text: id };
		while (!this.echo.scene.isAbandoned) {
			const status = await this.echo.hook(message, { ms: 5000 }).then((answer) => answer.status, () => 0);
			if (status === 200) {
				this.acknowledged.push(id);
				return;
			}
			assert.ok([0, 503].includes(status), `the webhook answers ${status}`);
			await pause(50);
		}
	}

	async stop() {
		this.isOver = true;
		await this.working;
	}
}

// Everything acknowledged is there once, nothing else is, and the log has no hole.
async function isWhole(scene, acknowledged) {
	const keys = (await scene.db.rows('SELECT key FROM message WHERE is_out = 0')).map((row) => row.key);
	assert.equal(new Set(keys).size, keys.length);
	assert.deepEqual(new Set(keys), new Set(acknowledged));
	const seqs = (await log(scene.admin)).map((event) => BigInt(event.seq));
	assert.ok(seqs.every((seq, i) => seq === BigInt(i + 1)), 'the log has a hole');
	assert.deepEqual(await scene.db.rows('SELECT name, reason FROM parked'), []);
}

module.exports = { Provider, isWhole, pause };
