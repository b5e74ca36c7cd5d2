// SPDX-License-Identifier: Apache-2.0
// Times, sizes and names as people read them.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function startOfDay(ms: number): number {
	return new Date(ms).setHours(0, 0, 0, 0);
}

/** Whole days between two times, by the local calendar. */
function daysBetween(from: number, to: number): number {
	return Math.round((startOfDay(to) - startOfDay(from)) / DAY);
}

export function formatTime(ms: number, language: string): string {
	return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(ms);
}

export function formatFull(ms: number, language: string): string {
	return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
}

/** Today, yesterday, else the date; the year when it is another one. */
export function formatDay(ms: number, now: number, language: string): string {
	const days = daysBetween(ms, now);
	if (days === 0 || days === 1) {
		const word = new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-days, 'day');
		return word.charAt(0).toLocaleUpperCase(language) + word.slice(1);
	}
	const isThisYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
	const year = isThisYear ? {} : ({ year: 'numeric' } as const);
	return new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long', ...year }).format(ms);
}

/** For lists, in one short word: minutes, then the hour, then the weekday, then the date. */
export function formatShort(ms: number, now: number, language: string, justNow: string): string {
	if (now - ms < MINUTE) return justNow;
	if (now - ms < HOUR) {
		const unit = { style: 'unit', unit: 'minute', unitDisplay: 'narrow' } as const;
		return new Intl.NumberFormat(language, unit).format(Math.floor((now - ms) / MINUTE));
	}
	const days = daysBetween(ms, now);
	if (days < 1) return formatTime(ms, language);
	if (days < 7) return new Intl.DateTimeFormat(language, { weekday: 'short' }).format(ms);
	return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }).format(ms);
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export function formatBytes(bytes: number, language: string): string {
	let value = bytes;
	let unit = 0;
	for (; value >= 1000 && unit < BYTE_UNITS.length - 1; unit++) value /= 1000;
	return new Intl.NumberFormat(language, {
		style: 'unit',
		unit: BYTE_UNITS[unit] ?? 'byte',
		unitDisplay: 'short',
		maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
	}).format(value);
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
	const words = name.split(/[\s._@-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
	const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
	return letters.map((word) => Array.from(word ?? '')[0]?.toLocaleUpperCase() ?? '').join('') || '?';
}

/** One of n looks, the same for the same id everywhere. */
export function toneOf(id: string, n: number): number {
	let sum = 0;
	for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
	return sum % n;
}
