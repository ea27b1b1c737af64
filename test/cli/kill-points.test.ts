import assert from 'node:assert/strict';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {runCli} from '../support/cli.ts';
import {type Copies, type Result, lastWords, openCopies, readResults} from '../support/copies.ts';
import type {KillPoint} from '../support/kill-at.ts';

const ITEMS = 25;
const before = (call: KillPoint['call'], of: string): KillPoint => ({when: 'before', call, of});
const after = (call: KillPoint['call'], of: string, count = 1): KillPoint => ({when: 'after', call, of, count});
const half = (of: string): KillPoint => ({when: 'half', call: 'write', of});

/** One kill. `stalls`: the first shard cannot be completed, so that there are checkpoints. */
type Point = readonly [name: string, killAt: KillPoint, how?: 'stalls'];

/** In the order in which a run comes by them: each command gets as far as its point, on what the ones before have left. */
const points: readonly Point[] = [
	['before the run is there', before('link', '/active/')],
	['between the two halves of run.json', half(String.raw`"version": 1`)],
	['between run.json and the list of runs', after('link', '/run.json$')],
	['before the lock is taken', before('link', '/owner-')],
	['after the lock is taken', after('link', '/owner-')],
	['after a dead owner’s lock is taken over, before the old one is removed', before('unlink', '/owner-')],
	['in the middle of the items file', half(String.raw`^\{"n":0`)],
	['between the items file and the plan', after('rename', '/items-')],
	['in the middle of the plan', half(String.raw`^\[\n\{"shard"`)],
	['after the plan', after('link', '/plan.json$')],
	['after the first claim', after('link', '/claim-1$')],
	['in the middle of an output', half('^text ')],
	['after an output, before its row', after('rename', '/loud.txt$', 2)],
	['before the first checkpoint', before('link', '/part-'), 'stalls'],
	['in the middle of a checkpoint', half(String.raw`^\{"started"`), 'stalls'],
	['after a checkpoint', after('link', '/part-'), 'stalls'],
	['after one file of rows', after('rename', '/rows/0-')],
	['after all files of rows, before the seal', before('link', '/seals/0.json$')],
	['in the middle of a seal', half(String.raw`"shard": 0,\s+"claim"`)],
	['between two seals', after('link', '/seals/0.json$')],
	['between two other seals', after('link', '/seals/1.json$')],
	['after the last seal, before the results', before('link', '/results/manifest.json$')],
	['between results and report', after('link', '/results/manifest.json$')],
	['after the report, while the run counts as active', after('link', '/report.json$')],
	['while it takes checkpoints away', after('unlink', '/work/', 2)],
	['while it takes files of rows away that no seal names', before('unlink', '/rows/')],
	['while it takes an items file away that no plan names', before('unlink', '/items-')],
	['before it lets go of the lock', before('rename', '/owner-')],
	['after it has let go of the lock', after('rename', '/owner-')],
];

let copies: Copies;
let expected: readonly Result[];

beforeAll(async () => {
	copies = await openCopies(ITEMS);
	const end = await runCli(copies.words('undisturbed'), copies.options());
	assert.equal(end.exitCode, 1);
	expected = await readResults(copies.place, 'undisturbed');
});
afterAll(() => copies[Symbol.asyncDispose]());

it('an undisturbed run is what it should be', () => {
	const ends = Array.from({length: ITEMS}, (_, n) => (n % 10 === 3 ? 'HTTP_STATUS' : n % 10 === 7 ? 'skipped' : 'succeeded'));
	expect(expected.map(({code, status}) => code ?? status)).toEqual(ends);
	expect(expected.map(({outputs = []}) => outputs.length)).toEqual(ends.map(end => (end === 'succeeded' ? 2 : 0)));
});

it('a run that is killed at every point in turn ends like an undisturbed one', {timeout: 300_000}, async () => {
	for (const [name, killAt, how] of points) {
		copies.delay(n => (how === 'stalls' && n >= 5 ? 60_000 : 0));
		const {exitCode, stdout, stderr} = await runCli(copies.words('killed', '--quiet'), copies.options({killAt}));
		expect({name, exitCode, stdout, stderr}).toEqual({name, exitCode: 137, stdout: '', stderr: expect.stringMatching(lastWords)});
	}
	copies.delay(() => 0);
	const asked = copies.requests.length;
	const {exitCode, stderr} = await runCli(copies.words('killed', '--quiet'), copies.options());
	expect({exitCode, stderr, asked: copies.requests.length}).toEqual({exitCode: 1, stderr: '', asked});
	expect(await readResults(copies.place, 'killed')).toEqual(expected);
});
