// SPDX-License-Identifier: Apache-2.0
// Sequence numbers and ids: decimal strings on the wire.

/** The log's counter is dense, so that a double holds it exactly for longer than any installation lives. */
export function seqOf(text: string): number {
	const seq = Number(text);
	if (!Number.isSafeInteger(seq) || seq < 0) throw new Error(`not a sequence number: ${text}`);
	return seq;
}

/** Orders ids (64 bits, too wide for a double) by number. */
export function compareIds(a: string, b: string): number {
	return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
