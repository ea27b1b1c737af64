import {expect, it} from 'vitest';
import {completionReasons} from '../../src/lanes/snapshot.ts';
import {endingOf} from '../../src/runs/status.ts';

it.each([
	['ALL_COMPLETED', {failed: 0, isTolerant: false}, {status: 'SUCCEEDED', exitCode: 0}],
	['ALL_COMPLETED', {failed: 1, isTolerant: false}, {status: 'FAILED', exitCode: 1}],
	['ALL_COMPLETED', {failed: 1, isTolerant: true}, {status: 'SUCCEEDED', exitCode: 0}],
	['FAILURE_TOLERANCE_EXCEEDED', {failed: 1, isTolerant: true}, {status: 'FAILED', exitCode: 4}],
	['DEADLINE_REACHED', {failed: 0, isTolerant: false}, {status: 'PAUSED', exitCode: 4}],
	['PAUSED', {failed: 0, isTolerant: false}, {status: 'PAUSED', exitCode: 4}],
	['CANCELLED', {failed: 0, isTolerant: false}, {status: 'CANCELLED', exitCode: 4}],
	['INTERRUPTED', {failed: 1, isTolerant: true}, {status: 'PAUSED', exitCode: 130}],
] as const)('%s with %o ends as %o', (reason, counts, ending) => {
	expect(endingOf(reason, counts)).toEqual(ending);
});

it('knows every reason', () => {
	for (const reason of completionReasons) expect(endingOf(reason, {failed: 0, isTolerant: false}).exitCode).toBeTypeOf('number');
});
