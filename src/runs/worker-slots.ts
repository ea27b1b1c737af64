import type {Clock} from '../lanes/ports.ts';
import {repeat} from './repeat.ts';

/** How many workers may run at once: what the platform bears, up to `most`. */
export interface WorkerSlots {
	/** @throws the signal's reason. */
	take(signal: AbortSignal): Promise<void>;
	give(): void;
	/** The platform has refused one more: there is no room for more than now run. */
	narrow(): void;
	close(): void;
}

const WIDEN_EVERY_MS = 5000;
const NARROWER = 0.75;
const WIDER = 1.25;

/** Starts wide: a platform with room takes all at once. Narrows with every refusal, and widens by a quarter every 5 s. */
export function createWorkerSlots(clock: Clock, most: number): WorkerSlots {
	const waiting = new Set<() => void>();
	let width = most;
	let taken = 0;

	function admit(): void {
		for (const enter of waiting) {
			if (taken >= Math.floor(width)) return;
			waiting.delete(enter);
			taken++;
			enter();
		}
	}
	async function widen(): Promise<void> {
		width = Math.min(most, Math.max(width + 1, width * WIDER));
		admit();
	}
	const cancel = repeat(clock, WIDEN_EVERY_MS, {step: widen, fail: () => {}});

	return {
		take: signal =>
			new Promise((resolve, reject) => {
				if (signal.aborted) return reject(signal.reason as Error);
				const onAbort = (): void => {
					waiting.delete(enter);
					reject(signal.reason as Error);
				};
				const enter = (): void => {
					signal.removeEventListener('abort', onAbort);
					resolve();
				};
				signal.addEventListener('abort', onAbort, {once: true});
				waiting.add(enter);
				admit();
			}),
		give() {
			taken--;
			admit();
		},
		narrow() {
			width = Math.max(1, Math.min(width, taken) * NARROWER);
		},
		close: cancel,
	};
}
