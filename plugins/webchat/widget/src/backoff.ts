// SPDX-License-Identifier: Apache-2.0
// How long to wait before trying again: doubling from one second to half a minute, spread over its upper half.

export function backoffMs(attempt: number, random: () => number): number {
	const whole = Math.min(30_000, 1_000 * 2 ** Math.min(attempt, 10));
	return Math.round(whole / 2 + (whole / 2) * random());
}
