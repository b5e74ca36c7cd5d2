// SPDX-License-Identifier: Apache-2.0
// The client's own key of a message: makes sending it again safe.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 22 letters of [A-Za-z0-9_-], 132 bits. */
export function randomKey(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(22));
	return Array.from(bytes, (byte) => LETTERS[byte & 63]).join('');
}
