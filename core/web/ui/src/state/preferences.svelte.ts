// SPDX-License-Identifier: Apache-2.0
// How this browser likes the page: light or dark, single-key shortcuts.
import { browserStorage } from '../lib/storage';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const storage = browserStorage(localStorage);

function startTheme(): Theme {
	const stored = storage.get('beseda.theme');
	return THEMES.find((one) => one === stored) ?? 'auto';
}

class Preferences {
	theme = $state<Theme>(startTheme());
	hasShortcuts = $state(storage.get('beseda.shortcuts') !== false);

	setTheme(theme: Theme): void {
		this.theme = theme;
		storage.set('beseda.theme', theme);
		this.applyTheme();
	}

	/** CSS does the rest (style/tokens.css). */
	applyTheme(): void {
		document.documentElement.dataset['theme'] = this.theme;
	}

	setShortcuts(isOn: boolean): void {
		this.hasShortcuts = isOn;
		storage.set('beseda.shortcuts', isOn);
	}
}

export const preferences = new Preferences();
