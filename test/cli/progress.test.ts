import {stripVTControlCharacters} from 'node:util';
import {Writable} from 'node:stream';
import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {seconds, showProgress} from '../../src/cli/progress.ts';
import {type Snapshot, emptySnapshot} from '../../src/lanes/snapshot.ts';

/** What a terminal stream is to a writer, with all that was written. */
function openStream({isTTY}: {readonly isTTY: boolean}): {readonly stream: NodeJS.WriteStream; readonly written: () => string} {
	let text = '';
	const sink = new Writable({
		write(chunk, _, done) {
			text += String(chunk);
			done();
		},
	});
	// The parts of a WriteStream that a progress uses.
	return {stream: Object.assign(sink, {isTTY, columns: 100, rows: 24}) as unknown as NodeJS.WriteStream, written: () => text};
}

const snapshot = (succeeded: number): Snapshot => ({
	...emptySnapshot({total: 40}),
	itemCounts: {succeeded, failed: 1, skipped: 0, running: 4, total: 40},
	lanes: {io: {inFlight: 3, waiting: 7, limit: 8}, cpu: {busy: 2, queued: 5, threads: 2}},
	throughput: 4,
});

const cursorHidden = '\u001B[?25l';
const cursorShown = '\u001B[?25h';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('draws both lanes over and over in the same two lines of a terminal', () => {
	const {stream, written} = openStream({isTTY: true});
	let succeeded = 0;
	const progress = showProgress(() => snapshot(succeeded++), stream);
	vi.advanceTimersByTime(2000);
	const text = written();
	expect(text.startsWith(cursorHidden)).toBe(true);
	const lines = stripVTControlCharacters(text);
	expect(lines).toMatch(/█+░+ 2\d\/40 {2}4\.0 items\/s {2}\d+ s left/u);
	expect(lines).toContain('io 3 in flight, 7 waiting | cpu 2/2 threads, 5 waiting  1 failed');
	expect(lines).not.toMatch(/undefined|NaN|INF|\{\w+\}/u);
	// oxlint-disable-next-line no-control-regex
	const ups = [...text.matchAll(/\u001B\[(\d+)A/gu)].reduce((sum, [, count]) => sum + Number(count), 0);
	const downs = text.split('\n').length - 1;
	expect(downs).toBeGreaterThan(10);
	expect(downs - ups).toBe(1);
	progress.stop();
	expect(written().slice(text.length)).toContain(cursorShown);
	vi.advanceTimersByTime(2000);
	expect(vi.getTimerCount()).toBe(0);
});

it('keeps a note above the bar', () => {
	const {stream, written} = openStream({isTTY: true});
	const progress = showProgress(() => snapshot(1), stream);
	progress.note?.('Stopping.');
	vi.advanceTimersByTime(200);
	progress.stop();
	expect(written()).toContain('Stopping.\n');
});

it('leaves a terminal its cursor when the process exits meanwhile', () => {
	const {stream, written} = openStream({isTTY: true});
	const before = process.listeners('exit');
	showProgress(() => snapshot(1), stream);
	const onExit = process.listeners('exit').find(listener => !before.includes(listener));
	onExit?.(130);
	expect(written()).toContain(cursorShown);
	expect(process.listeners('exit')).toEqual(before);
});

it('writes a plain line every five seconds elsewhere', () => {
	const {stream, written} = openStream({isTTY: false});
	const progress = showProgress(() => snapshot(11), stream);
	vi.advanceTimersByTime(4999);
	expect(written()).toBe('');
	vi.advanceTimersByTime(5001);
	expect(written()).toBe('12/40  4.0 items/s  7 s left  io 3 in flight, 7 waiting | cpu 2/2 threads, 5 waiting  1 failed\n'.repeat(2));
	progress.stop();
	vi.advanceTimersByTime(10_000);
	expect(written().split('\n')).toHaveLength(3);
});

it.each([
	[0.2, '1 s'],
	[99, '99 s'],
	[200, '3 min 20 s'],
	[7500, '2 h 5 min'],
])('says %d s as %s', (value, text) => expect(seconds(value)).toBe(text));
