import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {fanOut} from 'twolane';
import {orders} from '../../examples/json-folder.ts';
import {runExample, temporaryFolder} from './run-example.ts';

const FILES = 500;
const countries = ['FR', 'DE', 'IT'] as const;

/** Every hundredth is broken, in turn as JSON and as an order. */
const isBroken = (n: number): boolean => n % 100 === 99;
const contentOf = (n: number): string => {
	if (isBroken(n)) return n % 200 === 99 ? '{"country": "FR",' : '{"country": "FR", "total": "12"}';
	return JSON.stringify({country: countries[n % countries.length], total: n});
};

async function writeOrders(folder: string): Promise<readonly string[]> {
	const paths = Array.from({length: FILES}, (_, n) => join(folder, `${n % 7}`, `${n}.json`));
	for (let day = 0; day < 7; day++) await mkdir(join(folder, `${day}`));
	for (const [n, path] of paths.entries()) await writeFile(path, contentOf(n));
	return paths;
}

describe('the JSON folder example', () => {
	test('reads every order, and fails a broken file once, with what is wrong in it', async () => {
		await using folder = await temporaryFolder();
		const paths = await writeOrders(folder.path);

		let total = 0;
		const failures: {id: string; attempts: number; code: string; message: string}[] = [];
		for await (const outcome of fanOut(orders, paths)) {
			if (outcome.status === 'succeeded') total += outcome.result.total;
			if (outcome.status !== 'failed') continue;
			const {code, message} = outcome.error;
			failures.push({id: outcome.id, attempts: outcome.attempts, code, message});
		}

		const good = Array.from({length: FILES}, (_, n) => n).filter(n => !isBroken(n));
		expect(total).toBe(good.reduce((sum, n) => sum + n, 0));
		expect(failures).toHaveLength(FILES / 100);
		for (const {attempts, code} of failures) expect({attempts, code}).toEqual({attempts: 1, code: 'ORDER_INVALID'});
		expect(failures.filter(({message}) => message.includes('expected number, received string'))).toHaveLength(2);
		expect(failures.filter(({message}) => message.includes('SyntaxError'))).toHaveLength(3);
	});

	test('prints the totals by country', async () => {
		await using folder = await temporaryFolder();
		await writeOrders(folder.path);
		const {stdout, stderr, exitCode} = await runExample('json-folder', ['.'], {cwd: folder.path});

		for (const [index, country] of countries.entries()) {
			const total = Array.from({length: FILES}, (_, n) => n)
				.filter(n => n % countries.length === index && !isBroken(n))
				.reduce((sum, n) => sum + n, 0);
			expect(stdout).toMatch(new RegExp(`${country}\\W+${total}\\b`, 'u'));
		}
		expect(stderr.match(/\.json: this is no order: /gu)).toHaveLength(FILES / 100);
		expect(exitCode).toBe(0);
	});

	test('prints an empty table for a folder without JSON files', async () => {
		await using folder = await temporaryFolder();
		const {stdout, stderr, exitCode} = await runExample('json-folder', ['.'], {cwd: folder.path});

		expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0});
		for (const country of countries) expect(stdout).not.toContain(country);
	});
});
