import {resolve} from 'node:path';
import {directoryStore} from './adapters/directory/store.ts';
import {fileReader} from './adapters/files/reader.ts';
import {httpReader} from './adapters/http/reader.ts';
import {clock, memoryBytes, openMeter, sha256} from './adapters/machine/machine.ts';
import {createIsolatedPool} from './adapters/isolation/pool.ts';
import {createPool} from './adapters/pool/pool.ts';
import {type Flow, type FlowDefinition, readFlow} from './lanes/flow.ts';
import type {LanesSetup} from './lanes/lanes.ts';
import {type Limits, limitTable, resolveLimits} from './lanes/limits.ts';
import type {CpuPool, Reader, Store} from './lanes/ports.ts';
import {type Run, startRun} from './lanes/run.ts';
import {type Code, TwolaneError} from './lanes/errors.ts';
import {beginRun, sourceOpener} from './local/begin-run.ts';
import {endSession} from './local/end-session.ts';
import {checkEngine, workersOf} from './local/engine-elsewhere.ts';
import {lazyRun} from './local/lazy-run.ts';
import {orchestratedRun} from './local/orchestrated-run.ts';
import {openPlace} from './local/place.ts';
import type {EngineName} from './runs/engine.ts';
import {isObjectStore} from './runs/outputs.ts';
import type {RunPorts} from './runs/ports.ts';
import {redriveRun} from './runs/redrive-run.ts';
import type {RunSpec, SessionOptions} from './runs/spec.ts';
import {workRun} from './runs/work-run.ts';
import {openEntry} from './manifest/read-entry.ts';
import {checkRunId} from './runs/create-run.ts';
import {createTolerance} from './lanes/tolerance.ts';
import {checkWord} from './sources/pin-source.ts';
import {type S3Sources, findS3Sources} from './sources/s3-sources.ts';
import {requireS3} from './sources/source-options.ts';

/** What a caller may say about a run. Every field has a default. */
export interface RunOptions<Options> {
	/** The flow's own options, checked by its schema at the call. */
	readonly options?: Options;
	readonly limits?: Limits;
	/** Tries of one stage of one item, 1 to 100; default 4. Waits between them grow with full jitter and honour `Retry-After`. */
	readonly attempts?: number;
	/** More failures than this stop the run: no new item is taken, what is in flight ends. Default: none stops it. */
	readonly toleratedFailureCount?: number;
	/** The same as a share, 0 to 100. Of an iterable of unknown length it is judged from the hundredth outcome on, and at the end. */
	readonly toleratedFailurePercentage?: number;
	/** Where `put` writes: a folder or a store. Without it `put` fails the item. */
	readonly out?: string | Store;
	/** How sources are read. Default: http(s), private addresses refused, and files. */
	readonly readers?: readonly Reader[];
	/** Default: one per process, made at the first transform; it ends by itself with the process. */
	readonly pool?: CpuPool;
	/** Take no new item, drain: deadline, Ctrl-C, pause. */
	readonly stop?: AbortSignal;
	/** Abandon everything; the iteration and `report()` throw its reason. */
	readonly signal?: AbortSignal;
}

/**
 * Runs a flow over items in memory, for scripts. Items are pulled as the lanes have room, so a generator may be endless; at most
 * a few hundred are held. An item that does not fit the flow's schema is an outcome with `ITEM_INVALID`; no items at all are a run
 * with no outcomes. Outcomes come in the order in which items end.
 * @throws TypeError or RangeError at the call for options, limits or a flow that cannot be.
 * @example for await (const outcome of fanOut(flow, [{url: 'https://example.com/a.jpg'}], {out: 'thumbs'})) console.log(outcome.id, outcome.status);
 */
export function fanOut<I, O, R>(
	flow: Flow<I, O, R>,
	items: Iterable<NoInfer<I>> | AsyncIterable<NoInfer<I>>,
	options: RunOptions<O> = {},
): Run<I, R> {
	if (!isIterable(items)) throw new TypeError('fanOut() wants an iterable of items: an array, a generator, a stream of objects.');
	const setup = setUpLanes(readFlow(flow), options);
	const ports = {sha256, resolveFile: (file: string) => resolve(file)};
	const run = startRun({
		...setup,
		runId: 'in-memory',
		items,
		open: (item, n) => openEntry(setup.flow, item, n, ports),
		total: countOf(items),
		...pickControls(options),
	});
	return run as Run<I, R>;
}

/** What a durable run takes besides. */
export interface DurableOptions<Options> extends RunOptions<Options> {
	/** Where outputs go, and the run's records, in `.twolane`: a folder, or a store that can keep both. */
	readonly out: string | Store;
	/** A name of your own: 1 to 64 of a-z, 0-9, - and _. Default: made of what changes the result, so that the same call finds its run. */
	readonly runId?: string;
	/** Runs the failed items of an ended run again: all, or those with these codes. A run without any is left as it is. */
	readonly redrive?: true | readonly Code[];
	/**
	 * Who works on the items: `lambdaEngine` or `distributedMapEngine` of twolane/aws. Then `out` must be a store that several machines can
	 * write to, and the flow one that the stack was deployed with. Outcomes come when all have ended, in the order of the manifest; `stop`
	 * and `break` pause the run, so that workers drain within 5 s and the next call goes on. Default: this process.
	 */
	readonly engine?: Engine;
}

/** Where items are worked on. */
export interface Engine {
	readonly name: EngineName;
}

/**
 * Runs a flow over a manifest and keeps what it does: the same call again continues a run that was stopped or killed, and gives the
 * outcomes of one that has ended without doing it again. Flow, options, items, `out` and `maxBytes` make the run; limits, attempts and
 * tolerance may differ from call to call. Iterating yields every outcome once, those of earlier calls first; `report()` alone reads
 * none of them back. Nothing begins before either. An empty manifest is a run with no outcomes.
 *
 * `stop` drains and leaves the rest for the next call; `signal` drops what is in flight, at most 2 s of finished work with it, and the
 * iteration throws its reason. One process works on a run at a time.
 * @param manifest what SOURCE is on the command line (a manifest file, a folder, a URL, `-`; `s3://bucket/list.jsonl`, an inventory's
 * `manifest.json` there, or `s3://bucket/prefix/`, with an `s3Reader` in `readers`), or the items; they and all results must be JSON.
 * @throws TypeError or RangeError at the call for options that cannot be; from the iteration: ManifestError for lines that cannot be used,
 * TwolaneError `RUN_BUSY`, `RUN_REFUSED`, `STATE_INVALID`, `SOURCE_UNREADABLE`, `MANIFEST_CHANGED`, `S3_*` or `STORE_*`.
 * @example for await (const {id, status} of run(flow, 'list.jsonl', {out: 'thumbs'})) console.log(id, status);
 */
export function run<I, O, R>(
	flow: Flow<I, O, R>,
	manifest: string | Iterable<NoInfer<I>> | AsyncIterable<NoInfer<I>>,
	options: DurableOptions<O>,
): Run<I, R> {
	const definition = readFlow(flow);
	if (typeof manifest !== 'string' && !isIterable(manifest))
		throw new TypeError('run() wants a manifest: its path, a folder, a URL, or items.');
	const s3 = findS3Sources(options.readers);
	if (typeof manifest === 'string') checkManifest(manifest, s3);
	const {out, runId, redrive} = options;
	if (typeof out !== 'string' && !isObjectStore(out))
		throw new TypeError('run() wants an `out` that can keep records: a folder, or a store of ours.');
	const place = openPlace({out: typeof out === 'string' ? folderOf(out) : out});
	const lanes = setUpLanes(definition, {...options, out: place.out});
	const sources = [typeof manifest === 'string' ? manifest : {name: 'items', items: manifest}];
	const session = sessionOf(options);
	checkControls(options);
	const {stop, signal} = options;
	const elsewhere = options.engine && checkEngine(options.engine, place.out);
	const given = options.options ?? {};
	if (!isPlainJson(given)) throw new TypeError('the options of a durable run must be JSON: they are kept, and tell one run from another.');
	const {maxBytes} = lanes.limits;
	const request = {
		place,
		flow: definition,
		workers: elsewhere && workersOf(elsewhere),
		isElsewhere: elsewhere !== undefined,
		session,
		sources,
		options: given,
		maxBytes,
		allowOrigins: [],
		s3,
		runId,
		signal,
	};
	return lazyRun(async ({isReplaying}) => {
		const begun = await beginRun(request);
		const close = (): Promise<void> => endSession(place, begun);
		try {
			if (redrive !== undefined) await redriveFailed(place.ports, begun.spec.runId, redrive);
		} catch (error) {
			await close();
			throw error;
		}
		if (elsewhere) {
			// Whoever hands out the shards takes the lease again.
			await begun.release();
			const openSource = (spec: RunSpec) => sourceOpener(request, spec);
			const how = {lanes, engine: elsewhere, openSource, stop, signal, isolatedPool, isReplaying};
			return {run: orchestratedRun(place.ports, begun.spec.runId, how), close: async () => {}};
		}
		return {run: workRun(place.ports, begun.spec.runId, {lanes, stop, signal, isolatedPool, isReplaying}), close};
	}) as Run<I, R>;
}

function checkManifest(word: string, s3: S3Sources | undefined): void {
	checkWord(word);
	if (word.startsWith('s3://')) requireS3({s3}, word);
}

/** Whether JSON keeps the value as it is: `undefined` fields aside, which it leaves out. */
function isPlainJson(value: unknown): boolean {
	if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return true;
	if (typeof value === 'number') return Number.isFinite(value);
	if (Array.isArray(value)) return value.every(isPlainJson);
	if (typeof value !== 'object') return false;
	const prototype: unknown = Object.getPrototypeOf(value);
	return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlainJson);
}

/** What would otherwise be found out only when the run begins. */
function checkControls({runId, toleratedFailureCount: count, toleratedFailurePercentage: percentage}: DurableOptions<unknown>): void {
	if (runId !== undefined) checkRunId(runId);
	createTolerance({count, percentage});
}

/** The part of the options that a run remembers for its next session; an option that is none is not kept. */
export function sessionOf({limits, attempts, toleratedFailureCount, toleratedFailurePercentage}: RunOptions<unknown>): SessionOptions {
	const known = limits && Object.fromEntries(Object.entries(limits).filter(([name]) => Object.hasOwn(limitTable, name)));
	return JSON.parse(JSON.stringify({limits: known, attempts, toleratedFailureCount, toleratedFailurePercentage})) as SessionOptions;
}

/** `RUN_REFUSED` says that nothing matches, or that the run has not ended: then there is nothing to run again. */
async function redriveFailed(ports: RunPorts, runId: string, redrive: true | readonly Code[]): Promise<void> {
	try {
		await redriveRun(ports, runId, redrive === true ? {} : {only: redrive});
	} catch (error) {
		if (!(error instanceof TwolaneError && error.code === 'RUN_REFUSED')) throw error;
	}
}

/**
 * A pool of threads to share between runs, or to give a number of threads of its own.
 * @param options `threads`: 1 to 256, or `'auto'` (default): one per core, two while the threads wait for native work.
 * @throws RangeError when `threads` is out of range.
 */
export function createCpuPool({threads = 'auto'}: {readonly threads?: number | 'auto'} = {}): CpuPool {
	const {min, max} = limitTable.threads;
	if (threads !== 'auto' && !(Number.isInteger(threads) && threads >= min && threads <= max)) {
		throw new RangeError(`threads must be 'auto' or a whole number from ${min} to ${max}, got ${threads}.`);
	}
	return createPool({threads});
}

const DEFAULT_ATTEMPTS = 4;
const MOST_ATTEMPTS = 100;

/** Joins a flow and what the caller said to the default readers, store and pool. */
export function setUpLanes(flow: FlowDefinition, options: RunOptions<unknown>): LanesSetup {
	const limits = resolveLimits(options.limits ?? {}, {memoryBytes: memoryBytes()});
	const {attempts = DEFAULT_ATTEMPTS, out, pool} = options;
	if (!(Number.isInteger(attempts) && attempts >= 1 && attempts <= MOST_ATTEMPTS)) {
		throw new RangeError(`attempts must be a whole number from 1 to ${MOST_ATTEMPTS}, got ${attempts}.`);
	}
	return {
		flow,
		options: checkOptions(flow, options.options),
		limits,
		attempts,
		readers: options.readers ?? defaultReaders(),
		store: typeof out === 'string' ? openFolder(out) : out,
		pool: () => pool ?? defaultPool(limits.threads),
		clock,
		meter: openMeter(),
		random: Math.random,
		sha256,
	};
}

/** The part of the options that steers the run as a whole. */
export const pickControls = ({toleratedFailureCount, toleratedFailurePercentage, stop, signal}: RunOptions<unknown>) => ({
	toleratedFailureCount,
	toleratedFailurePercentage,
	stop,
	signal,
});

function checkOptions(flow: FlowDefinition, options: unknown): unknown {
	if (flow.options === undefined) {
		if (options === undefined || Object.keys(options as object).length === 0) return undefined;
		throw new TypeError(`flow '${flow.name}' takes no options, got ${Object.keys(options as object).join(', ')}.`);
	}
	const checked = flow.options['~standard'].validate(options ?? {});
	if (checked instanceof Promise) throw new TypeError(`flow '${flow.name}': the schema of its options must not be asynchronous.`);
	if (checked.issues === undefined) return checked.value;
	const problems = checked.issues.map(
		({message, path}) =>
			`${['options', ...(path ?? []).map(step => String(typeof step === 'object' ? step.key : step))].join('.')}: ${message}`,
	);
	throw new TypeError(`options of flow '${flow.name}': ${problems.join('; ')}`);
}

const openFolder = (out: string): Store => directoryStore(folderOf(out));

function folderOf(out: string): string {
	if (/^[a-z][a-z0-9+.-]+:\/\//u.test(out)) throw new TypeError(`out: '${out}' is not a folder; give a store for it.`);
	return resolve(out);
}

const isIterable = (items: unknown): boolean =>
	typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items);

const countOf = (items: object): number | undefined =>
	Array.isArray(items) ? items.length : items instanceof Set ? items.size : undefined;

let readers: readonly Reader[] | undefined;
const defaultReaders = (): readonly Reader[] => (readers ??= [httpReader(), fileReader()]);

let isolated: CpuPool | undefined;
/** For what was in flight when a process died; made at the first of it. */
export const isolatedPool = (): CpuPool => (isolated ??= createIsolatedPool());

const pools = new Map<number | 'auto', CpuPool>();

function defaultPool(threads: number | 'auto'): CpuPool {
	const known = pools.get(threads);
	if (known) return known;
	const made = createPool({threads});
	pools.set(threads, made);
	return made;
}
