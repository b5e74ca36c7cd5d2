// SPDX-License-Identifier: Apache-2.0
// The agents' list: which conversations a view shows, and in which order. The server decides the same way.
import { compareIds } from './seq';
import type { Conversation, ConversationState } from './types';

export const VIEWS = ['mine', 'unassigned', 'all'] as const;
export type View = (typeof VIEWS)[number];
export const STATE_FILTERS = ['active', 'open', 'waiting', 'resolved', 'closed', 'any'] as const;
export type StateFilter = (typeof STATE_FILTERS)[number];

/** What the list is a window on: the newest pages of one view. */
export interface Window {
	readonly view: View;
	readonly state: StateFilter;
	/** The last activity of the oldest conversation loaded (ms); older ones are on pages not loaded yet. */
	readonly floor: number;
}

export function stateMatches(filter: StateFilter, state: ConversationState): boolean {
	if (filter === 'any') return true;
	if (filter === 'active') return state === 'open' || state === 'waiting';
	return filter === state;
}

/** Handled by a flow or a bot is not unassigned. */
export function viewMatches(view: View, c: Conversation, me: string): boolean {
	if (view === 'mine') return c.assignee === me;
	if (view === 'unassigned') return c.assignee === null && (c.handler ?? 'none') === 'none';
	return true;
}

export function newestFirst(a: Conversation, b: Conversation): number {
	return Date.parse(b.last_at) - Date.parse(a.last_at) || compareIds(b.id, a.id);
}

export function listOf(known: Iterable<Conversation>, w: Window, me: string): Conversation[] {
	const list: Conversation[] = [];
	for (const c of known)
		if (viewMatches(w.view, c, me) && stateMatches(w.state, c.state) && Date.parse(c.last_at) >= w.floor)
			list.push(c);
	return list.sort(newestFirst);
}

/** A card replaces the one known unless it is older: versions only grow, so that replays and late answers do no harm. */
export function isNewer(card: Conversation, known: Conversation | undefined): boolean {
	return !known || card.version >= known.version;
}

/** The customer spoke last and this agent has not looked since. */
export function isUnread(c: Conversation, seenAt: number): boolean {
	if (c.preview_by !== 'contact' || !c.last_in_at) return false;
	return stateMatches('active', c.state) && Date.parse(c.last_in_at) > seenAt;
}
