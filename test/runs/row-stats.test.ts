import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type RowStats, addStats, createRowTally, summariseStages, topErrors} from '../../src/runs/row-stats.ts';
import type {Row} from '../../src/runs/row.ts';
import {row} from './ledger.ts';

function statsOf(rows: readonly Row[]): RowStats {
	const tally = createRowTally();
	for (const one of rows) tally.add(one);
	return tally.stats();
}
const timed = (fetchMs: number): Row => row.succeeded(0, {timings: {fetchMs}});

const anyRow = fc.oneof(
	fc
		.record({n: fc.nat(99), ms: fc.double({min: 0, max: 1e6, noNaN: true}), bytes: fc.nat(1e6)})
		.map(({n, ms, bytes}) =>
			row.succeeded(n, {timings: {fetchMs: ms, queueMs: ms / 2}, outputs: [{name: 'a', key: 'a', bytes, sha256: ''}]}),
		),
	fc.record({n: fc.nat(99), code: fc.constantFrom('A', 'B', 'C')}).map(({n, code}) => row.failed(n, code)),
	fc.nat(99).map(row.skipped),
);
/** Examples are those of whoever came first. */
const withoutExamples = ({errors, ...stats}: RowStats) => ({
	...stats,
	errors: errors.map(({code, count}) => `${count} ${code}`).toSorted(),
});

describe('the stages of a report', () => {
	it('show percentiles within 2 % of the exact ones', () => {
		fc.assert(
			fc.property(fc.array(fc.double({min: 0.01, max: 1e7, noNaN: true}), {minLength: 1, maxLength: 300}), times => {
				const {fetch} = summariseStages(statsOf(times.map(timed)));
				const sorted = times.toSorted((a, b) => a - b);
				const exact = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
				expect(fetch?.count).toBe(times.length);
				for (const [found, share] of [
					[fetch?.p50Ms, 0.5],
					[fetch?.p95Ms, 0.95],
					[fetch?.p99Ms, 0.99],
				] as const) {
					// And the last digit that is shown: a microsecond.
					expect(Math.abs((found ?? 0) - exact(share))).toBeLessThanOrEqual(0.02 * exact(share) + 0.001);
				}
			}),
		);
	});

	it('are those that were used, and times below 10 us count as 10 us', () => {
		expect(summariseStages(statsOf([timed(0), timed(0.001)]))).toEqual({fetch: {count: 2, p50Ms: 0.01, p95Ms: 0.01, p99Ms: 0.01}});
		expect(summariseStages(statsOf([row.succeeded(0)]))).toEqual({});
	});
});

describe('the sum of rows', () => {
	it('counts by status, and only what succeeded as bytes', () => {
		const outputs = [{name: 'a', key: 'a', bytes: 7, sha256: ''}];
		const tally = createRowTally();
		for (const one of [row.succeeded(0, {outputs}), row.succeeded(1, {outputs}), row.failed(2), row.skipped(3)]) tally.add(one);
		tally.add({n: 4, id: 'item-4', status: 'pending'});
		expect(tally.stats()).toMatchObject({counts: {succeeded: 2, failed: 1, skipped: 1, pending: 1}, bytesOut: 14});
	});

	it('is the same whatever the order in which it is added up, and in how many sets', () => {
		fc.assert(
			fc.property(
				fc
					.array(fc.array(anyRow, {maxLength: 20}), {maxLength: 6})
					.chain(sets => fc.tuple(fc.constant(sets), fc.shuffledSubarray(sets, {minLength: sets.length}))),
				([sets, shuffled]) => {
					const whole = withoutExamples(statsOf(sets.flat()));
					expect(withoutExamples(addStats(sets.map(statsOf)))).toEqual(whole);
					expect(withoutExamples(addStats(shuffled.map(statsOf)))).toEqual(whole);
					expect(withoutExamples(addStats([addStats(sets.slice(0, 2).map(statsOf)), ...sets.slice(2).map(statsOf)]))).toEqual(whole);
				},
			),
		);
	});

	it('keeps what it has said when more is added', () => {
		const tally = createRowTally();
		tally.add(timed(5));
		const before = tally.stats();
		const text = JSON.stringify(before);
		tally.add(timed(5));
		tally.add(row.failed(1));
		expect(JSON.stringify(before)).toBe(text);
	});

	it('of nothing is zero', () => {
		expect(addStats([])).toEqual({counts: {succeeded: 0, failed: 0, skipped: 0, pending: 0}, bytesOut: 0, stages: {}, errors: []});
	});
});

describe('topErrors', () => {
	it('are the ten most frequent, the first example of each', () => {
		const codes = Array.from({length: 12}, (_, index) => `CODE_${String.fromCodePoint(65 + index)}`);
		const rows = codes.flatMap((code, index) =>
			Array.from({length: index < 2 ? 1 : index}, (_, n) => row.failed(100 * index + n, code, `${code} ${n}`)),
		);
		const top = topErrors(statsOf(rows));
		expect(top.map(({code, count}) => `${count} ${code}`)).toEqual(
			codes
				.slice(2)
				.map((code, index) => `${index + 2} ${code}`)
				.toReversed(),
		);
		expect(top.at(-1)).toEqual({code: 'CODE_C', count: 2, example: {id: 'item-200', message: 'CODE_C 0'}});
	});

	it('are in the order of their codes where they are as frequent', () => {
		expect(topErrors(statsOf(['B', 'A', 'C'].map((code, n) => row.failed(n, code)))).map(({code}) => code)).toEqual(['A', 'B', 'C']);
	});

	it('stay few when a flow makes up a code for each item', () => {
		const stats = statsOf(Array.from({length: 1000}, (_, n) => row.failed(n, `CODE_${n}`)));
		expect(stats.counts.failed).toBe(1000);
		expect(stats.errors).toHaveLength(100);
	});
});
