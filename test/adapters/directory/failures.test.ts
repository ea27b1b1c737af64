import {expect, it} from 'vitest';
import {describeFailure, hasCode} from '../../../src/adapters/directory/failures.ts';

const failure = (code: string): Error => Object.assign(new Error(code), {code});

// What a test cannot make a real disk do; store.test.ts has the rest.
it.each([
	['ENOSPC', 'STORE_FULL', false],
	['EDQUOT', 'STORE_FULL', false],
	['EACCES', 'STORE_DENIED', false],
	['EPERM', 'STORE_DENIED', false],
	['EROFS', 'STORE_DENIED', false],
	['ENOTDIR', 'STORE_FAILED', false],
	['EIO', 'STORE_FAILED', true],
	['EMFILE', 'STORE_FAILED', true],
])('calls %s %s, retryable: %s', (code, expected, retryable) => {
	const error = describeFailure(failure(code), 'ab/item/256.jpg', '/out');
	expect(error).toMatchObject({code: expected, retryable});
	expect(error.message).toContain('ab/item/256.jpg');
});

it('tells codes apart, and values that are no errors', () => {
	expect(hasCode(failure('ENOENT'), 'ENOENT')).toBe(true);
	expect(hasCode(failure('ENOENT'), 'EACCES')).toBe(false);
	expect(hasCode({code: 'ENOENT'}, 'ENOENT')).toBe(false);
});
