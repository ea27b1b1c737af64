import {describe, expect, test} from 'vitest';
import {fanOut} from 'twolane';
import {openRedis, writeTo} from '../../examples/redis-writes.ts';
import {findRedis, startRedis} from '../support/redis.ts';
import {runExample, temporaryFolder} from './run-example.ts';

const redis = await findRedis();
if ('missing' in redis) console.warn(`The tests with Redis are skipped: ${redis.missing}.`);

describe.skipIf('missing' in redis)('the Redis example', () => {
	const path = 'path' in redis ? redis.path : '';

	test('writes every pair but the empty ones', async () => {
		await using server = await startRedis({path});
		const client = openRedis(server.url);
		await client.connect();
		const pairs = Array.from({length: 1000}, (_, n) => ({key: `key-${n}`, value: n % 10 === 0 ? '' : 'x'.repeat(n)}));

		const lengths = new Map<string, number>();
		const skipped: string[] = [];
		for await (const outcome of fanOut(writeTo(client), pairs)) {
			if (outcome.status === 'succeeded') lengths.set(outcome.id, outcome.result.length);
			if (outcome.status === 'skipped') skipped.push(outcome.id);
		}
		const kept = pairs.filter(({value}) => value !== '');
		const stored = await client.mGet(kept.map(({key}) => key));
		const size = await client.dbSize();
		await client.close();

		expect(stored).toEqual(kept.map(({value}) => value));
		expect(size).toBe(kept.length);
		expect(Object.fromEntries(lengths)).toEqual(Object.fromEntries(kept.map(({key, value}) => [key, value.length])));
		expect(skipped).toHaveLength(pairs.length - kept.length);
	});

	test('reads pairs from standard input', async () => {
		await using server = await startRedis({path});
		await using folder = await temporaryFolder();
		const {stdout, stderr, exitCode} = await runExample('redis-writes', [server.url], {
			cwd: folder.path,
			input: 'a=1\nb=\nc=x=y\n=nameless\n',
		});

		expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0});
		expect(stdout).toMatch(/succeeded: 2, failed: 1, skipped: 1/u);
		const client = openRedis(server.url);
		await client.connect();
		const stored = await client.mGet(['a', 'b', 'c']);
		await client.close();
		expect(stored).toEqual(['1', null, 'x=y']);
	});
});
