/** Runs at once: they share the threads, and one that waits for the web leaves them to the other. */
const AT_ONCE = 2;

export interface RunQueue {
	/** Does what is to be done for the run when its turn comes; asked for while that goes on, it is done once more. */
	start(runId: string): void;
	/** Takes up no other run. Resolves when nobody works any more. */
	close(): Promise<void>;
}

/** Works on runs in the order in which they were started. An error is one run's alone. */
export function createRunQueue({
	work,
	onError,
	atOnce = AT_ONCE,
}: {
	readonly work: (runId: string) => Promise<void>;
	readonly onError: (runId: string, error: unknown) => void;
	readonly atOnce?: number;
}): RunQueue {
	const waiting = new Set<string>();
	const working = new Map<string, Promise<void>>();
	let isClosed = false;

	function next(): void {
		for (const runId of waiting) {
			if (isClosed || working.size >= atOnce) return;
			if (working.has(runId)) continue;
			waiting.delete(runId);
			working.set(runId, workOn(runId));
		}
	}

	async function workOn(runId: string): Promise<void> {
		try {
			// After whoever called us.
			await Promise.resolve();
			await work(runId);
		} catch (error) {
			onError(runId, error);
		} finally {
			working.delete(runId);
			next();
		}
	}

	return {
		start(runId) {
			waiting.add(runId);
			next();
		},
		async close() {
			isClosed = true;
			await Promise.all(working.values());
		},
	};
}
