// SPDX-License-Identifier: Apache-2.0
// The script tag's work: where it came from says where the server is and which inbox it speaks for.
import { Chat } from './chat';
import { areaOf, Memory } from './memory';
import { chooseLanguage } from './strings';
import { Shell } from './view/shell';

interface Global {
	Beseda?: { open(): void; close(): void };
}

function start(script: HTMLScriptElement): void {
	const source = new URL(script.src);
	const inbox = script.dataset['inbox'] ?? /\/live\/(\d+)\//.exec(source.pathname)?.[1] ?? '';
	const global = window as unknown as Global;
	if (!/^\d+$/.test(inbox) || global.Beseda) return;
	const wanted = chooseLanguage([script.dataset['language'], document.documentElement.lang, ...navigator.languages]);
	const memory = new Memory(
		areaOf(() => localStorage),
		inbox,
	);
	const session = new Memory(
		areaOf(() => sessionStorage),
		inbox,
	);
	const chat = new Chat(`${source.origin}/live/${inbox}`, memory, wanted);
	const shell = new Shell(chat, session, { ...script.dataset });
	global.Beseda = { open: () => shell.open(), close: () => shell.close() };
	addEventListener('storage', (event) => event.key && chat.storageChanged(event.key, event.newValue === null));
	addEventListener('online', () => chat.nudge());
	addEventListener('pageshow', () => chat.nudge());
	if (chat.isKnown) chat.start();
}

// While the script runs the browser says which one it is.
const script = document.currentScript;
if (script instanceof HTMLScriptElement && script.src) {
	if (document.body) start(script);
	else addEventListener('DOMContentLoaded', () => start(script), { once: true });
}
