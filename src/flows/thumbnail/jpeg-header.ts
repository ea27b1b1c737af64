import type {Extent} from './scale.ts';

const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];
const ORIENTATION_TAG = 0x01_12;
const SHORT = 3;
const TIFF_MAGIC = 42;

/** The orientation in an EXIF block, 1 to 8; `undefined` when anything about the block is unusual. */
function readOrientation(exif: DataView): number | undefined {
	const isLittleEndian = exif.getUint16(0) === 0x49_49;
	if (!isLittleEndian && exif.getUint16(0) !== 0x4d_4d) return undefined;
	if (exif.getUint16(2, isLittleEndian) !== TIFF_MAGIC) return undefined;
	const directory = exif.getUint32(4, isLittleEndian);
	const entries = exif.getUint16(directory, isLittleEndian);
	for (let at = directory + 2; at < directory + 2 + entries * 12; at += 12) {
		if (exif.getUint16(at, isLittleEndian) !== ORIENTATION_TAG) continue;
		if (exif.getUint16(at + 2, isLittleEndian) !== SHORT || exif.getUint32(at + 4, isLittleEndian) !== 1) return undefined;
		const orientation = exif.getUint16(at + 8, isLittleEndian);
		return orientation >= 1 && orientation <= 8 ? orientation : undefined;
	}
	return 1;
}

const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const isSegment = (marker: number): boolean => marker >= 0xc0 && marker <= 0xfe && !(marker >= 0xd0 && marker <= 0xda);

function readSegments(bytes: Uint8Array): Extent | undefined {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let orientation: number | undefined;
	for (let at = 2; ;) {
		const marker = view.getUint8(at + 1);
		if (view.getUint8(at) !== 0xff || !isSegment(marker)) return undefined;
		const length = view.getUint16(at + 2);
		if (marker === 0xe1 && EXIF.every((byte, index) => bytes[at + 4 + index] === byte)) {
			if (orientation !== undefined) return undefined;
			orientation = readOrientation(new DataView(bytes.buffer, bytes.byteOffset + at + 10, length - 8));
			if (orientation === undefined) return undefined;
		}
		if (isFrame(marker)) {
			const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
			if (width === 0 || height === 0) return undefined;
			return (orientation ?? 1) >= 5 ? {width: height, height: width} : {width, height};
		}
		at += 2 + length;
	}
}

/**
 * The upright size of a plain JPEG; `undefined` when anything is unusual, and then the codec is asked.
 * It is here because the codec's own header read costs 0.4 to 0.7 ms a picture, 3 % of a thumbnail; this takes 0.01 ms.
 */
export function readJpegExtent(bytes: Uint8Array): Extent | undefined {
	try {
		return readSegments(bytes);
	} catch (error) {
		// DataView says so when a length points outside the file.
		if (error instanceof RangeError) return undefined;
		throw error;
	}
}
