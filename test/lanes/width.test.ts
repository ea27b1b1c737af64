import {describe, expect, it} from 'vitest';
import {createGate} from '../../src/lanes/gate.ts';
import {type Width, adaptiveWidth, fixedWidth} from '../../src/lanes/width.ts';
import {createFakeClock} from '../support/fake-clock.ts';

/** Sends calls through a gate that always has more waiting, to an origin that answers after `latencyMs(inFlight)`. */
async function probe(width: Width, {calls, latencyMs}: {readonly calls: number; readonly latencyMs: (inFlight: number) => number}) {
	const clock = createFakeClock();
	const gate = createGate({openWidth: () => width, perHost: 'auto', clock});
	let inFlight = 0;
	let most = 0;
	async function call(): Promise<void> {
		if (!(await gate.enter('a'))) throw new Error('the gate is open');
		const startMs = clock.nowMs();
		most = Math.max(most, ++inFlight);
		await clock.sleep(latencyMs(inFlight));
		inFlight--;
		gate.leave('a', {startMs, endMs: clock.nowMs(), isSuccess: true});
	}
	await clock.finish(Promise.all(Array.from({length: calls}, call)));
	return {most, wallMs: clock.nowMs()};
}

describe('fixedWidth', () => {
	it('stays where it was put, whatever the calls say', async () => {
		const width = fixedWidth(5);
		const {most} = await probe(width, {calls: 200, latencyMs: () => 1});
		expect([width.limit, most]).toEqual([5, 5]);
	});
});

describe('adaptiveWidth', () => {
	it('starts where it was told and never goes beyond its most', async () => {
		const width = adaptiveWidth({start: 4, most: 64});
		expect(width.limit).toBe(4);
		const {most} = await probe(width, {calls: 3000, latencyMs: () => 100});
		expect(most).toBeLessThanOrEqual(64);
	});

	it('widens to the most while the answers take as long as before', async () => {
		const width = adaptiveWidth({start: 16, most: 256});
		const {wallMs} = await probe(width, {calls: 4000, latencyMs: () => 100});
		expect(width.limit).toBe(256);
		// 4000 calls of 100 ms, 256 at once, take at least 1,563 ms; the ramp may cost as much again, but no more.
		expect(wallMs).toBeLessThan(2 * 1563);
	});

	it.each([8, 32, 100])('stays near the capacity of an origin that serves %i at once and queues the rest', async capacity => {
		const width = adaptiveWidth({start: 16, most: 256});
		const latencyMs = (inFlight: number): number => 50 * Math.max(1, inFlight / capacity);
		const {wallMs} = await probe(width, {calls: 4000, latencyMs});
		// The best possible rate is capacity per 50 ms.
		const bestMs = (4000 * 50) / capacity;
		expect(wallMs).toBeLessThan(1.3 * bestMs);
		expect(width.limit).toBeGreaterThanOrEqual(Math.min(16, capacity / 2));
		expect(width.limit).toBeLessThanOrEqual(4 * Math.max(16, capacity));
	});

	it('learns nothing from calls that began at another width, or took no time', () => {
		const width = adaptiveWidth({start: 8, most: 64});
		for (let n = 0; n < 8; n++) width.learn({startMs: 0, endMs: 100});
		const {limit} = width;
		expect(limit).toBe(16);
		for (let n = 0; n < 100; n++) width.learn({startMs: 99, endMs: 5000});
		for (let n = 0; n < 100; n++) width.learn({startMs: 200, endMs: 200});
		expect(width.limit).toBe(limit);
	});
});
