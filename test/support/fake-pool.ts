import {TwolaneError} from '../../src/lanes/errors.ts';
import type {CpuCall, CpuEnding, CpuPool} from '../../src/lanes/ports.ts';

/** A pool without threads: the test says how a task ends. Tasks beyond `threads` wait, as they do in the real one. */
export interface FakePool extends CpuPool {
	readonly calls: readonly CpuCall[];
	readonly mostQueued: number;
}

type Work = (call: CpuCall, number: number) => unknown;

/** @param work makes a task's value, or throws a TwolaneError: what the real pool hands back as data. */
export function fakePool(work: Work, {threads = 2}: {readonly threads?: number} = {}): FakePool {
	const calls: CpuCall[] = [];
	const waiting: (() => void)[] = [];
	let busy = 0;
	let mostQueued = 0;

	async function enter(): Promise<void> {
		if (busy >= threads) {
			const turn = new Promise<void>(resolve => waiting.push(resolve));
			mostQueued = Math.max(mostQueued, waiting.length);
			await turn;
		}
		busy++;
	}

	return {
		calls,
		threads,
		backlog: 8 * threads,
		get mostQueued() {
			return mostQueued;
		},
		get busy() {
			return busy;
		},
		get queued() {
			return waiting.length;
		},
		async warm() {},
		async run(call): Promise<CpuEnding> {
			const number = calls.push(call);
			await enter();
			try {
				return {ok: true, value: await work(call, number), queueMs: 1, runMs: 2};
			} catch (error) {
				if (!(error instanceof TwolaneError)) throw error;
				return {ok: false, error, queueMs: 1, runMs: 2};
			} finally {
				busy--;
				waiting.shift()?.();
			}
		},
		async [Symbol.asyncDispose]() {},
	};
}
