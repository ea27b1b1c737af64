/** A picture being painted: RGB in 0..1 (above 1 is light that the film cannot hold). */
export interface Canvas {
	readonly width: number;
	readonly height: number;
	/** Coordinates are y in 0..1 from top to bottom and x in 0..aspect, whatever the number of pixels. */
	readonly aspect: number;
	readonly pixels: Float32Array;
}

export type Colour = readonly [red: number, green: number, blue: number];

/** The place a brush is at, and the ink it takes. One object for all pixels: an array per pixel costs more than the painting. */
export interface Dot {
	x: number;
	y: number;
	red: number;
	green: number;
	blue: number;
}

/** Sets the ink for this place and says how much of it covers what is there, 0..1. */
export type Brush = (dot: Dot) => number;

interface Box {
	readonly left?: number;
	readonly top?: number;
	readonly right?: number;
	readonly bottom?: number;
}

export const createCanvas = (width: number, height: number): Canvas => ({
	width,
	height,
	aspect: width / height,
	pixels: new Float32Array(width * height * 3),
});

/** Paints every pixel of the box; without a box, the whole canvas. */
export function draw(canvas: Canvas, brush: Brush, {left = 0, top = 0, right = canvas.aspect, bottom = 1}: Box = {}): void {
	const {width, height} = canvas;
	const from = Math.max(0, Math.floor(left * height));
	const to = Math.min(width, Math.ceil(right * height));
	const lastRow = Math.min(height, Math.ceil(bottom * height));
	for (let row = Math.max(0, Math.floor(top * height)); row < lastRow; row++) drawRow(canvas, brush, {row, from, to});
}

// A function of its own: V8 optimises it once, where one loop over all pixels is optimised anew for every picture.
function drawRow({width, height, pixels}: Canvas, brush: Brush, {row, from, to}: {row: number; from: number; to: number}): void {
	const dot: Dot = {x: 0, y: (row + 0.5) / height, red: 0, green: 0, blue: 0};
	for (let column = from; column < to; column++) {
		dot.x = (column + 0.5) / height;
		const cover = brush(dot);
		if (cover <= 0) continue;
		const at = (row * width + column) * 3;
		pixels[at]! += (dot.red - pixels[at]!) * cover;
		pixels[at + 1]! += (dot.green - pixels[at + 1]!) * cover;
		pixels[at + 2]! += (dot.blue - pixels[at + 2]!) * cover;
	}
}

/** Coverage of an edge: `inside` is the distance from the edge, positive within the shape. */
export const edge = (canvas: Canvas, inside: number): number => clamp(0.5 + inside * canvas.height);

/** Math.hypot guards against overflow, which costs five times as much. */
export const length = (x: number, y: number): number => Math.sqrt(x * x + y * y);

export const clamp = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);

/** A soft step: 0 up to 0, 1 from 1 on. */
export function ease(share: number): number {
	const inside = clamp(share);
	return inside * inside * (3 - 2 * inside);
}
