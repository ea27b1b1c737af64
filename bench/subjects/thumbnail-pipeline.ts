// The thumbnail flow's own sharp calls, by hand: decode to the exact size, then encode. What the loops below run, on a thread or not.
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);
const EDGE_PX = 256;

export default async function makeThumbnail(bytes: Uint8Array): Promise<Uint8Array> {
	const {width, height} = await sharp(bytes).metadata();
	const ratio = Math.max(width, height) / EDGE_PX;
	const {data, info} = await sharp(bytes, {failOn: 'warning', limitInputPixels: 50_000_000})
		.autoOrient()
		.resize({width: Math.round(width / ratio), height: Math.round(height / ratio), fit: 'fill'})
		.raw()
		.toBuffer({resolveWithObject: true});
	const jpeg = await sharp(data, {raw: {width: info.width, height: info.height, channels: 3}})
		.jpeg({quality: 80})
		.toUint8Array();
	return jpeg.data;
}
