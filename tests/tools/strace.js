// SPDX-License-Identifier: Apache-2.0
// Runs a program under strace and reads what it did, in order: each call with where it began and where it ended.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

// A program that is `bin` under strace: besedad stays the process that is signalled (-D), its threads are followed.
function wrap(bin, calls) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'beseda-strace-'));
	const output = path.join(folder, 'trace');
	const script = path.join(folder, 'besedad');
	fs.writeFileSync(script, `#!/bin/sh\nexec strace -D -f -y -s 2000 -o '${output}' -e trace=${calls.join(',')} '${bin}' "$@"\n`, { mode: 0o755 });
	return { bin: script, output, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

const LINE = /^(\d+) +(.*)$/;
const WHOLE = /^(\w+)\((.*)\) += (-?\d+|\?)/s;
const BEGUN = /^(\w+)\((.*) <unfinished \.\.\.>$/s;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)/s;

// [{name, args, result, begin, end}] by the number of their lines: what began after another's end came after it.
function read(output) {
	const open = new Map();
	const calls = [];
	fs.readFileSync(output, 'latin1').split('\n').forEach((line, at) => {
		const [, thread, text] = LINE.exec(line) ?? [];
		const whole = WHOLE.exec(text ?? '');
		const begun = whole ? null : BEGUN.exec(text ?? '');
		const resumed = RESUMED.exec(text ?? '');
		if (resumed && open.has(thread)) {
			const call = open.get(thread);
			open.delete(thread);
			call.args += resumed[2];
			call.result = Number(resumed[3]);
			call.end = at;
		} else if (whole || begun) {
			const [, name, args] = whole ?? begun;
			const call = { name, args, result: whole ? Number(whole[3]) : undefined, begin: at, end: whole ? at : Infinity };
			if (begun) open.set(thread, call);
			calls.push(call);
		}
	});
	return calls;
}

module.exports = { wrap, read };
