import type {ServerResponse} from 'node:http';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {openStepFunctionsClient} from '../../../src/adapters/step-functions/client.ts';
import {distributedMapEngine} from '../../../src/adapters/step-functions/engine.ts';
import {type FakeAws, startFakeAws} from '../../support/fake-aws.ts';

const stateMachineArn = 'arn:aws:states:eu-west-1:123456789012:stateMachine:shards';
const execution = {
	name: 'r1-0-0-0',
	runId: 'r1',
	generation: 0,
	life: 'a life',
	plan: {bucket: 'b', key: 'out/.twolane/runs/r1/0/plan.json'},
	maxWorkers: 50,
};

let respond: (response: ServerResponse) => void;
let aws: FakeAws;
beforeEach(async () => {
	process.env.AWS_ACCESS_KEY_ID = 'test';
	process.env.AWS_SECRET_ACCESS_KEY = 'test';
	aws = await startFakeAws((_, response) => respond(response));
});
afterEach(async () => await aws[Symbol.asyncDispose]());

const engine = () =>
	distributedMapEngine({client: openStepFunctionsClient({endpoint: aws.endpoint, region: 'eu-west-1'}), stateMachineArn});
const tell = (status: number, body: object) => (response: ServerResponse) =>
	void response.writeHead(status, {'content-type': 'application/x-amz-json-1.0'}).end(JSON.stringify(body));
const refuse = (type: string) => tell(400, {__type: type, message: 'no'});

describe('start', () => {
	it('starts one execution, whose input is what the machine reads', async () => {
		respond = tell(200, {executionArn: 'x', startDate: 1});
		await engine().start(execution);
		const {name, ...input} = execution;
		const sent = JSON.parse(aws.requests[0]?.body ?? '') as {readonly input: string};
		expect(sent).toMatchObject({name, stateMachineArn});
		expect(JSON.parse(sent.input)).toEqual(input);
	});

	it('takes one that is there already for done', async () => {
		respond = refuse('ExecutionAlreadyExists');
		await engine().start(execution);
		expect(aws.requests).toHaveLength(1);
	});

	it.each(['AccessDeniedException', 'StateMachineDoesNotExist', 'InvalidExecutionInput'])('throws at %s for good', async type => {
		respond = refuse(type);
		await expect(engine().start(execution)).rejects.toMatchObject({code: 'ENGINE_DENIED', retryable: false});
	});

	it('throws at ExecutionLimitExceeded for now', async () => {
		respond = refuse('ExecutionLimitExceeded');
		await expect(engine().start(execution)).rejects.toMatchObject({code: 'ENGINE_UNAVAILABLE', retryable: true});
	});
});

describe('look', () => {
	it.each([
		['RUNNING', 'running'],
		['PENDING_REDRIVE', 'running'],
		['SUCCEEDED', 'ended'],
		['FAILED', 'ended'],
		['TIMED_OUT', 'ended'],
		['ABORTED', 'ended'],
	])('calls %s %s', async (status, state) => {
		respond = tell(200, {executionArn: 'x', stateMachineArn, status, startDate: 1});
		expect(await engine().look({name: 'r1-0-0-0'})).toBe(state);
		expect(JSON.parse(aws.requests[0]?.body ?? '')).toMatchObject({
			executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:shards:r1-0-0-0',
		});
	});

	it('finds none where there is none', async () => {
		respond = refuse('ExecutionDoesNotExist');
		expect(await engine().look({name: 'r1-0-0-0'})).toBe('none');
	});
});
