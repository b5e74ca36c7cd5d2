// SPDX-License-Identifier: Apache-2.0
// The stage of a test: a besedad on SQLite or PostgreSQL, its first admin, and a way to look behind the scenes.
//
//   const { play } = require('../tools/scene');
//   play('a visitor is answered', async (scene) => { … });          // once on each store
//   play('…', { stores: ['pgsql'], settings: {…} }, async (scene) => { … });
//
// A scene ends with SIGTERM: an exit code other than 0, an error in the log that nobody allowed, or a report of a sanitizer fails it.
'use strict';
const { test, after } = require('node:test');
const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { Besedad, waitFor } = require('./besedad');
const { SqliteDb, PgDb } = require('./db');
const pg = require('./pg');

const run = promisify(execFile);
const STORES = ['sqlite', 'pgsql'];
let cluster; // of this file, when the run has none
let n_databases = 0;

after(() => cluster?.remove());

const makeFolder = (name) => fs.mkdtempSync(path.join(os.tmpdir(), `beseda-${name}-`));

// A PostgreSQL that the test may stop and crash, while everything else goes on.
class Cluster {
	constructor() {
		this.folder = makeFolder('pg');
		this.dir = path.join(this.folder, 'pg');
		this.url = pg.start(this.dir).url;
	}

	async say(...words) {
		await run(path.join(__dirname, 'pg.sh'), words);
	}

	start() {
		return this.say('start', this.dir);
	}

	stop() {
		return this.say('stop', this.dir);
	}

	crash() {
		return this.say('stop', this.dir, '--immediate');
	}

	remove() {
		execFileSync(path.join(__dirname, 'pg.sh'), ['remove', this.dir]);
		fs.rmSync(this.folder, { recursive: true, force: true });
	}
}

// An empty database in a cluster that nobody will crash.
function freshDatabase() {
	if (!process.env.BESEDA_TEST_PG) cluster ??= new Cluster();
	const url = new URL(process.env.BESEDA_TEST_PG ?? cluster.url);
	const name = `scene_${process.pid}_${++n_databases}`;
	execFileSync('psql', ['-X', '-q', '-d', url.href, '-c', `CREATE DATABASE ${name}`]);
	url.pathname = `/${name}`;
	return url.href;
}

class Scene {
	// store: "sqlite" or "pgsql". options: as Besedad.start takes them; ownCluster: a PostgreSQL that may be crashed, as .cluster.
	static async open(store, options = {}) {
		const scene = new Scene(store);
		if (options.ownCluster && store === 'pgsql') scene.cluster = new Cluster();
		const settings = { 'plugins.allow_hosts': '127.0.0.1', ...options.settings };
		const url = store === 'pgsql' ? (options.pg ?? scene.cluster?.url ?? freshDatabase()) : undefined;
		scene.server = await Besedad.start({ ...options, settings, pg: url });
		scene.admin = await scene.server.admin();
		scene.db = url ? new PgDb(url) : new SqliteDb(path.join(scene.server.data, 'beseda.db'));
		return scene;
	}

	constructor(store) {
		this.store = store;
		this.ending = [];
	}

	// Called when the scene is over, the last first.
	atEnd(work) {
		this.ending.push(work);
	}

	// An agent who is signed in: a Client. Teams are given by id.
	agent(name, more = {}) {
		return this.server.person(this.admin, { name, ...more });
	}

	async inbox(channel, more = {}) {
		return (await this.admin.post('/inboxes', { name: channel, channel, config: {}, ...more })).inbox;
	}

	// SIGTERM, or SIGKILL, and up again on the same data and port.
	async restart() {
		await this.server.stop({ keep: true });
		await this.server.run();
	}

	async crash() {
		await this.server.crash();
		await this.server.run();
	}

	async close() {
		for (const work of this.ending.reverse()) await work();
		await this.server.stop();
		this.cluster?.remove();
	}

	// Ends what a failed test left behind, without a further word.
	async abandon() {
		this.isAbandoned = true;
		const noise = this.server.log.split('\n').slice(-60).join('\n');
		for (const work of this.ending.reverse()) await Promise.resolve().then(work).catch(() => {});
		await this.server.crash();
		this.server.remove();
		this.cluster?.remove();
		return noise;
	}
}

// A test for each store, in which `body` gets a scene of its own.
function play(title, options, body) {
	if (typeof options === 'function') [options, body] = [{}, options];
	const { stores = STORES, ...rest } = options;
	for (const store of stores) {
		test(`${title} (${store})`, async (t) => {
			const scene = await Scene.open(store, rest);
			try {
				await body(scene, t);
			} catch (error) {
				t.diagnostic(`the end of the server's log:\n${await scene.abandon()}`);
				throw error;
			}
			await scene.close();
		});
	}
}

module.exports = { Scene, Cluster, play, freshDatabase, makeFolder, waitFor, STORES };
