// SPDX-License-Identifier: Apache-2.0
// A person's client of the REST API and the live socket: keeps the cookie, sends the CSRF token, throws on errors.
'use strict';
const { randomBytes } = require('node:crypto');

class ApiError extends Error {
	constructor(answer) {
		super(`${answer.status} ${answer.body?.error?.code ?? ''}: ${answer.body?.error?.text ?? answer.text ?? ''}`);
		this.status = answer.status;
		this.code = answer.body?.error?.code;
		this.field = answer.body?.error?.field;
	}
}

class Client {
	constructor(url) {
		this.url = url;
		this.cookie = '';
		this.csrf = '';
		this.sockets = [];
	}

	// Any request; gives {status, headers, text, body} and does not throw on an error status. `json` is sent as such.
	async raw(method, path, { json, body, headers = {} } = {}) {
		const all = { ...headers };
		if (this.cookie && !('Cookie' in all)) all.Cookie = this.cookie;
		if (method !== 'GET' && this.csrf && !('X-CSRF' in all)) all['X-CSRF'] = this.csrf;
		if (json !== undefined && !all['Content-Type']) all['Content-Type'] = 'application/json';
		const response = await fetch(`${this.url}/api/v1${path}`, {
			method,
			headers: all,
			body: json === undefined ? body : JSON.stringify(json),
			redirect: 'manual',
		});
		const cookie = response.headers.get('set-cookie');
		if (cookie) this.cookie = cookie.split(';')[0];
		const bytes = Buffer.from(await response.arrayBuffer());
		const text = bytes.toString('utf8');
		const isJson = /^application\/json/.test(response.headers.get('content-type') ?? '');
		return { status: response.status, headers: response.headers, bytes, text, body: isJson ? JSON.parse(text) : undefined };
	}

	async request(method, path, options) {
		const answer = await this.raw(method, path, options);
		if (answer.status >= 400) throw new ApiError(answer);
		return answer.body;
	}

	get(path) {
		return this.request('GET', path);
	}
	post(path, json) {
		return this.request('POST', path, json === undefined ? {} : { json });
	}
	patch(path, json) {
		return this.request('PATCH', path, { json });
	}

	async login(email, password) {
		this.me = await this.post('/login', { email, password });
		this.csrf = this.me.csrf;
		return this.me;
	}

	async logout() {
		await this.post('/logout');
		this.cookie = '';
		this.csrf = '';
	}

	async upload(name, bytes, type = 'application/octet-stream') {
		const path = `/files?name=${encodeURIComponent(name)}`;
		return (await this.request('POST', path, { body: bytes, headers: { 'Content-Type': type } })).file;
	}

	send(conversation, text, more = {}) {
		const key = randomBytes(12).toString('hex');
		return this.post(`/conversations/${conversation}/messages`, { key, parts: [{ type: 'text', text }], ...more });
	}

	// Opens the live socket and waits for its hello. after: default the head as /me gives it.
	async live(after, headers = {}) {
		const socket = new Live(this, after ?? (await this.get('/me')).seq, headers);
		this.sockets.push(socket);
		await socket.next((frame) => frame.type === 'hello');
		return socket;
	}

	close() {
		for (const socket of this.sockets.splice(0)) socket.close();
	}
}

// The live socket: frames in order; next() waits for one.
class Live {
	constructor(client, after, headers) {
		const { WebSocket } = require('ws');
		this.frames = [];
		this.taken = 0;
		this.waiting = [];
		this.ended = false;
		const address = `${client.url.replace(/^http/, 'ws')}/api/v1/live?after=${after}`;
		this.ws = new WebSocket(address, { headers: { Cookie: client.cookie, ...headers } });
		this.ws.on('message', (data) => {
			this.frames.push(JSON.parse(String(data)));
			this.wake();
		});
		this.closed = new Promise((resolve) => {
			this.ws.once('error', (error) => (this.error = error));
			this.ws.once('close', (code) => {
				this.ended = true;
				this.wake();
				resolve(code);
			});
		});
	}

	wake() {
		for (const check of this.waiting.splice(0)) check();
	}

	// The next frame not yet taken that fits; those before it are passed over. Rejects when the socket closes or ms are over.
	next(fits = () => true, ms = 10_000) {
		return new Promise((resolve, reject) => {
			const seen = () => JSON.stringify(this.frames.slice(-5)).slice(0, 1500);
			let timer = setTimeout(() => {
				timer = null;
				reject(new Error(`no such frame in ${ms} ms; the last: ${seen()}`));
			}, ms);
			const end = (settle, value) => {
				clearTimeout(timer);
				settle(value);
			};
			const check = () => {
				if (!timer) return;
				while (this.taken < this.frames.length) {
					const frame = this.frames[this.taken++];
					if (fits(frame)) return end(resolve, frame);
				}
				if (this.ended) end(reject, this.error ?? new Error(`the socket closed; the last frames: ${seen()}`));
				else this.waiting.push(check);
			};
			check();
		});
	}

	event(kind, fits = () => true) {
		return this.next((frame) => frame.type === 'event' && frame.kind === kind && fits(frame));
	}

	events() {
		return this.frames.filter((frame) => frame.type === 'event');
	}

	send(frame) {
		this.ws.send(JSON.stringify(frame));
	}

	close() {
		this.ws.close();
	}
}

module.exports = { Client, Live, ApiError };
