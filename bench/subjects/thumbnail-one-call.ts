// The shortest way to a thumbnail: one chain, no exact size, no pixels for a placeholder.
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);

export default async function makeThumbnail(bytes: Uint8Array): Promise<Uint8Array> {
	const image = sharp(bytes, {failOn: 'warning', limitInputPixels: 50_000_000}).autoOrient();
	const {data} = await image.resize({width: 256, height: 256, fit: 'inside', withoutEnlargement: true}).jpeg({quality: 80}).toUint8Array();
	return data;
}
