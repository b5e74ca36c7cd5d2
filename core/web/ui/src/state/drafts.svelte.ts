// SPDX-License-Identifier: Apache-2.0
// What the agent has begun to write, by conversation; kept over reloads and expired sessions.
import { SvelteMap } from 'svelte/reactivity';
import { isRecord, type Storage } from '../lib/storage';
import type { Audience, Part, StoredFile } from '../lib/types';

export interface Draft {
	readonly text: string;
	readonly audience: Audience;
	readonly files: readonly StoredFile[];
}

const EMPTY: Draft = { text: '', audience: 'customer', files: [] };

function isFile(value: unknown): value is StoredFile {
	return isRecord(value) && typeof value['id'] === 'string' && typeof value['name'] === 'string';
}

function readDraft(value: unknown): Draft {
	if (!isRecord(value)) return EMPTY;
	return {
		text: typeof value['text'] === 'string' ? value['text'] : '',
		audience: value['audience'] === 'internal' ? 'internal' : 'customer',
		files: Array.isArray(value['files']) ? value['files'].filter(isFile) : [],
	};
}

export class Drafts {
	#changed = new SvelteMap<string, Draft>();

	constructor(
		private readonly storage: Storage,
		private readonly prefix: () => string,
	) {}

	of(conversation: string): Draft {
		return this.#changed.get(conversation) ?? readDraft(this.storage.get(this.prefix() + conversation));
	}

	change(conversation: string, change: Partial<Draft>): void {
		const draft = { ...this.of(conversation), ...change };
		this.#changed.set(conversation, draft);
		const name = this.prefix() + conversation;
		if (draft.text || draft.files.length || draft.audience === 'internal') this.storage.set(name, draft);
		else this.storage.remove(name);
	}

	/** A message that will not be sent gives its words and files back, in front of what has been written since. */
	giveBack(conversation: string, parts: readonly Part[], audience: Audience): void {
		const draft = this.of(conversation);
		const texts = parts.flatMap((part) => (part.type === 'text' && part.text ? [part.text] : []));
		const files = parts.flatMap((part) =>
			part.type === 'media' && part.file
				? [{ id: part.file, name: part.name ?? part.file, mime: part.mime ?? '', bytes: part.bytes ?? 0 }]
				: [],
		);
		const text = [...texts, draft.text].filter(Boolean).join('\n');
		this.change(conversation, { text, audience, files: [...files, ...draft.files] });
	}
}
