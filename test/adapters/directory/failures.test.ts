import {expect, it} from 'vitest';
import {describeFailure, hasCode} from '../../../src/adapters/directory/failures.ts';
import {TwolaneError} from '../../../src/lanes/errors.ts';

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

it.each([
	[describeFailure(failure('EACCES'), 'a', '/out', 'read'), 'a could not be read below /out: access is denied (EACCES)'],
	[describeFailure(failure('EIO'), 'a', '/out', 'removed'), 'a could not be removed below /out: the disk refused (EIO)'],
	[describeFailure(failure('EACCES'), '', '/out', 'listed'), '/out could not be listed: access is denied (EACCES)'],
	[describeFailure(failure('EROFS'), 'a', '/out'), 'a could not be written below /out: the disk is mounted read-only (EROFS)'],
])('says what could not be done: %s', (error, message) => {
	expect(error.message).toBe(message);
});

it('passes our own errors on as they are', () => {
	const own = new TwolaneError('INTERNAL', 'a bug');
	expect(describeFailure(own, 'a', '/out')).toBe(own);
});
