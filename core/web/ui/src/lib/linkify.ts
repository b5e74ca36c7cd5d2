// SPDX-License-Identifier: Apache-2.0
// Finds http and https addresses in plain text. The result is data: the page makes text nodes and <a> of it, never HTML.

export interface Piece {
	readonly text: string;
	/** Set: the piece is a link to this address. */
	readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u0020\u007f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+/gi;
const OPENERS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const ENDERS = '.,;:!?…*_~|';

function countOf(text: string, letter: string): number {
	let n = 0;
	for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) n++;
	return n;
}

/** Punctuation behind an address belongs to the sentence; a bracket does unless it was opened inside. One pass: the text is
 * a stranger's, and may be long. */
function trimEnd(address: string): string {
	const closed = new Map(Object.keys(OPENERS).map((closer) => [closer, countOf(address, closer)]));
	const opened = new Map(Object.entries(OPENERS).map(([closer, opener]) => [closer, countOf(address, opener)]));
	let end = address.length;
	for (; end > 0; end--) {
		const last = address.charAt(end - 1);
		const n = closed.get(last);
		if (n === undefined && !ENDERS.includes(last)) break;
		if (n !== undefined && n <= (opened.get(last) ?? 0)) break;
		if (n !== undefined) closed.set(last, n - 1);
	}
	return address.slice(0, end);
}

/** The address as the browser reads it, or nothing: no user info, so that nobody is sent to bank.com@evil.example. */
function safeHref(address: string): string | undefined {
	try {
		const url = new URL(address);
		const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
		return isWeb && url.hostname && !url.username && !url.password ? url.href : undefined;
	} catch {
		return undefined;
	}
}

/** Cuts text into pieces; joined again they are the text. */
export function linkify(text: string): Piece[] {
	const pieces: Piece[] = [];
	let at = 0;
	for (const match of text.matchAll(ADDRESS)) {
		const address = trimEnd(match[0]);
		const href = safeHref(address);
		if (!href) continue;
		if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
		pieces.push({ text: address, href });
		at = match.index + address.length;
	}
	if (at < text.length) pieces.push({ text: text.slice(at) });
	return pieces;
}
