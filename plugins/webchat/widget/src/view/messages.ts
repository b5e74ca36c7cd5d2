// SPDX-License-Identifier: Apache-2.0
// The log of messages: what was said, then what is on its way.
import type { Chat } from '../chat';
import type { Item } from '../history';
import { fill, localized, type Words } from '../strings';
import type { Part } from '../wire';
import { element, icon, richText } from './dom';

const GROUP_MS = 5 * 60_000;
const PICTURE = /^image\/(png|jpeg|gif|webp|avif)$/;

interface Row extends Item {
	readonly state: 'said' | 'sending' | 'refused' | 'greeting';
	readonly why?: string;
}

function safeUrl(url: string | undefined): string {
	try {
		return url && /^https?:$/.test(new URL(url, location.href).protocol) ? url : '';
	} catch {
		return '';
	}
}

function partNode(part: Part, words: Words): Node {
	if (part.type === 'text') return element('div', { class: 'text', dir: 'auto' }, ...richText(part.text ?? ''));
	const name = part.name ?? words.unknown;
	const url = safeUrl(part.url);
	if (part.type !== 'media') return element('div', { class: 'text' }, words.unknown);
	const attributes: Record<string, string> = url ? { href: url, target: '_blank', rel: 'noopener' } : {};
	if (url && PICTURE.test(part.mime ?? '')) {
		const picture = element('img', { src: url, alt: name, loading: 'lazy' });
		return element('a', { ...attributes, class: 'picture' }, picture);
	}
	return element('a', { ...attributes, class: 'file' }, icon('file', 18), element('span', {}, name));
}

export class MessagesView {
	readonly root = element('div', { class: 'log', role: 'log', tabindex: '0', 'aria-live': 'off' });
	#rows = new Map<string, { node: HTMLElement; look: string }>();
	#typing = element('p', { class: 'typing' });
	#wasAtEnd = true;

	constructor(private readonly chat: Chat) {
		this.root.addEventListener('scroll', () => (this.#wasAtEnd = this.#isAtEnd()));
	}

	/** New messages are read out from now on, the replay of old ones was not. */
	speak(): void {
		this.root.setAttribute('aria-live', 'polite');
	}

	toEnd(): void {
		this.root.scrollTop = this.root.scrollHeight;
		this.#wasAtEnd = true;
	}

	draw(words: Words, language: string): void {
		this.root.setAttribute('aria-label', words.log);
		const rows = this.#list(words, language);
		const hasNewOwn = rows.some((row) => row.state === 'sending' && !this.#rows.has(row.uid));
		const kept = new Set(rows.map((row) => row.uid));
		for (const [uid, row] of this.#rows) if (!kept.has(uid)) (row.node.remove(), this.#rows.delete(uid));
		rows.forEach((row, at) => this.#place(row, rows[at - 1], rows[at + 1], at, words, language));
		this.#typing.textContent = words.typing;
		if (this.chat.isTyping) this.root.append(this.#typing);
		else this.#typing.remove();
		if (this.#wasAtEnd || hasNewOwn) this.toEnd();
	}

	#isAtEnd(): boolean {
		return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < 40;
	}

	#list(words: Words, language: string): Row[] {
		const text = localized(this.chat.settings.greeting, language) || words.greeting;
		const greeting: Row = {
			uid: 'greeting',
			id: null,
			isOwn: false,
			name: null,
			at: 0,
			parts: [{ type: 'text', text }],
			state: 'greeting',
		};
		const said = this.chat.history.items.map((item): Row => ({ ...item, state: 'said' }));
		const pending = this.chat.queue.entries.map((entry): Row => {
			const own = { uid: entry.key, id: null, isOwn: true, name: null, at: entry.at, parts: entry.parts };
			return entry.refused === undefined
				? { ...own, state: 'sending' }
				: { ...own, state: 'refused', why: entry.refused };
		});
		return [greeting, ...said, ...pending];
	}

	/** Draws a row again only when it looks different, so that a screen reader hears each once. */
	#place(
		row: Row,
		before: Row | undefined,
		after: Row | undefined,
		at: number,
		words: Words,
		language: string,
	): void {
		const isFirst =
			!before || before.isOwn !== row.isOwn || before.name !== row.name || row.at - before.at > GROUP_MS;
		const isLast = !after || (row.isOwn && !after.isOwn);
		const look = JSON.stringify([row.state, row.why, row.name, row.at, row.parts, isFirst, isLast, language]);
		let known = this.#rows.get(row.uid);
		if (!known) {
			known = { node: element('div'), look: '' };
			this.#rows.set(row.uid, known);
		}
		if (known.look !== look) {
			known.look = look;
			known.node.className = `row ${row.isOwn ? 'own' : 'theirs'} ${row.state}${isFirst ? ' first' : ''}`;
			known.node.dataset['message'] = row.id ?? row.uid;
			known.node.replaceChildren(...this.#inside(row, isFirst, isLast, words, language));
		}
		if (this.root.children[at] !== known.node) this.root.insertBefore(known.node, this.root.children[at] ?? null);
	}

	#inside(row: Row, isFirst: boolean, isLast: boolean, words: Words, language: string): Node[] {
		const by = row.isOwn
			? element('span', { class: 'hidden' }, `${words.you}: `)
			: element('span', { class: 'by' }, row.name ?? '');
		const bubble = element('div', { class: 'bubble' }, ...row.parts.map((part) => partNode(part, words)));
		const nodes: Node[] = (row.isOwn || row.name) && isFirst ? [by, bubble] : [bubble];
		if (row.state === 'refused') nodes.push(this.#refused(row, words));
		else if (row.state === 'sending') nodes.push(element('span', { class: 'mark' }, words.sending));
		else if (row.state === 'said' && isLast)
			nodes.push(element('span', { class: 'mark' }, this.#mark(row, words, language)));
		return nodes;
	}

	#mark(row: Row, words: Words, language: string): string {
		const isToday = new Date(row.at).toDateString() === new Date().toDateString();
		const day = isToday ? {} : ({ day: 'numeric', month: 'short' } as const);
		const time = new Intl.DateTimeFormat(language, { ...day, hour: 'numeric', minute: '2-digit' }).format(row.at);
		return row.isOwn ? `${time} · ${words.sent}` : time;
	}

	#refused(row: Row, words: Words): HTMLElement {
		const again = element('button', { type: 'button', class: 'link' }, words.resend);
		const drop = element('button', { type: 'button', class: 'link' }, words.removeMessage);
		again.onclick = () => this.chat.queue.retry(row.uid);
		drop.onclick = () => this.chat.queue.drop(row.uid);
		return element(
			'span',
			{ class: 'mark bad' },
			fill(words.failed, { why: row.why ?? '' }),
			' ',
			again,
			' ',
			drop,
		);
	}
}
