// SPDX-License-Identifier: Apache-2.0
// Starts, stops and crashes a real besedad for a test: a data folder of its own, a free port, its log at hand.
//
//   const { Besedad } = require('../tools/besedad');
//   const server = await Besedad.start();                 // or { settings: { 'log.level': 'debug' }, pg: true, … }
//   const admin = await server.admin();                   // signed in with the first login (tools/client.js)
//   await server.stop();                                  // throws when the log holds an error nobody allowed
//
// BESEDA_BIN is the program, BESEDA_PLUGINS its folder of plugins.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { Client } = require('./client');

const START_MS = 60_000;
const STOP_MS = 30_000;
const root = path.resolve(__dirname, '..', '..');
const alive = new Set();

process.on('exit', () => {
	for (const server of alive) server.child?.kill('SIGKILL');
});

function freePort() {
	return new Promise((resolve, reject) => {
		const probe = net.createServer();
		probe.once('error', reject);
		probe.listen(0, '127.0.0.1', () => {
			const { port } = probe.address();
			probe.close(() => resolve(port));
		});
	});
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Tries until `check` gives something; the fact waited for is `what`.
async function waitFor(what, check, ms = 10_000) {
	const end = Date.now() + ms;
	for (;;) {
		const found = await check();
		if (found) return found;
		if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
		await pause(20);
	}
}

class Besedad {
	// bin, plugins: from the environment. data: a folder (default: a new one, removed at the end). port: default a free one.
	// settings: {"http.public_url": "…"}, as --set. args: more of the command line. env: more of the environment.
	// pg: a URL of PostgreSQL. allow: patterns of error lines that are expected.
	static async start(options = {}) {
		const server = new Besedad(options);
		server.port = options.port ?? (await freePort());
		await server.run();
		return server;
	}

	constructor(options) {
		this.options = options;
		this.bin = options.bin ?? process.env.BESEDA_BIN ?? path.join(root, 'build/asan/core/server/besedad');
		this.plugins = options.plugins ?? process.env.BESEDA_PLUGINS ?? path.join(root, 'build/asan/plugins');
		this.ownsData = !options.data;
		this.data = options.data ?? fs.mkdtempSync(path.join(os.tmpdir(), 'besedad-'));
		this.allow = [...(options.allow ?? [])];
		this.log = '';
		this.clients = [];
	}

	get url() {
		return `http://127.0.0.1:${this.port}`;
	}

	arguments() {
		const settings = {
			'http.listen': `127.0.0.1:${this.port}`,
			'plugins.dir': this.plugins,
			...(this.options.pg ? { 'store.url': this.options.pg } : {}),
			...this.options.settings,
		};
		const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
		return ['--data', this.data, ...set, ...(this.options.args ?? [])];
	}

	// Starts the process and waits until it answers /healthz. Also after stop() or crash(), on the same data.
	async run() {
		const child = spawn(this.bin, this.arguments(), {
			stdio: ['ignore', 'pipe', 'pipe'],
			env: { ...process.env, ...this.options.env },
		});
		this.child = child;
		alive.add(this);
		const take = (text) => {
			this.log += text;
			if (process.env.BESEDA_TEST_LOG) process.stderr.write(text);
		};
		child.stdout.setEncoding('utf8').on('data', take);
		child.stderr.setEncoding('utf8').on('data', take);
		this.ended = new Promise((resolve) => {
			child.once('error', (error) => resolve({ error }));
			child.once('close', (code, signal) => resolve({ code, signal }));
		});
		this.end = null;
		void this.ended.then((end) => {
			if (this.child !== child) return;
			this.child = null;
			this.end = end;
			alive.delete(this);
		});
		try {
			await waitFor('besedad to answer /healthz', () => this.isHealthy(child), START_MS);
		} catch (error) {
			await this.crash();
			throw new Error(`${error.message}\n${this.log.slice(-4000)}`);
		}
	}

	async isHealthy(child) {
		if (this.child !== child) throw new Error('besedad ended while starting');
		try {
			return (await fetch(`${this.url}/healthz`)).ok;
		} catch {
			return false;
		}
	}

	// The first login, which besedad writes once into its data folder.
	firstLogin() {
		if (!this.login) {
			const text = fs.readFileSync(path.join(this.data, 'first-login'), 'utf8');
			const word = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
			this.login = { email: word('email'), password: word('password') };
		}
		return this.login;
	}

	// A client that is not signed in.
	client() {
		const client = new Client(this.url);
		this.clients.push(client);
		return client;
	}

	async admin() {
		const { email, password } = this.firstLogin();
		const client = this.client();
		await client.login(email, password);
		return client;
	}

	// Makes a user and signs in. Gives the client; its .me.user is the user.
	async person(admin, { name, role = 'agent', takes_work = true, teams = [] }) {
		const email = `${name.toLowerCase().replace(/[^a-z0-9]+/g, '.')}@example.org`;
		const { password } = await admin.post('/users', { name, email, role, takes_work, teams });
		const client = this.client();
		await client.login(email, password);
		client.password = password;
		return client;
	}

	// Lines of the log at level error that nobody allowed.
	errors() {
		return this.log
			.split('\n')
			.filter((line) => /^\S+Z error /.test(line) || /(Address|Undefined|Leak)Sanitizer|runtime error:/.test(line))
			.filter((line) => !this.allow.some((pattern) => pattern.test(line)));
	}

	// SIGTERM, then the end; the data stay while `keep` is set.
	async stop({ keep = false } = {}) {
		for (const client of this.clients.splice(0)) client.close();
		if (this.child) {
			this.child.kill('SIGTERM');
			const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_MS);
			const end = await this.ended;
			clearTimeout(timer);
			if (end.code !== 0) throw new Error(`besedad ended with ${JSON.stringify(end)}\n${this.log.slice(-4000)}`);
		}
		this.checkEnd();
		if (!keep) this.remove();
		const errors = this.errors();
		if (errors.length) throw new Error(`besedad logged errors:\n${errors.join('\n')}`);
	}

	// An end that nobody asked for: SIGKILL is a test's, 3 says that another server took over.
	checkEnd() {
		const end = this.end;
		if (!end || end.code === 0 || end.code === 3 || end.signal === 'SIGKILL') return;
		throw new Error(`besedad ended by itself with ${JSON.stringify(end)}\n${this.log.slice(-4000)}`);
	}

	// SIGKILL: the data stay; run() starts it again on them.
	async crash() {
		if (!this.child) return;
		this.child.kill('SIGKILL');
		await this.ended;
	}

	remove() {
		if (this.ownsData) fs.rmSync(this.data, { recursive: true, force: true });
	}
}

module.exports = { Besedad, waitFor, freePort };
