import {readRows} from '../../src/manifest/read-rows.ts';
import type {ManifestRow} from '../../src/manifest/manifest-row.ts';

const encoder = new TextEncoder();
export const toBytes = (text: string): Uint8Array => encoder.encode(text);

/** The bytes as a stream, in chunks that end at the given offsets. */
export async function* streamBytes(bytes: Uint8Array, ends: readonly number[] = []): AsyncGenerator<Uint8Array> {
	let start = 0;
	for (const end of [...ends.toSorted((a, b) => a - b), bytes.length]) {
		if (end > start) yield bytes.slice(start, end);
		start = Math.max(start, end);
	}
}

export async function collect<Value>(batches: AsyncIterable<readonly Value[]>): Promise<readonly Value[]> {
	return (await Array.fromAsync(batches)).flat();
}

/** All rows of a manifest; `ends` cuts its bytes into chunks. */
export function readAll(content: string | Uint8Array, name = 'list', ends: readonly number[] = []): Promise<readonly ManifestRow[]> {
	return collect(readRows(streamBytes(typeof content === 'string' ? toBytes(content) : content, ends), {name}));
}

/** Only the values of rows, so that formats can be compared. */
export const readValues = async (content: string | Uint8Array, name?: string): Promise<readonly unknown[]> =>
	(await readAll(content, name)).map(row => ('problem' in row ? row : row.value));
