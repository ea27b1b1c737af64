import {expect, it} from 'vitest';
import {
	plural,
	readAutoOrWhole,
	readBytes,
	readCount,
	readMs,
	readPercentage,
	readWhole,
	showBytes,
	showMs,
} from '../../src/cli/quantities.ts';

it.each([
	[readBytes, '50MiB', 52_428_800],
	[readBytes, '1.5 gb', 1_500_000_000],
	[readBytes, '64M', 67_108_864],
	[readBytes, '7', 7],
	[readMs, '30s', 30_000],
	[readMs, '500ms', 500],
	[readMs, '2m', 120_000],
	[readMs, '250', 250],
	[readCount, '50M', 50_000_000],
	[readCount, '200k', 200_000],
	[readWhole, '0', 0],
	[readAutoOrWhole, 'auto', 'auto'],
	[readAutoOrWhole, '8', 8],
	[readPercentage, '0.5%', 0.5],
	[readPercentage, '100', 100],
] as const)('%o reads %s as %s', (read, text, value) => expect(read(text)).toBe(value));

it.each([
	[readBytes, '5XB'],
	[readBytes, ''],
	[readBytes, '-1'],
	[readBytes, '1e3'],
	[readBytes, 'constructor'],
	[readMs, '30 hours'],
	[readCount, '1G'],
	[readWhole, '1.5'],
	[readWhole, '-1'],
	[readAutoOrWhole, 'Auto'],
	[readPercentage, '101'],
	[readPercentage, ''],
	[readPercentage, 'half'],
] as const)('%o refuses %j', (read, text) => expect(() => read(text)).toThrow(/^Write /u));

it.each([
	[1, '1 byte'],
	[1000, '1000 bytes'],
	[1024, '1 KiB'],
	[52_428_800, '50 MiB'],
	[2 ** 32, '4 GiB'],
])('shows %d bytes as %s', (bytes, text) => expect(showBytes(bytes)).toBe(text));

it('shows times and counts in words', () => {
	expect([showMs(250), showMs(30_000), plural(1, 'file'), plural(0, 'file')]).toEqual(['250 ms', '30 s', '1 file', '0 files']);
});
