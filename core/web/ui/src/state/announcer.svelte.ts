// SPDX-License-Identifier: Apache-2.0
// What a screen reader says when a message arrives in the conversation that is open.
import { t } from '../i18n/index.svelte';
import type { Message } from '../lib/types';

export class Announcer {
	text = $state('');

	message(message: Message, name: string | undefined): void {
		const text = message.parts.map((part) => part.text ?? part.name ?? '').join(' ');
		this.text = t('timeline.said', { name: message.author.name ?? name ?? t('author.visitor'), text });
	}
}
