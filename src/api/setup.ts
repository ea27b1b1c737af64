import type {FlowDefinition} from '../lanes/flow.ts';
import type {EngineName} from '../runs/engine.ts';
import type {RunPorts} from '../runs/ports.ts';
import type {Runs} from '../runs/runs.ts';
import type {PinnedSource} from '../runs/spec.ts';

/** What the API needs from whoever serves it: a Lambda over a bucket, or a process over a folder. */
export interface ApiSetup {
	/** The state that holds the runs, and what belongs to it. */
	readonly ports: RunPorts;
	/** What can be asked of the runs there. */
	readonly runs: Runs;
	/** URI that every run writes to; no request can name another one. */
	readonly out: string;
	/** The deployed stack that works on the runs. Default: whoever serves. */
	readonly stack?: string | undefined;
	/** The records do not lie in `.twolane` of `out`. Default: they do. */
	readonly isStateApart?: boolean | undefined;
	/** The flows that a request may name. */
	readonly flows: Readonly<Record<string, ServedFlow>>;
	/** What holds where a request says nothing. */
	readonly defaults: {readonly flow: string; readonly engine: EngineName | 'auto'; readonly maxWorkers: number};
	/** The engines that a request may name besides `auto`. */
	readonly engines: readonly EngineName[];
	/**
	 * Finds out what an S3 object or prefix holds now, as the run will read it: of a prefix only what the flow takes.
	 * @throws TypeError or TwolaneError when it cannot be a source.
	 */
	readonly pinS3: (uri: string, flow: Pick<ServedFlow, 'extensions'>) => Promise<PinnedSource>;
	/** Which files items may name, relative to what. Default: none. */
	readonly files?: FilesOfItems | undefined;
	/** Makes somebody work on the run as its records say: harmless to repeat, and to lose where a sweep looks for such runs. */
	readonly start: (runId: string) => Promise<void>;
	/** A name that nobody else draws, lower-case: for runs without an `Idempotency-Key`, and for requests that fail. */
	readonly newId: () => string;
	/** Told of what answers 500, and of runs that could not be started. */
	readonly onFailure?: ((failure: ApiFailure) => void) | undefined;
	/** What stands before `/runs` in links, such as the stage of an API Gateway: `/dev`. Default: nothing. */
	readonly basePath?: string | undefined;
	/** Bytes of a request's body, at most. Default: 5 MiB, since a Lambda takes 6. */
	readonly maxBodyBytes?: number | undefined;
}

export interface ServedFlow {
	readonly load: () => Promise<FlowDefinition>;
	/** The objects of a prefix that the flow takes; default: all. */
	readonly extensions?: readonly string[];
}

export interface FilesOfItems {
	/** Absolute: what relative paths start from. */
	readonly base: string;
	/** The absolute path. @throws TwolaneError `FILE_DENIED`. */
	readonly resolve: (path: string) => string;
}

export interface ApiFailure {
	readonly requestId: string;
	readonly error: unknown;
}

const MiB = 1024 * 1024;
export const DEFAULT_MAX_BODY_BYTES = 5 * MiB;
