import {globSync, readFileSync} from 'node:fs';
import {expect, it} from 'vitest';
import {s3Reader, s3Store} from 'twolane/aws';
import {type Sources, reach} from './support/layers.ts';

const cwd = new URL('../src/', import.meta.url).pathname;
const sources: Sources = new Map(globSync('**/*.ts', {cwd}).map(path => [path, readFileSync(cwd + path, 'utf8')]));
const sdkIn = (start: string, isLazy: boolean): string[] =>
	[...reach(sources, start, {isLazy})].filter(path => path.startsWith('@aws-sdk/'));

it.each(['index.ts', 'cli/main.ts', 'cli/run-command.ts', 'cli/status-command.ts', 'wire.ts'])(
	'%s does not pay for the SDK before S3 is named',
	start => {
		expect(sdkIn(start, false)).toEqual([]);
	},
);

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
