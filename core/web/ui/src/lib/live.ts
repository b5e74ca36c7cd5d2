// SPDX-License-Identifier: Apache-2.0
// The live socket: events in order of seq, each handed over once, over any number of lost connections.
import { backoffMs, type Backoff } from './backoff';
import { seqOf } from './seq';
import { isRecord } from './storage';
import type { Event } from './types';

const RETRY: Backoff = { firstMs: 500, capMs: 20_000 };
const HELLO_MS = 10_000;
/** A connection that lasted so long was a good one: after it, waiting begins at the shortest again. */
const STEADY_MS = 10_000;
/** Silence after which we ask over HTTP whether the server is there: a browser does not tell us of the server's pings. */
const SILENCE_MS = 60_000;

export interface Signal {
	readonly kind: string;
	readonly conversation?: string;
	readonly by?: { readonly kind: string; readonly id?: string | null };
}

/** What the client needs of a WebSocket. */
export interface Socket {
	send(text: string): void;
	close(): void;
	onmessage: ((event: { data: unknown }) => void) | null;
	onclose: ((event: unknown) => void) | null;
}

export type Reachability = 'fine' | 'signed_out' | 'away';
export type LiveStatus = 'off' | 'connecting' | 'open' | 'lost';

export interface LivePorts {
	open(after: string): Socket;
	/** Asks over HTTP what is wrong when the socket does not open. */
	probe(): Promise<Reachability>;
	timer(ms: number, run: () => void): () => void;
	random(): number;
	now(): number;
}

export interface LiveHandlers {
	event(event: Event): void;
	signal(signal: Signal): void;
	trouble(text: string): void;
	status(status: LiveStatus): void;
	/** Everything must be loaded anew; the client is off until it is started again. */
	reset(): void;
	/** The session is over; the client is off until it is started again. */
	signedOut(): void;
}

export class LiveClient {
	#after = 0;
	#socket: Socket | null = null;
	#status: LiveStatus = 'off';
	#attempt = 0;
	#openSince = 0;
	#cancelTimer: () => void = () => {};

	constructor(
		private readonly ports: LivePorts,
		private readonly on: LiveHandlers,
	) {}

	/** The seq of the last event handed over. */
	get after(): number {
		return this.#after;
	}

	start(after: string): void {
		this.stop();
		this.#after = seqOf(after);
		this.#attempt = 0;
		this.#connect();
	}

	/** Goes on where it stopped. */
	resume(): void {
		if (this.#status === 'off') this.start(String(this.#after));
	}

	stop(): void {
		this.#abandon();
		this.#setStatus('off');
	}

	/** The network or the person is back: tries now when it waits, checks when it seems open. */
	nudge(): void {
		if (this.#status === 'lost' && !this.#socket) this.#connect();
		else if (this.#status === 'open') void this.#checkSilence();
	}

	typing(conversation: string): void {
		if (this.#status === 'open') this.#socket?.send(JSON.stringify({ type: 'typing', conversation }));
	}

	#setStatus(status: LiveStatus): void {
		if (status === this.#status) return;
		this.#status = status;
		this.on.status(status);
	}

	#schedule(ms: number, run: () => void): void {
		this.#cancelTimer();
		this.#cancelTimer = this.ports.timer(ms, run);
	}

	/** Lets go of the socket so that nothing it still says is heard. */
	#abandon(): void {
		this.#cancelTimer();
		const socket = this.#socket;
		this.#socket = null;
		if (!socket) return;
		socket.onmessage = null;
		socket.onclose = null;
		socket.close();
	}

	#connect(): void {
		this.#abandon();
		if (this.#status !== 'lost') this.#setStatus('connecting');
		const socket = this.ports.open(String(this.#after));
		this.#socket = socket;
		socket.onmessage = (event) => this.#hear(socket, event.data);
		socket.onclose = () => void this.#lost();
		this.#schedule(HELLO_MS, () => void this.#lost());
	}

	async #lost(): Promise<void> {
		const wasOpen = this.#status === 'open';
		if (wasOpen && this.ports.now() - this.#openSince > STEADY_MS) this.#attempt = 0;
		this.#abandon();
		this.#setStatus('lost');
		const attempt = this.#attempt++;
		const isSignedOut = !wasOpen && (await this.ports.probe()) === 'signed_out';
		if (this.#status !== 'lost' || this.#socket) return;
		if (isSignedOut) this.#signedOut();
		else this.#schedule(backoffMs(RETRY, attempt, this.ports.random), () => this.#connect());
	}

	async #checkSilence(): Promise<void> {
		const socket = this.#socket;
		const found = await this.ports.probe();
		if (!socket || socket !== this.#socket) return;
		if (found === 'signed_out') this.#signedOut();
		else if (found === 'away') void this.#lost();
		else this.#schedule(SILENCE_MS, () => void this.#checkSilence());
	}

	#signedOut(): void {
		this.stop();
		this.on.signedOut();
	}

	#hear(socket: Socket, data: unknown): void {
		if (socket !== this.#socket) return;
		const frame = parseFrame(data);
		if (!frame) return;
		this.#schedule(SILENCE_MS, () => void this.#checkSilence());
		if (frame['type'] === 'hello') this.#hello();
		else if (frame['type'] === 'event') this.#event(frame as unknown as Event);
		else if (frame['type'] === 'signal') this.on.signal(frame as unknown as Signal);
		else if (frame['type'] === 'state') this.on.trouble(String(frame['trouble'] ?? ''));
		else if (frame['type'] === 'reset') {
			this.stop();
			this.on.reset();
		} else if (frame['type'] === 'signed_out') this.#signedOut();
	}

	#hello(): void {
		this.#openSince = this.ports.now();
		this.#setStatus('open');
	}

	#event(event: Event): void {
		const seq = seqOf(event.seq);
		if (seq <= this.#after) return;
		this.#after = seq;
		this.on.event(event);
	}
}

function parseFrame(data: unknown): Record<string, unknown> | undefined {
	try {
		const frame: unknown = JSON.parse(String(data));
		return isRecord(frame) ? frame : undefined;
	} catch {
		return undefined;
	}
}
