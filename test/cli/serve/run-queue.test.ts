import {describe, expect, it} from 'vitest';
import {createRunQueue} from '../../../src/cli/serve/run-queue.ts';
import {settled} from '../../support/fake-clock.ts';

/** A queue whose works end when the test says so. */
function openQueue(atOnce?: number) {
	const begun: string[] = [];
	const errors: (readonly [string, unknown])[] = [];
	const open = new Map<string, PromiseWithResolvers<void>>();
	const queue = createRunQueue({
		work(runId) {
			begun.push(runId);
			const ending = Promise.withResolvers<void>();
			open.set(runId, ending);
			return ending.promise;
		},
		onError: (runId, error) => errors.push([runId, error]),
		...(atOnce !== undefined && {atOnce}),
	});
	const end = async (runId: string, error?: Error): Promise<void> => {
		const ending = open.get(runId);
		if (error) ending?.reject(error);
		else ending?.resolve();
		await settled();
	};
	return {queue, begun, errors, end};
}

describe('the runs of a server', () => {
	it('are worked on in their order, two at once', async () => {
		const {queue, begun, end} = openQueue();
		for (const runId of ['a', 'b', 'c', 'd']) queue.start(runId);
		await settled();
		expect(begun).toEqual(['a', 'b']);
		await end('b');
		expect(begun).toEqual(['a', 'b', 'c']);
		await end('a');
		expect(begun).toEqual(['a', 'b', 'c', 'd']);
	});

	it('are looked at once more when they are started while they are worked on, and never twice at once', async () => {
		const {queue, begun, end} = openQueue();
		queue.start('a');
		await settled();
		queue.start('a');
		queue.start('a');
		await settled();
		expect(begun).toEqual(['a']);
		await end('a');
		expect(begun).toEqual(['a', 'a']);
		await end('a');
		expect(begun).toEqual(['a', 'a']);
	});

	it('fail alone', async () => {
		const {queue, begun, errors, end} = openQueue(1);
		queue.start('a');
		queue.start('b');
		await settled();
		const error = new Error('no');
		await end('a', error);
		expect(errors).toEqual([['a', error]]);
		expect(begun).toEqual(['a', 'b']);
	});

	it('that wait are not begun after the end, which waits for those that are worked on', async () => {
		const {queue, begun, end} = openQueue(1);
		queue.start('a');
		queue.start('b');
		await settled();
		let isClosed = false;
		const closed = queue.close().then(() => void (isClosed = true));
		await settled();
		expect(isClosed).toBe(false);
		await end('a');
		await closed;
		queue.start('c');
		await settled();
		expect(begun).toEqual(['a']);
	});
});
