import {expect, it} from 'vitest';
import {nameS3, parseS3} from '../../../src/adapters/s3/address.ts';

it.each([
	['s3://bucket/key', 'bucket', 'key'],
	['s3://my.bucket-1/a/b c+%?#ü🌊.jpg', 'my.bucket-1', 'a/b c+%?#ü🌊.jpg'],
	['s3://bucket//a', 'bucket', '/a'],
	['s3://bucket/', 'bucket', ''],
])('takes %s apart, and writes it again', (text, bucket, key) => {
	const address = parseS3(text);
	expect(address).toEqual({bucket, key});
	expect(address && nameS3(address)).toBe(text);
});

it('takes a bucket alone for all that is in it', () => {
	expect(parseS3('s3://bucket')).toEqual({bucket: 'bucket', key: ''});
});

it.each([
	's3://',
	's3:///key',
	's3:/bucket/key',
	'S3://bucket/key',
	's3://Bucket/key',
	's3://user@bucket/key',
	'https://bucket/key',
	'bucket/key',
])('takes no %s', text => {
	expect(parseS3(text)).toBeUndefined();
});
