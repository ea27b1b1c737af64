import type {StandardSchemaV1 as Schema} from '@standard-schema/spec';
import type {Output} from './outcome.ts';

/** Where bytes are: exactly one of `url`, `s3` and `file`. */
export type Source = {readonly url: string} | {readonly s3: string; readonly versionId?: string} | {readonly file: string};

/** What a transform gets beside its input. Plain data: it crosses to the thread. */
export interface Task<Item = unknown, Options = unknown> {
	readonly id: string;
	readonly item: Item;
	readonly options: Options;
}

/** What `fetch` and `store` get beside their input. */
export interface Context<Item = unknown, Options = unknown> extends Task<Item, Options> {
	/** Which try of this stage this is: 1, 2, ... */
	readonly attempt: number;
	/** Aborts at this attempt's time limit and with the run's `signal`. Pass it to whatever waits. */
	readonly signal: AbortSignal;
	/**
	 * Reads the source whole: guarded, capped at `maxBytes`, counted in `inFlightBytes` until the item leaves its transform.
	 * The bytes are yours; what `fetch` returns of them is moved, not copied, to the thread.
	 * @throws TwolaneError with the codes of docs/errors.md, stage `item` or `fetch`.
	 */
	readonly read: (source: Source) => Promise<Uint8Array<ArrayBuffer>>;
	/**
	 * Writes one output of the item at `{hh}/{slug}/{name}` below `out` and records it in the outcome under its name without extension.
	 * The same name twice fails the item, as does an `out` that was not given.
	 * @throws TwolaneError `STORE_FAILED`, `STORE_DENIED`, `STORE_FULL`.
	 */
	readonly put: (name: string, body: Uint8Array | string, options?: {readonly contentType?: string}) => Promise<Output>;
}

/** A CPU stage: the default export of `file`, run on a thread. */
export interface Cpu<Input, Made> {
	readonly file: URL;
	readonly timeoutMs: number;
	readonly types?: (input: Input) => Made;
}

/** Return it from any stage: the item ends as `skipped`. */
export interface Skip {
	readonly skipped: string;
}

export type StageFunction<Value, Next, Item, Options> = (value: Value, context: Context<Item, Options>) => Promise<Next | Skip>;

interface FlowBase<Input, Item, OptionsInput, Options> {
	/** What records and messages call the flow: letters, digits, `-` and `_`. */
	readonly name: string;
	/** Any Standard Schema; every item passes it before its first stage. */
	readonly item: Schema<Input, Item>;
	/** What changes the result. Checked once, when the run starts; default values come from the schema. */
	readonly options?: Schema<OptionsInput, Options>;
	/** Default: `item.id`, else the item's source without its query, else a hash of the item. At most 1,024 bytes, unique in a run. */
	readonly id?: (item: Item) => string;
}

/** A flow as its callers see it: what it takes, which options, what it makes. */
export interface Flow<Input, Options, Result> {
	readonly name: string;
	readonly types?: readonly [Input, Options, Result];
}

/** A flow as the lanes see it: every stage is optional, but one of `fetch` and `transform` is there. */
export interface FlowDefinition extends FlowBase<unknown, unknown, unknown, unknown> {
	readonly fetch?: StageFunction<unknown, unknown, unknown, unknown>;
	readonly transform?: Cpu<unknown, unknown>;
	readonly store?: StageFunction<unknown, unknown, unknown, unknown>;
}

/**
 * Declares what to do with one item: `fetch` (IO) -> `transform` (CPU) -> `store` (IO), each optional but the first two not both.
 * The value of one stage is the input of the next; the last one is `outcome.result`. Nothing runs until `fanOut` or `run` gets items.
 * @throws TypeError when the name is not a plain word, no stage is given, or a stage is of the wrong kind.
 * @example
 * const sizes = defineFlow({name: 'sizes', item: sourceItem, fetch: async (item, {read}) => (await read(item)).length});
 */
export function defineFlow<Input, Item, Made, Result = Made, OptionsInput = Record<string, never>, Options = Record<string, never>>(
	flow: FlowBase<Input, Item, OptionsInput, Options> & {
		readonly fetch?: never;
		readonly transform: Cpu<NoInfer<Item>, Made>;
		readonly store?: StageFunction<Made, Result, Item, Options>;
	},
): Flow<Input, OptionsInput, Result>;
export function defineFlow<
	Input,
	Item,
	Fetched,
	Made = Fetched,
	Result = Made,
	OptionsInput = Record<string, never>,
	Options = Record<string, never>,
>(
	flow: FlowBase<Input, Item, OptionsInput, Options> & {
		readonly fetch: StageFunction<Item, Fetched, Item, Options>;
		readonly transform?: Cpu<Fetched, Made>;
		readonly store?: StageFunction<Made, Result, Item, Options>;
	},
): Flow<Input, OptionsInput, Result>;
export function defineFlow(flow: FlowDefinition): Flow<unknown, unknown, unknown> {
	return Object.freeze({...readFlow(flow)});
}

/** Checks that a value, from our types or from a user's own module, is a flow. @throws TypeError saying what is missing. */
export function readFlow(flow: unknown): FlowDefinition {
	const {name, item, options, fetch, transform, store, id} = (flow ?? {}) as Partial<Record<keyof FlowDefinition, unknown>>;
	const refuse = (problem: string): never => {
		throw new TypeError(`flow ${typeof name === 'string' ? `'${name}'` : ''}: ${problem}`.replace('flow :', 'flow:'));
	};
	if (typeof name !== 'string' || !/^[\w-]{1,64}$/u.test(name)) refuse('`name` must be 1 to 64 letters, digits, - or _.');
	if (!isSchema(item)) refuse('`item` must be a schema, such as sourceItem or z.object({...}).');
	if (options !== undefined && !isSchema(options)) refuse('`options` must be a schema, such as z.object({...}).');
	if (fetch === undefined && transform === undefined) refuse('give it a `fetch` stage, a `transform` stage, or both.');
	for (const [key, stage] of Object.entries({fetch, store, id})) {
		if (stage !== undefined && typeof stage !== 'function') refuse(`\`${key}\` must be a function.`);
	}
	if (transform !== undefined && !((transform as Cpu<unknown, unknown> | null)?.file instanceof URL)) {
		refuse('`transform` must come from cpu(new URL("./my-transform.ts", import.meta.url)).');
	}
	return flow as FlowDefinition;
}

/** Told by the one key that every Standard Schema has; some libraries make their schemas functions. */
const isSchema = (value: unknown): boolean =>
	(typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;

/** How long a transform may take on its thread when `cpu()` is told nothing: far above any honest image, far below a stuck run. */
const DEFAULT_TRANSFORM_TIMEOUT_MS = 30_000;

/**
 * Names the module whose default export is the CPU stage. It is loaded once in each thread, so a top-level `await` there is the
 * per-thread initialiser. Input and result cross the thread border: plain data and bytes only.
 * @param file `new URL('./my-transform.ts', import.meta.url)`; `typeof import('./my-transform.ts')` as type argument types both ends.
 * @param options `timeoutMs`: time limit of one task on its thread, in milliseconds, above 0; default 30,000. A task that
 * exceeds it is run once more, alone, then fails with `TRANSFORM_TIMEOUT`.
 * @throws TypeError when `file` is not a `file:` URL; RangeError when `timeoutMs` is not above 0.
 */
export function cpu<Module extends {default: (input: never, task: never) => unknown}>(
	file: URL,
	options: {readonly timeoutMs?: number} = {},
): Cpu<Parameters<Module['default']>[0], Exclude<Awaited<ReturnType<Module['default']>>, Skip>> {
	const {timeoutMs = DEFAULT_TRANSFORM_TIMEOUT_MS} = options;
	if (!(file instanceof URL) || file.protocol !== 'file:') {
		throw new TypeError('cpu() wants a file: URL: cpu(new URL("./my-transform.ts", import.meta.url)).');
	}
	if (!(typeof timeoutMs === 'number' && timeoutMs > 0)) throw new RangeError(`cpu(): timeoutMs must be above 0, got ${timeoutMs}.`);
	return {file, timeoutMs};
}

/**
 * Ends the item as `skipped`: `return skip('no such customer')` from any stage, a transform included.
 * @param reason one sentence for the record.
 */
export function skip(reason: string): Skip {
	const skipped: Branded = {skipped: reason, [brand]: true};
	return skipped;
}

// A plain key: a symbol or a class would not survive the thread border, and user data may well have a field called `skipped`.
const brand = '~twolane.skip';
interface Branded extends Skip {
	readonly [brand]: true;
}

/** Whether a stage's value is a `skip(...)`. */
export function isSkip(value: unknown): value is Skip {
	return typeof value === 'object' && value !== null && Object.hasOwn(value, brand);
}
