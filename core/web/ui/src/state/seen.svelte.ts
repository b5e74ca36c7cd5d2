// SPDX-License-Identifier: Apache-2.0
// Until when this agent has looked at each conversation; kept in the browser.
import { SvelteMap } from 'svelte/reactivity';
import { isRecord, type Storage } from '../lib/storage';
import type { Conversation } from '../lib/types';
import { isUnread } from '../lib/views';

const KEPT = 2_000;

export class Seen {
	#at = new SvelteMap<string, number>();
	#name = '';

	constructor(private readonly storage: Storage) {}

	/** Begins for one user; what another tab sees counts here too. */
	start(userId: string): void {
		this.#name = `beseda.seen.${userId}`;
		this.#read();
		addEventListener('storage', (event) => {
			if (event.key === this.#name) this.#read();
		});
	}

	isUnread(c: Conversation): boolean {
		return isUnread(c, this.#at.get(c.id) ?? 0);
	}

	mark(c: Conversation): void {
		const at = c.last_in_at ? Date.parse(c.last_in_at) : 0;
		if (at <= (this.#at.get(c.id) ?? 0)) return;
		this.#at.set(c.id, at);
		const newest = [...this.#at.entries()].sort(([, a], [, b]) => b - a).slice(0, KEPT);
		this.storage.set(this.#name, Object.fromEntries(newest));
	}

	#read(): void {
		const stored = this.storage.get(this.#name);
		if (!isRecord(stored)) return;
		for (const [id, at] of Object.entries(stored))
			if (typeof at === 'number' && at > (this.#at.get(id) ?? 0)) this.#at.set(id, at);
	}
}
