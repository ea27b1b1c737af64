import {describe, expect, it} from 'vitest';
import {throwIfNotOk} from '../../src/lanes/throw-if-not-ok.ts';

const answer = (status: number, headers: Record<string, string> = {}, url = ''): Response =>
	Object.defineProperty(new Response('body', {status, headers}), 'url', {value: url});

describe('throwIfNotOk', () => {
	it.each([200, 201, 206, 299])('lets %i pass', status => {
		expect(() => throwIfNotOk(answer(status))).not.toThrow();
	});

	it.each([
		[404, false],
		[429, true],
		[500, true],
		[501, false],
	])('throws HTTP_STATUS for %i, retryable: %s', (status, retryable) => {
		expect(() => throwIfNotOk(answer(status))).toThrow(expect.objectContaining({code: 'HTTP_STATUS', status, retryable}));
	});

	it('carries the wait that the server asks for', () => {
		const date = {'retry-after': 'Sun, 06 Nov 1994 08:50:07 GMT', date: 'Sun, 06 Nov 1994 08:49:37 GMT'};
		expect(() => throwIfNotOk(answer(503, {'retry-after': '7'}))).toThrow(expect.objectContaining({retryAfterMs: 7000}));
		expect(() => throwIfNotOk(answer(503, date))).toThrow(expect.objectContaining({retryAfterMs: 30_000}));
	});

	it('names the place without what may be secret', () => {
		const url = 'https://user:password@example.com/a/b?token=secret#part';
		expect(() => throwIfNotOk(answer(404, {}, url))).toThrow('the server answered 404 to https://example.com/a/b');
		expect(() => throwIfNotOk(answer(404, {}, url))).not.toThrow(/secret|password|part/u);
	});

	it('lets go of the body, whose connection would wait for it', () => {
		const refused = answer(404);
		expect(() => throwIfNotOk(refused)).toThrow('404');
		expect(refused.bodyUsed).toBe(true);
	});
});
