// SPDX-License-Identifier: Apache-2.0
// The two ways of a link: a WebSocket, and polls that the server holds until there is something to say.
import type { OpenTransport } from './link';
import { asFrame, isRecord, parseFrame, type ClientFrame, type Hello, type ServerFrame } from './wire';

const PING_MS = 25_000;
const PONG_MS = 10_000;
const POLL_MS = 40_000;
const FRAMES = 16;
/** The server cannot look at the moment and does not say for how long. */
const AWAY_MS = 2_000;

/** Pings, since a page does not hear the server's own: a line that is dead without a word is noticed. */
export function socketTransport(url: string): OpenTransport {
	return (hello, on) => {
		let isOver = false;
		let ping: ReturnType<typeof setTimeout> | undefined;
		const end = (): void => {
			if (isOver) return;
			isOver = true;
			clearTimeout(ping);
			on.down();
		};
		let socket: WebSocket;
		try {
			socket = new WebSocket(url);
		} catch {
			setTimeout(end);
			return { send() {}, close: () => (isOver = true) };
		}
		const listen = (): void => {
			clearTimeout(ping);
			ping = setTimeout(() => {
				socket.send('{"type":"ping"}');
				ping = setTimeout(() => (socket.close(), end()), PONG_MS);
			}, PING_MS);
		};
		socket.onopen = () => (socket.send(JSON.stringify(hello)), listen());
		socket.onmessage = (event) => {
			if (isOver) return;
			listen();
			const frame = parseFrame(event.data);
			if (frame) on.frame(frame);
		};
		socket.onclose = socket.onerror = end;
		return {
			send(frame) {
				if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
			},
			close() {
				isOver = true;
				clearTimeout(ping);
				socket.close();
			},
		};
	};
}

interface PollAnswer {
	frames: ServerFrame[];
	cursor: string | null;
	token: string | null;
}

async function ask(url: string, body: unknown, signal: AbortSignal): Promise<PollAnswer> {
	const headers = { 'Content-Type': 'application/json' };
	const response = await fetch(url, {
		method: 'POST',
		headers,
		body: JSON.stringify(body),
		credentials: 'omit',
		signal,
	});
	const answer: unknown = await response.json();
	const list = isRecord(answer) && Array.isArray(answer['frames']) ? answer['frames'] : [];
	const frames = list.map(asFrame).filter((frame): frame is ServerFrame => frame !== undefined);
	if (!response.ok && !frames.length) throw new Error(`HTTP ${response.status}`);
	const text = (name: string): string | null =>
		isRecord(answer) && typeof answer[name] === 'string' ? (answer[name] as string) : null;
	return { frames, cursor: text('cursor'), token: text('token') };
}

/** One request at a time; a held one is let go when there is something to send: what it would have said comes by the cursor. */
class Poll {
	#waiting: ClientFrame[];
	#token: string | null;
	#cursor: string | null;
	#held: AbortController | undefined;
	#isOver = false;
	#restMs = 0;

	constructor(
		private readonly url: string,
		hello: Hello,
		private readonly on: Parameters<OpenTransport>[1],
	) {
		this.#waiting = [hello];
		this.#token = hello.token;
		this.#cursor = hello.cursor;
		void this.#run();
	}

	send(frame: ClientFrame): void {
		if (frame.type === 'ping') return;
		this.#waiting.push(frame);
		this.#held?.abort();
	}

	close(): void {
		this.#isOver = true;
		this.#held?.abort();
	}

	async #run(): Promise<void> {
		while (!this.#isOver) {
			const frames = this.#waiting.splice(0, FRAMES);
			const control = new AbortController();
			const timer = setTimeout(() => control.abort(), POLL_MS);
			this.#held = frames.length ? undefined : control;
			try {
				this.#take(await ask(this.url, { token: this.#token, cursor: this.#cursor, frames }, control.signal));
			} catch {
				const isLetGo = control.signal.aborted && !frames.length && this.#waiting.length > 0;
				if (this.#isOver || isLetGo) continue;
				this.#isOver = true;
				this.on.down();
			} finally {
				clearTimeout(timer);
				this.#held = undefined;
			}
			await this.#rest();
		}
	}

	async #rest(): Promise<void> {
		const ms = this.#restMs;
		this.#restMs = 0;
		if (ms > 0 && !this.#isOver) await new Promise((go) => setTimeout(go, ms));
	}

	#take(answer: PollAnswer): void {
		for (const frame of answer.frames) {
			if (this.#isOver) return;
			if (frame.type === 'error' && frame.key === null) this.#restMs = frame.retry_ms ?? AWAY_MS;
			this.on.frame(frame);
		}
		this.#token = answer.token ?? this.#token;
		this.#cursor = answer.cursor ?? this.#cursor;
	}
}

export function pollTransport(url: string): OpenTransport {
	return (hello, on) => new Poll(url, hello, on);
}
