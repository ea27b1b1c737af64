import {beforeAll, describe, expect, it} from 'vitest';
import {acceptedRun, problem} from '../../src/api/answer-schemas.ts';
import {describeApi} from '../conformance/api.ts';
import {type TestStack, testStack} from '../support/deployed-stack.ts';
import {apiUrl} from '../support/localstack.ts';
import {runSchemathesis} from '../support/schemathesis.ts';

const itemsTaking = (count: number, ms: number) => Array.from({length: count}, (_, n) => ({id: `item-${n}`, ms}));

describeApi('a stack', async () => {
	const {api, bucket} = await testStack();
	return {
		baseUrl: apiUrl(api),
		bodies: {
			succeeding: {flow: 'timed', source: {items: itemsTaking(3, 1)}},
			failing: {
				body: {source: {items: ['a', 'b'].map(id => ({id, s3: `s3://${bucket}/none/${id}`}))}, attempts: 1},
				code: 'S3_NOT_FOUND',
			},
			lasting: {flow: 'timed', source: {items: itemsTaking(300, 1000)}, limits: {ioConcurrency: 1}},
		},
		dispose: async () => {},
	};
});

describe('the deployed API', () => {
	let stack: TestStack;
	let baseUrl: string;
	beforeAll(async () => {
		stack = await testStack();
		baseUrl = apiUrl(stack.api);
	}, 600_000);

	const post = async (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
		await fetch(`${baseUrl}/runs`, {method: 'POST', headers: {'content-type': 'application/json', ...headers}, body: JSON.stringify(body)});

	it('makes one run of the same Idempotency-Key, twenty times in parallel', async () => {
		const key = `key-${stack.ports.token()}`;
		const body = {flow: 'timed', source: {items: itemsTaking(3, 1)}};
		const answers = await Promise.all(Array.from({length: 20}, async () => await post(body, {'idempotency-key': key})));
		expect(answers.map(({status}) => status)).toEqual(answers.map(() => 202));
		const ids = new Set(await Promise.all(answers.map(async answer => acceptedRun.parse(await answer.json()).id)));
		expect(ids.size).toBe(1);
		const [id = ''] = ids;
		expect(await stack.untilEnded(id)).toMatchObject({status: 'SUCCEEDED', generation: 0, itemCounts: {succeeded: 3, total: 3}});
		const other = await post({...body, limit: 1}, {'idempotency-key': key});
		expect([other.status, problem.parse(await other.json()).code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
	});

	it.each([
		{allowOrigins: ['http://127.0.0.1:80']},
		{allowOrigin: 'http://169.254.169.254'},
		{out: 's3://somebody-elses/place'},
		{state: 's3://somebody-elses/place'},
		{limits: {allowOrigins: ['*']}},
		{stack: 'other'},
	])('refuses %j: it would open the guard or write elsewhere', async more => {
		const answer = await post({source: {items: [{url: 'https://example.com/a.jpg'}]}, ...more});
		expect(answer.status).toBe(422);
		problem.parse(await answer.json());
	});

	it('fails the items that lead to private addresses, and nothing else', async () => {
		const answer = await post({source: {items: [{id: 'meta', url: 'http://169.254.169.254/latest/meta-data'}]}});
		const run = await stack.untilEnded(acceptedRun.parse(await answer.json()).id);
		expect(run).toMatchObject({status: 'FAILED', topErrors: [{code: 'ADDRESS_DENIED', count: 1}]});
	});

	it('answers whatever schemathesis asks as its document says, never with a 5xx', async () => {
		const lines = await runSchemathesis(`${baseUrl}/openapi.json`, {baseUrl, maxExamples: 5});
		expect(lines.join('\n')).toMatch(/\d+ passed|No issues found/u);
	}, 900_000);
});
