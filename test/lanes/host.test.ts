import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createHost} from '../../src/lanes/host.ts';

const at = (nowMs: number, {startMs = nowMs, retryAfterMs = 0} = {}) => ({startMs, nowMs, retryAfterMs});
const fill = (host: ReturnType<typeof createHost>, calls: number) => {
	for (let n = 0; n < calls; n++) host.enter();
};

describe('createHost', () => {
	it('allows everything until it is throttled', () => {
		const host = createHost('auto');
		fill(host, 1000);
		expect(host).toMatchObject({ceiling: Number.POSITIVE_INFINITY, inFlight: 1000, pausedUntilMs: 0});
	});

	it('narrows below what was in flight at the first throttle', () => {
		const host = createHost('auto');
		fill(host, 16);
		expect(host.throttled(at(10))).toBe(true);
		expect(host.ceiling).toBeLessThan(16);
		expect(host.ceiling).toBeGreaterThanOrEqual(8);
	});

	it('narrows once per round: calls that were under way before say nothing new', () => {
		const host = createHost('auto');
		fill(host, 16);
		host.throttled(at(10));
		const {ceiling} = host;
		for (let n = 0; n < 15; n++) expect(host.throttled(at(11, {startMs: 5}))).toBe(true);
		expect(host.ceiling).toBe(ceiling);
		host.throttled(at(20, {startMs: 15}));
		expect(host.ceiling).toBeLessThan(ceiling);
	});

	it('never goes below one, and says when it has nothing left to give', () => {
		const host = createHost('auto');
		fill(host, 4);
		let nowMs = 0;
		while (nowMs < 100 && host.throttled(at(++nowMs)));
		expect(nowMs).toBeLessThan(20);
		expect(host.ceiling).toBe(1);
		expect(host.throttled(at(++nowMs))).toBe(false);
	});

	it('widens by one after a round of successes', () => {
		const host = createHost('auto');
		fill(host, 32);
		host.throttled(at(1));
		const {ceiling} = host;
		expect(ceiling).toBeLessThan(32);
		for (let n = 0; n < ceiling; n++) host.succeeded();
		expect(host.ceiling).toBe(ceiling + 1);
	});

	it('leaves a fixed ceiling as it is', () => {
		const host = createHost(8);
		fill(host, 8);
		expect(host.throttled(at(5))).toBe(false);
		for (let n = 0; n < 1000; n++) host.succeeded();
		expect(host.ceiling).toBe(8);
	});

	it.each(['auto', 8] as const)('pauses for the longest Retry-After, at most five minutes, with a ceiling of %s', limit => {
		const host = createHost(limit);
		fill(host, 4);
		host.throttled(at(1000, {retryAfterMs: 5000}));
		host.throttled(at(1001, {retryAfterMs: 10}));
		expect(host.pausedUntilMs).toBe(6000);
		host.throttled(at(2000, {retryAfterMs: 1e9}));
		expect(host.pausedUntilMs).toBe(302_000);
	});

	it('keeps a whole ceiling of at least one through any sequence', () => {
		const event = fc.constantFrom('enter', 'succeed', 'throttle');
		fc.assert(
			fc.property(fc.array(event, {maxLength: 300}), events => {
				const host = createHost('auto');
				events.forEach((name, nowMs) => {
					if (name === 'enter' && host.inFlight < host.ceiling) host.enter();
					if (name === 'throttle') host.throttled(at(nowMs));
					if (name === 'succeed') host.succeeded();
					expect(host.ceiling >= 1 && (host.ceiling === Number.POSITIVE_INFINITY || Number.isInteger(host.ceiling))).toBe(true);
				});
			}),
		);
	});
});
