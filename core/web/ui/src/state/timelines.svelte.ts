// SPDX-License-Identifier: Apache-2.0
// The timelines of the conversations looked at last; live events keep every one of them right until it is let go.
import { SvelteMap } from 'svelte/reactivity';
import { ApiError, type Api } from '../lib/api';
import {
	EMPTY_TIMELINE,
	isReceipt,
	messageIdOf,
	withEvent,
	withMessage,
	withPage,
	type Timeline,
} from '../lib/timeline';
import type { Event, Message } from '../lib/types';

export interface TimelineEntry {
	readonly timeline: Timeline;
	readonly status: 'loading' | 'ready' | 'error' | 'missing';
	/** The page before: being loaded, or it would not load (a person may try again). */
	readonly older: 'idle' | 'loading' | 'error';
}

const KEPT = 30;
const PAGE = 60;
const FRESH: TimelineEntry = { timeline: EMPTY_TIMELINE, status: 'loading', older: 'idle' };

export class Timelines {
	readonly entries = new SvelteMap<string, TimelineEntry>();
	#recent: string[] = [];

	constructor(
		private readonly api: Api,
		/** Messages that a page brought: those on their way may be among them. */
		private readonly seen: (messages: Iterable<Message>) => void,
	) {}

	reset(): void {
		this.entries.clear();
		this.#recent = [];
	}

	/** Loads the newest page unless the timeline is there. */
	async open(id: string): Promise<void> {
		this.#recent = [id, ...this.#recent.filter((other) => other !== id)];
		for (const old of this.#recent.splice(KEPT)) this.entries.delete(old);
		const entry = this.entries.get(id);
		if (entry && entry.status !== 'error' && entry.status !== 'missing') return;
		// Made before the page is asked for, so that events that come meanwhile are kept.
		this.entries.set(id, FRESH);
		await this.#load(id);
	}

	async older(id: string): Promise<void> {
		const entry = this.entries.get(id);
		const before = entry?.timeline.next;
		if (!entry || !before || entry.older === 'loading') return;
		this.#change(id, { older: 'loading' });
		await this.#load(id, before);
	}

	async #load(id: string, before?: string): Promise<void> {
		try {
			const page = await this.api.getTimeline(id, { limit: PAGE, ...(before ? { before } : {}) });
			const entry = this.entries.get(id);
			if (!entry) return;
			const timeline = withPage(entry.timeline, page, before !== undefined);
			this.entries.set(id, { timeline, status: 'ready', older: 'idle' });
			this.seen(page.events.flatMap((event) => (event.message ? [event.message] : [])));
		} catch (why) {
			console.warn('the timeline did not load', why);
			const isMissing = why instanceof ApiError && why.status === 404;
			this.#change(id, before ? { older: 'error' } : { status: isMissing ? 'missing' : 'error' });
		}
	}

	event(event: Event): void {
		const entry = event.conversation ? this.entries.get(event.conversation) : undefined;
		if (!entry || !event.conversation) return;
		this.#change(event.conversation, { timeline: withEvent(entry.timeline, event) });
		// A receipt says what, not why: the sentence stands in the message.
		const isBad = event.kind === 'receipt.failed' || event.kind === 'receipt.unknown';
		const id = messageIdOf(event);
		if (isReceipt(event) && isBad && !event.message && id && entry.timeline.messages.has(id))
			void this.#load(event.conversation);
	}

	message(message: Message): void {
		const entry = this.entries.get(message.conversation);
		if (entry) this.#change(message.conversation, { timeline: withMessage(entry.timeline, message) });
	}

	#change(id: string, change: Partial<TimelineEntry>): void {
		const entry = this.entries.get(id);
		if (entry) this.entries.set(id, { ...entry, ...change });
	}
}
