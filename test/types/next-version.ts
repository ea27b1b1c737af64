import type {Code, CpuPool, DurableOptions, Limits, Reader, Report, Store} from 'twolane';

// What the next version brings, as its jobs will call it. When these are exported, their imports move and this file goes.

export interface Engine {
	readonly name: 'in-process' | 'lambda' | 'distributed-map';
}

export declare function s3Store(options: {readonly client: unknown; readonly bucket: string; readonly prefix?: string}): Store;
export declare function s3Reader(options: {readonly client: unknown; readonly buckets?: readonly string[]}): Reader;

/** Every name of the public types is there, and can be named by a caller. */
export type PublicTypes = [Code, CpuPool, DurableOptions<object>, Limits, Reader, Report, Store];
