import {globSync, readFileSync} from 'node:fs';
import {expect, it} from 'vitest';
import {distributedMapEngine, lambdaEngine, s3Reader, s3Store} from 'twolane/aws';
import {type Sources, reach} from './support/layers.ts';

const cwd = new URL('../src/', import.meta.url).pathname;
const sources: Sources = new Map(globSync('**/*.ts', {cwd}).map(path => [path, readFileSync(cwd + path, 'utf8')]));
const sdkIn = (start: string, isLazy: boolean): string[] =>
	[...reach(sources, start, {isLazy})].filter(path => path.startsWith('@aws-sdk/'));

it.each([
	'index.ts',
	'cli/main.ts',
	'cli/run-command.ts',
	'cli/status-command.ts',
	'cli/doctor-command.ts',
	'cli/plan-command.ts',
	'cli/on-stack/run-on-stack.ts',
	'wire.ts',
])('%s does not pay for the SDK before S3 is named', start => {
	expect(sdkIn(start, false)).toEqual([]);
});

it('the SDK is there when S3 is named', () => {
	expect(sdkIn('wire.ts', true)).toContain('@aws-sdk/client-s3');
});

it('a store or a reader wants a client, and a store a bucket', () => {
	const client = {send: async () => ({})};
	expect(() => s3Store({client: {}, bucket: 'out'})).toThrow(/client must be an S3Client/u);
	expect(() => s3Reader({client: undefined})).toThrow(/client must be an S3Client/u);
	expect(() => s3Store({client, bucket: 's3://out'})).toThrow(/bucket must be the name of a bucket/u);
	expect(s3Store({client, bucket: 'out', prefix: '/a//'}).uri).toBe('s3://out/a');
	expect(s3Store({client, bucket: 'out'}).uri).toBe('s3://out');
});

it('an engine wants a client, and what it is to call', () => {
	const client = {send: async () => ({})};
	const stateMachineArn = 'arn:aws:states:eu-west-1:123456789012:stateMachine:shards';
	expect(() => lambdaEngine({client: {}, functionName: 'worker'})).toThrow(/client must be a LambdaClient/u);
	expect(() => lambdaEngine({client, functionName: ''})).toThrow(/functionName must be/u);
	for (const maxWorkers of [0, 1.5, 10_001]) {
		expect(() => lambdaEngine({client, functionName: 'worker', maxWorkers})).toThrow(/maxWorkers must be a whole number from 1 to 10000/u);
	}
	expect(() => distributedMapEngine({client: undefined, stateMachineArn})).toThrow(/client must be an SFNClient/u);
	expect(() => distributedMapEngine({client, stateMachineArn: 'shards'})).toThrow(/stateMachineArn must be the ARN/u);
	expect([lambdaEngine({client, functionName: 'worker', maxWorkers: 3}), distributedMapEngine({client, stateMachineArn})]).toMatchObject([
		{name: 'lambda', maxWorkers: 3},
		{name: 'distributed-map'},
	]);
});
