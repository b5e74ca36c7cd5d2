// SPDX-License-Identifier: Apache-2.0
// Short notices at the edge of the page; they leave by themselves.
const SHOWN_MS = 7_000;

export interface Toast {
	readonly id: number;
	readonly text: string;
}

export class Toasts {
	list = $state.raw<readonly Toast[]>([]);
	#next = 1;

	show(text: string): void {
		const toast = { id: this.#next++, text };
		this.list = [...this.list.filter((other) => other.text !== text), toast].slice(-3);
		setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
	}

	dismiss(id: number): void {
		this.list = this.list.filter((toast) => toast.id !== id);
	}
}
