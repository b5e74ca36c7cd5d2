// SPDX-License-Identifier: Apache-2.0
// Where the visitor writes: Enter sends, Shift+Enter starts a line; files by button, paste or drop.
import type { Chat } from '../chat';
import type { Memory } from '../memory';
import { fill, type Words } from '../strings';
import type { Upload } from '../uploads';
import { element, icon, iconButton, relabel } from './dom';

const LONGEST = 20_000;

/** The Enter that takes a word from an input method; Safari tells it by its code only. */
function isComposing(event: KeyboardEvent): boolean {
	return event.isComposing || event.keyCode === 229;
}

export class ComposerView {
	readonly root: HTMLFormElement;
	readonly field = element('textarea', { rows: '1', dir: 'auto', maxlength: String(LONGEST) });
	#chips = element('ul', { class: 'chips' });
	#picker = element('input', { type: 'file', multiple: '', hidden: '' });
	#attach = iconButton('paperclip', '', 'round');
	#send = iconButton('send', '', 'round send');
	#words: Words | undefined;

	constructor(
		private readonly chat: Chat,
		private readonly session: Memory,
	) {
		this.#send.type = 'submit';
		this.root = element(
			'form',
			{ class: 'composer' },
			this.#chips,
			element('div', { class: 'line' }, this.#attach, this.field, this.#send, this.#picker),
		);
		this.field.value = session.text('draft') ?? '';
		this.#attach.onclick = () => this.#picker.click();
		this.#picker.onchange = () => this.#picked();
		this.field.oninput = () => this.#written();
		this.field.onkeydown = (event) => this.#key(event);
		this.field.onpaste = (event) => this.#pasted(event);
		this.root.onsubmit = (event) => (event.preventDefault(), this.#submit());
	}

	draw(words: Words): void {
		this.#words = words;
		this.field.placeholder = words.placeholder;
		this.field.setAttribute('aria-label', words.message);
		this.#chips.setAttribute('aria-label', words.attached);
		relabel(this.#attach, words.attach);
		relabel(this.#send, words.send);
		this.#picker.setAttribute('aria-label', words.attach);
		const { list } = this.chat.uploads;
		this.#chips.hidden = !list.length;
		this.#chips.replaceChildren(...list.map((upload) => this.#chip(upload, words)));
		this.#refresh();
	}

	/** As high as its text, up to the limit of the style sheet. */
	grow(): void {
		this.field.style.height = 'auto';
		this.field.style.height = `${this.field.scrollHeight}px`;
	}

	#chip(upload: Upload, words: Words): HTMLElement {
		const name = upload.file.name || 'file';
		const text =
			upload.state === 'failed'
				? fill(words.uploadFailed, { name })
				: upload.state === 'ready'
					? name
					: fill(words.uploading, { name });
		const remove = iconButton('close', fill(words.remove, { name }), 'tiny');
		remove.onclick = () => {
			this.chat.uploads.remove(upload.id);
			this.field.focus();
		};
		return element('li', { class: `chip ${upload.state}` }, icon('file', 14), element('span', {}, text), remove);
	}

	#refresh(): void {
		const hasFile = this.chat.uploads.list.some((upload) => upload.state === 'ready');
		this.#send.disabled = this.chat.uploads.isBusy || (!this.field.value.trim() && !hasFile);
	}

	#written(): void {
		this.session.set('draft', this.field.value);
		this.chat.sayTyping();
		this.grow();
		this.#refresh();
	}

	#key(event: KeyboardEvent): void {
		if (event.key !== 'Enter' || event.shiftKey || isComposing(event)) return;
		event.preventDefault();
		this.#submit();
	}

	#pasted(event: ClipboardEvent): void {
		const files = event.clipboardData?.files;
		if (!files?.length) return;
		event.preventDefault();
		this.chat.uploads.add(files);
	}

	#picked(): void {
		this.chat.uploads.add(Array.from(this.#picker.files ?? []));
		this.#picker.value = '';
		this.field.focus();
	}

	#submit(): void {
		if (this.chat.uploads.isBusy || !this.chat.say(this.field.value)) return;
		this.field.value = '';
		this.session.set('draft', null);
		this.grow();
		if (this.#words) this.draw(this.#words);
		this.field.focus();
	}
}
