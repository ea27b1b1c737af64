import {describe, expect, it} from 'vitest';
import {createShutdown} from '../../src/lanes/shutdown.ts';
import {createFakeClock, settled} from '../support/fake-clock.ts';

const open = () => {
	const clock = createFakeClock();
	return {clock, shutdown: createShutdown(clock)};
};

describe('createShutdown', () => {
	it('calls back once at the stop, and at once when it has come already', () => {
		const {shutdown} = open();
		const calls: string[] = [];
		shutdown.onStop(() => calls.push('before'));
		shutdown.onStop(() => calls.push('cancelled'))();
		shutdown.stop();
		shutdown.stop();
		shutdown.onStop(() => calls.push('after'));
		expect(calls).toEqual(['before', 'after']);
		expect(shutdown).toMatchObject({isStopping: true, isAbandoned: false});
	});

	it('stops, too, when it abandons, and keeps the first reason', () => {
		const {shutdown} = open();
		const calls: unknown[] = [];
		shutdown.onStop(() => calls.push('stop'));
		shutdown.onAbandon(reason => calls.push(reason));
		shutdown.abandon('first');
		shutdown.abandon('second');
		shutdown.onAbandon(reason => calls.push(`late ${String(reason)}`));
		expect(calls).toEqual(['stop', 'first', 'late first']);
	});

	it('may be abandoned for no reason at all', () => {
		const {shutdown} = open();
		shutdown.abandon(undefined);
		expect(shutdown.isAbandoned).toBe(true);
	});

	it('lets sleepers sleep, and wakes them at the stop, without a timer left', async () => {
		const {shutdown, clock} = open();
		const short = shutdown.sleep(100);
		const long = shutdown.sleep(10_000);
		await clock.advance(100);
		expect(await short).toBe(true);
		shutdown.stop();
		expect(await long).toBe(false);
		expect(await shutdown.sleep(5)).toBe(false);
		await settled();
		expect(clock.pending).toBe(0);
	});
});
