// SPDX-License-Identifier: Apache-2.0
// The launcher and the panel, in a shadow tree of their own on the customer's page.
import type { Chat } from '../chat';
import type { Memory } from '../memory';
import { fill, localized, words as wordsOf, type Words } from '../strings';
import composerCss from '../style/composer.css';
import logCss from '../style/log.css';
import shellCss from '../style/shell.css';
import { ComposerView } from './composer';
import { element, icon, iconButton, relabel } from './dom';
import { MessagesView } from './messages';

/** The replay of old messages is over by then: what comes after is read out. */
const REPLAY_MS = 1_000;
/** A short loss is not worth a word. */
const LOST_MS = 2_000;
const NARROW = '(max-width: 480px)';

/** White or black, whichever reads better on this colour. */
function inkOn(color: string): string {
	const [r = 0, g = 0, b = 0] = [1, 3, 5]
		.map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
		.map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
	return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.32 ? '#111318' : '#ffffff';
}

export class Shell {
	#host = element('div', { id: 'beseda-chat' });
	#launcher = iconButton('chat', '', 'launcher');
	#badge = element('span', { class: 'badge', 'aria-hidden': 'true' });
	#title = element('h2');
	#subtitle = element('p', { class: 'subtitle' });
	#notice = element('p', { class: 'notice', role: 'status' });
	#close = iconButton('down', '', 'round close');
	#drop = element('div', { class: 'drop' });
	#panel = element('section', { class: 'panel', role: 'dialog', id: 'panel', tabindex: '-1', hidden: '' });
	#messages: MessagesView;
	#composer: ComposerView;
	#speakTimer: ReturnType<typeof setTimeout> | undefined;
	#lostTimer: ReturnType<typeof setTimeout> | undefined;
	#isLost = false;
	#isQueued = false;

	constructor(
		private readonly chat: Chat,
		private readonly session: Memory,
		private readonly options: Readonly<Record<string, string | undefined>>,
	) {
		this.#messages = new MessagesView(chat);
		this.#composer = new ComposerView(chat, session);
		this.#build();
		this.#listen();
		chat.changed = () => this.#soon();
		this.#draw();
		if (session.text('open')) this.#show(false);
	}

	open(): void {
		this.#show(true);
	}

	close(): void {
		this.#panel.hidden = true;
		this.#host.classList.remove('open');
		this.session.set('open', null);
		this.#draw();
		this.#launcher.focus();
	}

	#show(hasFocus: boolean): void {
		this.#panel.hidden = false;
		this.#host.classList.add('open');
		this.session.set('open', 'yes');
		this.chat.start();
		this.#draw();
		this.#messages.toEnd();
		this.#composer.grow();
		if (hasFocus) (matchMedia('(hover: hover)').matches ? this.#composer.field : this.#panel).focus();
	}

	#build(): void {
		const root = this.#host.attachShadow({ mode: 'open' });
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(shellCss + logCss + composerCss);
		root.adoptedStyleSheets = [sheet];
		const head = element(
			'div',
			{ class: 'head' },
			element('div', { class: 'names' }, this.#title, this.#subtitle),
			this.#close,
		);
		this.#panel.append(head, this.#notice, this.#messages.root, this.#composer.root, this.#drop);
		this.#launcher.append(this.#badge, icon('down'));
		this.#launcher.setAttribute('aria-controls', 'panel');
		root.append(this.#panel, this.#launcher);
		this.#host.dataset['theme'] = this.options['theme'] ?? 'auto';
		document.body.append(this.#host);
	}

	#listen(): void {
		this.#launcher.onclick = () => (this.#panel.hidden ? this.open() : this.close());
		this.#close.onclick = () => this.close();
		this.#panel.onkeydown = (event) => this.#key(event);
		this.#panel.ondragover = (event) => this.#over(event);
		this.#panel.ondragleave = () => this.#panel.classList.remove('dropping');
		this.#panel.ondrop = (event) => this.#dropped(event);
		document.addEventListener('visibilitychange', () => this.#soon());
		visualViewport?.addEventListener('resize', () => this.#fit());
		matchMedia(NARROW).addEventListener('change', () => this.#fit());
	}

	/** On a narrow screen the panel is as high as what the keyboard leaves. */
	#fit(): void {
		const isNarrow = matchMedia(NARROW).matches;
		this.#panel.style.height = isNarrow && visualViewport ? `${visualViewport.height}px` : '';
		this.#soon();
	}

	#key(event: KeyboardEvent): void {
		if (event.key === 'Escape') {
			event.stopPropagation();
			this.close();
		} else if (event.key === 'Tab' && matchMedia(NARROW).matches) {
			this.#trap(event);
		}
	}

	/** Full screen, the panel is all there is: the focus goes round in it. */
	#trap(event: KeyboardEvent): void {
		const all = [
			...this.#panel.querySelectorAll<HTMLElement>('button:not(:disabled), a[href], textarea, [tabindex="0"]'),
		].filter((one) => one.offsetParent);
		const first = all[0];
		const last = all[all.length - 1];
		const now = this.#host.shadowRoot?.activeElement;
		const to = event.shiftKey
			? now === first || now === this.#panel
				? last
				: undefined
			: now === last
				? first
				: undefined;
		if (!to) return;
		event.preventDefault();
		to.focus();
	}

	#over(event: DragEvent): void {
		if (!event.dataTransfer?.types.includes('Files')) return;
		event.preventDefault();
		this.#panel.classList.add('dropping');
	}

	#dropped(event: DragEvent): void {
		this.#panel.classList.remove('dropping');
		const files = event.dataTransfer?.files;
		if (!files?.length) return;
		event.preventDefault();
		this.chat.uploads.add(files);
	}

	/** Many changes of one moment are drawn once. */
	#soon(): void {
		if (this.#isQueued) return;
		this.#isQueued = true;
		setTimeout(() => {
			this.#isQueued = false;
			this.#draw();
		});
	}

	#draw(): void {
		const { chat } = this;
		const words = wordsOf(chat.language);
		const isOpen = !this.#panel.hidden;
		if (isOpen && document.visibilityState === 'visible') chat.markSeen();
		this.#host.lang = chat.language;
		this.#colors();
		this.#title.textContent = localized(chat.settings.title, chat.language) || words.title;
		this.#subtitle.textContent = localized(chat.settings.subtitle, chat.language);
		this.#panel.setAttribute('aria-label', this.#title.textContent);
		this.#panel.setAttribute('aria-modal', String(matchMedia(NARROW).matches));
		this.#drop.textContent = words.drop;
		relabel(this.#close, words.close);
		this.#drawLauncher(words, isOpen);
		this.#drawNotice(words);
		if (!isOpen) return;
		this.#composer.draw(words);
		this.#messages.draw(words, chat.language);
	}

	#drawLauncher(words: Words, isOpen: boolean): void {
		const n = this.chat.unread;
		this.#badge.textContent = n > 99 ? '99+' : String(n);
		this.#badge.hidden = n === 0 || isOpen;
		const news = n && !isOpen ? `, ${fill(words.unread, { n })}` : '';
		relabel(this.#launcher, (isOpen ? words.close : words.open) + news);
		this.#launcher.setAttribute('aria-expanded', String(isOpen));
	}

	#drawNotice(words: Words): void {
		const { line } = this.chat;
		if (line === 'up') this.#speakTimer ??= setTimeout(() => this.#messages.speak(), REPLAY_MS);
		if (line !== 'down') {
			clearTimeout(this.#lostTimer);
			this.#lostTimer = undefined;
			this.#isLost = false;
		} else if (!this.#lostTimer) {
			this.#lostTimer = setTimeout(() => ((this.#isLost = true), this.#draw()), LOST_MS);
		}
		this.#notice.textContent = line === 'refused' ? words.away : this.#isLost ? words.reconnecting : '';
	}

	#colors(): void {
		const color = this.options['color'] || this.chat.settings.color || '';
		const position = this.options['position'] || this.chat.settings.position;
		this.#host.classList.toggle('left', position === 'left');
		if (!/^#[0-9a-f]{6}$/i.test(color)) return;
		this.#host.style.setProperty('--accent', color);
		this.#host.style.setProperty('--ink', inkOn(color));
	}
}
