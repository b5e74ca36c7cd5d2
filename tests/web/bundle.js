// SPDX-License-Identifier: Apache-2.0
// Gives a test the TypeScript modules of the page and the widget, bundled by the page's own esbuild; and a clock to drive.
'use strict';
const { createRequire } = require('node:module');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const ui = path.join(root, 'core/web/ui');
globalThis.crypto ??= require('node:crypto').webcrypto;

/** The exports of one module, named from the root of the repository. */
function load(file) {
	const esbuild = createRequire(path.join(ui, 'package.json'))('esbuild');
	const options = {
		entryPoints: [path.join(root, file)],
		bundle: true,
		format: 'cjs',
		target: 'node18',
		write: false,
	};
	const code = esbuild.buildSync(options).outputFiles[0].text;
	const module = { exports: {} };
	new Function('module', 'exports', 'require', code)(module, module.exports, require);
	return module.exports;
}

const page = (name) => load(`core/web/ui/src/${name}`);
const widget = (name) => load(`plugins/webchat/widget/src/${name}`);

/** Timers that run when the test moves the time. */
class FakeTime {
	constructor() {
		this.now = 0;
		this.timers = [];
		this.timer = (ms, run) => {
			const entry = { at: this.now + ms, run };
			this.timers.push(entry);
			return () => (this.timers = this.timers.filter((one) => one !== entry));
		};
	}

	/** Runs what becomes due, in order; promises settle in between. */
	async advance(ms) {
		const until = this.now + ms;
		await settle();
		for (;;) {
			const next = this.timers.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
			if (!next) break;
			this.timers = this.timers.filter((one) => one !== next);
			this.now = next.at;
			next.run();
			await settle();
		}
		this.now = until;
	}
}

/** Lets everything run that waits for a promise. */
async function settle() {
	for (let i = 0; i < 5; i++) await new Promise((go) => setImmediate(go));
}

/** The storage of a browser, as lib/storage.ts has it. */
function fakeStorage(entries = new Map()) {
	return {
		entries,
		get: (name) => (entries.has(name) ? JSON.parse(entries.get(name)) : undefined),
		set: (name, value) => entries.set(name, JSON.stringify(value)),
		remove: (name) => entries.delete(name),
		names: (head) => [...entries.keys()].filter((name) => name.startsWith(head)),
	};
}

/** Numbers that are the same in every run. */
function seeded(seed) {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

module.exports = { page, widget, FakeTime, settle, fakeStorage, seeded };
