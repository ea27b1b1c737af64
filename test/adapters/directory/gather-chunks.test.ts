import fc from 'fast-check';
import {expect, it} from 'vitest';
import {gatherChunks} from '../../../src/adapters/directory/gather-chunks.ts';

async function* chunksOf(chunks: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
	yield* chunks;
}

it('keeps every byte in its place', async () => {
	const chunk = fc.oneof(fc.string({unit: 'binary', maxLength: 9}), fc.uint8Array({maxLength: 9}), fc.constant('é'.repeat(200_000)));
	await fc.assert(
		fc.asyncProperty(fc.array(chunk, {maxLength: 20}), async chunks => {
			const gathered = await Array.fromAsync(gatherChunks(chunksOf(chunks)));
			expect(Buffer.concat(gathered).equals(Buffer.concat(chunks.map(one => Buffer.from(one as string))))).toBe(true);
			expect(gathered.every(({length}) => length > 0)).toBe(true);
		}),
	);
});

it('makes few large chunks of many small ones', async () => {
	const gathered = await Array.fromAsync(gatherChunks(chunksOf(Array.from({length: 100_000}, () => '0123456789'))));
	expect(gathered.map(({length}) => length)).toEqual([262_150, 262_150, 262_150, 213_550]);
});
