// SPDX-License-Identifier: Apache-2.0
// Looks into a store past the server. SQLite is read by Python's sqlite3, PostgreSQL by psql: neither shares code with us.
// Ids are 64 bits wide: select them as text (CAST(id AS TEXT)).
'use strict';
const { execFile, spawn } = require('node:child_process');
const { promisify } = require('node:util');
const run = promisify(execFile);

const OUTPUT = { maxBuffer: 1 << 30 };
const READ_SQLITE = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
db.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in db.execute(sys.argv[2])]))
`;

class SqliteDb {
	constructor(file) {
		this.file = file;
	}

	// The rows of a SELECT, as objects.
	async rows(sql) {
		const { stdout } = await run('python3', ['-c', READ_SQLITE, this.file, sql], OUTPUT);
		return JSON.parse(stdout);
	}

	async check() {
		return (await this.rows('PRAGMA integrity_check')).map((row) => row.integrity_check).join('\n');
	}
}

const psql = (url) => ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url];

class PgDb {
	constructor(url) {
		this.url = url;
	}

	async rows(sql) {
		const all = `SELECT coalesce(json_agg(t), '[]') FROM (${sql}) t`;
		const { stdout } = await run('psql', [...psql(this.url), '-c', all], OUTPUT);
		return JSON.parse(stdout);
	}

	// Any statement; gives what psql prints.
	async exec(sql) {
		const { stdout } = await run('psql', [...psql(this.url), '-c', sql], OUTPUT);
		return stdout.trim();
	}

	async check() {
		return 'ok';
	}

	// A session of its own that stays open: for transactions that somebody holds.
	session() {
		return new PgSession(this.url);
	}
}

class PgSession {
	constructor(url) {
		this.text = '';
		this.n = 0;
		this.child = spawn('psql', psql(url), { stdio: ['pipe', 'pipe', 'pipe'] });
		this.child.stdout.setEncoding('utf8').on('data', (text) => this.hear(text));
		this.child.stderr.setEncoding('utf8').on('data', (text) => (this.trouble = (this.trouble ?? '') + text));
		this.child.stdin.on('error', () => {});
		this.ended = new Promise((resolve) => this.child.once('close', resolve));
		void this.ended.then(() => this.waiting?.reject(new Error(`psql ended: ${this.trouble ?? ''}`)));
	}

	hear(text) {
		this.text += text;
		const end = this.text.indexOf(`--done ${this.n}--\n`);
		if (end < 0 || !this.waiting) return;
		const { resolve } = this.waiting;
		this.waiting = null;
		resolve(this.text.slice(0, end).trim());
	}

	// Runs one or more statements, one call after the other; gives what they print.
	run(sql) {
		this.text = '';
		this.n++;
		return new Promise((resolve, reject) => {
			this.waiting = { resolve, reject };
			this.child.stdin.write(`${sql};\n\\echo --done ${this.n}--\n`);
		});
	}

	async close() {
		this.child.stdin.end();
		await this.ended;
	}
}

module.exports = { SqliteDb, PgDb };
