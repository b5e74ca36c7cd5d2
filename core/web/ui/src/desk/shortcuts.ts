// SPDX-License-Identifier: Apache-2.0
// Single-key shortcuts: one table for the keys and for the help that lists them.
import type { Key } from '../i18n/table';
import { assign, toggleResolved } from '../state/actions';
import type { App } from '../state/app.svelte';
import { navigation } from '../state/navigation.svelte';
import { preferences } from '../state/preferences.svelte';
import { focusComposer, stepInList } from './focus';

export interface Help {
	readonly keys: readonly string[];
	readonly text: Key;
}

export const HELP: readonly Help[] = [
	{ keys: ['J', 'K'], text: 'shortcut.list' },
	{ keys: ['Enter'], text: 'shortcut.open' },
	{ keys: ['R'], text: 'shortcut.reply' },
	{ keys: ['N'], text: 'shortcut.note' },
	{ keys: ['E'], text: 'shortcut.resolve' },
	{ keys: ['A'], text: 'shortcut.assign' },
	{ keys: ['Esc'], text: 'shortcut.toList' },
	{ keys: ['?'], text: 'shortcut.help' },
];
export const COMPOSER_HELP: readonly Help[] = [
	{ keys: ['Enter', 'Ctrl+Enter'], text: 'shortcut.send' },
	{ keys: ['Shift+Enter'], text: 'shortcut.newline' },
];

function isTyping(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}

function write(app: App, audience: 'customer' | 'internal'): void {
	const id = navigation.route.conversation;
	if (!id) return;
	app.drafts.change(id, { audience });
	focusComposer();
}

/** What a key does, or nothing. By place on the keyboard as well, so that Cyrillic layouts work. */
function actionOf(app: App, event: KeyboardEvent, help: () => void): (() => void) | undefined {
	const card = app.desk.cards.get(navigation.route.conversation ?? '');
	const actions: Record<string, () => void> = {
		KeyJ: () => stepInList(1),
		KeyK: () => stepInList(-1),
		KeyR: () => write(app, 'customer'),
		KeyN: () => write(app, 'internal'),
		KeyE: () => card && void toggleResolved(app, card),
		KeyA: () => card && void assign(app, card, app.session.userId),
	};
	if (event.key === '?') return help;
	return event.shiftKey ? undefined : actions[event.code];
}

export function onShortcut(app: App, event: KeyboardEvent, help: () => void): void {
	if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
	if (!preferences.hasShortcuts || isTyping(event.target) || app.session.status !== 'in') return;
	const action = actionOf(app, event, help);
	if (!action) return;
	event.preventDefault();
	action();
}
