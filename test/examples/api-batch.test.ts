import {describe, expect, test} from 'vitest';
import {fanOut} from 'twolane';
import {customers} from '../../examples/api-batch.ts';
import {ODD_ID, customerApi, isGone, isShaky, tierOf} from './customer-api.ts';
import {runExample, temporaryFolder} from './run-example.ts';

const CALLS = 5000;
const MOST_IN_FLIGHT = 10;

describe('the API batch example', {timeout: 60_000}, () => {
	test(`gets all of ${CALLS} customers from an API that refuses more than ${MOST_IN_FLIGHT} calls at once`, async () => {
		await using server = await customerApi({mostInFlight: MOST_IN_FLIGHT});
		const {api, requests} = server;
		const ids = Array.from({length: CALLS}, (_, n) => ({id: String(n)}));
		const run = fanOut(customers, ids, {options: {api}, limits: {ioConcurrency: 20}, attempts: 6});

		const tiers = new Map<string, string>();
		const skipped: string[] = [];
		const failed: unknown[] = [];
		for await (const outcome of run) {
			if (outcome.status === 'succeeded') tiers.set(outcome.id, outcome.result.tier);
			else if (outcome.status === 'skipped') skipped.push(outcome.id);
			else failed.push(outcome);
		}

		expect(failed).toEqual([]);
		expect(skipped.map(Number).sort((a, b) => a - b)).toEqual(ids.map(({id}) => Number(id)).filter(n => isGone(String(n))));
		expect(Object.fromEntries(tiers)).toEqual(Object.fromEntries(ids.filter(({id}) => !isGone(id)).map(({id}) => [id, tierOf(id)])));

		const refused = requests.filter(({status}) => status === 429).length;
		expect(requests.filter(({status}) => status === 500)).toHaveLength(ids.filter(({id}) => isShaky(id) && !isGone(id)).length);
		expect(refused).toBeGreaterThan(0);
		expect(requests.length).toBeLessThanOrEqual(1.5 * CALLS);
		// It starts at 20, is refused, and settles: from then on a probe goes one above what the server takes, hardly ever more.
		for (const quarter of quartersOf(requests.slice(CALLS / 10))) {
			const most = Math.max(...quarter.map(({inFlight}) => inFlight));
			expect(most).toBeGreaterThanOrEqual(MOST_IN_FLIGHT - 2);
			expect(most).toBeLessThanOrEqual(MOST_IN_FLIGHT + 2);
		}
		expect((await run.report()).verdict.bound).toBe('origin-throttled');
	});

	test('reads ids from standard input and prints a customer a line', async () => {
		await using server = await customerApi({mostInFlight: MOST_IN_FLIGHT});
		await using folder = await temporaryFolder();
		const {stdout, stderr, exitCode} = await runExample('api-batch', [server.api], {cwd: folder.path, input: '1\n7\n97\n'});

		expect(stdout.trim().split('\n').sort()).toEqual(['{"id":"1","tier":"silver"}', '{"id":"97","tier":"silver"}']);
		expect(stderr).toContain('skipped: 1');
		expect(exitCode).toBe(0);
	});

	test('asks nothing for an empty list', async () => {
		await using server = await customerApi({mostInFlight: MOST_IN_FLIGHT});
		const {itemCounts} = await fanOut(customers, [], {options: {api: server.api}}).report();

		expect(itemCounts).toMatchObject({succeeded: 0, failed: 0, skipped: 0, total: 0});
		expect(server.requests).toEqual([]);
	});

	test('fails a customer whose answer has another shape, and names the field', async () => {
		await using server = await customerApi({mostInFlight: MOST_IN_FLIGHT});
		const outcomes = await Array.fromAsync(fanOut(customers, [{id: ODD_ID}], {options: {api: server.api}, attempts: 1}));

		expect(outcomes).toMatchObject([{id: ODD_ID, status: 'failed', error: {code: 'FETCH_FAILED'}}]);
		expect(JSON.stringify(outcomes)).toContain('tier');
	});
});

function quartersOf<T>(list: readonly T[]): readonly (readonly T[])[] {
	const size = Math.ceil(list.length / 4);
	return [0, 1, 2, 3].map(quarter => list.slice(quarter * size, (quarter + 1) * size));
}
