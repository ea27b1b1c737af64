import {describe, expect, it} from 'vitest';
import {TwolaneError, codes} from '../../src/lanes/errors.ts';
import {toItemError, toTwolaneError} from '../../src/lanes/failure.ts';

describe('toTwolaneError', () => {
	it('leaves our own error as it is', () => {
		const error = new TwolaneError('EMPTY_BODY', 'x');
		expect(toTwolaneError(error, 'store')).toBe(error);
	});

	it.each([
		['fetch', 'FETCH_FAILED', true],
		['transform', 'TRANSFORM_FAILED', false],
		['store', 'STORE_FAILED', true],
		['item', 'ITEM_INVALID', false],
		['run', 'INTERNAL', false],
	] as const)('calls a plain error of %s %s', (stage, code, retryable) => {
		const cause = new Error('boom');
		expect(toTwolaneError(cause, stage)).toMatchObject({code, retryable, stage, message: 'boom', cause});
	});

	it('knows another copy of the class by its name, and believes it what it says', () => {
		const foreign = Object.assign(new Error('slow down'), {
			name: 'TwolaneError',
			code: 'HTTP_STATUS',
			status: 429,
			retryable: true,
			retryAfterMs: 7000,
		});
		expect(toTwolaneError(foreign, 'fetch')).toMatchObject({code: 'HTTP_STATUS', status: 429, retryable: true, retryAfterMs: 7000});
	});

	it('does not believe wrong types', () => {
		const foreign = Object.assign(new Error('x'), {name: 'TwolaneError', code: 'EMPTY_BODY', retryable: 'yes', retryAfterMs: '7'});
		const error = toTwolaneError(foreign, 'fetch');
		expect(error).toMatchObject({code: 'EMPTY_BODY', retryable: false});
		expect(error).not.toHaveProperty('retryAfterMs');
	});

	it('adds the message of the cause, because "fetch failed" alone helps nobody', () => {
		const error = new TypeError('fetch failed', {cause: new Error('connect ECONNREFUSED 127.0.0.1:1')});
		expect(toTwolaneError(error, 'fetch').message).toBe('fetch failed: connect ECONNREFUSED 127.0.0.1:1');
	});

	it.each([
		['text', 'text'],
		[undefined, 'undefined'],
		[null, 'null'],
		[7, '7'],
		[Symbol('s'), 'Symbol(s)'],
		[new RangeError(''), 'RangeError'],
	])('makes a message of %s', (thrown, message) => {
		expect(toTwolaneError(thrown, 'fetch').message).toBe(message);
	});

	it('survives a value that no text can be made of', () => {
		expect(toTwolaneError(Object.create(null), 'fetch').code).toBe('FETCH_FAILED');
	});
});

describe('toItemError', () => {
	it('is plain data: what happened, then what to do', () => {
		const item = toItemError(new TwolaneError('HTTP_STATUS', 'the server answered 404', {status: 404}), 'fetch');
		expect(item).toEqual({
			code: 'HTTP_STATUS',
			stage: 'fetch',
			retryable: false,
			status: 404,
			message: `the server answered 404. ${codes.HTTP_STATUS.advice}`,
		});
		expect(JSON.parse(JSON.stringify(item))).toEqual(item);
	});

	it('does not give the same advice twice', () => {
		const {advice} = codes.EMPTY_BODY;
		expect(toItemError(new TwolaneError('EMPTY_BODY', `nothing came. ${advice}`), 'fetch').message).toBe(`nothing came. ${advice}`);
	});

	it("ends a flow's own message as a sentence, and has no advice for it", () => {
		expect(toItemError(new TwolaneError('MINE', 'no such customer'), 'store')).toMatchObject({
			stage: 'store',
			message: 'no such customer.',
		});
		expect(toItemError(new TwolaneError('MINE', 'really?'), 'store').message).toBe('really?');
	});

	it("names the error's own stage, else `item` for what is wrong with the item, else the stage it came from", () => {
		expect(toItemError(new TwolaneError('FETCH_FAILED', 'x', {stage: 'fetch'}), 'store').stage).toBe('fetch');
		expect(toItemError(new TwolaneError('PORT_DENIED', 'x'), 'fetch').stage).toBe('item');
		expect(toItemError(new TwolaneError('EMPTY_BODY', 'x'), 'store').stage).toBe('store');
	});
});
