import {createRandom} from './random.ts';

/** A sample photo as its file shows it once it is turned upright. */
export interface Photo {
	readonly name: string;
	readonly width: number;
	readonly height: number;
	readonly format: 'jpeg' | 'png' | 'webp';
	/** The EXIF tag, 1 to 8; always 1 where it is no JPEG. */
	readonly orientation: number;
}

/** What decides the bytes of a photo. */
export interface PhotoPlan extends Photo {
	/** Which picture it shows. */
	readonly k: number;
	readonly isProgressive: boolean;
	readonly isDisplayP3: boolean;
	readonly quality: number;
	readonly grain: number;
}

/** From here on pictures repeat: 200 take some 80 MB and 20 s, and no run needs more to be looked at. */
export const DIFFERENT_PHOTOS = 200;

/** Plans the nth photo, counted from 0: the same whatever the number of photos. */
export function planPhoto(n: number): PhotoPlan {
	const k = n % DIFFERENT_PHOTOS;
	const random = createRandom(20_260_101 + k);
	const kind = chooseKind(k);
	const size = chooseSize(random, kind.format);
	const extension = kind.format === 'jpeg' ? 'jpg' : kind.format;
	return {
		k,
		name: `photo-${String(n + 1).padStart(3, '0')}.${extension}`,
		...size,
		...kind,
		quality: random.pick(kind.format === 'webp' ? [75, 80] : [80, 84, 86, 88, 90]),
		grain: random.between(3, 6),
	};
}

type Kind = Pick<PhotoPlan, 'format' | 'orientation' | 'isProgressive' | 'isDisplayP3'>;

/**
 * Of 100 photos 8 are PNG, 7 WebP, 15 progressive and 70 baseline JPEG; 5 carry Display P3; each of the orientations 2 to 8 comes
 * three times. 37 has no factor in common with 100, so that the kinds are spread evenly over any stretch.
 */
function chooseKind(k: number): Kind {
	const slot = (k * 37 + 30) % 100;
	const turned = (first: number) => 2 + ((slot - first) % 7);
	const plain = {format: 'jpeg', orientation: 1, isProgressive: false, isDisplayP3: false} as const;
	if (slot < 8) return {...plain, format: 'png'};
	if (slot < 15) return {...plain, format: 'webp'};
	if (slot < 30) return {...plain, isProgressive: true, orientation: slot < 22 ? turned(15) : 1};
	if (slot < 44) return {...plain, orientation: turned(30)};
	return {...plain, isDisplayP3: slot < 49};
}

const MEGA = 1e6;
const ASPECTS = [4 / 3, 4 / 3, 3 / 2, 3 / 2, 16 / 9, 5 / 4, 1, 3 / 4, 2 / 3];
// A PNG of 4 MP with grain is 7 MB and takes half a second; most photos of the web are nearer to 1 MP than to 4.
const LARGEST_MEGAPIXELS = {jpeg: 4, webp: 2, png: 1.1} as const;

function chooseSize(random: ReturnType<typeof createRandom>, format: Photo['format']): {width: number; height: number} {
	const aspect = random.pick(ASPECTS);
	const megapixels = 1.01 + (LARGEST_MEGAPIXELS[format] - 1.02) * random.between(0, 1) ** 5;
	const height = Math.round(Math.sqrt((megapixels * MEGA) / aspect));
	return {width: Math.round(height * aspect), height};
}
