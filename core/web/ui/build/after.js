// SPDX-License-Identifier: Apache-2.0
// What follows the page's own bundle: demo shop, packed files, widget; then the sizes that are promised.
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { copyDemo } from './demo.js';
import { gzipFolder } from './gzip.js';
import { buildWidget } from './widget.js';

const KIB = 1024;
const dist = fileURLToPath(new URL('../dist', import.meta.url));

copyDemo(dist);
gzipFolder(dist);
const widget = await buildWidget();
const scripts = readdirSync(`${dist}/assets`).filter((name) => /^index-.*\.(js|css)\.gz$/.test(name));
const page = scripts.reduce((sum, name) => sum + statSync(`${dist}/assets/${name}`).size, 0);

for (const [name, size, limit] of [
	['agent page', page, 150 * KIB],
	['widget', widget, 20 * KIB],
]) {
	console.log(`${name}: ${(size / KIB).toFixed(1)} KiB packed`);
	if (size > limit) throw new Error(`the ${name} is larger than ${limit / KIB} KiB`);
}
