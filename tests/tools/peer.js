// SPDX-License-Identifier: Apache-2.0
// The program at the other end of an echo inbox (plugins/echo): takes what we send, and its own log is the truth; posts to our
// webhook. It keeps the promise of its idempotency keys: what it has delivered it does not deliver again (unless isForgetful).
'use strict';
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { waitFor } = require('./besedad');

const TOKEN = 'peer-token-0123456789';

async function bodyOf(request) {
	const pieces = [];
	for await (const piece of request) pieces.push(piece);
	return Buffer.concat(pieces).toString('utf8');
}

class Peer {
	constructor() {
		this.attempts = []; // every request, as it came
		this.delivered = []; // {key, to, thread, text}: once for each key
		this.ids = new Map();
		this.mood = () => 'deliver';
		this.retryAfter = () => '1';
		this.server = http.createServer((request, response) => void this.take(request, response));
	}

	static async open() {
		const peer = new Peer();
		await new Promise((resolve) => peer.server.listen(0, '127.0.0.1', resolve));
		return peer;
	}

	get url() {
		return `http://127.0.0.1:${this.server.address().port}/send`;
	}

	// mood(message, attempt) says what becomes of a request: "deliver"; "drop" delivers and hangs up without an answer, "hang"
	// delivers and keeps silent; a number is the HTTP status with which nothing is delivered.
	async take(request, response) {
		const message = JSON.parse(await bodyOf(request));
		this.attempts.push({ ...message, headers: request.headers });
		const attempt = this.attempts.filter((one) => one.key === message.key).length;
		const what = await this.mood(message, attempt);
		if (typeof what === 'number') {
			response.writeHead(what, { 'Retry-After': this.retryAfter() }).end();
			return;
		}
		const id = this.deliver(message);
		if (what === 'drop') request.socket.destroy();
		else if (what === 'deliver') response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id }));
	}

	deliver(message) {
		if (this.isForgetful || !this.ids.has(message.key)) {
			this.ids.set(message.key, `p${this.ids.size + 1}`);
			this.delivered.push(message);
		}
		return this.ids.get(message.key);
	}

	gets(text, ms) {
		return waitFor(`the peer to get "${text}"`, () => this.delivered.find((one) => one.text === text), ms);
	}

	async close() {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
}

// An echo inbox with its peer. sendUrl(peer): where our messages go, when not to the peer itself.
class Echo {
	static async open(scene, { name = 'Echo', sendUrl = (peer) => peer.url, ...more } = {}) {
		const echo = new Echo();
		echo.peer = await Peer.open();
		scene.atEnd(() => echo.peer.close());
		const config = { send_url: await sendUrl(echo.peer), verify: { token: TOKEN } };
		const { inbox } = await scene.admin.post('/inboxes', { name, channel: 'echo', config, ...more });
		echo.inbox = inbox;
		echo.path = `/hooks/${inbox.id}`;
		echo.scene = scene;
		return echo;
	}

	// The whole of a webhook's answer: {status, text, retry}.
	async hook(body, { headers = {}, ms = 60_000 } = {}) {
		const response = await fetch(this.scene.server.url + this.path, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json', 'X-Echo-Token': TOKEN, ...headers },
			body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
			signal: AbortSignal.timeout(ms),
		});
		return { status: response.status, text: await response.text(), retry: response.headers.get('retry-after') };
	}

	// Posts messages {id, from, text, name?, thread?, at?}, or one; throws unless they were taken.
	async post(messages) {
		const answer = await this.hook(Array.isArray(messages) ? { messages } : messages);
		if (answer.status !== 200) throw new Error(`the webhook answers ${answer.status} ${answer.text}`);
	}

	receipt(state, about) {
		return this.hook({ receipts: [{ ...about, state }] });
	}

	// The conversation of a thread as `who` (default the admin) sees it; waits until it is there.
	conversation(preview, who = this.scene.admin) {
		return waitFor(`a conversation that ends with "${preview}"`, async () => {
			const { conversations } = await who.get('/conversations?state=any&limit=200');
			return conversations.find((one) => one.inbox === this.inbox.id && one.preview === preview);
		});
	}
}

// A folder of the plugins as they are, but for an echo whose manifest does not promise that sending again is safe.
function copyPluginsWithForgetfulEcho(from, folder) {
	fs.cpSync(from, folder, { recursive: true });
	const root = path.resolve(__dirname, '..', '..');
	const source = fs.readFileSync(path.join(root, 'plugins/echo/echo.c'), 'utf8');
	const changed = source.replace('"send": "idempotent"', '"send": "once"');
	if (changed === source) throw new Error('plugins/echo/echo.c says no more that its sending is idempotent');
	const file = path.join(folder, 'echo.so');
	const words = ['-x', 'c', '-shared', '-fPIC', '-I', path.join(root, 'core/include'), '-o', file, '-'];
	execFileSync('gcc', words, { input: changed });
	fs.chmodSync(file, 0o755);
}

module.exports = { Echo, Peer, TOKEN, copyPluginsWithForgetfulEcho };
