import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Why nothing may connect to an IP address: the name of its range (`loopback`, `private`, ...); `undefined` when it is public.
 * An IPv6 address that carries an IPv4 address leads to that one, so the inner one is judged.
 */
export function findDeniedRange(text: string): string | undefined {
	if (!ipaddr.isValid(text)) return 'unknown';
	const address = ipaddr.parse(text);
	for (const inner of unwrap(address)) {
		const range = inner.range();
		if (range !== 'unicast') return range;
	}
	return undefined;
}

/** The addresses where packets may end up: the address itself, or the IPv4 addresses inside it. */
function unwrap(address: Address): readonly Address[] {
	if (address.kind() === 'ipv4') return [address];
	const bytes = address.toByteArray();
	const groups = (address as ipaddr.IPv6).parts;
	const at = (offset: number, mask = 0): Address => new ipaddr.IPv4(bytes.slice(offset, offset + 4).map(byte => byte ^ mask));
	const startsWith = (...parts: readonly number[]): boolean => parts.every((part, index) => groups[index] === part);

	if (startsWith(0x2002)) return [at(2)];
	if (startsWith(0x2001, 0)) return [at(4), at(12, 0xff)];
	if (startsWith(0x64, 0xff9b, 0, 0, 0, 0)) return [at(12)];
	// 64:ff9b:1::/48 is not unwrapped: where its IPv4 address sits is the operator's choice, and all of it is local use (RFC 8215).
	if (startsWith(0, 0, 0, 0, 0, 0xffff) || startsWith(0, 0, 0, 0, 0xffff, 0)) return [at(12)];
	if (startsWith(0, 0, 0, 0, 0, 0)) return (groups[6] ?? 0) === 0 ? [address] : [at(12)];
	// ISATAP: ::0:5efe:a.b.c.d or ::200:5efe:a.b.c.d below any prefix.
	if (((groups[4] ?? 0) & ~0x200) === 0 && groups[5] === 0x5efe) return [address, at(12)];
	return [address];
}
