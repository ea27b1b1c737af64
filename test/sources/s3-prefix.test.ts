import {expect, it} from 'vitest';
import {readS3Prefix} from '../../src/sources/s3-prefix.ts';
import type {S3Sources} from '../../src/sources/s3-sources.ts';

/** Pages of a thousand objects. */
function bucketOf(objects: number): S3Sources & {readonly pages: () => number} {
	let pages = 0;
	return {
		pages: () => pages,
		find: () => Promise.reject(new Error('never asked')),
		open: () => {
			throw new Error('never asked');
		},
		async *list() {
			for (let at = 0; at < objects; at += 1000) {
				pages++;
				yield Array.from({length: Math.min(1000, objects - at)}, (_, n) => ({key: `in/${String(at + n).padStart(8, '0')}`, etag: '"e"'}));
			}
		},
	};
}

async function countItems(s3: S3Sources): Promise<number> {
	let items = 0;
	const options = {s3, exclude: [], isOneOfMany: false, allowOrigins: []};
	for await (const rows of readS3Prefix({bucket: 'b', prefix: 'in/'}, options)) items += rows.length;
	return items;
}

it('takes three million objects, and says what to use for more before it reads the rest', async () => {
	expect(await countItems(bucketOf(3_000_000))).toBe(3_000_000);
	const larger = bucketOf(10_000_000);
	await expect(countItems(larger)).rejects.toMatchObject({
		code: 'SOURCE_UNREADABLE',
		message: expect.stringMatching(/^s3:\/\/b\/in\/ holds more than 3,000,000 objects: use an S3 Inventory \(CSV\)/u),
	});
	expect(larger.pages()).toBe(3001);
});
