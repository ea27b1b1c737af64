import {draw, edge, length} from '../canvas.ts';
import type {Colour} from '../canvas.ts';
import {dimInk, setInk} from '../colour.ts';
import type {Scene} from './scene.ts';

interface Fish {
	readonly x: number;
	readonly y: number;
	readonly size: number;
	/** Of the body and of its stripes. */
	readonly inks: readonly Colour[];
	/** 1 looks to the right, -1 to the left. */
	readonly facing: number;
}

const EYE: Colour = [0.04, 0.04, 0.06];

/** An ellipse with stripes, fins, a tail and an eye. */
export function paintFish({canvas, random}: Scene, {x, y, size, inks, facing}: Fish): void {
	const bands = random.between(2, 5);
	const tilt = random.between(-0.2, 0.2);
	draw(
		canvas,
		dot => {
			const px = ((dot.x - x) / size) * facing;
			const py = (dot.y - y) / size - px * tilt;
			const trunk = 1 - length(px / 0.62, py / (0.32 + px * 0.08));
			const tail = Math.min(-0.45 - px, px + 0.95, (-0.35 - px) * 0.75 - Math.abs(py)) * 2;
			const fins = Math.min(0.42 - Math.abs(px + 0.05), 0.42 - Math.abs(py) - Math.abs(px + 0.15) * 0.35);
			const isEye = length(px - 0.4, py + 0.06) < 0.055;
			setInk(dot, isEye ? EYE : inks[Math.sin((px + 1) * bands * 4) > 0.25 ? 1 : 0]!);
			dimInk(dot, 1 - py * 0.9 - (trunk < 0 ? 0.15 : 0));
			return edge(canvas, Math.max(trunk * 0.3, tail, fins) * size);
		},
		{left: x - size, right: x + size, top: y - size * 0.6, bottom: y + size * 0.6},
	);
}
