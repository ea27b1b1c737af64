import {hash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {parseSize} from '../flows/thumbnail/options.ts';
import type {FlowDefinition} from '../lanes/flow.ts';
import {type RunOptions, sessionOf, setUpLanes} from '../library.ts';
import {type BegunRun, type RunRequest, beginRun} from '../local/begin-run.ts';
import type {Place} from '../local/place.ts';
import type {SourceWord} from '../sources/pin-source.ts';
import {openReaders, openS3Reader} from '../wire.ts';
import {s3Access} from './environment.ts';
import {checkWords, interruption, usageError} from './failure.ts';
import {listenForInterrupt} from './interrupt.ts';
import {crashedRun} from './launcher.ts';
import {keepGiven} from './limit-flags.ts';
import {loadFlow} from './load-flow.ts';
import {type OutputStyle, openOutput} from './output-style.ts';
import {plural} from './quantities.ts';
import {resumeRun} from './resume-command.ts';
import {type WhereToRun, absolute, checkPlace, openPlaceAt, prepareFolders} from './run-place.ts';
import {tellOfOlderRun} from './older-run.ts';
import {type SessionFlags, readSession} from './session-flags.ts';
import {workOnRun} from './work-on-run.ts';
import {type WorkerFlags, readWorkers} from './worker-flags.ts';

/** The flags that say what to run. */
export interface FlowFlags {
	readonly flow: string;
	readonly set?: Readonly<Record<string, unknown>>;
	readonly size?: readonly string[];
	readonly format?: string;
	readonly quality?: number;
	readonly decode?: string;
	readonly maxPixels?: number;
}

/** The flags of `run`, as commander gives them. */
export interface RunFlags extends FlowFlags, SessionFlags, WorkerFlags {
	/** Of a stack it is its own. */
	readonly out?: string;
	readonly state?: string;
	readonly limit?: number;
	readonly skipInvalid?: boolean;
	readonly allowOrigin?: readonly string[];
	readonly fresh?: boolean;
	readonly json?: boolean;
	readonly quiet?: boolean;
}

/** `twolane run SOURCE... --out DIR`, or `--on STACK` */
export async function runCommand(sources: readonly string[], flags: RunFlags): Promise<number> {
	const style = openOutput(flags);
	const crashed = crashedRun();
	const stop = listenForInterrupt(line => style.note(line));
	// Whatever the words say: standard input has been read, and a fresh run is not meant twice.
	if (crashed !== undefined) return await resumeRun({word: crashed, flags, style, stop});
	if (flags.on !== undefined) {
		const {runOnStack} = await import('./on-stack/run-on-stack.ts');
		return await runOnStack(sources, {...flags, on: flags.on}, {style, stop});
	}
	if (flags.maxWorkers !== undefined) style.note('--max-workers counts with --on STACK: this machine is one worker.');
	const {request, tellLeftOut} = await readRequest(sources, flags, {style, stop});
	const exitCode = await executeRun(request);
	tellLeftOut();
	return exitCode;
}

export interface ReadRequest {
	readonly request: CommandRequest;
	/** One line, once the sources have been read, about the files of folders that the flow does not take. */
	readonly tellLeftOut: () => void;
}

/** What the words of `run` ask for. */
export async function readRequest(
	sources: readonly string[],
	flags: RunFlags,
	{style, stop}: {readonly style: OutputStyle; readonly stop: AbortSignal},
): Promise<ReadRequest> {
	const {flow, extensions, file} = await loadFlow(flags.flow);
	const where = readPlaceFlags(flags);
	let leftOut = 0;
	const request: CommandRequest = {
		flow,
		flowFile: file === undefined ? undefined : {path: file, sha256: hash('sha256', await readFile(file))},
		extensions,
		sources,
		where,
		options: readOptions(flags),
		workers: readWorkers(flags),
		allowOrigins: checkOrigins(flags.allowOrigin ?? []),
		limit: flags.limit,
		skipInvalid: flags.skipInvalid,
		isFresh: flags.fresh,
		onLeftOut: () => void leftOut++,
		style,
		stop,
	};
	return {
		request,
		tellLeftOut() {
			if (leftOut > 0) style.note(`${plural(leftOut, 'file')} left out: ${flow.name} takes ${extensions?.join(', ')}`);
		},
	};
}

/** A run as the command line has it: everything is known but the items. */
export interface CommandRequest extends Pick<
	RunRequest,
	'flowFile' | 'extensions' | 'workers' | 'isElsewhere' | 'allowOrigins' | 'limit' | 'skipInvalid' | 'isFresh' | 'onLeftOut'
> {
	readonly flow: FlowDefinition;
	readonly sources: readonly SourceWord[];
	readonly where: WhereToRun;
	readonly options: RunOptions<unknown>;
	readonly style: OutputStyle;
	readonly stop: AbortSignal;
	readonly isResumable?: boolean;
}

/** Creates the run or finds it, works on it, tells the end. @returns the exit code. */
export async function executeRun(request: CommandRequest): Promise<number> {
	const {flow, options, stop, style, where, isResumable} = request;
	const place = await openPlaceAt(where);
	const lanes = checkWords(() => setUpLanes(flow, {...options, readers: [], out: place.out}));
	const readers = await openReaders({allowOrigins: request.allowOrigins, s3: s3Access()});
	const begun = await begin(place, request, lanes.limits.maxBytes);
	await tellOfOlderRun(place, begun, style);
	return await workOnRun({place, begun, lanes: {...lanes, readers}, session: sessionOf(options), style, stop, isResumable});
}

/** A run that never starts leaves nothing that it made itself. */
async function begin(place: Place, request: CommandRequest, maxBytes: number): Promise<BegunRun> {
	const giveBack = await prepareFolders(request.where);
	try {
		return await beginRun(toRunRequest(place, request, maxBytes));
	} catch (error) {
		await giveBack();
		throw explainReading(error, request.stop);
	}
}

export function toRunRequest(
	place: Place,
	{options, stop, style: _, isResumable: __, ...rest}: CommandRequest,
	maxBytes: number,
): RunRequest {
	return {
		...rest,
		place,
		s3: openS3Reader(s3Access()),
		signal: stop,
		options: options.options ?? {},
		session: sessionOf(options),
		maxBytes,
	};
}

/** What a person is told when sources could not be read: an interruption, words that name no source, or the error as it is. */
export function explainReading(error: unknown, stop: AbortSignal): unknown {
	if (stop.aborted) return interruption('the list was read');
	return error instanceof TypeError ? usageError(error.message) : error;
}

export function readPlaceFlags({out, state}: Pick<RunFlags, 'out' | 'state'>): WhereToRun {
	if (out === undefined)
		throw usageError("required option '--out <dir>' not specified; --on STACK starts a run on a deployed stack instead.");
	if (out.trim() === '') throw usageError('--out is empty: name a folder.');
	checkPlace('--out', out);
	if (state !== undefined) checkPlace('--state', state);
	return {out: absolute(out), state: state === undefined ? undefined : absolute(state)};
}

export function checkOrigins(origins: readonly string[]): readonly string[] {
	for (const origin of origins) {
		if (!URL.canParse(origin) || !/^https?:$/u.test(new URL(origin).protocol)) {
			throw usageError(`--allow-origin ${origin}: write it like http://127.0.0.1:8080.`);
		}
	}
	return origins;
}

/** Flags as the library's options. */
export const readOptions = (flags: FlowFlags & SessionFlags): RunOptions<unknown> => ({
	options: readFlowOptions(flags),
	...readSession(flags),
});

function readFlowOptions({flow, set, size, format, quality, decode, maxPixels}: FlowFlags): object {
	const sizes = size && checkWords(() => size.map(parseSize));
	const own = keepGiven({sizes, format, quality, decode, maxPixels});
	const [first] = Object.keys(own);
	if (flow !== 'thumbnail' && first !== undefined) {
		throw usageError(
			`--${first === 'sizes' ? 'size' : first} belongs to the thumbnail flow; give '${flow}' its options with --set name=value.`,
		);
	}
	return {...own, ...set};
}
