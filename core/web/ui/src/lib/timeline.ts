// SPDX-License-Identifier: Apache-2.0
// One conversation's events and messages, kept right whatever order pages, live events and answers come in.
//
// Everything is keyed: an event by seq, a message by id. Each message remembers the seq it was seen at, so that a page that
// was read before a receipt cannot undo the receipt, and applying anything twice changes nothing.
import { seqOf } from './seq';
import type { Delivery, Event, Message } from './types';

interface Held {
	readonly message: Message;
	readonly asOf: number;
}

export interface Timeline {
	/** By seq, oldest first, no seq twice. */
	readonly events: readonly Event[];
	readonly messages: ReadonlyMap<string, Held>;
	/** Where the page before begins; null: this is the beginning. */
	readonly next: string | null;
	readonly isLoaded: boolean;
}

export interface TimelinePage {
	readonly seq: string;
	readonly events: readonly Event[];
	readonly next: string | null;
}

export const EMPTY_TIMELINE: Timeline = { events: [], messages: new Map(), next: null, isLoaded: false };

const RECEIPTS: Readonly<Record<string, Delivery>> = {
	'receipt.queued': 'queued',
	'receipt.sent': 'accepted',
	'receipt.delivered': 'delivered',
	'receipt.read': 'read',
	'receipt.failed': 'failed',
	'receipt.unknown': 'unknown',
};

/** A member of an event's data that is a string (an id or an enum). */
export function eventData(event: Event, name: string): string | undefined {
	const value = (event.data as Record<string, unknown> | undefined)?.[name];
	return typeof value === 'string' ? value : undefined;
}

export function isReceipt(event: Event): boolean {
	return event.kind.startsWith('receipt.');
}

export function messageIdOf(event: Event): string | undefined {
	return event.message?.id ?? eventData(event, 'message');
}

function mergeEvents(have: readonly Event[], more: readonly Event[]): readonly Event[] {
	const bySeq = new Map<number, Event>();
	for (const event of have) bySeq.set(seqOf(event.seq), event);
	for (const event of more) bySeq.set(seqOf(event.seq), event);
	return [...bySeq.entries()].sort(([a], [b]) => a - b).map(([, event]) => event);
}

function hold(messages: Map<string, Held>, message: Message, asOf: number): void {
	const held = messages.get(message.id);
	if (!held || asOf >= held.asOf) messages.set(message.id, { message, asOf });
}

function holdReceipt(messages: Map<string, Held>, event: Event): void {
	const asOf = seqOf(event.seq);
	const held = messages.get(messageIdOf(event) ?? '');
	const delivery = (eventData(event, 'delivery') as Delivery | undefined) ?? RECEIPTS[event.kind];
	if (!held || !delivery || asOf <= held.asOf) return;
	const { error: _, ...rest } = held.message;
	messages.set(held.message.id, { message: { ...rest, delivery }, asOf });
}

/** Takes a page of the server: its messages stand as they were at page.seq. */
export function withPage(t: Timeline, page: TimelinePage, isOlder: boolean): Timeline {
	const messages = new Map(t.messages);
	for (const event of page.events) if (event.message) hold(messages, event.message, seqOf(page.seq));
	// Receipts that came while the page was on its way found no message to stand in.
	for (const event of t.events) if (isReceipt(event)) holdReceipt(messages, event);
	const next = isOlder || !t.isLoaded ? page.next : t.next;
	return { events: mergeEvents(t.events, page.events), messages, next, isLoaded: true };
}

/** Takes one event of the live socket. */
export function withEvent(t: Timeline, event: Event): Timeline {
	const messages = new Map(t.messages);
	if (event.message) hold(messages, event.message, seqOf(event.seq));
	else if (isReceipt(event)) holdReceipt(messages, event);
	return { ...t, events: mergeEvents(t.events, [event]), messages };
}

/** Takes a message as an answer gave it (a resend): newer than what is held, until the next event says otherwise. */
export function withMessage(t: Timeline, message: Message): Timeline {
	const held = t.messages.get(message.id);
	if (!held) return t;
	return { ...t, messages: new Map(t.messages).set(message.id, { message, asOf: held.asOf }) };
}
