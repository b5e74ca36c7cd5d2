// SPDX-License-Identifier: Apache-2.0
// What was said, in the order of the server; however often it is replayed, each message stands once.
import type { Entry } from './memory';
import type { Message, Part } from './wire';

export interface Item {
	/** The same from "on its way" to "said", so that the page keeps its element. */
	readonly uid: string;
	readonly id: string | null;
	readonly isOwn: boolean;
	readonly name: string | null;
	readonly at: number;
	readonly parts: readonly Part[];
}

export class History {
	#items: Item[] = [];

	get items(): readonly Item[] {
		return this.#items;
	}

	/** Takes a message; true when it was not there before. One seen before only gets its fresh file links. */
	take(message: Message): boolean {
		const item: Item = {
			uid: message.key ?? message.id,
			id: message.id,
			isOwn: message.author.kind === 'contact',
			name: message.author.name,
			at: Date.parse(message.at) || Date.now(),
			parts: message.parts,
		};
		const at = this.#items.findIndex((one) => one.id === item.id || (item.isOwn && one.uid === item.uid));
		const known = this.#items[at];
		if (known) this.#items[at] = { ...item, uid: known.uid };
		else this.#items.push(item);
		return !known;
	}

	/** Own words that the server has acknowledged and not shown us yet. */
	acknowledged(entry: Entry): void {
		if (this.#items.some((one) => one.uid === entry.key)) return;
		this.#items.push({ uid: entry.key, id: null, isOwn: true, name: null, at: entry.at, parts: entry.parts });
	}

	/** How many of theirs stand behind the message last looked at. */
	unread(seen: string | null): number {
		const from = this.#items.findIndex((one) => one.id === seen);
		return this.#items.slice(from + 1).filter((one) => !one.isOwn).length;
	}

	/** The id of the last message of theirs. */
	lastTheirs(): string | null {
		for (let i = this.#items.length - 1; i >= 0; i--) {
			const item = this.#items[i];
			if (item && !item.isOwn) return item.id;
		}
		return null;
	}
}
