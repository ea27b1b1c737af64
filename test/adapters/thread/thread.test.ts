import {describe, expect, it} from 'vitest';
import runTasks from '../../../src/adapters/thread/thread.ts';
import {threadModule} from '../../support/thread-calls.ts';

// In a thread nobody measures coverage: here the program of the threads runs in this one.
const task = (name: string, input?: unknown) => [threadModule(name).href, 'a', input, 'the item', undefined] as const;
const misbehave = (kind: string, others: object = {}) => task('misbehave', {kind, ...others});

describe('the program of a thread', () => {
	it('answers each task of a trip in its place', async () => {
		const endings = await runTasks([task('echo', 1), misbehave('plain error'), task('echo', 2)]);
		expect(endings).toEqual([
			[{input: 1, task: {id: 'a', item: 'the item', options: {}}}, expect.any(Number)],
			{code: 'TRANSFORM_FAILED', message: 'the width is 0', retryable: false, runMs: expect.any(Number)},
			[{input: 2, task: {id: 'a', item: 'the item', options: {}}}, expect.any(Number)],
		]);
	});

	it('has nothing to answer to an empty trip', async () => {
		expect(await runTasks([])).toEqual([]);
	});

	it('only loads the module when there is no id', async () => {
		expect(await runTasks([[threadModule('echo').href]])).toEqual([[undefined, expect.any(Number)]]);
		expect(await runTasks([[threadModule('broken').href]])).toMatchObject([
			{code: 'TRANSFORM_FAILED', message: expect.stringContaining('no licence key')},
		]);
	});

	it('says each time again that a module cannot be used', async () => {
		for (const name of ['broken', 'no-default', 'broken', 'no-default']) {
			expect(await runTasks([task(name)])).toMatchObject([{code: 'TRANSFORM_FAILED', retryable: false}]);
		}
	});

	it('finds what cannot leave before Piscina does: there it would kill the thread', async () => {
		for (const kind of ['function', 'deep function', 'symbol', 'stream', 'promise']) {
			expect(await runTasks([misbehave(kind)])).toMatchObject([{code: 'NOT_CLONEABLE'}]);
		}
	});

	it('takes each value of a shared trip as it was when its task ended', async () => {
		const endings = await runTasks([misbehave('scratch', {value: 1}), misbehave('scratch', {value: 2})]);
		expect(endings).toMatchObject([1, 2].map(value => ({0: {value, bytes: new Uint8Array(8).fill(value)}})));
	});

	it('keeps the message of what the error was caused by', async () => {
		expect(await runTasks([task('broken')])).toMatchObject([{message: expect.stringContaining('could not be loaded')}]);
	});
});
