import {setTimeout as wait} from 'node:timers/promises';
import {createIsolatedPool} from '../adapters/isolation/pool.ts';
import {createPool} from '../adapters/pool/pool.ts';
import type {CpuPool} from '../lanes/ports.ts';

/** The pools of one function, kept from one invocation to the next. */
export interface DeployedPools {
	readonly poolOf: (threads: number | 'auto') => CpuPool;
	/** For what was in flight when a process died. */
	readonly isolatedPool: () => CpuPool;
	/** To be called before the answer: tasks that nobody waits for any more must not run on in the next invocation. */
	readonly leaveNothing: () => Promise<void>;
}

/** Native code ends when it ends; a function whose time is up does not wait for it. */
const LONGEST_WAIT_MS = 200;

export function openPools({cores, memoryBytes}: {readonly cores: number; readonly memoryBytes: number}): DeployedPools {
	const pools = new Map<number | 'auto' | 'isolated', CpuPool>();
	const keep = (key: number | 'auto' | 'isolated', make: () => CpuPool): CpuPool => {
		const pool = pools.get(key) ?? make();
		pools.set(key, pool);
		return pool;
	};
	return {
		poolOf: threads => keep(threads, () => createPool({threads, cores, memoryBytes})),
		isolatedPool: () => keep('isolated', createIsolatedPool),
		async leaveNothing() {
			const busy = [...pools].filter(([, pool]) => pool.busy + pool.queued > 0);
			for (const [key] of busy) pools.delete(key);
			if (busy.length === 0) return;
			const closing = Promise.allSettled(busy.map(async ([, pool]) => await pool[Symbol.asyncDispose]()));
			await Promise.race([closing, wait(LONGEST_WAIT_MS, undefined, {ref: false})]);
		},
	};
}
