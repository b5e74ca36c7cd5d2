// SPDX-License-Identifier: Apache-2.0
// How many messages a second the server takes in, from the webhook to the agent's socket, beside what the database can do at
// most. Bare limit and server run in turn on the same filled store.
//
//   ingest.js [--store sqlite|postgres] [--seconds 5] [--rounds 3] [--connections 400] [--fill 200000] [--fsync-ms 0[,1]]
'use strict';
const { readOptions } = require('./lib/options');
const { runCases, main, median, round, aim, say } = require('./lib/rig');

const RATIOS = { sqlite: 0.5, postgres: 0.35 };
const RATE = 10_000;

const options = readOptions({ seconds: 5, rounds: 3, connections: 400, fill: 200_000, warmup: 1 });

async function measure(rig, fsyncMs) {
	const time = ['--seconds', String(options.seconds), '--warmup', String(options.warmup)];
	await rig.fill(options.fill);
	const limits = [];
	const loads = [];
	for (let i = 0; i < options.rounds; i++) {
		limits.push(await rig.limit(time));
		loads.push(await rig.load([...time, '--connections', String(options.connections)]));
		say(`${rig.store}: limit ${round(limits[i].rate, 0)}/s, server ${round(loads[i].rate, 0)}/s`);
	}
	const of = (list, name) => median(list.map((result) => result[name] ?? 0));
	const rate = of(loads, 'rate');
	const limit = of(limits, 'rate');
	const ratio = rate / limit;
	const cpu = Object.fromEntries(['db', 'load'].map((who) => [`${who}_cpu_us`, round(of(loads, `${who}_cpu_us`), 1)]));
	return {
		aims: [
			aim(`ratio of at least ${RATIOS[rig.store]}`, round(ratio), ratio >= RATIOS[rig.store]),
			aim(`at least ${RATE} messages a second, generator included`, round(rate, 0), rate >= RATE),
		],
		line: {
			...{ bench: 'ingest', store: rig.store, fsync_ms: fsyncMs, rate: round(rate, 0), limit: round(limit, 0), ratio: round(ratio, 3) },
			...{ p50_ms: round(of(loads, 'seen_p50_ms')), p99_ms: round(of(loads, 'seen_p99_ms')) },
			...{ cpu_us: round(of(loads, 'server_cpu_us'), 1), ...cpu },
			...{ other_cores: round(of([...loads, ...limits], 'other_cores')) },
			...{ limit_cpu_us: round(of(limits, 'cpu_us') + of(limits, 'db_cpu_us'), 1) },
			...{ rates: loads.map((l) => round(l.rate, 0)), limits: limits.map((l) => round(l.rate, 0)) },
		},
	};
}

main(runCases(options, measure));
