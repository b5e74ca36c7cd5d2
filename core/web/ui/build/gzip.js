// SPDX-License-Identifier: Apache-2.0
// Puts a .gz beside every text of dist that gets smaller; the server hands it to who accepts it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const TEXT = /\.(js|css|html|svg|json|txt)$/;
/** The server writes the inbox into these. */
const FILLED_IN = /^demo\/index\.html$/;

export function gzipFile(path) {
	const bytes = readFileSync(path);
	const packed = gzipSync(bytes, { level: 9 });
	if (packed.length < bytes.length) writeFileSync(`${path}.gz`, packed);
	return packed.length;
}

export function gzipFolder(folder) {
	for (const name of readdirSync(folder, { recursive: true }))
		if (TEXT.test(name) && !FILLED_IN.test(name)) gzipFile(join(folder, name));
}
