// SPDX-License-Identifier: Apache-2.0
// The agent's messages on their way to the server: shown at once, sent in order within a conversation, tried again with the
// same key until the server has answered, kept over a reload. The server stores a key once, so trying again is safe.
import { backoffMs, type Backoff } from './backoff';
import { isRecord, type Storage } from './storage';
import type { Audience, Message, Part } from './types';

const RETRY: Backoff = { firstMs: 1_000, capMs: 30_000 };

/** waiting: in the queue; retrying: the last try brought no answer; refused: the server said no; kept: it is durable. */
export type OutgoingState = 'waiting' | 'sending' | 'retrying' | 'refused' | 'kept';

export interface Outgoing {
	readonly key: string;
	readonly conversation: string;
	readonly audience: Audience;
	readonly parts: readonly Part[];
	readonly at: string;
	readonly state: OutgoingState;
	readonly why?: string;
	readonly message?: Message;
}

/** Why a POST failed: final means that trying again with the same words is of no use. */
export interface PostFailure {
	readonly isFinal: boolean;
	readonly text: string;
}

export interface OutgoingPorts {
	/** Resolves with the message when it is durable; rejects otherwise. */
	post(item: Outgoing): Promise<Message>;
	failure(error: unknown): PostFailure;
	storage: Storage;
	/** Names of this user's entries begin so. */
	prefix: string;
	timer(ms: number, run: () => void): () => void;
	random(): number;
	changed(items: readonly Outgoing[]): void;
}

function isOutgoing(value: unknown): value is Outgoing {
	return (
		isRecord(value) &&
		typeof value['key'] === 'string' &&
		typeof value['conversation'] === 'string' &&
		typeof value['at'] === 'string' &&
		Array.isArray(value['parts'])
	);
}

export class OutgoingQueue {
	#items: readonly Outgoing[];
	#attempts = new Map<string, number>();
	#timers = new Map<string, () => void>();
	#isClosed = false;

	constructor(private readonly ports: OutgoingPorts) {
		this.#items = ports.storage
			.names(ports.prefix)
			.map((name) => ports.storage.get(name))
			.filter(isOutgoing)
			.map((item): Outgoing => (item.state === 'refused' ? item : { ...item, state: 'waiting' }))
			.sort((a, b) => a.at.localeCompare(b.at));
	}

	get items(): readonly Outgoing[] {
		return this.#items;
	}

	/** Begins with what an earlier page left behind. */
	start(): void {
		this.ports.changed(this.#items);
		for (const conversation of new Set(this.#items.map((item) => item.conversation))) this.#pump(conversation);
	}

	add(item: Pick<Outgoing, 'key' | 'conversation' | 'audience' | 'parts' | 'at'>): void {
		const entry: Outgoing = { ...item, state: 'waiting' };
		this.ports.storage.set(this.#name(item.key), entry);
		this.#set([...this.#items, entry]);
		this.#pump(item.conversation);
	}

	/** A person wants it tried now. */
	retry(key: string): void {
		const item = this.#find(key);
		if (!item || (item.state !== 'refused' && item.state !== 'retrying')) return;
		this.#clearTimer(key);
		this.#update(key, { state: 'waiting' });
		this.#pump(item.conversation);
	}

	/** The way is free again (network back, signed in): everything that waits for a timer goes now. */
	retryAll(): void {
		for (const item of this.#items) if (item.state === 'retrying') this.retry(item.key);
	}

	/** Gives up on one; returns it, so that its words can go back into the composer. */
	discard(key: string): Outgoing | undefined {
		const item = this.#find(key);
		if (!item || item.state === 'sending' || item.state === 'kept') return undefined;
		this.#drop(item);
		return item;
	}

	/** The log shows this message: nothing is left to do. */
	settle(message: Message): void {
		const item = this.#items.find((one) => one.key === message.key || one.message?.id === message.id);
		if (item) this.#drop(item);
	}

	close(): void {
		this.#isClosed = true;
		for (const cancel of this.#timers.values()) cancel();
		this.#timers.clear();
	}

	#name(key: string): string {
		return this.ports.prefix + key;
	}

	#find(key: string): Outgoing | undefined {
		return this.#items.find((item) => item.key === key);
	}

	#set(items: readonly Outgoing[]): void {
		this.#items = items;
		this.ports.changed(items);
	}

	#update(key: string, change: Partial<Outgoing>): void {
		this.#set(
			this.#items.map((item) => {
				if (item.key !== key) return item;
				const { why: _, ...rest } = item;
				return { ...rest, ...change };
			}),
		);
	}

	#drop(item: Outgoing): void {
		this.#clearTimer(item.key);
		this.#attempts.delete(item.key);
		this.ports.storage.remove(this.#name(item.key));
		this.#set(this.#items.filter((other) => other.key !== item.key));
		this.#pump(item.conversation);
	}

	#clearTimer(key: string): void {
		this.#timers.get(key)?.();
		this.#timers.delete(key);
	}

	/** Sends the next of a conversation unless one before it is still on its way: the customer reads them in order. */
	#pump(conversation: string): void {
		if (this.#isClosed) return;
		const line = this.#items.filter((item) => item.conversation === conversation);
		const head = line.find((item) => item.state !== 'refused' && item.state !== 'kept');
		if (head?.state === 'waiting') void this.#send(head);
	}

	async #send(item: Outgoing): Promise<void> {
		this.#update(item.key, { state: 'sending' });
		try {
			const message = await this.ports.post(item);
			this.#kept(item, message);
		} catch (error) {
			this.#failed(item, this.ports.failure(error));
		}
	}

	/** Shown until the log brings it; a settled one is gone already. */
	#kept(item: Outgoing, message: Message): void {
		this.#attempts.delete(item.key);
		this.ports.storage.remove(this.#name(item.key));
		if (this.#find(item.key)) this.#update(item.key, { state: 'kept', message });
		this.#pump(item.conversation);
	}

	#failed(item: Outgoing, failure: PostFailure): void {
		if (this.#isClosed || !this.#find(item.key)) return;
		this.#update(item.key, { state: failure.isFinal ? 'refused' : 'retrying', why: failure.text });
		if (failure.isFinal) {
			const refused = this.#find(item.key);
			if (refused) this.ports.storage.set(this.#name(item.key), refused);
			this.#pump(item.conversation);
			return;
		}
		const attempt = this.#attempts.get(item.key) ?? 0;
		this.#attempts.set(item.key, attempt + 1);
		const ms = backoffMs(RETRY, attempt, this.ports.random);
		this.#timers.set(
			item.key,
			this.ports.timer(ms, () => this.retry(item.key)),
		);
	}
}
