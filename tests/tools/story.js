// SPDX-License-Identifier: Apache-2.0
// Reading back what the server keeps, by REST.
'use strict';

// All pages of a conversation's timeline, oldest event first.
async function timeline(client, conversation) {
	const events = [];
	for (let before = ''; ; ) {
		const page = await client.get(`/conversations/${conversation}/timeline?limit=200${before && `&before=${before}`}`);
		events.unshift(...page.events);
		if (!page.next) return events;
		before = page.next;
	}
}

const textOf = (message) => message.parts.map((part) => part.text ?? part.name).join(' ');

// The messages of a conversation as "in: text" and "out: text".
async function talk(client, conversation) {
	const events = await timeline(client, conversation);
	return events.filter((e) => /^message\.(in|out)$/.test(e.kind)).map((e) => `${e.message.direction}: ${textOf(e.message)}`);
}

// The whole log as this client sees it, from `after`.
async function log(client, after = '0') {
	const events = [];
	for (;;) {
		const page = await client.get(`/events?after=${after}&limit=1000`);
		events.push(...page.events);
		if (page.last === after) return events;
		after = page.last;
	}
}

// All conversations of any state.
async function conversations(client, view = 'all') {
	const all = [];
	for (let before = ''; ; ) {
		const page = await client.get(`/conversations?view=${view}&state=any&limit=200${before && `&before=${before}`}`);
		all.push(...page.conversations);
		if (!page.next) return all;
		before = page.next;
	}
}

module.exports = { timeline, talk, log, conversations, textOf };
