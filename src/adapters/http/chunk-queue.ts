/** Between undici, which pushes chunks, and a reader that pulls them; it knows how many bytes wait so that its owner can pause. */
export interface ChunkQueue {
	readonly waitingBytes: number;
	readonly push: (chunk: Uint8Array) => void;
	readonly end: () => void;
	readonly fail: (reason: unknown) => void;
	/** The next chunk, `undefined` at the end; rejects after the last chunk when the body failed. One call at a time. */
	readonly next: () => Promise<Uint8Array | undefined>;
}

interface Waiter {
	readonly resolve: (chunk: Uint8Array | undefined) => void;
	readonly reject: (reason: unknown) => void;
}

export function chunkQueue(): ChunkQueue {
	const chunks: Uint8Array[] = [];
	let waitingBytes = 0;
	let ending: Promise<undefined> | undefined;
	let waiter: Waiter | undefined;

	function takeWaiter(): Waiter | undefined {
		const taken = waiter;
		waiter = undefined;
		return taken;
	}

	return {
		get waitingBytes() {
			return waitingBytes;
		},
		push(chunk) {
			const reader = takeWaiter();
			if (reader) return reader.resolve(chunk);
			chunks.push(chunk);
			waitingBytes += chunk.length;
		},
		end() {
			ending ??= Promise.resolve(undefined);
			takeWaiter()?.resolve(undefined);
		},
		fail(reason) {
			ending ??= Promise.reject(reason);
			// A reader that stopped pulling need not hear of it.
			ending.catch(() => {});
			takeWaiter()?.reject(reason);
		},
		next() {
			const chunk = chunks.shift();
			if (chunk) {
				waitingBytes -= chunk.length;
				return Promise.resolve(chunk);
			}
			return (
				ending ??
				new Promise((resolve, reject) => {
					waiter = {resolve, reject};
				})
			);
		},
	};
}
