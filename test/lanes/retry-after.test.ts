import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {retryAfterMs} from '../../src/lanes/retry-after.ts';

const date = 'Sun, 06 Nov 1994 08:49:37 GMT';

describe('retryAfterMs', () => {
	it.each([
		['0', 0],
		['120', 120_000],
		[' 7 ', 7000],
		['Sun, 06 Nov 1994 08:50:07 GMT', 30_000],
		['Sunday, 06-Nov-94 08:50:07 GMT', 30_000],
		['Sun Nov  6 08:50:07 1994', 30_000],
		['Sun, 06 Nov 1994 08:00:00 GMT', 0],
	])('reads %s', (header, expected) => {
		expect(retryAfterMs(header, date)).toBe(expected);
	});

	it.each([undefined, null, '', 'soon', '-5', '1.5', '1e3', '2026-01-01', 'Sunday', '9'.repeat(400)])('ignores %s', header => {
		expect(retryAfterMs(header, date)).toBeUndefined();
	});

	it.each([undefined, null, '', 'today'])('ignores a date when the answer says its own as %s', own => {
		expect(retryAfterMs('Sun, 06 Nov 1994 08:50:07 GMT', own)).toBeUndefined();
	});

	it('gives back the distance of any two dates, and never a negative one', () => {
		const second = fc.integer({min: 0, max: 4e9});
		fc.assert(
			fc.property(second, second, (now, then) => {
				const text = (seconds: number): string => new Date(seconds * 1000).toUTCString();
				expect(retryAfterMs(text(then), text(now))).toBe(Math.max(0, then - now) * 1000);
			}),
		);
	});
});
