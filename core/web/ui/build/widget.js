// SPDX-License-Identifier: Apache-2.0
// Builds the visitor's widget: one script with its style sheet inside.
import { build } from 'esbuild';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipFile } from './gzip.js';

const widget = fileURLToPath(new URL('../../../../plugins/webchat/widget/', import.meta.url));

export async function buildWidget() {
	const out = `${widget}dist/widget.js`;
	rmSync(`${widget}dist`, { recursive: true, force: true });
	mkdirSync(`${widget}dist`, { recursive: true });
	await build({
		entryPoints: [`${widget}src/main.ts`],
		outfile: out,
		bundle: true,
		format: 'iife',
		target: 'es2020',
		minify: true,
		charset: 'ascii', // the customer's page may be of any encoding
		loader: { '.css': 'text' },
		plugins: [minifiedCss],
		banner: { js: '/*! Beseda widget, SPDX-License-Identifier: Apache-2.0 */' },
	});
	return gzipFile(out);
}

/** esbuild's text loader takes a style sheet as it stands; this one makes it small first. */
const minifiedCss = {
	name: 'minified-css',
	setup({ onLoad, esbuild }) {
		onLoad({ filter: /\.css$/ }, async ({ path }) => {
			const { outputFiles } = await esbuild.build({
				entryPoints: [path],
				minify: true,
				write: false,
				target: 'es2020',
			});
			return { contents: outputFiles[0].text.trim(), loader: 'text' };
		});
	},
};
