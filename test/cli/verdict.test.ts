import {setTimeout as sleep} from 'node:timers/promises';
import {join} from 'node:path';
import sharp from 'sharp';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {type KeptReport, type Workplace, readJsonLines, startCli, workplace} from '../support/cli.ts';
import {type HttpOrigin, httpOrigin, serve, status} from '../support/http-origin.ts';

let origin: HttpOrigin;
let place: Workplace;
let runs = 0;

beforeEach(async () => {
	origin = await httpOrigin();
	place = await workplace();
});

afterEach(async () => {
	await origin[Symbol.asyncDispose]();
	await place[Symbol.asyncDispose]();
});

const picture = (width: number, height: number): Promise<Buffer> =>
	sharp({create: {width, height, channels: 3, background: 'red'}})
		.jpeg()
		.toBuffer();

async function run(lines: readonly object[], ...more: string[]): Promise<KeptReport> {
	const manifest = await place.write('list.jsonl', lines.map(line => JSON.stringify(line)).join('\n'));
	const cli = startCli(['run', manifest, '--out', join(place.path, `out-${++runs}`), '--allow-origin', origin.origin, '--json', ...more]);
	const {stdout, stderr, exitCode} = await cli.ended;
	const {report} = readJsonLines(stdout);
	expect({exitCode, stderr, topErrors: report.topErrors}).toEqual({exitCode: 0, stderr: '', topErrors: []});
	return report;
}

const LATENCY_MS = 400;

// The second try is for a machine whose load changes between the two runs that are compared.
it('calls a slow origin io-bound, and its advice gives most of what it predicts', {timeout: 60_000, retry: 1}, async () => {
	const photo = await picture(64, 48);
	let firstMs = Number.POSITIVE_INFINITY;
	let lastMs = 0;
	const lines = Array.from({length: 48}, (_, n) => {
		origin.on(`/${n}`, async () => {
			firstMs = Math.min(firstMs, performance.now());
			await sleep(LATENCY_MS);
			lastMs = performance.now();
			return serve(photo);
		});
		return {id: `${n}`, url: origin.url(`/${n}`)};
	});
	/** By the origin's own clock, from the first request to the last answer. */
	const measure = async (io: number): Promise<{readonly report: KeptReport; readonly wallMs: number}> => {
		firstMs = Number.POSITIVE_INFINITY;
		const report = await run(lines, '--io', String(io));
		return {report, wallMs: lastMs - firstMs};
	};

	const before = await measure(4);
	expect(origin.maxInFlight).toBe(4);
	const {bound, advice, prediction} = before.report.verdict;
	expect(bound).toBe('io-bound');
	expect(prediction).toMatchObject({limit: 'ioConcurrency'});
	const {value, speedup} = prediction ?? {value: 4, speedup: 1};
	expect(value).toBeGreaterThan(4);
	expect(speedup).toBeGreaterThan(1.5);
	expect(advice[0]).toContain(`--io ${value}`);

	const after = await measure(value);
	expect(after.report.limits.ioConcurrency).toBe(value);
	expect(before.wallMs / after.wallMs - 1).toBeGreaterThanOrEqual(0.7 * (speedup - 1));
});

it('calls 24-megapixel images cpu-bound', {timeout: 60_000}, async () => {
	// Grain of 10 px, so that there is something to decode, and the picture itself is quickly made.
	const grain = await sharp({
		create: {width: 600, height: 400, channels: 3, background: 'red', noise: {type: 'gaussian', mean: 128, sigma: 30}},
	})
		.png()
		.toBuffer();
	const photo = await sharp(grain).resize(6000, 4000, {kernel: 'nearest'}).jpeg().toBuffer();
	await place.write('large.jpg', photo);
	const report = await run(Array.from({length: 40}, (_, n) => ({id: `${n}`, file: 'large.jpg'})));
	expect(report.itemCounts.succeeded).toBe(40);
	expect(report.verdict.bound).toBe('cpu-bound');
});

const MOST_AT_ONCE = 5;

it('calls an origin that answers 429 above 5 in flight origin-throttled, and every item still succeeds', {timeout: 60_000}, async () => {
	const photo = await picture(64, 48);
	let inFlight = 0;
	let refused = 0;
	const lines = Array.from({length: 150}, (_, n) => {
		origin.on(`/${n}`, async () => {
			if (inFlight >= MOST_AT_ONCE) {
				refused++;
				return status(429);
			}
			inFlight++;
			await sleep(40);
			inFlight--;
			return serve(photo);
		});
		return {id: `${n}`, url: origin.url(`/${n}`)};
	});
	const report = await run(lines);
	expect(refused).toBeGreaterThan(0);
	expect(report.itemCounts).toMatchObject({succeeded: 150, failed: 0});
	expect(report.verdict.bound).toBe('origin-throttled');
	expect(report.verdict.evidence.join()).toContain('429');
});
