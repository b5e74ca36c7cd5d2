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
	chat: 'M4 5.5A1.5 1.5 0 0 1 5.5 4h13A1.5 1.5 0 0 1 20 5.5v9a1.5 1.5 0 0 1-1.5 1.5H11l-4.8 3.8a.7.7 0 0 1-1.2-.6V16A1.5 1.5 0 0 1 4 14.5z',
	close: 'm6 6 12 12M18 6 6 18',
	down: 'm6 9 6 6 6-6',
	file: 'M6 3h8l4 4v14H6zM14 3v4h4',
	paperclip:
		'm19 11-7.5 7.5a4.6 4.6 0 0 1-6.5-6.5l7.8-7.8a3.1 3.1 0 0 1 4.4 4.4L9.5 16.3a1.5 1.5 0 0 1-2.2-2.2l6.9-6.9',
	send: 'M20 4 10.5 13.5M20 4l-6 16-3.5-6.5L4 10z',
} as const;

export function icon(name: keyof typeof ICONS, size = 20): SVGElement {
	const svg = document.createElementNS(SVG, 'svg');
	const path = document.createElementNS(SVG, 'path');
	for (const [key, value] of Object.entries({
		viewBox: '0 0 24 24',
		width: size,
		height: size,
		'aria-hidden': 'true',
		focusable: 'false',
	}))
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
