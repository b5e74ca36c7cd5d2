// SPDX-License-Identifier: Apache-2.0
// The page's language: t('key') gives its text and follows when another language is chosen.
import { browserStorage } from '../lib/storage';
import { en } from './en';
import { chooseLanguage, fill, isLanguage, type Key, type Language, type Table, type Values } from './table';

const NAME = 'beseda.language';
const storage = browserStorage(localStorage);

const LOADERS: Readonly<Record<Language, () => Promise<Table>>> = {
	en: async () => en,
	uk: async () => (await import('./uk')).uk,
	bg: async () => (await import('./bg')).bg,
	ru: async () => (await import('./ru')).ru,
};

let current = $state.raw<{ language: Language; table: Table }>({ language: 'en', table: en });

export function t(key: Key, values?: Values): string {
	return fill(current.table[key], current.language, values);
}

/** For dates and numbers. */
export function language(): Language {
	return current.language;
}

async function use(chosen: Language): Promise<void> {
	try {
		current = { language: chosen, table: await LOADERS[chosen]() };
		document.documentElement.lang = chosen;
	} catch (why) {
		console.warn('the language table did not load', chosen, why);
	}
}

export function setLanguage(chosen: Language): Promise<void> {
	storage.set(NAME, chosen);
	return use(chosen);
}

/** The language chosen before, else the browser's. */
export function startLanguage(): Promise<void> {
	const stored = storage.get(NAME);
	return use(isLanguage(stored) ? stored : chooseLanguage(navigator.languages));
}
