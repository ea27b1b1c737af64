import type {ServerResponse} from 'node:http';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {readConcurrency, readSettings} from '../../../src/adapters/lambda/account.ts';
import {openLambdaClient} from '../../../src/adapters/lambda/client.ts';
import {type FakeAws, startFakeAws} from '../../support/fake-aws.ts';

let respond: (response: ServerResponse) => void;
let aws: FakeAws;
beforeEach(async () => {
	process.env.AWS_ACCESS_KEY_ID = 'test';
	process.env.AWS_SECRET_ACCESS_KEY = 'test';
	aws = await startFakeAws((_, response) => respond(response));
});
afterEach(async () => await aws[Symbol.asyncDispose]());

const open = () => openLambdaClient({endpoint: aws.endpoint, region: 'eu-west-1'});
const tell = (body: object) => (response: ServerResponse) =>
	void response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(body));
const refuse = (status: number, type: string) => (response: ServerResponse) =>
	void response.writeHead(status, {'x-amzn-errortype': type, 'content-type': 'application/json'}).end('{"message":"no"}');

describe('readConcurrency', () => {
	it('tells how many functions may run at once', async () => {
		respond = tell({AccountLimit: {ConcurrentExecutions: 10, UnreservedConcurrentExecutions: 8}});
		expect(await readConcurrency(open())).toEqual({total: 10, unreserved: 8});
		expect(aws.requests[0]).toMatchObject({method: 'GET', path: '/2016-08-19/account-settings'});
	});

	it.each([
		[403, 'AccessDeniedException', 'ENGINE_DENIED'],
		[429, 'TooManyRequestsException', 'ENGINE_UNAVAILABLE'],
		[500, 'ServiceException', 'ENGINE_UNAVAILABLE'],
	])('throws a %i %s as %s', async (status, type, code) => {
		respond = refuse(status, type);
		await expect(readConcurrency(open())).rejects.toMatchObject({code, message: expect.stringContaining(type)});
	});
});

describe('readSettings', () => {
	it('tells memory and time limit of a function', async () => {
		respond = tell({MemorySize: 3538, Timeout: 900});
		expect(await readSettings(open(), 'worker')).toEqual({memoryMB: 3538, timeLimitMs: 900_000});
		expect(aws.requests[0]?.path).toBe('/2015-03-31/functions/worker/configuration');
	});

	it('names the function that is not there', async () => {
		respond = refuse(404, 'ResourceNotFoundException');
		await expect(readSettings(open(), 'worker')).rejects.toMatchObject({
			code: 'ENGINE_DENIED',
			message: expect.stringMatching(/^worker cannot/u),
		});
	});
});
