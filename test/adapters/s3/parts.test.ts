import fc from 'fast-check';
import {expect, it} from 'vitest';
import {cutParts} from '../../../src/adapters/s3/parts.ts';

async function* each<T>(chunks: readonly T[]): AsyncGenerator<T> {
	yield* chunks;
}

it('cuts any chunks into parts of one size, of which only the last is smaller', async () => {
	const chunk = fc.oneof(fc.uint8Array({maxLength: 40}), fc.string({unit: 'grapheme', maxLength: 12}));
	await fc.assert(
		fc.asyncProperty(fc.array(chunk), fc.integer({min: 1, max: 16}), async (chunks, partBytes) => {
			const parts: {readonly bytes: Buffer; readonly isLast: boolean}[] = [];
			// A part is good until the next one: here it is kept.
			for await (const {bytes, isLast} of cutParts(each(chunks), {partBytes})) parts.push({bytes: Buffer.from(bytes), isLast});
			const whole = Buffer.concat(chunks.map(one => Buffer.from(one as string)));
			expect(Buffer.concat(parts.map(({bytes}) => bytes)).equals(whole)).toBe(true);
			const sizes = parts.map(({bytes}) => bytes.length);
			expect(sizes).toEqual(parts.map((_, n) => Math.min(partBytes, whole.length - n * partBytes)));
			expect(parts.map(({isLast}) => isLast)).toEqual(sizes.map(size => size < partBytes));
		}),
	);
});
