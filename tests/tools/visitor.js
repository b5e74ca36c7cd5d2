// SPDX-License-Identifier: Apache-2.0
// A visitor on the wire of a live channel (core/channel/live.h), as the widget speaks it: says again what was not acknowledged
// or put off, comes back with his cursor, and keeps all that he was ever told.
'use strict';
const { randomBytes } = require('node:crypto');
const { waitFor } = require('./besedad');

class Visitor {
	constructor(url, inbox) {
		this.address = `${url.replace(/^http/, 'ws')}/live/${inbox}/ws`;
		this.token = null;
		this.cursor = null;
		this.told = []; // every message frame, repeats too
		this.frames = [];
		this.unacknowledged = new Map();
	}

	// Connects and says hello; resolves at the welcome.
	connect() {
		const { WebSocket } = require('ws');
		const socket = new WebSocket(this.address);
		this.socket = socket;
		this.isUp = false;
		return new Promise((resolve, reject) => {
			socket.on('open', () => this.say({ type: 'hello', token: this.token, cursor: this.cursor, language: 'en' }));
			socket.on('message', (data) => this.hear(JSON.parse(String(data)), resolve));
			socket.on('error', reject);
			socket.on('close', (code) => {
				if (this.socket === socket) this.isUp = false;
				reject(new Error(`the socket closed with ${code}`));
			});
		});
	}

	hear(frame, welcomed) {
		this.frames.push(frame);
		if (frame.type === 'welcome') {
			this.token = frame.token;
			this.thread = frame.thread;
			this.isUp = true;
			for (const message of this.unacknowledged.values()) this.say(message);
			welcomed(frame);
		} else if (frame.type === 'message') {
			this.cursor = frame.cursor;
			this.told.push(frame);
		} else if (frame.type === 'ack') {
			this.unacknowledged.delete(frame.key);
		} else if (frame.type === 'error' && frame.retry_ms && this.unacknowledged.has(frame.key)) {
			setTimeout(() => this.isUp && this.say(this.unacknowledged.get(frame.key) ?? { type: 'ping' }), frame.retry_ms).unref();
		} else if (frame.type === 'reset') {
			this.cursor = null;
		}
	}

	say(frame) {
		this.socket.send(JSON.stringify(frame));
	}

	// Resolves when it is acknowledged, be that after a reconnect. Gives its key.
	async write(text, key = randomBytes(12).toString('hex')) {
		const message = { type: 'message', key, parts: [{ type: 'text', text }] };
		this.unacknowledged.set(key, message);
		if (this.isUp) this.say(message);
		await waitFor(`the acknowledgement of "${text}"`, () => !this.unacknowledged.has(key), 30_000);
		return key;
	}

	// What he was told, in order, as "author: text".
	heard() {
		return this.told.map((frame) => `${frame.author.kind}: ${frame.parts.map((part) => part.text ?? part.name).join(' ')}`);
	}

	hears(text, ms) {
		return waitFor(`the visitor to be told "${text}"`, () => this.heard().some((line) => line.endsWith(`: ${text}`)), ms);
	}

	leave() {
		this.socket?.terminate();
	}
}

module.exports = { Visitor };
