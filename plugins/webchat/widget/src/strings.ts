// SPDX-License-Identifier: Apache-2.0
// The widget's words in its languages.

const en = {
	attach: 'Attach a file',
	attached: 'Attachments',
	away: 'The chat is not available right now.',
	bot: 'Bot',
	close: 'Close the chat',
	drop: 'Drop files to attach them',
	failed: 'Not sent: {why}',
	greeting: 'Hello! How can we help you?',
	log: 'Messages',
	message: 'Message',
	open: 'Open the chat',
	placeholder: 'Write a message…',
	reconnecting: 'Connecting again…',
	remove: 'Remove {name}',
	removeMessage: 'Remove',
	resend: 'Send again',
	send: 'Send',
	sending: 'Sending…',
	sent: 'Sent',
	title: 'Chat with us',
	typing: 'Typing…',
	unknown: 'This part cannot be shown',
	unread: '{n} new',
	uploadFailed: '{name} was not uploaded',
	uploading: 'Uploading {name}',
	you: 'You',
};
export type Word = keyof typeof en;
export type Words = Readonly<Record<Word, string>>;

const uk: Words = {
	attach: 'Додати файл',
	attached: 'Вкладення',
	away: 'Чат зараз недоступний.',
	bot: 'Бот',
	close: 'Закрити чат',
	drop: 'Перетягніть файли сюди, щоб додати',
	failed: 'Не надіслано: {why}',
	greeting: 'Вітаємо! Чим можемо допомогти?',
	log: 'Повідомлення',
	message: 'Повідомлення',
	open: 'Відкрити чат',
	placeholder: 'Напишіть повідомлення…',
	reconnecting: 'Підключаємося знову…',
	remove: 'Прибрати {name}',
	removeMessage: 'Прибрати',
	resend: 'Надіслати ще раз',
	send: 'Надіслати',
	sending: 'Надсилається…',
	sent: 'Надіслано',
	title: 'Напишіть нам',
	typing: 'Пише…',
	unknown: 'Цю частину неможливо показати',
	unread: 'Нових: {n}',
	uploadFailed: '{name} не завантажено',
	uploading: 'Завантажується {name}',
	you: 'Ви',
};

const bg: Words = {
	attach: 'Прикачване на файл',
	attached: 'Прикачени файлове',
	away: 'Чатът не е достъпен в момента.',
	bot: 'Бот',
	close: 'Затваряне на чата',
	drop: 'Пуснете файловете тук, за да ги прикачите',
	failed: 'Не е изпратено: {why}',
	greeting: 'Здравейте! С какво да помогнем?',
	log: 'Съобщения',
	message: 'Съобщение',
	open: 'Отваряне на чата',
	placeholder: 'Напишете съобщение…',
	reconnecting: 'Свързваме се отново…',
	remove: 'Премахване на {name}',
	removeMessage: 'Премахване',
	resend: 'Изпрати отново',
	send: 'Изпращане',
	sending: 'Изпраща се…',
	sent: 'Изпратено',
	title: 'Пишете ни',
	typing: 'Пише…',
	unknown: 'Тази част не може да се покаже',
	unread: 'Нови: {n}',
	uploadFailed: '{name} не беше качен',
	uploading: 'Качва се {name}',
	you: 'Вие',
};

const ru: Words = {
	attach: 'Прикрепить файл',
	attached: 'Вложения',
	away: 'Чат сейчас недоступен.',
	bot: 'Бот',
	close: 'Закрыть чат',
	drop: 'Перетащите файлы сюда, чтобы прикрепить',
	failed: 'Не отправлено: {why}',
	greeting: 'Здравствуйте! Чем можем помочь?',
	log: 'Сообщения',
	message: 'Сообщение',
	open: 'Открыть чат',
	placeholder: 'Напишите сообщение…',
	reconnecting: 'Подключаемся снова…',
	remove: 'Убрать {name}',
	removeMessage: 'Убрать',
	resend: 'Отправить ещё раз',
	send: 'Отправить',
	sending: 'Отправляется…',
	sent: 'Отправлено',
	title: 'Напишите нам',
	typing: 'Печатает…',
	unknown: 'Эту часть нельзя показать',
	unread: 'Новых: {n}',
	uploadFailed: '{name} не загружен',
	uploading: 'Загружается {name}',
	you: 'Вы',
};

export const STRINGS: Readonly<Record<string, Words>> = { en, uk, bg, ru };

function base(tag: string): string {
	return tag.toLowerCase().split(/[-_]/)[0] ?? '';
}

/** The first of these tags that the widget speaks, else English. */
export function chooseLanguage(tags: readonly (string | null | undefined)[]): string {
	return tags.map((tag) => base(tag ?? '')).find((tag) => Object.keys(STRINGS).includes(tag)) ?? 'en';
}

export function words(language: string): Words {
	return STRINGS[chooseLanguage([language])] ?? en;
}

export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
	return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text of the settings: one for all, or the one of the language, else English, else any. */
export function localized(value: string | Record<string, string> | undefined, language: string): string {
	if (typeof value === 'string' || value === undefined) return value ?? '';
	return value[base(language)] ?? value['en'] ?? Object.values(value)[0] ?? '';
}
