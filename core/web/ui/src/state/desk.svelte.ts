// SPDX-License-Identifier: Apache-2.0
// What the desk knows of conversations, contacts, users and inboxes. Cards come from lists, answers and the live socket in
// any order; the newest version of each stays.
import { SvelteMap } from 'svelte/reactivity';
import type { Api } from '../lib/api';
import type { Contact, Conversation, Inbox, User } from '../lib/types';
import { isNewer, listOf, type StateFilter, type View } from '../lib/views';

/** How far a view has been loaded. */
export interface Listing {
	readonly status: 'loading' | 'ready' | 'error';
	readonly next: string | null;
	readonly floor: number;
}

const NOTHING: Listing = { status: 'loading', next: null, floor: Infinity };
const PAGE = 50;

function byId<T extends { id: string }>(list: readonly T[] | undefined): ReadonlyMap<string, T> {
	return new Map((list ?? []).map((item) => [item.id, item]));
}

export class Desk {
	readonly cards = new SvelteMap<string, Conversation>();
	readonly contacts = new SvelteMap<string, Contact>();
	readonly listings = new SvelteMap<string, Listing>();
	users = $state.raw<ReadonlyMap<string, User>>(new Map());
	inboxes = $state.raw<ReadonlyMap<string, Inbox>>(new Map());
	#stale = new Set<string>();
	#era = 0;

	constructor(private readonly api: Api) {}

	/** Forgets everything: access changed, or too much was missed. */
	reset(): void {
		this.#era++;
		this.cards.clear();
		this.contacts.clear();
		this.listings.clear();
	}

	take(card: Conversation): void {
		if (isNewer(card, this.cards.get(card.id))) this.cards.set(card.id, card);
	}

	listing(view: View, state: StateFilter): Listing {
		return this.listings.get(`${view}/${state}`) ?? NOTHING;
	}

	list(view: View, state: StateFilter, me: string): Conversation[] {
		const { next, floor } = this.listing(view, state);
		return listOf(
			this.cards.values(),
			{ view, state, floor: next === null && floor !== Infinity ? -Infinity : floor },
			me,
		);
	}

	/** Loads the first page of a view unless it is there. */
	async show(view: View, state: StateFilter): Promise<void> {
		const known = this.listings.get(`${view}/${state}`);
		if (!known || known.status === 'error') await this.#page(view, state, { ...NOTHING });
	}

	async more(view: View, state: StateFilter): Promise<void> {
		const listing = this.listing(view, state);
		if (listing.status === 'loading' || !listing.next) return;
		await this.#page(view, state, listing);
	}

	async #page(view: View, state: StateFilter, from: Listing): Promise<void> {
		const name = `${view}/${state}`;
		const era = this.#era;
		this.listings.set(name, { ...from, status: 'loading' });
		try {
			const before = from.next ? { before: from.next } : {};
			const page = await this.api.listConversations({ view, state, limit: PAGE, ...before });
			if (era !== this.#era) return;
			for (const card of page.conversations) this.take(card);
			const oldest = page.conversations.at(-1);
			const floor = oldest ? Math.min(from.floor, Date.parse(oldest.last_at)) : Math.min(from.floor, Date.now());
			this.listings.set(name, { status: 'ready', next: page.next, floor });
		} catch (why) {
			console.warn('the list did not load', why);
			if (era === this.#era) this.listings.set(name, { ...from, status: 'error' });
		}
	}

	/** One conversation with its contact. */
	async loadConversation(id: string): Promise<void> {
		const answer = await this.api.getConversation(id);
		this.take(answer.conversation);
		this.contacts.set(answer.contact.id, answer.contact);
	}

	async loadContact(id: string): Promise<void> {
		const answer = await this.api.getContact(id);
		for (const card of answer.conversations) this.take(card);
		this.takeContact(answer.contact);
	}

	/** The name stands on cards too. */
	takeContact(contact: Contact): void {
		this.contacts.set(contact.id, contact);
		for (const card of this.cards.values())
			if (card.contact.id === contact.id && card.contact.name !== contact.name)
				this.cards.set(card.id, { ...card, contact: { id: contact.id, name: contact.name } });
	}

	/** Events carry no names: fetches a contact that is shown somewhere, once for a burst of events. */
	contactChanged(id: string): void {
		const isShown = this.contacts.has(id) || [...this.cards.values()].some((card) => card.contact.id === id);
		if (isShown) this.#refresh(`contact ${id}`, () => this.loadContact(id));
	}

	conversationChanged(id: string): void {
		this.#refresh(`conversation ${id}`, () => this.loadConversation(id));
	}

	usersChanged(): void {
		this.#refresh('users', () => this.loadUsers());
	}

	inboxesChanged(): void {
		this.#refresh('inboxes', () => this.loadInboxes());
	}

	#refresh(name: string, load: () => Promise<void>): void {
		if (this.#stale.has(name)) return;
		this.#stale.add(name);
		setTimeout(() => {
			this.#stale.delete(name);
			load().catch((why: unknown) => console.warn('cannot refresh', name, why));
		}, 150);
	}

	async loadUsers(): Promise<void> {
		this.users = byId((await this.api.listUsers()).users);
	}

	async loadInboxes(): Promise<void> {
		this.inboxes = byId((await this.api.listInboxes()).inboxes);
	}
}
