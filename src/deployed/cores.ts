import {availableParallelism} from 'node:os';

/** A Lambda has one core for each of these, also where the machine below it shows more. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MB_PER_CORE = 1769;

/** Cores that a function of this memory really has: at least one to count with. */
export const coresOf = (memoryMB: number): number => Math.max(1, Math.min(availableParallelism(), Math.round(memoryMB / MB_PER_CORE)));
