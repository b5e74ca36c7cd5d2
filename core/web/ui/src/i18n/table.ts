// SPDX-License-Identifier: Apache-2.0
// The form of a language's table and how an entry becomes text.
import type { en } from './en';

/** A text with {names}, or its forms by plural category of {n}. */
export type Entry = string | ({ readonly other: string } & { readonly [rule in Intl.LDMLPluralRule]?: string });
export type Key = keyof typeof en;
export type Table = Readonly<Record<Key, Entry>>;
export type Values = Readonly<Record<string, string | number>>;

export const LANGUAGES = { en: 'English', uk: 'Українська', bg: 'Български', ru: 'Русский' } as const;
export type Language = keyof typeof LANGUAGES;

export function isLanguage(text: unknown): text is Language {
	return typeof text === 'string' && Object.hasOwn(LANGUAGES, text);
}

/** The first of these tags ("uk-UA") that we speak, else English. */
export function chooseLanguage(tags: readonly string[]): Language {
	return tags.map((tag) => tag.toLowerCase().split('-')[0]).find(isLanguage) ?? 'en';
}

function form(entry: Entry, language: Language, values: Values): string {
	if (typeof entry === 'string') return entry;
	const rule = new Intl.PluralRules(language).select(Number(values['n'] ?? 0));
	return entry[rule] ?? entry.other;
}

/** Puts the values in; a value is never looked at for {names} again. */
export function fill(entry: Entry, language: Language, values: Values = {}): string {
	return form(entry, language, values).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
