// SPDX-License-Identifier: Apache-2.0
// The icons: strokes on a 16 by 16 grid.
export const ICONS = {
	alert: 'M8 5v3.5M8 11h.01M7.1 2.5 1.8 11.8a1 1 0 0 0 .9 1.5h10.6a1 1 0 0 0 .9-1.5L8.9 2.5a1 1 0 0 0-1.8 0Z',
	all: 'M2.5 4h11M2.5 8h11M2.5 12h7',
	back: 'M9.5 3.5 5 8l4.5 4.5',
	bot: 'M3.5 6.5h9v6h-9zM8 6.5V3.5M6 9.3h.01M10 9.3h.01',
	chat: 'M3.5 2.5h9a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H7.5l-3.3 2.7a.4.4 0 0 1-.7-.3v-2.4a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1Z',
	check: 'm3 8.5 3.2 3.2L13 4.8',
	checks: 'm1.5 8.5 3 3 6.5-6.8M8 11l.8.7L15 5',
	clock: 'M8 4.5V8l2.3 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
	close: 'm4 4 8 8M12 4l-8 8',
	down: 'm4 6 4 4 4-4',
	email: 'M2.5 3.5h11v9h-11zM2.5 4.5 8 8.8l5.5-4.3',
	file: 'M4 1.8h5l3.5 3.5v8.9h-8.5zM9 1.8v3.5h3.5',
	inbox: 'M2 9.5 4 3h8l2 6.5M2 9.5V13h12V9.5M2 9.5h3.5l1 1.5h3l1-1.5H14',
	info: 'M8 7.5v3.3M8 5.2h.01M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
	keyboard: 'M1.5 4h13v8.5h-13zM4 6.8h.01M6.7 6.8h.01M9.3 6.8h.01M12 6.8h.01M5 9.7h6',
	note: 'M3 2.5h10v7l-3.5 4H3zM9.5 13.5V9.5H13M5.5 5.5h5M5.5 8h2.5',
	out: 'M6 2.5H3v11h3M10 4.8 13.2 8 10 11.2M13 8H6',
	paperclip: 'm13 7.3-5 5a3.2 3.2 0 0 1-4.5-4.5l5.3-5.3a2.1 2.1 0 0 1 3 3L6.7 10.7a1 1 0 0 1-1.5-1.5l4.6-4.6',
	pencil: 'm3 13 .7-3 6.8-6.8a1.5 1.5 0 0 1 2.2 2.2L6 12.3z',
	reply: 'M6.5 3.5 2.5 7.5l4 4M2.5 7.5H9a4.5 4.5 0 0 1 4.5 4.5v.5',
	send: 'M14 2 7.5 8.5M14 2l-4 12-2.5-5.5L2 6z',
	telegram: 'M14 2.5 1.8 7.3l3.7 1.5 1.4 4.5 2.2-2.4 3 2.3zM5.5 8.8 11 5',
	user: 'M10.8 5a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0ZM2.5 13.8c.6-2.6 2.7-4 5.5-4s4.9 1.4 5.5 4',
	userOff: 'M10.8 5a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0ZM2.5 13.8c.6-2.6 2.7-4 5.5-4 1 0 2 .2 2.8.6M11.5 13.5h3',
} as const;
export type IconName = keyof typeof ICONS;

const CHANNELS: Readonly<Record<string, IconName>> = { webchat: 'chat', telegram: 'telegram', email: 'email' };

export function channelIcon(channel: string): IconName {
	return CHANNELS[channel] ?? 'inbox';
}
