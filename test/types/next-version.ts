import type {Code, CpuPool, Flow, Limits, Reader, Report, Run, RunOptions, Store} from 'twolane';

// What the next version brings, as its jobs will call it. When `run` is exported, its import moves and this file goes.

export interface Engine {
	readonly name: 'in-process' | 'lambda' | 'distributed-map';
}

export declare function run<I, O, R>(
	flow: Flow<I, O, R>,
	manifest: string | Iterable<NoInfer<I>> | AsyncIterable<NoInfer<I>>,
	options: RunOptions<O> & {
		readonly out: string | Store;
		readonly runId?: string;
		readonly redrive?: true | readonly Code[];
		readonly engine?: Engine;
	},
): Run<I, R>;

export declare function s3Store(options: {readonly client: unknown; readonly bucket: string; readonly prefix?: string}): Store;
export declare function s3Reader(options: {readonly client: unknown; readonly buckets?: readonly string[]}): Reader;

/** Every name of the public types is there, and can be named by a caller. */
export type PublicTypes = [Code, CpuPool, Limits, Reader, Report, Store];
