import {totalmem} from 'node:os';
import type {ResourceLimits} from 'node:worker_threads';

// A thread that fills its heap with strings needs 7 s for 512 MiB, 20 s for 1 GiB and 70 s for V8's own 4 GiB: beyond 512 MiB
// the item would rather meet its time limit of 30 s, which says nothing about memory.
const MOST_MIB = 512;
const LEAST_MIB = 128;
// As in the launcher: V8 lets a full thread have 16 MiB more, to end it in peace, and a large young generation that moves into the
// old one at once takes more than that, which is the end of the process.
const YOUNG_MIB = 24;

const MIB = 1024 * 1024;

/** The JavaScript heap of one thread: its share of half of the memory. Native memory and buffers are not in it. */
export function limitHeap({sharers, memoryBytes}: {readonly sharers: number; readonly memoryBytes: number}): ResourceLimits {
	const shareMiB = Math.floor(memoryBytes / 2 / sharers / MIB);
	return {maxOldGenerationSizeMb: Math.min(MOST_MIB, Math.max(LEAST_MIB, shareMiB)), maxYoungGenerationSizeMb: YOUNG_MIB};
}

/** What the container may use, or else the machine. */
export function readMemoryBytes(): number {
	const quotaBytes = process.constrainedMemory();
	return quotaBytes > 0 ? Math.min(quotaBytes, totalmem()) : totalmem();
}
