// SPDX-License-Identifier: Apache-2.0
// A private PostgreSQL for a test: pg.sh, from Node.
'use strict';
const { execFileSync } = require('node:child_process');
const path = require('node:path');

const script = path.join(__dirname, 'pg.sh');

function run(verb, dir, ...options) {
	const stdio = ['ignore', 'pipe', 'inherit'];
	return execFileSync(script, [verb, dir, ...options], { encoding: 'utf8', stdio }).trim();
}

// Starts a cluster in `dir`, making it when there is none. Give { fsync: false } where durability is not the subject.
// `url` is what besedad takes as store.url, and libpq as a connection string.
function start(dir, { fsync = true } = {}) {
	const options = fsync ? [] : ['--fsync=off'];
	const url = run('start', dir, ...options);
	return {
		url,
		stop: () => run('stop', dir),
		crash: () => run('stop', dir, '--immediate'),
		start: () => run('start', dir, ...options),
		restart: () => run('restart', dir, ...options),
		remove: () => run('remove', dir),
	};
}

module.exports = { start };
