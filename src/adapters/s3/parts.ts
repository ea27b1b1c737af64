/** S3 takes no part below 5 MiB but the last one, and 10,000 of them: 80 GiB. */
export const PART_BYTES = 8 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;

export interface Part {
	/** Good until the next part is asked for. */
	readonly bytes: Uint8Array;
	/** No chunk comes after it. Known only of a part that is not full. */
	readonly isLast: boolean;
}

/** Cuts what comes into parts of one size; only the last may be smaller. One buffer serves for all. */
export async function* cutParts(
	chunks: AsyncIterable<Uint8Array | string>,
	{partBytes = PART_BYTES}: {readonly partBytes?: number} = {},
): AsyncGenerator<Part, undefined> {
	let buffer = Buffer.alloc(0);
	let size = 0;
	for await (const chunk of chunks) {
		let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
		while (rest.length > 0) {
			const taken = rest.subarray(0, partBytes - size);
			buffer = makeRoom(buffer, {size, more: taken.length, partBytes});
			buffer.set(taken, size);
			size += taken.length;
			rest = rest.subarray(taken.length);
			if (size < partBytes) continue;
			yield {bytes: buffer.subarray(0, size), isLast: false};
			size = 0;
		}
	}
	if (size > 0) yield {bytes: buffer.subarray(0, size), isLast: true};
	return undefined;
}

function makeRoom(
	buffer: Buffer<ArrayBuffer>,
	{size, more, partBytes}: {readonly size: number; readonly more: number; readonly partBytes: number},
): Buffer<ArrayBuffer> {
	if (size + more <= buffer.length) return buffer;
	const larger = Buffer.allocUnsafeSlow(Math.min(partBytes, Math.max(size + more, FIRST_BYTES, 2 * buffer.length)));
	buffer.copy(larger, 0, 0, size);
	return larger;
}
