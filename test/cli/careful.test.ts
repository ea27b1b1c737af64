import {fileURLToPath} from 'node:url';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {type Row, type Workplace, readJsonLines, readKeptRun, runCli, workplace} from '../support/cli.ts';

const flow = fileURLToPath(new URL('../fixtures/crash/flow.ts', import.meta.url));
const ITEMS = 100;

let place: Workplace;
beforeEach(async () => void (place = await workplace()));
afterEach(() => place[Symbol.asyncDispose]());

/** One command over 100 items, of which some end badly. */
async function run(kinds: Readonly<Record<number, string>>, ...more: readonly string[]) {
	const lines = Array.from({length: ITEMS}, (_, n) => JSON.stringify({id: `id-${n}`, kind: kinds[n]}));
	await place.write('list.jsonl', lines.join('\n'));
	const end = await runCli(['run', 'list.jsonl', '--out', 'out', '--flow', flow, ...more], {cwd: place.path});
	return {...end, ...(await readKeptRun(join(place.path, 'out/.twolane')))};
}

const ends = (rows: readonly Row[]): unknown[] => rows.map(({id, error}) => [id, error?.code]);
const succeeded = (rows: readonly Row[]): number => rows.filter(({result}) => result === 'done').length;

describe('one command over 100 items', () => {
	it.each([
		['a segmentation fault', 'segfault', 'NATIVE_CRASH', /died of SIGSEGV/u],
		['native code that gives up', 'abort', 'NATIVE_CRASH', /died of SIGABRT/u],
		['a heap that ends the whole process', 'full heap at once', 'THREAD_OUT_OF_MEMORY', /died of SIGABRT/u],
	])('survives %s in the middle: 99 succeed, and one has its code', async (_, kind, code, death) => {
		const {exitCode, stdout, stderr, rows, results} = await run({50: kind});
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(death);
		expect(stderr).toContain('Going on: the items that were in flight now run one at a time');
		expect(stdout).toMatch(new RegExp(`^99 succeeded, 1 failed {2}[\\s\\S]*^1 x ${code} {2}e\\.g\\. id-50\n`, 'mu'));
		expect(results.itemCounts).toMatchObject({succeeded: 99, failed: 1, pending: 0, total: 100});
		expect(succeeded(rows.SUCCEEDED)).toBe(99);
		expect(ends(rows.FAILED)).toEqual([['id-50', code]]);
	});

	it('survives a thread whose heap is full without any crash', async () => {
		const {exitCode, stderr, rows} = await run({50: 'full heap'}, '--quiet');
		expect({exitCode, stderr}).toEqual({exitCode: 1, stderr: ''});
		expect(succeeded(rows.SUCCEEDED)).toBe(99);
		expect(ends(rows.FAILED)).toEqual([['id-50', 'THREAD_OUT_OF_MEMORY']]);
	});

	it('survives two that crash, far apart; what it had told but not kept is told again, and the last line counts', async () => {
		const {exitCode, stdout, rows} = await run({20: 'segfault', 80: 'segfault'}, '--json');
		expect(exitCode).toBe(1);
		expect(succeeded(rows.SUCCEEDED)).toBe(98);
		expect(ends(rows.FAILED)).toEqual([
			['id-20', 'NATIVE_CRASH'],
			['id-80', 'NATIVE_CRASH'],
		]);
		const told = readJsonLines(stdout);
		expect(told.report.itemCounts).toMatchObject({succeeded: 98, failed: 2, pending: 0});
		const last = new Map(told.rows.map(({type: _, ...row}: Row & {type?: string}) => [row.n, row]));
		const kept = [...rows.SUCCEEDED, ...rows.FAILED].toSorted((a, b) => a.n - b.n);
		expect([...last.values()].toSorted((a, b) => a.n - b.n)).toEqual(kept);
	});
});
