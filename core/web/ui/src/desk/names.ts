// SPDX-License-Identifier: Apache-2.0
// How people and things are called on the desk.
import { t } from '../i18n/index.svelte';
import type { Key } from '../i18n/table';
import { eventData } from '../lib/timeline';
import type { Conversation, Event, Message } from '../lib/types';
import type { App } from '../state/app.svelte';

export function contactName(c: Conversation): string {
	return c.contact.name || t('author.visitor');
}

export function userName(app: App, id: string | null | undefined): string {
	if (!id) return t('assign.nobody');
	return (
		app.desk.users.get(id)?.name ??
		(id === app.session.userId ? app.session.me?.user.name : undefined) ??
		t('author.agent')
	);
}

export function channelName(channel: string): string {
	const key = `channel.${channel}`;
	const known: readonly Key[] = ['channel.email', 'channel.telegram', 'channel.webchat'];
	const found = known.find((one) => one === key);
	return found ? t(found) : channel;
}

export function authorName(app: App, message: Message, c: Conversation | undefined): string {
	const { kind, id, name } = message.author;
	if (kind === 'contact') return name || (c ? contactName(c) : t('author.visitor'));
	if (kind === 'agent') return id === app.session.userId ? t('author.you') : name || userName(app, id);
	return name || t(`author.${kind}`);
}

/** "Assigned to Ana": without a verb form that depends on who did it. */
export function eventText(app: App, event: Event): string {
	if (event.kind === 'conversation.assigned') {
		const user = eventData(event, 'to') ?? eventData(event, 'user');
		if (!user || user === '0') return t('event.unassigned');
		return t(event.actor.id === user ? 'event.taken' : 'event.assigned', { user: userName(app, user) });
	}
	if (event.kind === 'message.deleted') return t('event.deleted');
	const kind = event.kind.replace('conversation.', '');
	const known = ['closed', 'created', 'reopened', 'resolved', 'waiting'] as const;
	const found = known.find((one) => one === kind);
	return found ? t(`event.${found}`) : event.kind;
}

/** Who did it, where the line does not say so already; "" when it goes without saying. */
export function eventActor(app: App, event: Event): string {
	const { kind, id, name } = event.actor;
	if (kind === 'contact' || kind === 'system') return '';
	if (kind !== 'user') return name || t(`actor.${kind}`);
	const assignee = eventData(event, 'to') ?? eventData(event, 'user');
	if (event.kind === 'conversation.assigned' && assignee === id) return '';
	return id === app.session.userId ? t('author.you') : name || userName(app, id);
}
