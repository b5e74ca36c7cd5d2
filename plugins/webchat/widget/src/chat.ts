// SPDX-License-Identifier: Apache-2.0
// The visitor's side of the conversation: hello, what is said, what is on its way; the view only draws it.
import { History } from './history';
import { Link } from './link';
import type { Memory } from './memory';
import { Queue } from './queue';
import { chooseLanguage } from './strings';
import { pollTransport, socketTransport } from './transports';
import { Uploads } from './uploads';
import { isRecord, type Hello, type Message, type Part, type ServerFrame, type Settings, type Welcome } from './wire';

const TYPING_EVERY_MS = 3_000;
const TYPING_SHOWN_MS = 6_000;
/** The server is full: it will be so for a while. */
const FULL_MS = 45_000;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export type Line = 'off' | 'connecting' | 'up' | 'down' | 'refused';

function randomKey(): string {
	return Array.from(crypto.getRandomValues(new Uint8Array(22)), (byte) => LETTERS[byte & 63]).join('');
}

function timer(ms: number, run: () => void): () => void {
	const id = setTimeout(run, ms);
	return () => clearTimeout(id);
}

export class Chat {
	readonly history = new History();
	readonly queue: Queue;
	readonly uploads: Uploads;
	line: Line = 'off';
	settings: Settings;
	language: string;
	isTyping = false;
	/** Set by the view. */
	changed: () => void = () => {};
	readonly #link: Link;
	#cursor: string | null = null;
	#saidToken: string | null = null;
	#typingSaid = 0;
	#cancelTyping: () => void = () => {};

	constructor(
		base: string,
		private readonly memory: Memory,
		private readonly wanted: string,
	) {
		const stored = memory.get('settings');
		this.settings = isRecord(stored) ? (stored as Settings) : {};
		this.language = chooseLanguage([wanted, memory.text('language')]);
		this.uploads = new Uploads(`${base}/upload`, () => this.changed());
		this.queue = new Queue({
			load: () => memory.entries(),
			keep: (entry) => memory.keep(entry),
			forget: (key) => memory.forget(key),
			timer,
			random: Math.random,
			changed: () => this.changed(),
			stuck: () => this.#link.lost(0),
		});
		const ports = {
			socket: socketTransport(`${base.replace(/^http/, 'ws')}/ws`),
			poll: pollTransport(`${base}/poll`),
			timer,
			random: Math.random,
			now: Date.now,
		};
		this.#link = new Link(
			{ ...ports, hello: () => this.#hello() },
			{ frame: (frame) => this.#frame(frame), status: (status) => this.#status(status) },
		);
	}

	/** Somebody has talked to us from this browser before, or tried to. */
	get isKnown(): boolean {
		return this.memory.text('token') !== null || this.queue.entries.length > 0;
	}

	start(): void {
		if (this.#link.isStarted || this.line === 'refused') return;
		this.line = 'connecting';
		this.#link.connect();
		this.changed();
	}

	nudge(): void {
		this.#link.nudge();
	}

	/** Words and whatever files are ready; false when there is nothing to send. */
	say(text: string): boolean {
		const words = text.trim();
		const parts: Part[] = words ? [{ type: 'text', text: words }] : [];
		parts.push(...this.uploads.takeReady());
		if (!parts.length) return false;
		this.queue.add(randomKey(), parts, Date.now());
		this.start();
		return true;
	}

	sayTyping(): void {
		const now = Date.now();
		if (this.line !== 'up' || now - this.#typingSaid < TYPING_EVERY_MS) return;
		this.#typingSaid = now;
		this.#link.send({ type: 'typing' });
	}

	get unread(): number {
		return this.history.unread(this.memory.text('seen'));
	}

	/** The visitor looks at the messages. */
	markSeen(): void {
		const last = this.history.lastTheirs();
		if (last && last !== this.memory.text('seen')) this.memory.set('seen', last);
	}

	/** Another tab changed what is kept: its message was acknowledged or given up. */
	storageChanged(name: string, isGone: boolean): void {
		const head = `${this.memory.prefix}out:`;
		if (isGone && name.startsWith(head)) this.queue.drop(name.slice(head.length));
		else if (name === `${this.memory.prefix}seen`) this.changed();
	}

	#hello(): Hello {
		this.#saidToken = this.memory.text('token');
		const page = { url: location.href.slice(0, 2_000), title: document.title.slice(0, 200) };
		return { type: 'hello', token: this.#saidToken, cursor: this.#cursor, language: this.wanted, page };
	}

	#status(status: 'up' | 'down'): void {
		if (status === 'down') this.queue.closed();
		else
			this.queue.open((entry) =>
				this.#link.send({ type: 'message', key: entry.key, parts: entry.parts.map(bare) }),
			);
		this.line = status;
		this.changed();
	}

	#frame(frame: ServerFrame): void {
		if (frame.type === 'welcome') this.#welcome(frame);
		else if (frame.type === 'message') this.#message(frame);
		else if (frame.type === 'ack') this.#ack(frame.key);
		else if (frame.type === 'error') this.queue.error(frame);
		else if (frame.type === 'refused') this.#refused(frame.reason);
		else if (frame.type === 'typing') this.#typing(true);
		else if (frame.type === 'reset') {
			this.#cursor = null;
			this.#link.lost(0);
		}
	}

	#welcome(frame: Welcome): void {
		const stored = this.memory.text('token');
		if (stored && !this.#saidToken) {
			// Two tabs said their first hello at once: the other was quicker, this visitor is that one.
			this.#link.lost(0);
			return;
		}
		this.memory.set('token', frame.token);
		this.uploads.setToken(frame.token);
		if (frame.language) this.language = chooseLanguage([frame.language]);
		this.memory.set('language', this.language);
		if (isRecord(frame.settings)) {
			this.settings = frame.settings;
			this.memory.set('settings', frame.settings);
		}
	}

	#message(frame: Message): void {
		if (frame.cursor) this.#cursor = frame.cursor;
		this.history.take(frame);
		if (frame.key) this.queue.done(frame.key);
		if (frame.author.kind !== 'contact') this.#typing(false);
		this.changed();
	}

	#ack(key: string): void {
		const entry = this.queue.done(key);
		if (entry) this.history.acknowledged(entry);
		this.changed();
	}

	#refused(reason: string): void {
		if (reason === 'token') {
			this.memory.set('token', null);
			this.#cursor = null;
			this.#link.lost(1_000);
		} else if (reason === 'full') {
			this.#link.lost(FULL_MS);
		} else {
			this.#link.stop();
			this.queue.closed();
			this.line = 'refused';
			this.changed();
		}
	}

	#typing(isOn: boolean): void {
		this.#cancelTyping();
		if (isOn) this.#cancelTyping = timer(TYPING_SHOWN_MS, () => this.#typing(false));
		if (this.isTyping === isOn) return;
		this.isTyping = isOn;
		this.changed();
	}
}

/** A file is named by its id; the server knows the rest. */
function bare(part: Part): Part {
	return part.type === 'media' && part.file ? { type: 'media', file: part.file } : part;
}
