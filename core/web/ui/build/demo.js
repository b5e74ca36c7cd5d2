// SPDX-License-Identifier: Apache-2.0
// The demo shop: plain files, as a customer's site would be; the server fills in the inbox.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function copyDemo(dist) {
	cpSync(fileURLToPath(new URL('../demo', import.meta.url)), `${dist}/demo`, { recursive: true });
}
