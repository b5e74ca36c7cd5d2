// SPDX-License-Identifier: Apache-2.0
// How long to wait before trying again: doubling, capped, and spread so that clients do not come back all at once.

export interface Backoff {
	readonly firstMs: number;
	readonly capMs: number;
}

/** Between half and the whole of first * 2^attempt; attempt counts from 0. */
export function backoffMs(b: Backoff, attempt: number, random: () => number): number {
	const whole = Math.min(b.capMs, b.firstMs * 2 ** Math.min(attempt, 16));
	return Math.round(whole / 2 + (whole / 2) * random());
}
