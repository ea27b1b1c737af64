import type {Waiting} from './pool.ts';

// A trip to a thread costs about 20 us of CPU, for one task as for many: tasks far shorter than this travel together.
const TARGET_MS = 1;
const MOST_TASKS = 32;
// How fast the estimate follows: the last ten tasks weigh two thirds.
const FOLLOW = 0.1;

/** Which tasks travel together. */
export interface Batches {
	/** The most tasks that a batch may have, for the tasks measured last. */
	readonly size: number;
	learn(file: string, runMs: number): void;
	/** Takes the next batch from the front of the queue: one task, or several short ones of the same transform. */
	take(waiting: Waiting[], {threads}: {readonly threads: number}): readonly Waiting[];
}

/**
 * Batches of short tasks. What was moved to a thread cannot be sent again, so a task with bytes to move travels alone, and so does
 * one that comes back from a batch that was lost.
 */
export function createBatches(): Batches {
	const estimatesMs = new Map<string, number>();
	let size = 1;

	const sizeFor = (file: string): number => {
		const estimateMs = estimatesMs.get(file);
		return estimateMs === undefined ? 1 : Math.max(1, Math.min(MOST_TASKS, Math.floor(TARGET_MS / estimateMs)));
	};

	return {
		get size() {
			return size;
		},
		learn(file, runMs) {
			const before = estimatesMs.get(file);
			estimatesMs.set(file, before === undefined ? runMs : before + FOLLOW * (runMs - before));
			size = sizeFor(file);
		},
		take(waiting, {threads}) {
			const [first] = waiting;
			if (first === undefined) return [];
			const most = Math.min(sizeFor(first.call.file.href), Math.ceil(waiting.length / threads));
			let count = 1;
			if (canShare(first)) while (count < most && isAlike(first, waiting[count])) count++;
			return waiting.splice(0, count);
		},
	};
}

const canShare = ({call, isSingle}: Waiting): boolean => !isSingle && call.transfer.length === 0;
const isAlike = (first: Waiting, next: Waiting | undefined): boolean =>
	next !== undefined && canShare(next) && next.call.file.href === first.call.file.href && next.call.timeoutMs === first.call.timeoutMs;
