// SPDX-License-Identifier: Apache-2.0
// Finds http and https addresses in plain text; the result is data, the page makes text nodes and <a> of it.

export interface Piece {
	text: string;
	href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u0020\u007f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+/gi;

/** Punctuation behind an address belongs to the sentence, and so does a bracket unless the address opens some itself. One
 * pass: the text is a stranger's, and may be long. */
function trimEnd(address: string): string {
	const ends = /[([{]/.test(address) ? '.,;:!?…*_~|' : '.,;:!?…*_~|)]}';
	let end = address.length;
	while (end > 0 && ends.includes(address.charAt(end - 1))) end--;
	return address.slice(0, end);
}

function safeHref(address: string): string | undefined {
	try {
		const url = new URL(address);
		return /^https?:$/.test(url.protocol) && !url.username && !url.password ? url.href : undefined;
	} catch {
		return undefined;
	}
}

export function linkify(text: string): Piece[] {
	const pieces: Piece[] = [];
	let at = 0;
	for (const match of text.matchAll(ADDRESS)) {
		const address = trimEnd(match[0]);
		const href = safeHref(address);
		const start = match.index ?? 0;
		if (!href) continue;
		if (start > at) pieces.push({ text: text.slice(at, start) });
		pieces.push({ text: address, href });
		at = start + address.length;
	}
	if (at < text.length) pieces.push({ text: text.slice(at) });
	return pieces;
}
