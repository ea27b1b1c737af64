const GATHERED_BYTES = 256 * 1024;

/** Small chunks as few large ones: a trip to the disk costs as much as hundreds of lines. */
export async function* gatherChunks(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
	const parts: Uint8Array[] = [];
	let text = '';
	let bytes = 0;
	const take = (): Uint8Array => {
		if (text !== '') parts.push(Buffer.from(text));
		const all = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
		parts.length = 0;
		text = '';
		bytes = 0;
		return all;
	};
	for await (const chunk of chunks) {
		if (typeof chunk === 'string') {
			text += chunk;
		} else {
			if (text !== '') parts.push(Buffer.from(text));
			text = '';
			parts.push(chunk);
		}
		bytes += chunk.length;
		if (bytes >= GATHERED_BYTES) yield take();
	}
	if (bytes > 0) yield take();
}
