// SPDX-License-Identifier: Apache-2.0
// A TCP connection that says exactly the bytes it is told: what no well-behaved HTTP client would send.
'use strict';
const net = require('node:net');

// The first complete response in bytes: {status, head, body, rest}; undefined while it is not all there.
function parseResponse(bytes) {
	const end = bytes.indexOf('\r\n\r\n');
	if (end < 0) return undefined;
	const head = bytes.subarray(0, end).toString('latin1');
	const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
	const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
	const body = bytes.subarray(end + 4, end + 4 + length);
	if (status === 100) return parseResponse(bytes.subarray(end + 4));
	return body.length < length ? undefined : { status, head, body: body.toString('utf8'), rest: bytes.subarray(end + 4 + length) };
}

class Wire {
	static open(port) {
		return new Promise((resolve, reject) => {
			const socket = net.connect(port, '127.0.0.1');
			socket.setNoDelay(true);
			socket.once('connect', () => resolve(new Wire(socket)));
			socket.once('error', reject);
		});
	}

	constructor(socket) {
		this.socket = socket;
		this.bytes = Buffer.alloc(0);
		this.waiting = [];
		socket.on('data', (data) => {
			this.bytes = Buffer.concat([this.bytes, data]);
			this.wake();
		});
		socket.on('error', () => {});
		this.closed = new Promise((resolve) => {
			const end = () => {
				this.isClosed = true;
				this.wake();
				resolve();
			};
			socket.once('end', end);
			socket.once('close', end);
		});
	}

	wake() {
		for (const check of this.waiting.splice(0)) check();
	}

	send(bytes) {
		this.socket.write(bytes);
	}

	// The next response; undefined when the connection ended without one.
	response(ms = 30_000) {
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`no response in ${ms} ms`)), ms);
			const check = () => {
				const found = parseResponse(this.bytes);
				if (!found && !this.isClosed) {
					this.waiting.push(check);
					return;
				}
				clearTimeout(timer);
				if (found) this.bytes = found.rest;
				resolve(found);
			};
			check();
		});
	}

	close() {
		this.socket.destroy();
	}
}

// Says the bytes on a connection of its own; gives {status …, isClosed} of the first response, where isClosed is whether the server
// then ended the connection.
async function say(port, bytes) {
	const wire = await Wire.open(port);
	wire.send(bytes);
	const answer = await wire.response();
	const isLast = !answer || /^connection: close/im.test(answer.head);
	if (isLast) await wire.closed;
	wire.close();
	return { ...answer, isClosed: isLast, extra: wire.bytes.toString('latin1') };
}

module.exports = { Wire, say };
