import {describe, expect, it} from 'vitest';
import {describeDeath} from '../../../src/adapters/isolation/deaths.ts';

const full = '\n<--- Last few GCs --->\n...\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n';

describe('describeDeath', () => {
	it.each([
		['a signal of a crash', {signal: 'SIGSEGV'}, 'NATIVE_CRASH', 'SIGSEGV, a segmentation fault'],
		['a signal that we have no words for', {signal: 'SIGSYS'}, 'NATIVE_CRASH', '(SIGSYS)'],
		['an exit of native code', {code: 3}, 'NATIVE_CRASH', 'exit code 3'],
		['a full heap', {signal: 'SIGABRT', lastWords: full}, 'THREAD_OUT_OF_MEMORY', 'out of memory'],
		['a full heap, told by a code', {code: 134, lastWords: full}, 'THREAD_OUT_OF_MEMORY', 'out of memory'],
		['an abort without words', {signal: 'SIGABRT'}, 'NATIVE_CRASH', 'SIGABRT'],
		['a crash of one that spoke of memory', {signal: 'SIGSEGV', lastWords: full}, 'NATIVE_CRASH', 'SIGSEGV'],
		['a library that ran out of memory', {signal: 'SIGABRT', lastWords: 'pixels: out of memory'}, 'NATIVE_CRASH', 'SIGABRT'],
		['an end from outside', {signal: 'SIGHUP'}, 'THREAD_DIED', 'SIGHUP'],
	] as const)('names %s', (_, death, code, message) => {
		expect(describeDeath({code: null, signal: null, lastWords: '', ...death})).toMatchObject({
			name: 'TwolaneError',
			code,
			stage: 'transform',
			retryable: false,
			message: expect.stringContaining(message),
		});
	});
});
