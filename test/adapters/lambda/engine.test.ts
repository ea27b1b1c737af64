import type {ServerResponse} from 'node:http';
import type {NodeHttpHandler} from '@smithy/node-http-handler';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {openLambdaClient} from '../../../src/adapters/lambda/client.ts';
import {invokeOrchestrator, lambdaEngine} from '../../../src/adapters/lambda/engine.ts';
import type {WorkerCall} from '../../../src/runs/engine.ts';
import {type FakeAws, startFakeAws} from '../../support/fake-aws.ts';

const call: WorkerCall = {
	runId: 'r1',
	generation: 0,
	shard: {shard: 3, items: '0/items-x.jsonl', start: 0, end: 10, count: 1, repeats: 0},
	life: 'a life',
};
const answer = {runId: 'r1', generation: 0, shard: 3, isSealed: true, ended: 1, counts: {succeeded: 1, failed: 0, skipped: 0}};

let respond: (response: ServerResponse) => void;
let aws: FakeAws;
beforeEach(async () => {
	process.env.AWS_ACCESS_KEY_ID = 'test';
	process.env.AWS_SECRET_ACCESS_KEY = 'test';
	aws = await startFakeAws((_, response) => respond(response));
});
afterEach(async () => await aws[Symbol.asyncDispose]());

const open = (maxWorkers = 4, timeLimitMs?: number) =>
	openLambdaClient({endpoint: aws.endpoint, region: 'eu-west-1', maxWorkers, ...(timeLimitMs !== undefined && {timeLimitMs})});
const invoke = (signal = new AbortController().signal) => lambdaEngine({client: open(), functionName: 'worker'}).invoke(call, {signal});
const refuse = (status: number, type: string) => (response: ServerResponse) =>
	void response.writeHead(status, {'x-amzn-errortype': type, 'content-type': 'application/json'}).end('{"message":"no"}');

describe('lambdaEngine', () => {
	it('sends the call as it is, and waits for the answer', async () => {
		respond = response => void response.end(JSON.stringify(answer));
		expect(await invoke()).toEqual({kind: 'answered', answer});
		expect(aws.requests).toHaveLength(1);
		expect(aws.requests[0]).toMatchObject({method: 'POST', path: '/2015-03-31/functions/worker/invocations'});
		expect(aws.requests[0]?.headers['x-amz-invocation-type']).toBe('RequestResponse');
		expect(JSON.parse(aws.requests[0]?.body ?? '')).toEqual(call);
	});

	it.each([
		['its time limit', {errorMessage: '2026-11-23T00:00:00Z abc Task timed out after 3.00 seconds'}, 'Task timed out'],
		[
			'its memory',
			{errorType: 'Runtime.ExitError', errorMessage: 'RequestId: x Error: Runtime exited with error: signal: killed'},
			'signal: killed',
		],
		['a throw', {errorType: 'TypeError', errorMessage: 'x is not a function', trace: []}, 'TypeError: x is not a function'],
	])('tells that a worker was lost to %s, in the words of the platform', async (_, payload, words) => {
		respond = response => void response.setHeader('x-amz-function-error', 'Unhandled').end(JSON.stringify(payload));
		expect(await invoke()).toEqual({kind: 'lost', message: expect.stringContaining(words)});
	});

	it.each([
		[429, 'TooManyRequestsException'],
		[409, 'ResourceConflictException'],
		[500, 'ServiceException'],
		[502, 'EC2ThrottledException'],
		[502, 'ResourceNotReadyException'],
		[503, 'ServiceUnavailable'],
	])('takes %i %s for a throttle, after one request', async (status, type) => {
		respond = refuse(status, type);
		expect(await invoke()).toEqual({kind: 'throttled', message: expect.stringContaining(type)});
		expect(aws.requests).toHaveLength(1);
	});

	it('takes a connection that breaks off for nobody’s fault', async () => {
		respond = response => void response.destroy();
		expect(await invoke()).toMatchObject({kind: 'throttled'});
		expect(aws.requests).toHaveLength(1);
	});

	it.each([
		[403, 'AccessDeniedException'],
		[404, 'ResourceNotFoundException'],
		[502, 'InvalidRuntimeException'],
		[502, 'KMSAccessDeniedException'],
		[413, 'RequestTooLargeException'],
	])('throws at %i %s, which no second try will cure', async (status, type) => {
		respond = refuse(status, type);
		await expect(invoke()).rejects.toMatchObject({name: 'TwolaneError', code: 'ENGINE_DENIED', retryable: false});
	});

	it('throws at an answer that no worker gives', async () => {
		respond = response => void response.end('{"statusCode":200}');
		await expect(invoke()).rejects.toMatchObject({code: 'ENGINE_DENIED', message: expect.stringContaining('{"statusCode":200}')});
	});

	it('lets go of the call with the signal’s reason', async () => {
		const abort = new AbortController();
		respond = () => abort.abort(new Error('enough'));
		await expect(invoke(abort.signal)).rejects.toThrow('enough');
	});

	it('has as many calls open at once as there may be workers', async () => {
		const workers = 60;
		const {promise: allThere, resolve} = Promise.withResolvers<void>();
		let there = 0;
		respond = response => {
			if (++there === workers) resolve();
			void allThere.then(() => response.end(JSON.stringify(answer)));
		};
		const engine = lambdaEngine({client: open(workers), functionName: 'worker'});
		const {signal} = new AbortController();
		const ended = await Promise.all(Array.from({length: workers}, () => engine.invoke(call, {signal})));
		expect(ended.filter(({kind}) => kind === 'answered')).toHaveLength(workers);
	});
});

describe('openLambdaClient', () => {
	it('waits ten seconds longer than the worker may work, and tries once', async () => {
		respond = response => void response.end(JSON.stringify(answer));
		const client = open(7, 20_000);
		await lambdaEngine({client, functionName: 'worker'}).invoke(call, {signal: new AbortController().signal});
		expect(await client.config.maxAttempts()).toBe(1);
		const handler = client.config.requestHandler as NodeHttpHandler;
		expect(handler.httpHandlerConfigs()).toMatchObject({requestTimeout: 30_000});
	});
});

describe('invokeOrchestrator', () => {
	const start = async () => await invokeOrchestrator({client: open(), functionName: 'orchestrator'}, 'r1');

	it('hands over the run and does not wait for it', async () => {
		respond = response => void response.writeHead(202).end();
		await start();
		expect(aws.requests[0]?.headers['x-amz-invocation-type']).toBe('Event');
		expect(aws.requests[0]?.body).toBe('{"runId":"r1"}');
	});

	it('says that the run is there when nobody could be started on it', async () => {
		respond = refuse(429, 'TooManyRequestsException');
		await expect(start()).rejects.toMatchObject({code: 'ENGINE_UNAVAILABLE', retryable: true, message: expect.stringContaining('r1')});
	});
});
