// SPDX-License-Identifier: Apache-2.0
// What the browser keeps between pages, by inbox. Where it keeps nothing (private mode, full), this page's memory must do.
import { isRecord, type Part } from './wire';

/** A message on its way. */
export interface Entry {
	readonly key: string;
	readonly parts: readonly Part[];
	readonly at: number;
	/** Set: the server will not have it, and says why. */
	readonly refused?: string;
}

/** Names and texts, as localStorage has them. */
export interface Area {
	getItem(name: string): string | null;
	setItem(name: string, text: string): void;
	removeItem(name: string): void;
	names(): string[];
}

export function areaOf(storage: () => Storage): Area {
	const here = new Map<string, string>();
	const attempt = <T>(work: () => T, otherwise: T): T => {
		try {
			return work();
		} catch {
			return otherwise;
		}
	};
	return {
		getItem: (name) => here.get(name) ?? attempt(() => storage().getItem(name), null),
		setItem(name, text) {
			const isKept = attempt(() => (storage().setItem(name, text), true), false);
			if (isKept) here.delete(name);
			else here.set(name, text);
		},
		removeItem(name) {
			here.delete(name);
			attempt(() => storage().removeItem(name), undefined);
		},
		names: () => [...here.keys(), ...attempt(() => Object.keys(storage()), [])],
	};
}

function isEntry(value: unknown): value is Entry {
	return (
		isRecord(value) &&
		typeof value['key'] === 'string' &&
		typeof value['at'] === 'number' &&
		Array.isArray(value['parts'])
	);
}

export class Memory {
	readonly prefix: string;

	constructor(
		private readonly area: Area,
		inbox: string,
	) {
		this.prefix = `beseda:${inbox}:`;
	}

	get(name: string): unknown {
		try {
			return JSON.parse(this.area.getItem(this.prefix + name) ?? 'null');
		} catch {
			return null;
		}
	}

	set(name: string, value: unknown): void {
		if (value === null || value === '') this.area.removeItem(this.prefix + name);
		else this.area.setItem(this.prefix + name, JSON.stringify(value));
	}

	text(name: string): string | null {
		const value = this.get(name);
		return typeof value === 'string' ? value : null;
	}

	/** Messages that an earlier page, or another tab, left unacknowledged; oldest first. */
	entries(): Entry[] {
		const head = `${this.prefix}out:`;
		return this.area
			.names()
			.filter((name) => name.startsWith(head))
			.map((name) => this.get(name.slice(this.prefix.length)))
			.filter(isEntry)
			.sort((a, b) => a.at - b.at);
	}

	keep(entry: Entry): void {
		this.set(`out:${entry.key}`, entry);
	}

	forget(key: string): void {
		this.set(`out:${key}`, null);
	}
}
