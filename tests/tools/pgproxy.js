// SPDX-License-Identifier: Apache-2.0
// Stands between besedad and PostgreSQL, and loses a COMMIT or its answer on the way: what a network does at the worst moment.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

// Bind of the prepared statement "commit", behind the empty name of its portal; and what the server says when it is done.
const COMMIT = Buffer.from('\0commit\0', 'latin1');
const COMMITTED = Buffer.from('COMMIT\0', 'latin1');

class PgProxy {
	// url: where PostgreSQL really is, by its unix socket. The proxy's own is .url.
	static async open(url) {
		const proxy = new PgProxy(new URL(url));
		await new Promise((resolve, reject) => proxy.server.once('error', reject).listen(proxy.socketFile, resolve));
		return proxy;
	}

	constructor(target) {
		this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'beseda-proxy-'));
		this.socketFile = path.join(this.folder, '.s.PGSQL.5432');
		this.target = path.join(target.searchParams.get('host'), '.s.PGSQL.5432');
		target.searchParams.set('host', this.folder);
		this.url = target.href;
		this.links = new Set();
		this.server = net.createServer((client) => this.join(client));
	}

	join(client) {
		const link = { client, server: net.connect(this.target), isCommitting: false };
		const end = () => this.cut(link);
		this.links.add(link);
		client.on('data', (bytes) => this.ask(link, bytes)).on('error', end).on('close', end);
		link.server.on('data', (bytes) => this.answer(link, bytes)).on('error', end).on('close', end);
	}

	cut(link) {
		this.links.delete(link);
		link.client.destroy();
		link.server.destroy();
	}

	ask(link, bytes) {
		if (this.plan && bytes.includes(COMMIT)) {
			if (this.plan.loses === 'request') {
				this.finish(link);
				return;
			}
			link.isCommitting = true;
		}
		link.server.write(bytes);
	}

	answer(link, bytes) {
		if (!link.isCommitting) link.client.write(bytes);
		else if (bytes.includes(COMMITTED)) this.finish(link);
	}

	finish(link) {
		const { resolve } = this.plan;
		this.plan = null;
		this.cut(link);
		resolve();
	}

	lose(what) {
		return new Promise((resolve) => (this.plan = { loses: what, resolve }));
	}

	// The next COMMIT never arrives, and the connection ends.
	loseRequest() {
		return this.lose('request');
	}

	// The next COMMIT is carried out, but nobody ever hears of it, and the connection ends.
	loseAnswer() {
		return this.lose('answer');
	}

	async close() {
		for (const link of this.links) this.cut(link);
		await new Promise((resolve) => this.server.close(resolve));
		fs.rmSync(this.folder, { recursive: true, force: true });
	}
}

module.exports = { PgProxy };
