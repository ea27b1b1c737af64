import {describe, expect, it} from 'vitest';
import {chunkQueue} from '../../../src/adapters/http/chunk-queue.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe('chunkQueue', () => {
	it('hands out chunks in order and counts the bytes that wait', async () => {
		const queue = chunkQueue();
		queue.push(bytes(1, 2));
		queue.push(bytes(3));
		expect(queue.waitingBytes).toBe(3);
		expect(await queue.next()).toEqual(bytes(1, 2));
		expect(queue.waitingBytes).toBe(1);
		expect(await queue.next()).toEqual(bytes(3));
		queue.end();
		expect(await queue.next()).toBeUndefined();
		expect(await queue.next()).toBeUndefined();
	});

	it('hands a chunk straight to a reader that waits', async () => {
		const queue = chunkQueue();
		const waiting = queue.next();
		queue.push(bytes(1));
		expect(queue.waitingBytes).toBe(0);
		expect(await waiting).toEqual(bytes(1));
	});

	it('wakes a waiting reader at the end and at a failure', async () => {
		const ended = chunkQueue();
		const end = ended.next();
		ended.end();
		expect(await end).toBeUndefined();

		const failed = chunkQueue();
		const failure = failed.next();
		failed.fail('reset');
		await expect(failure).rejects.toBe('reset');
	});

	it('gives what came before a failure first', async () => {
		const queue = chunkQueue();
		queue.push(bytes(1));
		queue.fail('reset');
		queue.end();
		expect(await queue.next()).toEqual(bytes(1));
		await expect(queue.next()).rejects.toBe('reset');
	});
});
