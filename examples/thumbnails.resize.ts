import sharp from 'sharp';
import type {Task} from 'twolane';

/** Upright, in sRGB, at most `widthPx` wide. */
export default async function resize(picture: Uint8Array, {options: {widthPx}}: Task<unknown, {widthPx: number}>) {
	const image = sharp(picture, {failOn: 'warning'}).autoOrient().resize({width: widthPx, withoutEnlargement: true});
	const {data, info} = await image.jpeg({quality: 80}).toUint8Array();
	return {small: data, widthPx: info.width, heightPx: info.height};
}
