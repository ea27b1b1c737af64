import type {Clock} from '../lanes/ports.ts';

/** Runs a step again and again, `everyMs` after its last end, until it is cancelled or fails. @returns the cancel. */
export function repeat(
	clock: Clock,
	everyMs: number,
	{step, fail}: {readonly step: () => Promise<void>; readonly fail: (error: unknown) => void},
): () => void {
	let isOver = false;
	let cancel = clock.after(everyMs, tick);
	function tick(): void {
		step().then(() => {
			if (!isOver) cancel = clock.after(everyMs, tick);
		}, fail);
	}
	return () => {
		isOver = true;
		cancel();
	};
}
