// SPDX-License-Identifier: Apache-2.0
// What every bench stands on: a real server on a store that is filled, the load generator, and the bare limit.
'use strict';
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { Besedad } = require('../../tools/besedad');
const pg = require('../../tools/pg');

const root = path.resolve(__dirname, '..', '..', '..');
const bin = process.env.BESEDA_BIN ?? path.join(root, 'build/release/core/server/besedad');
const plugins = process.env.BESEDA_PLUGINS ?? path.join(root, 'build/release/plugins');
const tools = path.resolve(path.dirname(bin), '../../tests/bench');
const run = promisify(execFile);

const CONTACTS = 5000;
const TOKEN = 'the-token-of-the-bench';

const say = (text) => process.stderr.write(`${text}\n`);

async function tool(name, args, env) {
	const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 20 };
	const { stdout, stderr } = await run(path.join(tools, name), args, options);
	if (stderr) say(stderr.trimEnd());
	return JSON.parse(stdout);
}

function mustHaveLoaded(pid, library) {
	if (!fs.readFileSync(`/proc/${pid}/maps`, 'utf8').includes(library)) throw new Error(`process ${pid} did not load ${library}`);
}

class Rig {
	// A server on an empty store of this kind with an echo inbox and an agent; every fsync takes fsyncMs longer.
	static async make(store, fsyncMs) {
		if (!fs.existsSync(bin)) throw new Error(`there is no ${bin}; run ./dev bench, or set BESEDA_BIN`);
		const rig = new Rig();
		rig.store = store;
		rig.runs = 0;
		rig.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'beseda-bench-'));
		fs.chmodSync(rig.dir, 0o755); // PostgreSQL's user must come in
		rig.env = fsyncMs ? rig.slowEnvironment(fsyncMs) : {};
		try {
			if (store === 'postgres') rig.startPostgres();
			rig.server = await Besedad.start({ bin, plugins, data: path.join(rig.dir, 'data'), pg: rig.cluster?.url, env: rig.env });
			rig.checkSlow();
			await rig.furnish();
		} catch (error) {
			await rig.remove();
			throw error;
		}
		return rig;
	}

	slowEnvironment(fsyncMs) {
		const copy = path.join(this.dir, 'slowsync.so');
		fs.copyFileSync(path.join(tools, 'libbench_slowsync.so'), copy);
		fs.chmodSync(copy, 0o755);
		return { LD_PRELOAD: copy, SLOWSYNC_MS: String(fsyncMs) };
	}

	startPostgres() {
		const before = { ...process.env };
		Object.assign(process.env, this.env);
		try {
			this.cluster = pg.start(path.join(this.dir, 'pg'));
		} finally {
			for (const name of Object.keys(this.env)) {
				if (name in before) process.env[name] = before[name];
				else delete process.env[name];
			}
		}
		this.postmaster = Number(fs.readFileSync(path.join(this.dir, 'pg/cluster/postmaster.pid'), 'utf8').split('\n')[0]);
	}

	checkSlow() {
		if (!this.env.LD_PRELOAD) return;
		mustHaveLoaded(this.server.child.pid, 'slowsync');
		if (this.postmaster) mustHaveLoaded(this.postmaster, 'slowsync');
	}

	get url() {
		return this.cluster?.url ?? `sqlite:${path.join(this.dir, 'data/beseda.db')}`;
	}

	async furnish() {
		const admin = await this.server.admin();
		const { inbox } = await admin.post('/inboxes', { name: 'Load', channel: 'echo', config: { verify: { token: TOKEN } } });
		this.inbox = inbox.id;
		this.agent = await this.server.person(admin, { name: 'Agent One' });
	}

	databaseCpu() {
		return this.postmaster ? ['--cpu', `db=@${this.postmaster}`] : [];
	}

	// One run of the load generator, seen by the agent. Everything acknowledged must reach him once.
	async load(args) {
		const { seq } = await this.agent.get('/me');
		const result = await tool('bench_load', [
			...['--port', String(this.server.port), '--hook', `/hooks/${this.inbox}`, '--headers', `X-Echo-Token: ${TOKEN}\r\n`],
			...['--cookie', this.agent.cookie, '--after', seq, '--run', `r${this.runs++}`, '--contacts', String(CONTACTS)],
			...['--cpu', `server=${this.server.child.pid}`],
			...this.databaseCpu(),
			...args,
		]);
		const wrong = ['failed', 'missing', 'repeated'].filter((name) => result[name]);
		if (result.assigned !== result.opened) wrong.push('assigned', 'opened');
		if (!result.acked) wrong.push('acked');
		if (wrong.length) throw new Error(`not every message came once: ${wrong.map((name) => `${name} ${result[name]}`).join(', ')}`);
		return result;
	}

	// The server stands still meanwhile.
	async limit(args) {
		await this.server.stop({ keep: true });
		const names = ['--store', this.url, '--inbox', this.inbox, '--user', this.agent.me.user.id, '--contacts', String(CONTACTS)];
		const result = await tool('bench_limit', [...names, ...this.databaseCpu(), ...args], this.env);
		await this.server.run();
		return result;
	}

	// 5,000 contacts with a conversation each, as the server makes them, then that many messages.
	async fill(messages) {
		say(`${this.store}: filling the store`);
		await this.load(['--first', '--count', String(CONTACTS), '--warmup', '0', '--seconds', '60', '--connections', '64']);
		await this.limit(['--count', String(messages)]);
	}

	async remove() {
		try {
			if (this.server?.child) await this.server.stop({ keep: true });
		} finally {
			this.cluster?.remove();
			fs.rmSync(this.dir, { recursive: true, force: true });
		}
	}
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const round = (n, digits = 2) => Number(n.toFixed(digits));

// One sentence about an aim.
const aim = (what, got, isReached) => `${isReached ? 'reached' : 'NOT reached'}: ${what} (${got})`;

// Runs every case, prints the aims, then one line of JSON for each case.
async function runCases(options, measure) {
	const results = [];
	for (const store of options.stores) {
		for (const fsyncMs of options.fsyncs) {
			const rig = await Rig.make(store, fsyncMs);
			try {
				results.push(await measure(rig, fsyncMs));
			} catch (error) {
				say(rig.server.log.slice(-2000));
				throw error;
			} finally {
				await rig.remove();
			}
		}
	}
	for (const { aims, line } of results) for (const text of aims) console.log(`${line.store}, fsync +${line.fsync_ms} ms: ${text}`);
	for (const { line } of results) console.log(JSON.stringify(line));
}

function main(promise) {
	promise.catch((error) => {
		say(`bench: ${error.stack ?? error}`);
		process.exitCode = 1;
	});
}

module.exports = { Rig, runCases, main, median, round, aim, say };
