import {execFile} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {expect, it} from 'vitest';

const program = fileURLToPath(new URL('fixtures/memory/fan-out.ts', import.meta.url));
const MiB = 1024 * 1024;
const MOST_TRIES = 3;

interface Measured {
	readonly succeeded: number;
	readonly written?: number;
	readonly wallSeconds: number;
	readonly cpuSeconds: number;
	readonly maxRssBytes: number;
}

/** A process of its own, with the young generation that the launcher gives the command. */
async function fanOut(items: number, ...words: readonly string[]): Promise<Measured> {
	const {stdout} = await promisify(execFile)(process.execPath, ['--max-semi-space-size=8', program, String(items), ...words]);
	return JSON.parse(stdout) as Measured;
}

// A neighbour's load stretches the wall clock, and our CPU time a little: the better of the two is what this machine can do alone.
const rateOf = ({succeeded, wallSeconds, cpuSeconds}: Measured): number => succeeded / Math.min(wallSeconds, cpuSeconds);

/** A loaded machine is slower, also by CPU time: the best of up to three tries counts. */
async function bestRate(
	measure: () => Promise<Measured>,
	{first, enough}: {readonly first: number; readonly enough: number},
): Promise<number> {
	let best = first;
	for (let tries = 1; tries < MOST_TRIES && best < enough; tries++) best = Math.max(best, rateOf(await measure()));
	return best;
}

it('runs a million items in the memory of a thousand, at 100,000 a second', {timeout: 180_000}, async () => {
	const few = await fanOut(1000);
	const many = await fanOut(1_000_000);
	expect([few.succeeded, many.succeeded]).toEqual([1000, 1_000_000]);
	expect((many.maxRssBytes - few.maxRssBytes) / MiB).toBeLessThan(100);
	expect(await bestRate(() => fanOut(1_000_000), {first: rateOf(many), enough: 100_000})).toBeGreaterThan(100_000);
});

it('writes the rows of 20,000 items a second', {timeout: 90_000}, async () => {
	const run = (): Promise<Measured> => fanOut(200_000, 'rows');
	const first = await run();
	expect(first).toMatchObject({succeeded: 200_000, written: 200_000});
	expect(await bestRate(run, {first: rateOf(first), enough: 20_000})).toBeGreaterThan(20_000);
});
