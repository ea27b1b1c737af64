import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {findDeniedRange} from '../../../src/adapters/http/guard.ts';

const hex = (...bytes: readonly number[]): string => bytes.map(byte => byte.toString(16).padStart(2, '0')).join('');
const groups = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string => `${hex(a, b)}:${hex(c, d)}`;
const publicGroups = groups([8, 8, 8, 8]);

/** The ways of RFC 3056, 4291, 4380, 5214, 6052 and 7915 to write an IPv4 address into an IPv6 one. */
const embeddings: Readonly<Record<string, (v4: readonly number[]) => string>> = {
	'IPv4-mapped': v4 => `::ffff:${groups(v4)}`,
	'IPv4-mapped, dotted': v4 => `::ffff:${v4.join('.')}`,
	'IPv4-translated': v4 => `::ffff:0:${groups(v4)}`,
	'6to4': v4 => `2002:${groups(v4)}::1`,
	NAT64: v4 => `64:ff9b::${groups(v4)}`,
	'Teredo client': v4 => `2001:0:${publicGroups}:0:0:${groups(v4.map(byte => byte ^ 0xff))}`,
	'Teredo server': v4 => `2001:0:${groups(v4)}:0:0:${groups([8, 8, 8, 8].map(byte => byte ^ 0xff))}`,
	ISATAP: v4 => `2606:4700::5efe:${groups(v4)}`,
	'ISATAP, global': v4 => `2606:4700::200:5efe:${groups(v4)}`,
};

describe('findDeniedRange', () => {
	it.each([
		'8.8.8.8',
		'93.184.216.34',
		'1.1.1.1',
		'172.15.255.255',
		'172.32.0.1',
		'2606:4700::1111',
		'2a00:1450:4001::8a',
		'64:ff9b::808:808',
	])('lets the public %s pass', address => {
		expect(findDeniedRange(address)).toBeUndefined();
	});

	it.each([
		'0.0.0.0',
		'0.1.2.3',
		'10.0.0.1',
		'100.64.0.1',
		'127.0.0.1',
		'127.255.255.254',
		'169.254.169.254',
		'172.16.0.1',
		'192.168.1.1',
		'192.0.0.1',
		'192.0.2.1',
		'198.18.0.1',
		'198.51.100.1',
		'203.0.113.1',
		'224.0.0.1',
		'240.0.0.1',
		'255.255.255.255',
		'::',
		'::1',
		'::7f00:1',
		'::127.0.0.1',
		'fe80::1',
		'fe80::1%eth0',
		'fc00::1',
		'fd00:ec2::254',
		'fec0::1',
		'ff02::1',
		'100::1',
		'2001:db8::1',
		'64:ff9b:1::7f00:1',
		'64:ff9b:1:7f00:0:100::',
		'64:ff9b:1::808:808',
		'nonsense',
		'',
	])('denies %s', address => {
		expect(findDeniedRange(address)).toBeTypeOf('string');
	});

	it.each(Object.entries(embeddings))('judges %s by the IPv4 address inside it', (_, embed) => {
		const byte = fc.integer({min: 0, max: 255});
		const famous = fc.constantFrom([127, 0, 0, 1], [10, 1, 2, 3], [169, 254, 169, 254], [192, 168, 0, 1], [8, 8, 8, 8], [100, 64, 0, 1]);
		fc.assert(
			fc.property(fc.oneof(famous, fc.tuple(byte, byte, byte, byte)), v4 => {
				expect(findDeniedRange(embed(v4))).toBe(findDeniedRange(v4.join('.')));
			}),
		);
	});
});
