// SPDX-License-Identifier: Apache-2.0
// The live socket as the page sees it: is it there, what troubles the server, who is typing.
import { SvelteMap } from 'svelte/reactivity';
import { ApiError, type Api } from '../lib/api';
import { LiveClient, type LiveStatus, type Reachability, type Signal, type Socket } from '../lib/live';
import type { Event, Me } from '../lib/types';

const TYPING_SHOWN_MS = 6_000;
const TYPING_EVERY_MS = 3_000;
/** A blink of the network is not worth a banner. */
const LOST_SHOWN_MS = 700;

export interface ConnectionHandlers {
	event(event: Event): void;
	reset(): void;
	signedOut(): void;
	/** Connected, for the first time or again. */
	opened(): void;
	/** Fresh words of the server on who we are. */
	me(me: Me): void;
}

export class Connection {
	status = $state<LiveStatus>('off');
	isLost = $state(false);
	trouble = $state('');
	/** By conversation: who is typing ("contact 7"). */
	readonly typing = new SvelteMap<string, { readonly kind: string; readonly id: string }>();
	readonly live: LiveClient;
	#typingSaid = 0;
	#lostTimer: ReturnType<typeof setTimeout> | undefined;

	constructor(
		private readonly api: Api,
		private readonly on: ConnectionHandlers,
	) {
		this.live = new LiveClient(
			{
				open: (after) =>
					new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/live?after=${after}`) as Socket,
				probe: () => this.#probe(),
				timer: (ms, run) => {
					const timer = setTimeout(run, ms);
					return () => clearTimeout(timer);
				},
				random: Math.random,
				now: Date.now,
			},
			{
				event: (event) => on.event(event),
				signal: (signal) => this.#signal(signal),
				trouble: (text) => (this.trouble = text),
				status: (status) => this.#setStatus(status),
				reset: () => on.reset(),
				signedOut: () => on.signedOut(),
			},
		);
		addEventListener('online', () => this.live.nudge());
		document.addEventListener('visibilitychange', () => {
			if (document.visibilityState === 'visible') this.live.nudge();
		});
	}

	/** At most once in a while: the other side shows it for a moment. */
	sayTyping(conversation: string): void {
		const now = Date.now();
		if (now - this.#typingSaid < TYPING_EVERY_MS) return;
		this.#typingSaid = now;
		this.live.typing(conversation);
	}

	#setStatus(status: LiveStatus): void {
		this.status = status;
		clearTimeout(this.#lostTimer);
		if (status === 'lost') this.#lostTimer = setTimeout(() => (this.isLost = true), LOST_SHOWN_MS);
		else if (status !== 'connecting') this.isLost = false;
		if (status === 'open') this.on.opened();
	}

	async #probe(): Promise<Reachability> {
		try {
			this.on.me(await this.api.me());
			return 'fine';
		} catch (why) {
			return why instanceof ApiError && why.status === 401 ? 'signed_out' : 'away';
		}
	}

	#signal(signal: Signal): void {
		const { conversation, by } = signal;
		if (signal.kind !== 'typing' || !conversation || !by) return;
		const who = { kind: by.kind, id: by.id ?? '' };
		this.typing.set(conversation, who);
		setTimeout(() => {
			if (this.typing.get(conversation) === who) this.typing.delete(conversation);
		}, TYPING_SHOWN_MS);
	}
}
