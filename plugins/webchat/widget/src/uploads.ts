// SPDX-License-Identifier: Apache-2.0
// Files that the visitor adds: uploaded at once, sent with the next message.
import { isRecord, type Part } from './wire';

export interface Upload {
	readonly id: number;
	readonly file: File;
	readonly state: 'waiting' | 'uploading' | 'ready' | 'failed';
	readonly part?: Part;
}

export class Uploads {
	list: readonly Upload[] = [];
	#next = 1;
	#token: string | null = null;

	constructor(
		private readonly url: string,
		private readonly changed: () => void,
	) {}

	/** The token names the visitor; what waited for one goes. */
	setToken(token: string): void {
		this.#token = token;
		for (const upload of this.list) if (upload.state === 'waiting') void this.#run(upload);
	}

	add(files: Iterable<File>): void {
		for (const file of files) {
			const upload: Upload = { id: this.#next++, file, state: 'waiting' };
			this.list = [...this.list, upload];
			if (this.#token) void this.#run(upload);
		}
		this.changed();
	}

	remove(id: number): void {
		this.list = this.list.filter((upload) => upload.id !== id);
		this.changed();
	}

	get isBusy(): boolean {
		return this.list.some((upload) => upload.state === 'waiting' || upload.state === 'uploading');
	}

	/** The parts of what is ready; they leave the list. */
	takeReady(): Part[] {
		const parts = this.list.flatMap((upload) => (upload.part ? [upload.part] : []));
		this.list = this.list.filter((upload) => !upload.part);
		this.changed();
		return parts;
	}

	#update(id: number, change: Partial<Upload>): void {
		this.list = this.list.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
		this.changed();
	}

	async #run(upload: Upload): Promise<void> {
		const { file, id } = upload;
		const mime = file.type || 'application/octet-stream';
		this.#update(id, { state: 'uploading' });
		try {
			const response = await fetch(`${this.url}?name=${encodeURIComponent(file.name || 'file')}`, {
				method: 'POST',
				headers: { Authorization: `Bearer ${this.#token}`, 'Content-Type': mime },
				body: file,
				credentials: 'omit',
			});
			const answer: unknown = await response.json();
			if (!response.ok || !isRecord(answer) || typeof answer['file'] !== 'string')
				throw new Error(String(response.status));
			this.#update(id, {
				state: 'ready',
				part: { type: 'media', file: answer['file'], name: file.name, mime, bytes: file.size },
			});
		} catch {
			this.#update(id, { state: 'failed' });
		}
	}
}
