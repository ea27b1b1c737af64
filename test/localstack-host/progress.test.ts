import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {showProgress} from '../../localstack/progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const record = (isTTY: boolean) => {
	const written: string[] = [];
	return {written, isTTY, write: (text: string) => written.push(text)};
};

const after = async (ms: number): Promise<void> => await new Promise(resolve => setTimeout(resolve, ms));

test('says nothing about what takes less than two seconds', async () => {
	const stream = record(false);
	const task = showProgress(async say => {
		say('Starting');
		await after(1999);
		return 'result';
	}, stream);
	await vi.advanceTimersByTimeAsync(1999);
	expect(await task).toBe('result');
	await vi.advanceTimersByTimeAsync(10_000);
	expect(stream.written).toEqual([]);
});

test('writes a plain line after two seconds and then every four where there is no terminal', async () => {
	const stream = record(false);
	const task = showProgress(async say => {
		say('Installing');
		await after(5000);
		say('Starting');
		await after(4000);
	}, stream);
	await vi.advanceTimersByTimeAsync(9000);
	await task;
	expect(stream.written).toEqual(['Installing (2 s)\n', 'Installing (4 s)\n', 'Starting (8 s)\n']);
});

test('rewrites one line on a terminal, and takes it away at the end', async () => {
	const stream = record(true);
	const task = showProgress(async say => {
		say('Installing');
		await after(2500);
	}, stream);
	await vi.advanceTimersByTimeAsync(2500);
	await task;
	expect(stream.written.every(text => text.startsWith('\r\u001B[2K') && !text.includes('\n'))).toBe(true);
	expect(stream.written.at(-2)).toBe('\r\u001B[2KInstalling (2 s)');
	expect(stream.written.at(-1)).toBe('\r\u001B[2K');
});

test('ends with the task when that fails', async () => {
	const stream = record(false);
	const task = showProgress(async say => {
		say('Installing');
		await after(3000);
		throw new Error('pip failed');
	}, stream);
	const [end] = await Promise.allSettled([task, vi.advanceTimersByTimeAsync(3000)]);
	expect(end).toEqual({status: 'rejected', reason: new Error('pip failed')});
	expect(vi.getTimerCount()).toBe(0);
});
