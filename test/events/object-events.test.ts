import {readFileSync} from 'node:fs';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {readObjectEvent} from '../../src/events/object-events.ts';

interface S3Event {
	readonly Records: readonly {readonly s3: {readonly object: {readonly key: string}}}[];
}
const fixture = (name: string): unknown => JSON.parse(readFileSync(new URL(`../fixtures/events/${name}.json`, import.meta.url), 'utf8'));

describe('readObjectEvent', () => {
	it('reads key, version and time of an upload as AWS sends it', () => {
		expect(readObjectEvent(fixture('s3-put'))).toEqual([
			{
				bucket: 'photos',
				key: 'uploads/so schön + 100% 🎈.jpg',
				bytes: 1024,
				etag: 'd41d8cd98f00b204e9800998ecf8427e',
				versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
				createdAt: '2026-11-22T18:04:05.123Z',
			},
		]);
	});

	it('finds every created object among several records, in their order, and no removed one', () => {
		const found = readObjectEvent(fixture('s3-several'));
		expect(found.map(({key, etag, versionId}) => ({key, etag, versionId}))).toEqual([
			{key: 'manifests/list.jsonl', etag: 'aaa-2', versionId: undefined},
			{key: 'uploads/a b.jpg', etag: 'bbb', versionId: undefined},
		]);
	});

	it('finds nothing in the event that tells of the notification itself', () => {
		expect(readObjectEvent(fixture('s3-test'))).toEqual([]);
	});

	it.each([[{}], [null], [{Records: [{eventSource: 'aws:sqs', body: 'x'}]}]])('refuses %j', event => {
		expect(() => readObjectEvent(event)).toThrow(/invalid/iu);
	});

	it.each([
		['a space as +', (key: string) => encodeURIComponent(key).replaceAll('%20', '+')],
		['a space as %20', (key: string) => encodeURIComponent(key)],
	])('gives back any key that was written with %s', (_, encode) => {
		fc.assert(
			fc.property(fc.string({unit: 'binary', minLength: 1}), key => {
				const event = structuredClone(fixture('s3-put')) as S3Event & {Records: [{s3: {object: {key: string}}}]};
				event.Records[0].s3.object.key = encode(key);
				expect(readObjectEvent(event)[0]?.key).toBe(key);
			}),
		);
	});
});
