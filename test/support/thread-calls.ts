import type {CpuCall} from '../../src/lanes/ports.ts';

/** The URL of a module under `test/fixtures/threads`. */
export const threadModule = (name: string): URL => new URL(`../fixtures/threads/${name}.ts`, import.meta.url);

/** One trip to a thread, with everything a test does not care about filled in. */
export const callOf = (name: string, input?: unknown, others: Partial<CpuCall> = {}): CpuCall => ({
	file: threadModule(name),
	timeoutMs: 20_000,
	input,
	task: {id: 'a', item: 'the item', options: undefined},
	transfer: [],
	alone: false,
	...others,
});
