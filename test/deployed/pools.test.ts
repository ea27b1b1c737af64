import {describe, expect, it} from 'vitest';
import {openPools} from '../../src/deployed/pools.ts';
import type {CpuCall} from '../../src/lanes/ports.ts';

const setup = {cores: 1, memoryBytes: 512 * 1024 ** 2};
/** A task that ends by itself after so long. */
const taskOf = (ms: number): CpuCall => ({
	file: new URL('../fixtures/deployed/sleep.ts', import.meta.url),
	timeoutMs: 60_000,
	input: ms,
	task: {id: 'item', item: ms, options: undefined},
	transfer: [],
	alone: false,
});

describe('the pools of a function', () => {
	it('stay from one invocation to the next', async () => {
		const pools = openPools(setup);
		const pool = pools.poolOf(1);
		expect(await pool.run(taskOf(1))).toMatchObject({ok: true});
		await pools.leaveNothing();
		expect(pools.poolOf(1)).toBe(pool);
		await pool[Symbol.asyncDispose]();
	});

	it('go when they still have tasks that nobody waits for, so that these run in no other invocation', async () => {
		const pools = openPools(setup);
		const [pool, isolated] = [pools.poolOf(1), pools.isolatedPool()];
		const left = [pool.run(taskOf(60_000)), pool.run(taskOf(60_000)), isolated.run(taskOf(60_000))];
		expect(pool.busy + pool.queued).toBe(2);
		await pools.leaveNothing();
		expect(pools.poolOf(1)).not.toBe(pool);
		expect(pools.isolatedPool()).not.toBe(isolated);
		for (const ending of await Promise.all(left)) expect(ending).toMatchObject({ok: false});
		await Promise.all([pools.poolOf(1)[Symbol.asyncDispose](), pools.isolatedPool()[Symbol.asyncDispose]()]);
	});
});
