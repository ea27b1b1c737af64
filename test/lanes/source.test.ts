import {describe, expect, it} from 'vitest';
import {sourceItem} from '../../src/lanes/source.ts';

const check = (value: unknown) => {
	const result = sourceItem['~standard'].validate(value);
	if (result instanceof Promise) throw new Error('the schema answers at once');
	return result;
};

describe('sourceItem', () => {
	it.each([
		{url: 'https://example.com/a.jpg'},
		{url: 'https://example.com/a.jpg', id: 'sku-1'},
		{s3: 's3://bucket/key'},
		{s3: 's3://bucket/a/b c', versionId: 'v1'},
		{file: 'photos/c.jpg'},
		{file: '/etc/hosts', id: 'h'},
	])('takes %j as it is', value => {
		expect(check(value)).toEqual({value});
	});

	it('leaves out what it does not know, and what is undefined', () => {
		expect(check({file: 'a', team: 'x', id: undefined, url: undefined})).toEqual({value: {file: 'a'}});
	});

	it.each([
		[undefined, 'expected an object'],
		[null, 'expected an object'],
		['https://example.com', 'expected an object'],
		[[], 'expected an object'],
		[{}, 'an empty object'],
		[{id: 'a'}, 'one of url, s3 or file, got id'],
		[{url: 'https://a/', file: 'a'}, 'got url and file'],
		[{url: ''}, 'url must be text'],
		[{url: 7}, 'url must be text'],
		[{url: '/a.jpg'}, 'whole URL'],
		[{s3: 'bucket/key'}, 's3://bucket/key'],
		[{s3: 's3://bucket/'}, 's3://bucket/key'],
		[{file: ''}, 'file must be text'],
		[{file: 'a', id: ''}, 'id must be text'],
		[{file: 'a', id: 7}, 'id must be text'],
		[{url: 'https://a/', versionId: '1'}, 'versionId belongs to s3'],
	])('refuses %j and says why', (value, message) => {
		expect(check(value)).toMatchObject({issues: [{message: expect.stringContaining(message)}]});
	});
});
