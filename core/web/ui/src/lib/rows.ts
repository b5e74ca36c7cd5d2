// SPDX-License-Identifier: Apache-2.0
// What the timeline shows, row by row: days, thin lines for events, messages in groups, what is on its way last.
import type { Outgoing } from './outgoing';
import { eventData, type Timeline } from './timeline';
import type { Event, Message } from './types';

const GROUP_MS = 5 * 60_000;

/** Kinds that are drawn as a line; the others are machinery. */
const LINES = new Set([
	'conversation.created',
	'conversation.assigned',
	'conversation.waiting',
	'conversation.resolved',
	'conversation.reopened',
	'conversation.closed',
	'message.deleted',
]);

export interface DayRow {
	readonly type: 'day';
	readonly id: string;
	readonly at: number;
}
export interface LineRow {
	readonly type: 'line';
	readonly id: string;
	readonly at: number;
	readonly event: Event;
}
export interface MessageRow {
	readonly type: 'message';
	readonly id: string;
	readonly at: number;
	readonly message: Message;
	/** Set while it is on its way to the server. */
	readonly outgoing?: Outgoing;
	/** The first and the last of a run by one author. */
	readonly isFirst: boolean;
	readonly isLast: boolean;
}
export type Row = DayRow | LineRow | MessageRow;

function asMessage(item: Outgoing, me: string): Message {
	return (
		item.message ?? {
			id: item.key,
			key: item.key,
			conversation: item.conversation,
			direction: 'out',
			author: { kind: 'agent', id: me },
			audience: item.audience,
			parts: [...item.parts],
			at: item.at,
		}
	);
}

function isSameRun(a: MessageRow, b: MessageRow): boolean {
	const one = a.message;
	const two = b.message;
	return (
		one.author.kind === two.author.kind &&
		(one.author.id ?? '') === (two.author.id ?? '') &&
		one.audience === two.audience &&
		b.at - a.at < GROUP_MS
	);
}

function dayOf(at: number): string {
	const day = new Date(at);
	return `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}`;
}

/** The bare rows: no days, every message a run of its own. */
function bareRows(t: Timeline, outgoing: readonly Outgoing[], me: string): (LineRow | MessageRow)[] {
	const rows: (LineRow | MessageRow)[] = [];
	const shown = new Set<string>();
	const keys = new Set<string>();
	for (const event of t.events) {
		const at = Date.parse(event.at);
		if (event.kind === 'message.in' || event.kind === 'message.out') {
			const message = t.messages.get(event.message?.id ?? eventData(event, 'message') ?? '')?.message;
			if (!message || shown.has(message.id)) continue;
			shown.add(message.id);
			if (message.key) keys.add(message.key);
			rows.push({ type: 'message', id: message.key ?? message.id, at, message, isFirst: true, isLast: true });
		} else if (LINES.has(event.kind)) {
			rows.push({ type: 'line', id: `e${event.seq}`, at, event });
		}
	}
	for (const item of outgoing) {
		if (keys.has(item.key) || shown.has(item.message?.id ?? '')) continue;
		const message = asMessage(item, me);
		rows.push({
			type: 'message',
			id: item.key,
			at: Date.parse(item.at),
			message,
			outgoing: item,
			isFirst: true,
			isLast: true,
		});
	}
	return rows;
}

/** me is the id of the agent who looks: what is on its way is by this one. */
export function buildRows(t: Timeline, outgoing: readonly Outgoing[], me: string): Row[] {
	const rows: Row[] = [];
	let day = '';
	for (const row of bareRows(t, outgoing, me)) {
		if (dayOf(row.at) !== day) {
			day = dayOf(row.at);
			rows.push({ type: 'day', id: `d${day}-${row.id}`, at: row.at });
		}
		const before = rows.at(-1);
		if (row.type === 'message' && before?.type === 'message' && isSameRun(before, row)) {
			rows[rows.length - 1] = { ...before, isLast: false };
			rows.push({ ...row, isFirst: false });
		} else {
			rows.push(row);
		}
	}
	return rows;
}
