// SPDX-License-Identifier: Apache-2.0
// The REST client: one function an operation, typed from the contract; errors carry the server's code and sentence.
import type { Answer, Body, Query } from './types';

const TIMEOUT_MS = 20_000;
const UPLOAD_TIMEOUT_MS = 10 * 60_000;

/** status 0: no answer came. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		text: string,
		readonly field?: string,
	) {
		super(text);
	}
	/** Trying the same again may help. */
	get isPassing(): boolean {
		return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
	}
}

export interface ApiPorts {
	fetch: typeof fetch;
	/** The session is over. Resolves when somebody has signed in again: the request is then made once more. */
	signedOut(): Promise<void>;
}

interface Request {
	readonly method: 'GET' | 'POST' | 'PATCH';
	readonly path: string;
	readonly body?: BodyInit;
	readonly type?: string;
	/** An answer 401 is the caller's (sign-in, and asking whether one is signed in). */
	readonly isOpen?: boolean;
	readonly timeoutMs?: number;
}

async function errorOf(response: Response): Promise<ApiError> {
	try {
		const { error } = (await response.json()) as { error: { code: string; text: string; field?: string } };
		return new ApiError(response.status, error.code, error.text, error.field);
	} catch {
		return new ApiError(
			response.status,
			`http_${response.status}`,
			response.statusText || `HTTP ${response.status}`,
		);
	}
}

export function queryText(query: Record<string, string | number | undefined>): string {
	const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
	return pairs.length ? `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}` : '';
}

export class Api {
	/** What every request other than GET carries; Me brings it. */
	csrf = '';

	constructor(private readonly ports: ApiPorts) {}

	login(body: Body<'login'>): Promise<Answer<'login'>> {
		return this.#json({ method: 'POST', path: '/login', ...json(body), isOpen: true });
	}
	logout(): Promise<Answer<'logout'>> {
		return this.#json({ method: 'POST', path: '/logout', isOpen: true });
	}
	me(): Promise<Answer<'me'>> {
		return this.#json({ method: 'GET', path: '/me', isOpen: true, timeoutMs: 8_000 });
	}
	listConversations(query: Query<'listConversations'>): Promise<Answer<'listConversations'>> {
		return this.#json({ method: 'GET', path: `/conversations${queryText({ ...query })}` });
	}
	getConversation(id: string): Promise<Answer<'getConversation'>> {
		return this.#json({ method: 'GET', path: `/conversations/${id}` });
	}
	getTimeline(id: string, query: Query<'getTimeline'>): Promise<Answer<'getTimeline'>> {
		return this.#json({ method: 'GET', path: `/conversations/${id}/timeline${queryText({ ...query })}` });
	}
	sendMessage(id: string, body: Body<'sendMessage'>): Promise<Answer<'sendMessage'>> {
		return this.#json({ method: 'POST', path: `/conversations/${id}/messages`, ...json(body) });
	}
	assign(id: string, body: Body<'assign'>): Promise<Answer<'assign'>> {
		return this.#json({ method: 'POST', path: `/conversations/${id}/assign`, ...json(body) });
	}
	setState(id: string, body: Body<'setState'>): Promise<Answer<'setState'>> {
		return this.#json({ method: 'POST', path: `/conversations/${id}/state`, ...json(body) });
	}
	resendMessage(id: string): Promise<Answer<'resendMessage'>> {
		return this.#json({ method: 'POST', path: `/messages/${id}/resend` });
	}
	getContact(id: string): Promise<Answer<'getContact'>> {
		return this.#json({ method: 'GET', path: `/contacts/${id}` });
	}
	updateContact(id: string, body: Body<'updateContact'>): Promise<Answer<'updateContact'>> {
		return this.#json({ method: 'PATCH', path: `/contacts/${id}`, ...json(body) });
	}
	listUsers(): Promise<Answer<'listUsers'>> {
		return this.#json({ method: 'GET', path: '/users' });
	}
	listInboxes(): Promise<Answer<'listInboxes'>> {
		return this.#json({ method: 'GET', path: '/inboxes' });
	}
	uploadFile(file: Blob, name: string): Promise<Answer<'uploadFile'>> {
		const type = file.type || 'application/octet-stream';
		const path = `/files${queryText({ name })}`;
		return this.#json({ method: 'POST', path, body: file, type, timeoutMs: UPLOAD_TIMEOUT_MS });
	}

	async #json<T>(request: Request): Promise<T> {
		let response = await this.#fetch(request);
		if (response.status === 401 && !request.isOpen) {
			await this.ports.signedOut();
			response = await this.#fetch(request);
		} else if (response.status === 403 && request.method !== 'GET' && (await this.#refreshCsrf())) {
			response = await this.#fetch(request);
		}
		if (!response.ok) throw await errorOf(response);
		return (response.status === 204 ? undefined : await response.json()) as T;
	}

	/** Somebody signed in anew in another tab: the cookie is theirs, our csrf is old. True when it has changed. */
	async #refreshCsrf(): Promise<boolean> {
		const before = this.csrf;
		try {
			this.csrf = (await this.me()).csrf;
		} catch {
			return false;
		}
		return this.csrf !== before;
	}

	async #fetch(request: Request): Promise<Response> {
		const headers: Record<string, string> = {};
		if (request.type) headers['Content-Type'] = request.type;
		if (request.method !== 'GET' && this.csrf) headers['X-CSRF'] = this.csrf;
		try {
			return await this.ports.fetch(`/api/v1${request.path}`, {
				method: request.method,
				headers,
				credentials: 'same-origin',
				signal: AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS),
				...(request.body === undefined ? {} : { body: request.body }),
			});
		} catch (why) {
			throw new ApiError(0, 'away', why instanceof Error ? why.message : String(why));
		}
	}
}

function json(body: unknown): { body: string; type: string } {
	return { body: JSON.stringify(body), type: 'application/json' };
}
