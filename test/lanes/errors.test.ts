import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {TwolaneError, codes, describeCode, isThrottle} from '../../src/lanes/errors.ts';

// The contract's table, copied by hand: T is retried by its stage, P and Q are not.
const transient =
	'DNS_FAILED CONNECT_FAILED CONNECT_TIMEOUT CONNECTION_RESET HEADERS_TIMEOUT BODY_TIMEOUT TOO_SLOW BODY_TRUNCATED PROTOCOL_ERROR S3_THROTTLED S3_UNAVAILABLE S3_TIMEOUT S3_CHECKSUM FETCH_FAILED STORE_FAILED STORE_THROTTLED STORE_CONFLICT WORKER_LOST'.split(
		' ',
	);
const permanent =
	'ITEM_INVALID URL_INVALID SCHEME_DENIED PORT_DENIED CREDENTIALS_IN_URL FILE_DENIED BUCKET_DENIED ADDRESS_DENIED TLS_INVALID REDIRECT_LIMIT TOO_MANY_BYTES ENCODING_DENIED EMPTY_BODY S3_NOT_FOUND S3_ACCESS_DENIED S3_ARCHIVED FILE_NOT_FOUND FILE_UNREADABLE FORMAT_UNSUPPORTED IMAGE_CORRUPT IMAGE_TRUNCATED TOO_MANY_PIXELS TOO_MUCH_MEMORY TRANSFORM_FAILED NATIVE_CRASH NOT_CLONEABLE STORE_DENIED STORE_FULL'.split(
		' ',
	);
const alone = ['TRANSFORM_TIMEOUT', 'THREAD_DIED', 'THREAD_OUT_OF_MEMORY'];

describe('TwolaneError', () => {
	it.each(transient)('%s is worth another try', code => {
		expect(new TwolaneError(code, 'x').retryable).toBe(true);
	});

	it.each(permanent)('%s is not worth another try', code => {
		expect(new TwolaneError(code, 'x').retryable).toBe(false);
	});

	it.each(alone)('%s is not tried again by its stage, but once more alone', code => {
		expect(new TwolaneError(code, 'x').retryable).toBe(false);
		expect(describeCode(code)?.retry).toBe('alone');
	});

	it('gives a name that does not exist exactly one more try', () => {
		expect(new TwolaneError('DNS_NOT_FOUND', 'x').retryable).toBe(true);
		expect(describeCode('DNS_NOT_FOUND')?.retry).toBe('once');
	});

	it('knows every code of the contract, those of durable runs, and no other', () => {
		const ofRuns = [
			'ENGINE_UNAVAILABLE',
			'ENGINE_DENIED',
			'SOURCE_UNREADABLE',
			'STATE_INVALID',
			'RUN_NOT_FOUND',
			'RUN_REFUSED',
			'RUN_BUSY',
		];
		const named = [...transient, ...permanent, ...alone, ...ofRuns, 'DNS_NOT_FOUND', 'HTTP_STATUS', 'MANIFEST_CHANGED', 'INTERNAL'];
		expect(Object.keys(codes).toSorted()).toEqual(named.toSorted());
	});

	it('judges an HTTP status by the status alone', () => {
		const all = Array.from({length: 500}, (_, n) => n + 100);
		const worthIt = all.filter(status => new TwolaneError('HTTP_STATUS', 'x', {status}).retryable);
		expect(worthIt).toEqual([408, 425, 429, 500, 502, 503, 504]);
	});

	it('takes what the thrower says over the table', () => {
		expect(new TwolaneError('FETCH_FAILED', 'x', {retryable: false}).retryable).toBe(false);
		expect(new TwolaneError('HTTP_STATUS', 'x', {status: 404, retryable: true}).retryable).toBe(true);
	});

	it.each(['NO_SUCH_CUSTOMER', 'toString', '__proto__', 'constructor', ''])("takes a flow's own code %j as permanent", code => {
		const error = new TwolaneError(code, 'customer 7 does not exist');
		expect(error).toMatchObject({code, retryable: false, name: 'TwolaneError', message: 'customer 7 does not exist'});
		expect(describeCode(code)).toBeUndefined();
	});

	it('carries what it is given and no keys that it is not given', () => {
		const cause = new Error('socket hang up');
		const full = {retryAfterMs: 5, status: 503, stage: 'fetch', itemId: 'a', cause} as const;
		expect(new TwolaneError('HTTP_STATUS', 'x', full)).toMatchObject(full);
		expect(Object.keys(new TwolaneError('INTERNAL', 'x')).toSorted()).toEqual(['code', 'name', 'retryable']);
	});
});

describe('isThrottle', () => {
	it.each([
		['HTTP_STATUS', 429, true],
		['HTTP_STATUS', 503, true],
		['HTTP_STATUS', 502, false],
		['S3_THROTTLED', undefined, true],
		['STORE_THROTTLED', undefined, true],
		['MY_API_THROTTLED', undefined, true],
		['FETCH_FAILED', undefined, false],
	])('tells %s with status %s apart: %s', (code, status, expected) => {
		expect(isThrottle(new TwolaneError(code, 'x', status === undefined ? {} : {status}))).toBe(expected);
	});

	it('asks the code for its end, whatever stands before it', () => {
		fc.assert(
			fc.property(fc.string(), text => {
				expect(isThrottle(new TwolaneError(`${text}_THROTTLED`, 'x'))).toBe(true);
				expect(isThrottle(new TwolaneError(`_THROTTLED${text}!`, 'x'))).toBe(false);
			}),
		);
	});
});
