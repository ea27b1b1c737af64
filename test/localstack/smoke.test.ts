import {CreateBucketCommand, GetObjectCommand, PutObjectCommand} from '@aws-sdk/client-s3';
import {CreateFunctionCommand, DeleteFunctionCommand, InvokeCommand} from '@aws-sdk/client-lambda';
import {strToU8, zipSync} from 'fflate';
import {randomUUID} from 'node:crypto';
import {setTimeout as wait} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {killWorkers, lambdaClient, limitAccount, limitFunction, s3Client} from '../support/localstack.ts';

const s3 = s3Client();
const lambda = lambdaClient();
const functionName = `smoke-${randomUUID()}`;

const code = `
export const handler = async ({sleepMs, text}, {functionName, getRemainingTimeInMillis}) => {
	if (sleepMs) await new Promise(resolve => setTimeout(resolve, sleepMs));
	return {text, functionName, node: process.versions.node, isInTime: getRemainingTimeInMillis() > 0};
};
`;

beforeAll(async () => {
	await lambda.send(
		new CreateFunctionCommand({
			FunctionName: functionName,
			Runtime: 'nodejs24.x',
			Handler: 'index.handler',
			Role: 'arn:aws:iam::000000000000:role/smoke',
			MemorySize: 256,
			Timeout: 30,
			Code: {ZipFile: zipSync({'index.mjs': strToU8(code)})},
		}),
	);
});

afterAll(async () => {
	await lambda.send(new DeleteFunctionCommand({FunctionName: functionName}));
	s3.destroy();
	lambda.destroy();
});

const invoke = async (event: unknown) => {
	const {FunctionError, Payload} = await lambda.send(new InvokeCommand({FunctionName: functionName, Payload: JSON.stringify(event)}));
	return {failure: FunctionError, answer: JSON.parse(Payload?.transformToString() ?? 'null') as Record<string, unknown>};
};

/** Calls that would take a minute, ended as soon as so many were throttled; gives how many were in all. */
async function countThrottled({calls, expected}: {readonly calls: number; readonly expected: number}): Promise<number> {
	const single = lambdaClient({maxAttempts: 1});
	let throttled = 0;
	const over = new AbortController();
	const all = Promise.all(
		Array.from({length: calls}, async () => {
			try {
				await single.send(new InvokeCommand({FunctionName: functionName, Payload: JSON.stringify({sleepMs: 60_000})}));
			} catch (error) {
				if ((error as Error).name !== 'TooManyRequestsException') throw error;
				throttled += 1;
			}
		}),
	).finally(() => over.abort());
	while (!over.signal.aborted) {
		if (throttled >= expected) await killWorkers({functionName});
		await wait(20);
	}
	await all;
	single.destroy();
	return throttled;
}

test('of sixteen conditional writes of one key exactly one wins', async () => {
	const Bucket = `smoke-${randomUUID()}`;
	await s3.send(new CreateBucketCommand({Bucket}));
	const ends = await Promise.allSettled(
		Array.from(
			{length: 16},
			async (_, index) => await s3.send(new PutObjectCommand({Bucket, Key: 'claim', Body: String(index), IfNoneMatch: '*'})),
		),
	);
	const winners = ends.flatMap((end, index) => (end.status === 'fulfilled' ? [String(index)] : []));
	const losers = ends.flatMap(end => (end.status === 'rejected' ? [(end.reason as Error).name] : []));
	expect(losers).toEqual(Array.from({length: 15}, () => 'PreconditionFailed'));
	const {Body} = await s3.send(new GetObjectCommand({Bucket, Key: 'claim'}));
	expect([await Body?.transformToString()]).toEqual(winners);
});

test('a zipped function runs as a process of this machine, on the Node of its runtime', async () => {
	const {failure, answer} = await invoke({text: 'grüß 🦊'});
	expect(failure).toBeUndefined();
	expect(answer).toEqual({text: 'grüß 🦊', functionName, node: expect.stringMatching(/^24\./u) as string, isInTime: true});
});

test('a function that is killed in the middle fails at once, and the next call runs', async () => {
	const call = invoke({sleepMs: 25_000});
	while ((await killWorkers({functionName})) === 0) await wait(10);
	const {failure, answer} = await call;
	expect(failure).toBe('Unhandled');
	expect(answer).toMatchObject({errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('signal: killed') as string});
	expect((await invoke({text: 'again'})).answer).toMatchObject({text: 'again'});
});

test('calls above the limit of a function or of the account are throttled', async () => {
	await limitFunction({functionName, atOnce: 2});
	expect(await countThrottled({calls: 6, expected: 4})).toBe(4);
	await limitFunction({functionName, atOnce: undefined});
	await limitAccount({atOnce: 3});
	expect(await countThrottled({calls: 6, expected: 3})).toBe(3);
	await limitAccount({atOnce: 1000});
	expect(await countThrottled({calls: 6, expected: 0})).toBe(0);
});
