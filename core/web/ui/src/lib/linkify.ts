// SPDX-License-Identifier: Apache-2.0
// Finds http and https addresses in plain text. The result is data: the page makes text nodes and <a> of it, never HTML.

export interface Piece {
	readonly text: string;
	/** Set: the piece is a link to this address. */
	readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u0020\u007f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+/gi;
const CLOSERS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

function count(text: string, letter: string): number {
	return text.split(letter).length - 1;
}

/** Punctuation behind an address belongs to the sentence; a bracket does unless it was opened inside. */
function trimEnd(address: string): string {
	let end = address.length;
	for (; end > 0; end--) {
		const last = address[end - 1] ?? '';
		const opener = CLOSERS[last];
		const head = address.slice(0, end);
		if (opener ? count(head, last) <= count(head, opener) : !'.,;:!?…*_~|'.includes(last)) break;
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
