import {describe, expect, it} from 'vitest';
import {describeFailure, nameFailure} from '../../../src/adapters/http/failures.ts';
import {TwolaneError} from '../../../src/lanes/errors.ts';

const failure = (code: string, message = code): Error => Object.assign(new Error(message), {code});

// What no server on this machine can be made to do; reader.test.ts has the rest from real sockets.
describe('nameFailure', () => {
	it.each([
		['ENOTFOUND', 'DNS_NOT_FOUND'],
		['EAI_FAIL', 'DNS_FAILED'],
		['EHOSTUNREACH', 'CONNECT_FAILED'],
		['ENETUNREACH', 'CONNECT_FAILED'],
		['ETIMEDOUT', 'CONNECT_TIMEOUT'],
		['EPIPE', 'CONNECTION_RESET'],
		['CERT_HAS_EXPIRED', 'TLS_INVALID'],
		['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_INVALID'],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_INVALID'],
		['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_INVALID'],
		['ESOMETHING', 'FETCH_FAILED'],
	])('calls %s before the headers %s', (code, expected) => {
		expect(nameFailure(failure(code), 'head')).toBe(expected);
	});

	it('calls a connection that times out in the body a reset', () => {
		expect(nameFailure(failure('ETIMEDOUT'), 'body')).toBe('CONNECTION_RESET');
	});
});

describe('describeFailure', () => {
	it('keeps an error of our own, and the cause of another one', () => {
		const own = new TwolaneError('ADDRESS_DENIED', 'no');
		expect(describeFailure(own, new URL('http://a.test/'), 'head')).toBe(own);
		const cause = failure('EPIPE');
		expect(describeFailure(cause, new URL('http://a.test/x?secret'), 'head')).toMatchObject({code: 'CONNECTION_RESET', cause});
	});

	it('names origin and path only', () => {
		const error = describeFailure(failure('EPIPE'), new URL('http://a.test/x.jpg?secret#secret'), 'head');
		expect(error.message).toContain('http://a.test/x.jpg:');
		expect(error.message).not.toContain('secret');
	});
});
