// SPDX-License-Identifier: Apache-2.0
// The visitor's messages until the server has acknowledged them: one on the wire at a time, so that they arrive in order;
// sent again with the same key after every lost connection, and after a reload.
import { backoffMs } from './backoff';
import type { Entry } from './memory';
import type { ErrorFrame, Part } from './wire';

/** No acknowledgement for so long: the connection is dead, whatever it says. */
const ACK_MS = 20_000;
const FINAL = new Set(['too_large', 'invalid']);

export interface QueuePorts {
	load(): Entry[];
	keep(entry: Entry): void;
	forget(key: string): void;
	timer(ms: number, run: () => void): () => void;
	random(): number;
	changed(): void;
	/** The acknowledgement does not come. */
	stuck(): void;
}

type Send = (entry: Entry) => void;

export class Queue {
	#entries: Entry[];
	#send: Send | undefined;
	#flying = '';
	#attempt = 0;
	#cancel: () => void = () => {};

	constructor(private readonly ports: QueuePorts) {
		this.#entries = ports.load();
	}

	get entries(): readonly Entry[] {
		return this.#entries;
	}

	add(key: string, parts: readonly Part[], at: number): void {
		const entry: Entry = { key, parts, at };
		this.ports.keep(entry);
		this.#entries.push(entry);
		this.ports.changed();
		this.#pump();
	}

	/** The way to the server is open: everything unacknowledged goes, oldest first. */
	open(send: Send): void {
		this.#send = send;
		this.#land();
		this.#pump();
	}

	closed(): void {
		this.#send = undefined;
		this.#land();
	}

	/** Acknowledged, or seen among the messages of the server. Returns what it was. */
	done(key: string): Entry | undefined {
		const entry = this.#remove(key);
		if (entry) {
			this.#attempt = 0;
			this.#pump();
		}
		return entry;
	}

	error(frame: ErrorFrame): void {
		const entry = this.#entries.find((one) => one.key === frame.key);
		if (!entry) return;
		if (FINAL.has(frame.code)) {
			this.#replace({ ...entry, refused: frame.text ?? frame.code });
			this.#landed(entry.key);
			this.#pump();
		} else if (this.#flying === entry.key) {
			this.#cancel();
			const ms = frame.retry_ms ?? backoffMs(this.#attempt++, this.ports.random);
			this.#cancel = this.ports.timer(ms, () => {
				this.#land();
				this.#pump();
			});
		}
	}

	/** The visitor wants a refused one tried again. */
	retry(key: string): void {
		const entry = this.#entries.find((one) => one.key === key && one.refused !== undefined);
		if (!entry) return;
		this.#replace({ key: entry.key, parts: entry.parts, at: entry.at });
		this.#pump();
	}

	/** The visitor gives up on one, or another tab has finished it. */
	drop(key: string): void {
		if (this.#remove(key)) this.#pump();
	}

	#remove(key: string): Entry | undefined {
		const entry = this.#entries.find((one) => one.key === key);
		if (!entry) return undefined;
		this.#entries = this.#entries.filter((one) => one !== entry);
		this.ports.forget(key);
		this.#landed(key);
		this.ports.changed();
		return entry;
	}

	#replace(entry: Entry): void {
		this.ports.keep(entry);
		this.#entries = this.#entries.map((one) => (one.key === entry.key ? entry : one));
		this.ports.changed();
	}

	#land(): void {
		this.#cancel();
		this.#flying = '';
	}

	#landed(key: string): void {
		if (this.#flying === key) this.#land();
	}

	#pump(): void {
		const next = this.#entries.find((entry) => entry.refused === undefined);
		if (!this.#send || this.#flying || !next) return;
		this.#flying = next.key;
		this.#cancel = this.ports.timer(ACK_MS, () => this.ports.stuck());
		this.#send(next);
	}
}
