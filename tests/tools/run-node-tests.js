#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Runs test files, each in a process of its own, and ends with the plain line "N passed, N failed".
//   run-node-tests.js [--jobs N] [--timeout SECONDS] FILE...
// Node 18.20 is enough. A file reports in TAP beside its readable output; we count from the TAP. A file that crashes,
// hangs or holds no test counts as one failure. What is skipped is named, so that nobody takes it for passed.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

function parseArguments(argv) {
	const options = { jobs: 2, timeout: 300, files: [] };
	for (let i = 0; i < argv.length; i++) {
		if (argv[i] === '--jobs') options.jobs = Number(argv[++i]);
		else if (argv[i] === '--timeout') options.timeout = Number(argv[++i]);
		else options.files.push(argv[i]);
	}
	return options;
}

// The number behind the last "# word N" of a TAP stream.
function tapCount(tap, word) {
	const lines = tap.match(new RegExp(`^# ${word} (\\d+)$`, 'gm'));
	return lines ? Number(lines[lines.length - 1].split(' ')[2]) : 0;
}

function tapSkipped(tap) {
	return tap.split('\n').filter((line) => /^\s*ok \d+ .*# (SKIP|T[O]DO)/.test(line)).map((line) => line.trim());
}

function kill(child) {
	try {
		process.kill(-child.pid, 'SIGKILL');
	} catch {
		// nobody is left
	}
}

function judge(tap, code, signal, timedOut) {
	const result = {
		passed: tapCount(tap, 'pass'),
		failed: tapCount(tap, 'fail') + tapCount(tap, 'cancelled'),
		skipped: tapSkipped(tap),
		why: '',
	};
	if (timedOut) result.why = 'took too long, killed';
	else if (signal) result.why = `ended by ${signal}`;
	else if (code !== 0 && result.failed === 0) result.why = `ended with ${code}`;
	else if (result.passed + result.failed + result.skipped.length === 0) result.why = 'holds no test';
	if (result.why) result.failed = Math.max(result.failed, 1);
	return result;
}

function runFile(file, timeout, scratch) {
	return new Promise((resolve) => {
		const began = Date.now();
		const tapFile = path.join(scratch, file.replace(/[^a-zA-Z0-9.]/g, '_') + '.tap');
		const output = [];
		let timedOut = false;
		const child = spawn(process.execPath, [
			'--test-reporter=spec', '--test-reporter-destination=stdout',
			'--test-reporter=tap', `--test-reporter-destination=${tapFile}`, file,
		], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
		const timer = setTimeout(() => {
			timedOut = true;
			kill(child);
		}, timeout * 1000);
		child.stdout.on('data', (data) => output.push(data));
		child.stderr.on('data', (data) => output.push(data));
		// Not 'close': a server that a test left behind holds the pipes open.
		child.on('exit', (code, signal) => {
			clearTimeout(timer);
			kill(child);
			setImmediate(() => {
				const tap = fs.existsSync(tapFile) ? fs.readFileSync(tapFile, 'utf8') : '';
				const result = judge(tap, code, signal, timedOut);
				resolve({ ...result, file, seconds: (Date.now() - began) / 1000, output: Buffer.concat(output).toString() });
			});
		});
	});
}

function report(result) {
	const mark = result.failed ? 'FAIL' : 'ok  ';
	const counts = `${result.passed} passed, ${result.failed} failed${result.why ? ` (${result.why})` : ''}`;
	console.log(`${mark} ${result.file}: ${counts}, ${result.seconds.toFixed(1)} s`);
	for (const line of result.skipped) console.log(`     skipped: ${line}`);
	if (result.failed) console.log(result.output.replace(/^/gm, '     | '));
}

async function main() {
	const options = parseArguments(process.argv.slice(2));
	const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'beseda-tap-'));
	const queue = [...options.files];
	let passed = 0;
	let failed = 0;
	const worker = async () => {
		for (let file; (file = queue.shift());) {
			const result = await runFile(file, options.timeout, scratch);
			report(result);
			passed += result.passed;
			failed += result.failed;
		}
	};
	await Promise.all(Array.from({ length: options.jobs }, worker));
	fs.rmSync(scratch, { recursive: true, force: true });
	console.log(`${passed} passed, ${failed} failed`);
	process.exitCode = failed ? 1 : 0;
}

main();
