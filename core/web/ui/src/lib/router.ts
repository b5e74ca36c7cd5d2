// SPDX-License-Identifier: Apache-2.0
// Addresses of the page: /, /c/ID and /c/ID/contact, with the view and the state filter in the query.
import { STATE_FILTERS, VIEWS, type StateFilter, type View } from './views';

/** On a narrow screen one pane shows at a time; on a wide one this says nothing. */
export type Pane = 'list' | 'conversation' | 'contact';

export interface Route {
	readonly view: View;
	readonly state: StateFilter;
	readonly conversation: string | null;
	readonly pane: Pane;
}

export const HOME: Route = { view: 'mine', state: 'active', conversation: null, pane: 'list' };

const CONVERSATION = /^\/c\/([1-9][0-9]{0,18})(\/contact)?\/?$/;

function oneOf<T extends string>(values: readonly T[], value: string | null): T | undefined {
	return values.find((one) => one === value);
}

/** fallback gives the view and filter where the address names none. */
export function parseRoute(path: string, search: string, fallback: Pick<Route, 'view' | 'state'>): Route {
	const query = new URLSearchParams(search);
	const view = oneOf(VIEWS, query.get('view')) ?? fallback.view;
	const state = oneOf(STATE_FILTERS, query.get('state')) ?? fallback.state;
	const match = CONVERSATION.exec(path);
	if (!match?.[1]) return { view, state, conversation: null, pane: 'list' };
	return { view, state, conversation: match[1], pane: match[2] ? 'contact' : 'conversation' };
}

export function formatRoute(route: Route): string {
	const query = new URLSearchParams({ view: route.view });
	if (route.state !== 'active') query.set('state', route.state);
	if (!route.conversation) return `/?${query}`;
	return `/c/${route.conversation}${route.pane === 'contact' ? '/contact' : ''}?${query}`;
}
