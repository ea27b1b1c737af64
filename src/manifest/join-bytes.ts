export function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
	if (first.length === 0) return second;
	const joined = new Uint8Array(first.length + second.length);
	joined.set(first);
	joined.set(second, first.length);
	return joined;
}
