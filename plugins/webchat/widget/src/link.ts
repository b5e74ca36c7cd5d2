// SPDX-License-Identifier: Apache-2.0
// The way to the server: a WebSocket, or polls where that cannot be opened; comes back by itself after every loss.
import { backoffMs } from './backoff';
import type { ClientFrame, Hello, ServerFrame } from './wire';

/** No welcome for so long: this way does not work. */
const WELCOME_MS = 8_000;
/** Sockets that failed in a row before a welcome, until we poll. */
const SOCKET_TRIES = 2;
/** A connection that lasted so long was a good one: after it, waiting begins at the shortest again. */
const STEADY_MS = 10_000;
/** We poll so long before a socket is tried again. */
const POLL_LIFE_MS = 30 * 60_000;

export interface TransportEvents {
	frame(frame: ServerFrame): void;
	/** It is over; nothing comes after. */
	down(): void;
}
export interface Transport {
	send(frame: ClientFrame): void;
	close(): void;
}
export type OpenTransport = (hello: Hello, on: TransportEvents) => Transport;

export interface LinkPorts {
	socket: OpenTransport;
	poll: OpenTransport;
	hello(): Hello;
	timer(ms: number, run: () => void): () => void;
	random(): number;
	now(): number;
}
export interface LinkEvents {
	frame(frame: ServerFrame): void;
	/** up: welcomed. */
	status(status: 'up' | 'down'): void;
}

export class Link {
	#transport: Transport | undefined;
	#isPolling = false;
	#failedSockets = 0;
	#attempt = 0;
	#isUp = false;
	#upSince = 0;
	#cancel: () => void = () => {};
	#cancelLife: () => void = () => {};

	constructor(
		private readonly ports: LinkPorts,
		private readonly on: LinkEvents,
	) {}

	get isStarted(): boolean {
		return this.#transport !== undefined || this.#attempt > 0;
	}

	send(frame: ClientFrame): void {
		this.#transport?.send(frame);
	}

	/** Connects now: at the start, or because waiting is no longer needed. */
	connect(): void {
		this.#abandon();
		this.#isPolling = this.#failedSockets >= SOCKET_TRIES;
		const open = this.#isPolling ? this.ports.poll : this.ports.socket;
		const transport: Transport = open(this.ports.hello(), {
			frame: (frame) => transport === this.#transport && this.#hear(frame),
			down: () => transport === this.#transport && this.lost(),
		});
		this.#transport = transport;
		this.#cancel = this.ports.timer(WELCOME_MS, () => this.lost());
	}

	/** The network or the person is back. */
	nudge(): void {
		if (!this.#transport && this.#attempt > 0) this.connect();
	}

	/** Leaves this connection and makes another, at once or after a while. */
	lost(wait?: number): void {
		if (this.#isUp && this.ports.now() - this.#upSince > STEADY_MS) this.#attempt = 0;
		if (!this.#isUp) this.#failedSockets = this.#isPolling ? 0 : this.#failedSockets + 1;
		this.#abandon();
		const ms = wait ?? backoffMs(this.#attempt, this.ports.random);
		this.#attempt++;
		this.on.status('down');
		this.#cancel = this.ports.timer(ms, () => this.connect());
	}

	stop(): void {
		this.#abandon();
		this.#attempt = 0;
	}

	#abandon(): void {
		this.#cancel();
		this.#cancelLife();
		this.#isUp = false;
		const transport = this.#transport;
		this.#transport = undefined;
		transport?.close();
	}

	#hear(frame: ServerFrame): void {
		if (frame.type === 'welcome') this.#welcomed();
		this.on.frame(frame);
		if (frame.type === 'welcome' && this.#isUp) this.on.status('up');
	}

	#welcomed(): void {
		this.#cancel();
		this.#isUp = true;
		this.#upSince = this.ports.now();
		this.#failedSockets = 0;
		if (this.#isPolling) this.#cancelLife = this.ports.timer(POLL_LIFE_MS, () => this.lost(0));
	}
}
