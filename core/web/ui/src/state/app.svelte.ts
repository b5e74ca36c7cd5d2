// SPDX-License-Identifier: Apache-2.0
// Wires the stores together: sign-in starts them, the live socket feeds them, a reset empties them.
import { createContext } from 'svelte';
import { t } from '../i18n/index.svelte';
import { Api, ApiError } from '../lib/api';
import { backoffMs } from '../lib/backoff';
import { OutgoingQueue, type Outgoing } from '../lib/outgoing';
import { browserStorage } from '../lib/storage';
import type { Event, Me, Message, Part } from '../lib/types';
import { Announcer } from './announcer.svelte';
import { Connection } from './connection.svelte';
import { Desk } from './desk.svelte';
import { Drafts } from './drafts.svelte';
import { navigation } from './navigation.svelte';
import { Seen } from './seen.svelte';
import { Session } from './session.svelte';
import { Timelines } from './timelines.svelte';
import { Toasts } from './toasts.svelte';
import { Uploads } from './uploads.svelte';

const storage = browserStorage(localStorage);

/** The sentence for a person. */
export function sayError(error: unknown): string {
	if (!(error instanceof ApiError)) return String(error);
	return error.status === 0 ? t('error.away') : error.message;
}

/** A file is named by its id; the server knows the rest. */
function bare(part: Part): Part {
	return part.type === 'media' && part.file ? { type: 'media', file: part.file } : part;
}

export class App {
	readonly api = new Api({ fetch: (...args) => fetch(...args), signedOut: () => this.#signedOut() });
	readonly session = new Session(this.api, () => location.reload());
	readonly toasts = new Toasts();
	readonly announcer = new Announcer();
	readonly desk = new Desk(this.api);
	readonly seen = new Seen(storage);
	readonly drafts = new Drafts(storage, () => `beseda.draft.${this.session.userId}.`);
	readonly uploads = new Uploads(this.api, this.drafts, sayError);
	readonly timelines = new Timelines(this.api, (messages) => this.#settle(messages));
	readonly connection = new Connection(this.api, {
		event: (event) => this.#event(event),
		reset: () => void this.#reset(),
		signedOut: () => void this.#signedOut(),
		opened: () => this.outgoing?.retryAll(),
		me: (me) => this.#heardMe(me),
	});
	outgoing: OutgoingQueue | undefined;
	onTheirWay = $state.raw<readonly Outgoing[]>([]);
	/** The server did not answer when the page started. */
	isAway = $state(false);
	#isStarted = false;

	/** Asks who we are, until there is an answer. */
	async boot(): Promise<void> {
		for (let attempt = 0; this.session.status === 'starting'; attempt++) {
			try {
				this.session.adopt(await this.api.me());
			} catch (why) {
				if (why instanceof ApiError && why.status === 401) return this.session.out();
				this.isAway = true;
				await new Promise((go) =>
					setTimeout(go, backoffMs({ firstMs: 1_000, capMs: 15_000 }, attempt, Math.random)),
				);
			}
		}
		this.isAway = false;
		this.#begin();
	}

	async login(email: string, password: string): Promise<void> {
		await this.session.login(email, password);
		if (this.#isStarted) this.connection.live.resume();
		else this.#begin();
	}

	async logout(): Promise<void> {
		try {
			await this.api.logout();
		} catch (why) {
			if (!(why instanceof ApiError) || why.status !== 401) {
				this.toasts.show(t('error.generic', { text: sayError(why) }));
				return;
			}
		}
		location.assign('/');
	}

	/** Loads what the present route shows. */
	show(): void {
		if (!this.#isStarted) return;
		const { view, state, conversation } = navigation.route;
		void this.desk.show(view, state);
		if (conversation) void this.#showConversation(conversation);
	}

	#begin(): void {
		const me = this.session.me;
		if (!me) return;
		this.#isStarted = true;
		this.connection.trouble = me.trouble;
		this.seen.start(me.user.id);
		this.#startOutgoing(me.user.id);
		this.connection.live.start(me.seq);
		this.#loadAround();
		this.show();
	}

	/** What every view needs: names, and the two lists whose unread marks stand in the sidebar. */
	#loadAround(): void {
		this.desk.usersChanged();
		this.desk.inboxesChanged();
		void this.desk.show('mine', 'active');
		void this.desk.show('unassigned', 'active');
	}

	#startOutgoing(userId: string): void {
		this.outgoing = new OutgoingQueue({
			post: async (item) => {
				const body = { key: item.key, audience: item.audience, parts: item.parts.map(bare) };
				return (await this.api.sendMessage(item.conversation, body)).message;
			},
			failure: (error) => ({ isFinal: error instanceof ApiError && !error.isPassing, text: sayError(error) }),
			storage,
			prefix: `beseda.out.${userId}.`,
			timer: (ms, run) => {
				const timer = setTimeout(run, ms);
				return () => clearTimeout(timer);
			},
			random: Math.random,
			changed: (items) => (this.onTheirWay = items),
		});
		this.outgoing.start();
	}

	async #showConversation(id: string): Promise<void> {
		try {
			const isKnown =
				this.desk.cards.has(id) && this.desk.contacts.has(this.desk.cards.get(id)?.contact.id ?? '');
			await Promise.all([this.timelines.open(id), isKnown ? undefined : this.desk.loadConversation(id)]);
			const contact = this.desk.cards.get(id)?.contact.id;
			if (contact) await this.desk.loadContact(contact);
		} catch (why) {
			console.warn('the conversation did not load', id, why);
		}
	}

	#event(event: Event): void {
		try {
			if (event.card) this.desk.take(event.card);
			else if (event.conversation) this.desk.conversationChanged(event.conversation);
			this.timelines.event(event);
			if (event.message) this.#messageCame(event, event.message);
			if (event.kind.startsWith('contact.') && event.contact) this.desk.contactChanged(event.contact);
			if (event.kind === 'user.changed') this.desk.usersChanged();
			if (event.kind.startsWith('inbox.')) this.desk.inboxesChanged();
		} catch (why) {
			console.error('an event was not understood', event.seq, event.kind, why);
		}
	}

	#messageCame(event: Event, message: Message): void {
		this.#settle([message]);
		if (event.kind === 'message.in') this.connection.typing.delete(message.conversation);
		if (event.kind === 'message.in' && message.conversation === navigation.route.conversation)
			this.announcer.message(message, event.card?.contact.name ?? undefined);
	}

	#settle(messages: Iterable<Message>): void {
		for (const message of messages) this.outgoing?.settle(message);
	}

	#heardMe(me: Me): void {
		this.session.adopt(me);
		this.connection.trouble = me.trouble;
	}

	#signedOut(): Promise<void> {
		this.connection.live.stop();
		return this.session.expire();
	}

	/** Too much was missed, or access changed. Drafts and what is on its way stay. */
	async #reset(): Promise<void> {
		this.desk.reset();
		this.timelines.reset();
		for (let attempt = 0; ; attempt++) {
			try {
				const me = await this.api.me();
				this.#heardMe(me);
				this.connection.live.start(me.seq);
				break;
			} catch (why) {
				if (why instanceof ApiError && why.status === 401) await this.#signedOut();
				else
					await new Promise((go) =>
						setTimeout(go, backoffMs({ firstMs: 500, capMs: 15_000 }, attempt, Math.random)),
					);
			}
		}
		this.#loadAround();
		this.show();
	}
}

export const [getApp, setApp] = createContext<App>();
