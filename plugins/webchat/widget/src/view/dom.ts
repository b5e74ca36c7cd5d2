// SPDX-License-Identifier: Apache-2.0
// Making elements: words are text nodes, always.
import { linkify } from '../linkify';

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	attributes: Readonly<Record<string, string>> = {},
	...children: Child[]
): HTMLElementTagNameMap[K] {
	const made = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
	made.append(...children);
	return made;
}

const SVG = 'http://www.w3.org/2000/svg';
export const ICONS = {
	chat: 'M4 5.500A1.500 1.500 0 0 1 5.500 4h13A1.500 1.500 0 0 1 20 5.500v9a1.500 1.500 0 0 1-1.500 1.500H11l-4.800 3.800a.7.7 0 0 1-1.200-.6V16A1.500 1.500 0 0 1 4 14.500z',
	close: 'm6 6 12 12M18 6 6 18',
	down: 'm6 9 6 6 6-6',
	file: 'M6 3h8l4 4v14H6zM14 3v4h4',
	paperclip: 'm19 11-7.500 7.500a4.600 4.600 0 0 1-6.500-6.500l7.800-7.800a3.100 3.100 0 0 1 4.400 4.400L9.500 16.300a1.500 1.500 0 0 1-2.200-2.200l6.900-6.900',
	send: 'M20 4 10.500 13.500M20 4l-6 16-3.500-6.500L4 10z',
} as const;

export function icon(name: keyof typeof ICONS, size = 20): SVGElement {
	const svg = document.createElementNS(SVG, 'svg');
	const path = document.createElementNS(SVG, 'path');
	for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', width: size, height: size, 'aria-hidden': 'true', focusable: 'false' }))
		svg.setAttribute(key, String(value));
	path.setAttribute('d', ICONS[name]);
	svg.append(path);
	return svg;
}

export function iconButton(name: keyof typeof ICONS, label: string, kind: string): HTMLButtonElement {
	return element('button', { type: 'button', class: kind, 'aria-label': label, title: label }, icon(name));
}

export function relabel(button: HTMLElement, label: string): void {
	button.setAttribute('aria-label', label);
	button.title = label;
}

/** Text with its links. */
export function richText(text: string): Node[] {
	return linkify(text).map((piece) =>
		piece.href
			? element('a', { href: piece.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, piece.text)
			: document.createTextNode(piece.text),
	);
}
