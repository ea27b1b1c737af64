import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import sharp from 'sharp';

const IMAGES = 25;
const WIDTH_PX = 1740;
const HEIGHT_PX = 1160;

export interface Corpus {
	readonly folder: string;
	readonly names: readonly string[];
	readonly meanBytes: number;
}

/** Seeded photographs of a kind: soft colour fields with grain, 2 megapixels, about 0.5 MB each. Made once, kept in the temporary folder. */
export async function openCorpus(): Promise<Corpus> {
	const folder = join(tmpdir(), 'twolane-bench-corpus-1');
	await mkdir(folder, {recursive: true});
	const names = Array.from({length: IMAGES}, (_, k) => `${String(k).padStart(2, '0')}.jpg`);
	let bytes = 0;
	for (const [k, name] of names.entries()) {
		const path = join(folder, name);
		if (!existsSync(path)) {
			await writeFile(`${path}.tmp`, await makeImage(k));
			await rename(`${path}.tmp`, path);
		}
		bytes += (await readFile(path)).length;
	}
	return {folder, names, meanBytes: bytes / IMAGES};
}

async function makeImage(k: number): Promise<Buffer> {
	const random = seededRandom(k + 1);
	const fields = Buffer.from(Array.from({length: 24 * 16 * 3}, () => Math.floor(random() * 256)));
	const base = await sharp(fields, {raw: {width: 24, height: 16, channels: 3}})
		.resize(WIDTH_PX, HEIGHT_PX, {kernel: 'cubic'})
		.raw()
		.toBuffer();
	for (let at = 0; at < base.length; at += 3) {
		const grain = (random() - 0.5) * 40;
		for (let channel = 0; channel < 3; channel++) base[at + channel] = Math.max(0, Math.min(255, (base[at + channel] ?? 0) + grain));
	}
	return await sharp(base, {raw: {width: WIDTH_PX, height: HEIGHT_PX, channels: 3}})
		.jpeg({quality: 76})
		.toBuffer();
}

/** mulberry32 */
function seededRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
