// SPDX-License-Identifier: Apache-2.0
// Moving the focus between the panes.

function listRows(): HTMLElement[] {
	return [...document.querySelectorAll<HTMLElement>('[data-list-row]')];
}

/** Focuses the row after (or before) the one that has the focus, else the open one, else the first. */
export function stepInList(by: 1 | -1): void {
	const rows = listRows();
	const focused = rows.indexOf(document.activeElement as HTMLElement);
	const open = rows.findIndex((row) => row.getAttribute('aria-current') === 'true');
	const from = focused >= 0 ? focused : open;
	const to = from < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, from + by));
	rows[to]?.focus();
	rows[to]?.scrollIntoView({ block: 'nearest' });
}

/** Back to the list: the open row, else the first. */
export function focusList(): void {
	const rows = listRows();
	(rows.find((row) => row.getAttribute('aria-current') === 'true') ?? rows[0])?.focus();
}

/** After the page has drawn what was just changed. */
export function focusComposer(): void {
	requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-composer]')?.focus());
}
