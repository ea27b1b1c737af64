import type {Entry} from '../lanes/entry.ts';
import {countHosts, type HostItems} from './count-hosts.ts';

/** What is known of an items file without reading it again. */
export interface ItemsIndex {
	readonly total: number;
	/** Rows that were dropped because their source had come before. */
	readonly repeats: number;
	/** The byte where each tenth line begins (lines 0, 10, 20, ...), then the file's size. */
	readonly offsets: readonly number[];
	/** For each of `offsets`, the rows dropped before that line; the last one is `repeats`. */
	readonly repeatsBefore: readonly number[];
	/** The ten hosts of most items, most first. */
	readonly hosts: readonly HostItems[];
}

const INDEXED_LINES = 10;
const TEXT_CHARACTERS = 65_536;

/** Gathers lines to texts of about 64 KiB, and keeps the index of what has gone through. */
export function createItemsWriter() {
	const offsets: number[] = [];
	const repeatsBefore: number[] = [];
	const hosts = countHosts();
	let texts: string[] = [];
	let characters = 0;
	/** The lines since the last offset. */
	let block = '';
	let bytes = 0;
	let total = 0;
	let repeats = 0;

	function closeBlock(): void {
		bytes += countBytes(block);
		texts.push(block);
		characters += block.length;
		block = '';
	}

	return {
		push(line: string, {source, error}: Pick<Entry, 'source' | 'error'>): void {
			if (total % INDEXED_LINES === 0) {
				closeBlock();
				offsets.push(bytes);
				repeatsBefore.push(repeats);
			}
			block += `${line}\n`;
			total += 1;
			if (source !== undefined && error === undefined) hosts.add(source);
		},
		addRepeat(): number {
			repeats += 1;
			return repeats;
		},
		isFull: (): boolean => characters >= TEXT_CHARACTERS,
		/** The text since the last call. */
		take(): string {
			closeBlock();
			const text = texts.join('');
			texts = [];
			characters = 0;
			return text;
		},
		/** The index of all that was taken. */
		index: (): ItemsIndex => ({
			total,
			repeats,
			offsets: [...offsets, bytes],
			repeatsBefore: [...repeatsBefore, repeats],
			hosts: hosts.top(),
		}),
	};
}

const utf8 = new TextEncoder();
const scratch = new Uint8Array(8192);

function countBytes(text: string): number {
	let bytes = 0;
	for (let rest = text; rest !== '';) {
		const {read, written} = utf8.encodeInto(rest, scratch);
		bytes += written;
		rest = rest.slice(read);
	}
	return bytes;
}
