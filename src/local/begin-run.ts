import type {FlowDefinition} from '../lanes/flow.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {ManifestError} from '../manifest/manifest-error.ts';
import type {PlannedItems} from '../manifest/plan-items.ts';
import {createRun} from '../runs/create-run.ts';
import {forgetRun} from '../runs/forget-run.ts';
import {readPlan} from '../runs/plan.ts';
import {readyRun} from '../runs/ready-run.ts';
import type {PinnedSource, RunIdentity, RunSpec, SessionOptions} from '../runs/spec.ts';
import type {Standing} from '../runs/standing.ts';
import {openPinned} from '../sources/open-pinned.ts';
import {type SourceWord, pinSource} from '../sources/pin-source.ts';
import type {SourceOptions} from '../sources/source-options.ts';
import type {Place} from './place.ts';

/** What a session on a run needs, whether it is new or there already. */
export interface RunSetup {
	readonly place: Place;
	readonly flow: FlowDefinition;
	/** The module of a flow that is not one of ours, and its sha256. */
	readonly flowFile?: RunIdentity['flowFile'];
	/** `undefined`: the terms in force stay. */
	readonly session: SessionOptions | undefined;
	/** The files of a folder that the flow takes; default: all. */
	readonly extensions?: readonly string[] | undefined;
	readonly allowOrigins: readonly string[];
	/** Ends the reading of sources, too. */
	readonly stop?: AbortSignal | undefined;
	/** Called with each file of a folder that the flow does not take. */
	readonly onLeftOut?: SourceOptions['onLeftOut'];
	readonly onItems?: ((items: PlannedItems) => void) | undefined;
}

export interface RunRequest extends RunSetup {
	readonly session: SessionOptions;
	readonly sources: readonly SourceWord[];
	/** The flow's options, as they were given. */
	readonly options: object;
	/** As the lanes have it, since it changes the result. */
	readonly maxBytes: LanesSetup['limits']['maxBytes'];
	readonly limit?: number | undefined;
	readonly skipInvalid?: boolean | undefined;
	readonly isFresh?: boolean | undefined;
	readonly runId?: string | undefined;
}

/** A run that this process alone may work on. */
export interface BegunRun {
	readonly spec: RunSpec;
	/** `false`: it was there already. */
	readonly isNew: boolean;
	readonly standing: Standing;
	/** Lets others work on it. */
	readonly release: () => Promise<void>;
}

/** Creates the run, or finds the one that is the same; plans it, unless that is done; and owns it. Nothing of it is left when its list cannot be used. */
export async function beginRun(request: RunRequest): Promise<BegunRun> {
	const {place, flow, flowFile, sources: words, session} = request;
	const {ports, out} = place;
	const sources: PinnedSource[] = [];
	const options = sourceOptions(request, words.length > 1);
	for (const word of words) sources.push(await pinSource(ports, word, options));
	const identity: RunIdentity = {
		flow: flow.name,
		...(flowFile && {flowFile}),
		options: {...request.options},
		sources,
		out: out.uri,
		...(request.limit !== undefined && {limit: request.limit}),
		skipInvalid: request.skipInvalid === true,
		allowOrigins: [...request.allowOrigins],
		maxBytes: request.maxBytes,
	};
	const {isFresh, runId} = request;
	// A laptop is one worker.
	const created = await createRun(ports, {identity, session, isFresh, runId, engine: 'in-process', maxWorkers: 1});
	for (const source of sources) if ('spool' in source && !isPartOf(source, created.spec)) await ports.state.remove(source.spool);
	return {...(await takeRun(request, created.spec)), isNew: created.isNew};
}

const isPartOf = ({spool}: {readonly spool: string}, {sources}: RunSpec): boolean =>
	sources.some(source => 'spool' in source && source.spool === spool);

/** Owns a run that is there, and makes it ready to be worked on. */
export async function takeRun(setup: RunSetup, spec: RunSpec): Promise<BegunRun> {
	const {place, flow, session, stop, onItems} = setup;
	const {ports} = place;
	const release = await place.own(spec.runId, stop);
	try {
		const options = sourceOptions(setup, spec.sources.length > 1);
		const open = (source: PinnedSource) => openPinned(ports.state, source, options);
		const standing = await readyRun(ports, spec.runId, {flow, session, open, signal: stop, onItems});
		return {spec, isNew: false, standing, release};
	} catch (error) {
		const isForgotten = (isUnusable(error) || stop?.aborted === true) && (await forgetUnplanned(place, spec));
		if (!isForgotten) await release();
		throw error;
	}
}

/** Its list will not get better: whoever corrects it makes another run. */
const isUnusable = (error: unknown): boolean =>
	error instanceof ManifestError || (error instanceof TwolaneError && error.code === 'MANIFEST_CHANGED');

async function forgetUnplanned({ports, removeRun}: Place, spec: RunSpec): Promise<boolean> {
	if (await readPlan(ports, {runId: spec.runId, generation: 0})) return false;
	await forgetRun(ports, spec);
	await removeRun(spec.runId);
	return true;
}

const sourceOptions = ({place, extensions, allowOrigins, stop, onLeftOut}: RunSetup, isOneOfMany: boolean): SourceOptions => ({
	exclude: place.folders,
	isOneOfMany,
	extensions,
	allowOrigins,
	signal: stop,
	onLeftOut,
});
