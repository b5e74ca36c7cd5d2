// SPDX-License-Identifier: Apache-2.0
// JSON in the browser's storage. A browser that refuses (full, private mode) costs what would be remembered, nothing else.

export interface Storage {
	get(name: string): unknown;
	set(name: string, value: unknown): void;
	remove(name: string): void;
	/** The names that begin with head. */
	names(head: string): string[];
}

export function browserStorage(area: globalThis.Storage): Storage {
	return {
		get(name) {
			try {
				const text = area.getItem(name);
				return text === null ? undefined : JSON.parse(text);
			} catch {
				return undefined;
			}
		},
		set(name, value) {
			try {
				area.setItem(name, JSON.stringify(value));
			} catch (why) {
				console.warn('cannot remember', name, why);
			}
		},
		remove(name) {
			try {
				area.removeItem(name);
			} catch (why) {
				console.warn('cannot forget', name, why);
			}
		},
		names(head) {
			return Object.keys(area).filter((name) => name.startsWith(head));
		},
	};
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
