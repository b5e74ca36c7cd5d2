// SPDX-License-Identifier: Apache-2.0
// How long a message takes from the moment when it is due to be posted to the agent's socket, at a fixed rate (open loop).
//
//   latency.js [--store sqlite|postgres] [--seconds 5] [--rounds 3] [--rate 1000] [--fill 200000] [--fsync-ms 0[,1]]
'use strict';
const { readOptions } = require('./lib/options');
const { runCases, main, median, round, aim, say } = require('./lib/rig');

const P99_MS = 10;

const options = readOptions({ seconds: 5, rounds: 3, rate: 1000, connections: 64, fill: 200_000, warmup: 1 });

async function measure(rig, fsyncMs) {
	const time = ['--seconds', String(options.seconds), '--warmup', String(options.warmup)];
	await rig.fill(options.fill);
	const loads = [];
	for (let i = 0; i < options.rounds; i++) {
		loads.push(await rig.load([...time, '--rate', String(options.rate), '--connections', String(options.connections)]));
		say(`${rig.store}: p50 ${round(loads[i].seen_p50_ms)} ms, p99 ${round(loads[i].seen_p99_ms)} ms`);
	}
	const of = (name) => median(loads.map((result) => result[name] ?? 0));
	const p99 = of('seen_p99_ms');
	return {
		aims: [aim(`p99 of at most ${P99_MS} ms at ${options.rate} a second`, `${round(p99)} ms`, p99 <= P99_MS)],
		line: {
			...{ bench: 'latency', store: rig.store, fsync_ms: fsyncMs, rate: round(of('rate'), 0) },
			...{ p50_ms: round(of('seen_p50_ms')), p99_ms: round(p99), max_ms: round(of('seen_max_ms')) },
			...{ ack_p50_ms: round(of('ack_p50_ms')), ack_p99_ms: round(of('ack_p99_ms')) },
			...{ cpu_us: round(of('server_cpu_us'), 1), db_cpu_us: round(of('db_cpu_us'), 1), load_cpu_us: round(of('load_cpu_us'), 1) },
			other_cores: round(of('other_cores')),
			p99s_ms: loads.map((l) => round(l.seen_p99_ms)),
		},
	};
}

main(runCases(options, measure));
