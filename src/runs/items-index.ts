import {INDEX_STEP, type PlannedFile} from './plan.ts';

const encoder = new TextEncoder();

/** Follows the lines of an items file while they are written: where every tenth one begins. */
export function createIndexer() {
	const offsets: number[] = [];
	let total = 0;
	let bytes = 0;
	return {
		/** @returns the text to write. */
		add(line: string): string {
			if (total % INDEX_STEP === 0) offsets.push(bytes);
			total++;
			const text = `${line}\n`;
			bytes += encoder.encode(text).length;
			return text;
		},
		/** Of a file that left out no repeats. */
		finish: (items: string): PlannedFile => ({items, total, offsets: [...offsets, bytes], repeatsBefore: [...offsets, bytes].map(() => 0)}),
	};
}
