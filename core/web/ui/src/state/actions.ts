// SPDX-License-Identifier: Apache-2.0
// What an agent does to a conversation; each tells the person when it did not work.
import { t } from '../i18n/index.svelte';
import { ApiError } from '../lib/api';
import { randomKey } from '../lib/key';
import type { Conversation, ConversationState, Message, Part } from '../lib/types';
import { sayError, type App } from './app.svelte';

type Change = (version: number) => Promise<{ conversation?: Conversation }>;

/** Every message raises a conversation's version, so a conflict may mean nothing: when what the person looked at still holds,
 * the change is made once more. */
async function change(app: App, before: Conversation, make: Change): Promise<void> {
	try {
		const answer = await make(before.version);
		if (answer.conversation) app.desk.take(answer.conversation);
	} catch (why) {
		if (!(why instanceof ApiError) || why.status !== 409) throw why;
		await app.desk.loadConversation(before.id);
		const now = app.desk.cards.get(before.id);
		if (!now || now.version === before.version || now.assignee !== before.assignee || now.state !== before.state) {
			app.toasts.show(t('error.conflict'));
			return;
		}
		const answer = await make(now.version);
		if (answer.conversation) app.desk.take(answer.conversation);
	}
}

async function told(app: App, work: () => Promise<void>): Promise<boolean> {
	try {
		await work();
		return true;
	} catch (why) {
		app.toasts.show(t('error.generic', { text: sayError(why) }));
		return false;
	}
}

export function assign(app: App, c: Conversation, user: string | null): Promise<boolean> {
	return told(app, () => change(app, c, (version) => app.api.assign(c.id, { user, version })));
}

export function setState(app: App, c: Conversation, state: ConversationState): Promise<boolean> {
	return told(app, () => change(app, c, (version) => app.api.setState(c.id, { state, version })));
}

export function isOver(c: Conversation): boolean {
	return c.state === 'resolved' || c.state === 'closed';
}

/** The one-key action: resolve what is going on, reopen what is over. */
export function toggleResolved(app: App, c: Conversation): Promise<boolean> {
	return setState(app, c, isOver(c) ? 'open' : 'resolved');
}

export function resend(app: App, message: Message): Promise<boolean> {
	return told(app, async () => {
		const answer = await app.api.resendMessage(message.id);
		if (answer.message) app.timelines.message(answer.message);
	});
}

export function rename(app: App, contact: string, name: string): Promise<boolean> {
	return told(app, async () => {
		const answer = await app.api.updateContact(contact, { name });
		if (answer.contact) app.desk.takeContact(answer.contact);
	});
}

/** Hands the draft of a conversation to the outgoing queue; false when there is nothing to send. */
export function sendDraft(app: App, conversation: string): boolean {
	const draft = app.drafts.of(conversation);
	const text = draft.text.trim();
	const media = draft.files.map((file): Part => ({
		type: 'media',
		file: file.id,
		name: file.name,
		mime: file.mime,
		bytes: file.bytes,
	}));
	const parts: Part[] = text ? [{ type: 'text', text }, ...media] : media;
	if (!parts.length || !app.outgoing) return false;
	app.outgoing.add({ key: randomKey(), conversation, audience: draft.audience, parts, at: new Date().toISOString() });
	app.drafts.change(conversation, { text: '', files: [] });
	return true;
}
