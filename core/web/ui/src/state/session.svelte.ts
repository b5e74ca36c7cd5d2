// SPDX-License-Identifier: Apache-2.0
// Who is signed in. When the session ends, requests wait here until somebody has signed in again.
import type { Api } from '../lib/api';
import type { Me } from '../lib/types';

export type SessionStatus = 'starting' | 'out' | 'in' | 'expired';

export class Session {
	status = $state<SessionStatus>('starting');
	me = $state.raw<Me | null>(null);
	#waiting: (() => void)[] = [];

	constructor(
		private readonly api: Api,
		/** Somebody else has signed in: what this page holds is not for them. */
		private readonly userChanged: () => void,
	) {}

	/** The id of who is signed in; "" before. */
	get userId(): string {
		return this.me?.user.id ?? '';
	}

	/** Takes a fresh Me, of sign-in or of asking. */
	adopt(me: Me): void {
		this.api.csrf = me.csrf;
		if (this.me && this.me.user.id !== me.user.id) {
			this.userChanged();
			return;
		}
		this.me = me;
		this.status = 'in';
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const go of waiting) go();
	}

	out(): void {
		this.status = 'out';
	}

	/** The server no longer knows us. Resolves after the next sign-in. */
	expire(): Promise<void> {
		if (this.status === 'in') this.status = 'expired';
		return new Promise((go) => this.#waiting.push(go));
	}

	async login(email: string, password: string): Promise<void> {
		this.adopt(await this.api.login({ email, password }));
	}
}
