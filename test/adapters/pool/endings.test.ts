import {describe, expect, it} from 'vitest';
import {describeLoss, fromThread} from '../../../src/adapters/pool/endings.ts';
import {callOf} from '../../support/thread-calls.ts';

describe('fromThread', () => {
	it('hands a value on with its times', () => {
		expect(fromThread([{a: 1}, 7], 3)).toEqual({ok: true, value: {a: 1}, queueMs: 3, runMs: 7});
	});

	it('gives a failure its class again', () => {
		const ending = fromThread({code: 'IMAGE_CORRUPT', message: 'no image', retryable: false, runMs: 7}, 3);
		expect(ending).toMatchObject({ok: false, queueMs: 3, runMs: 7});
		expect(ending).toMatchObject({
			error: {name: 'TwolaneError', code: 'IMAGE_CORRUPT', message: 'no image', stage: 'transform', retryable: false},
		});
	});

	it('does not take a value that looks like a failure for one', () => {
		expect(fromThread([{code: 'FINE', message: 'x'}, 1], 0)).toMatchObject({ok: true, value: {code: 'FINE'}});
	});
});

describe('describeLoss', () => {
	const call = callOf('echo', {f: () => 1}, {timeoutMs: 1234});
	const lossOf = (error: unknown, isTimeout = false) => describeLoss(error, {call, isTimeout});

	it.each([
		['the time limit, whatever it rejected with', new Error('x'), true, 'TRANSFORM_TIMEOUT', '1234 ms'],
		['a full heap', Object.assign(new Error('heap'), {code: 'ERR_WORKER_OUT_OF_MEMORY'}), false, 'THREAD_OUT_OF_MEMORY', 'memory'],
		['the border', new DOMException('could not be cloned', 'DataCloneError'), false, 'NOT_CLONEABLE', 'input.f'],
		['a thread that ended', new Error('worker exited with code: 1'), false, 'THREAD_DIED', 'code: 1'],
		['something that is no error', 'gone', false, 'THREAD_DIED', 'gone'],
	])('tells %s', (_, error, isTimeout, code, message) => {
		expect(lossOf(error, isTimeout)).toMatchObject({code, stage: 'transform', cause: error});
		expect(lossOf(error, isTimeout).message).toContain(message);
	});

	it('says so when nobody finds what cannot travel', () => {
		const innocent = describeLoss(new DOMException('x', 'DataCloneError'), {call: callOf('echo', 1), isTimeout: false});
		expect(innocent.message).toContain('a value');
	});
});
