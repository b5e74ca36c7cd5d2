// SPDX-License-Identifier: Apache-2.0
// Files on their way to the server; when one has arrived it stands in its conversation's draft.
import type { Api } from '../lib/api';
import { randomKey } from '../lib/key';
import type { Drafts } from './drafts.svelte';

export interface Upload {
	readonly id: string;
	readonly conversation: string;
	readonly name: string;
	readonly bytes: number;
	/** Set when it failed. */
	readonly why?: string;
}

export class Uploads {
	list = $state.raw<readonly Upload[]>([]);

	constructor(
		private readonly api: Api,
		private readonly drafts: Drafts,
		private readonly say: (error: unknown) => string,
	) {}

	of(conversation: string): Upload[] {
		return this.list.filter((upload) => upload.conversation === conversation);
	}

	add(conversation: string, files: Iterable<File>): void {
		for (const file of files) void this.#run(conversation, file);
	}

	dismiss(id: string): void {
		this.list = this.list.filter((upload) => upload.id !== id);
	}

	async #run(conversation: string, file: File): Promise<void> {
		const upload: Upload = { id: randomKey(), conversation, name: file.name || 'file', bytes: file.size };
		this.list = [...this.list, upload];
		try {
			const { file: stored } = await this.api.uploadFile(file, upload.name);
			// Dismissed meanwhile: not wanted any more.
			if (!this.list.some((other) => other.id === upload.id)) return;
			this.drafts.change(conversation, { files: [...this.drafts.of(conversation).files, stored] });
			this.dismiss(upload.id);
		} catch (error) {
			const why = this.say(error);
			this.list = this.list.map((other) => (other.id === upload.id ? { ...upload, why } : other));
		}
	}
}
