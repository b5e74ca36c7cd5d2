// SPDX-License-Identifier: Apache-2.0
// The bundle: hashed files below assets/, nothing inline, so that a strict Content-Security-Policy holds.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
	plugins: [svelte()],
	build: {
		target: 'es2022',
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
	},
	server: {
		proxy: {
			'/api': { target: 'http://127.0.0.1:8080', ws: true },
			'/live': { target: 'http://127.0.0.1:8080', ws: true },
		},
	},
});
