// SPDX-License-Identifier: Apache-2.0
// The frames of beseda.live/1 (core/channel/live.h), as far as the widget uses them.

export interface Part {
	type: string;
	text?: string;
	file?: string;
	name?: string;
	mime?: string;
	bytes?: number;
	url?: string;
}

export interface Message {
	type: 'message';
	cursor: string;
	id: string;
	key: string | null;
	author: { kind: 'contact' | 'agent' | 'bot' | 'system'; name: string | null };
	at: string;
	parts: Part[];
}

/** The public settings of the inbox. A text may be one for all or one a language. */
export interface Settings {
	title?: string | Record<string, string>;
	subtitle?: string | Record<string, string>;
	greeting?: string | Record<string, string>;
	color?: string;
	position?: string;
}

export interface Welcome {
	type: 'welcome';
	token: string;
	cursor?: string | null;
	language?: string;
	settings?: Settings;
}

export interface ErrorFrame {
	type: 'error';
	key: string | null;
	code: string;
	text?: string;
	retry_ms?: number | null;
}

export type ServerFrame =
	| Welcome
	| Message
	| ErrorFrame
	| { type: 'refused'; reason: string; text?: string }
	| { type: 'ack'; key: string }
	| { type: 'typing' }
	| { type: 'pong' }
	| { type: 'reset' };

export interface Hello {
	type: 'hello';
	token: string | null;
	cursor: string | null;
	language: string;
	page: { url: string; title: string };
}

export type ClientFrame =
	Hello | { type: 'message'; key: string; parts: Part[] } | { type: 'typing' } | { type: 'ping' };

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A frame, or undefined for what is none; kinds that we do not know are for a later widget. */
export function asFrame(value: unknown): ServerFrame | undefined {
	if (!isRecord(value) || typeof value['type'] !== 'string') return undefined;
	if (value['type'] !== 'message') return value as unknown as ServerFrame;
	const isWhole = typeof value['id'] === 'string' && isRecord(value['author']) && Array.isArray(value['parts']);
	return isWhole ? (value as unknown as Message) : undefined;
}

export function parseFrame(text: unknown): ServerFrame | undefined {
	try {
		return asFrame(JSON.parse(String(text)));
	} catch {
		return undefined;
	}
}
