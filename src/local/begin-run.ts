import type {FlowDefinition} from '../lanes/flow.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import {ManifestError} from '../manifest/manifest-error.ts';
import type {ManifestSource, PlannedItems} from '../manifest/plan-items.ts';
import {type CreatedRun, createRun} from '../runs/create-run.ts';
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
	/** Somebody else plans the run, who does not see this machine's disk. */
	readonly isElsewhere?: boolean | undefined;
	/** Reads sources in S3. */
	readonly s3?: SourceOptions['s3'];
	/** Ends the reading of sources, too. */
	readonly signal?: AbortSignal | undefined;
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
	/** Who works on it. Default: this machine. */
	readonly workers?: Workers | undefined;
}

/** Who works on a run. */
export interface Workers extends Pick<RunSpec, 'engine' | 'maxWorkers'> {
	/** The deployed stack that they belong to. */
	readonly stack?: string | undefined;
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

/** A laptop is one worker. */
export const thisMachine: Workers = {engine: 'in-process', maxWorkers: 1};

/** Creates the run, or finds the one that is the same; plans it, unless that is done; and owns it. Nothing of it is left when its list cannot be used. */
export async function beginRun(request: RunRequest): Promise<BegunRun> {
	const created = await createPinned(request, await pinRun(request));
	const begun = await takeRun(request, created.spec, {isUnusable: error => isUnusable(error, created.isNew)});
	return {...begun, isNew: created.isNew};
}

/** Creates the run of sources that are pinned, or finds it. What was kept of them goes again, unless it is part of the run. */
export async function createPinned(
	{place, session, isFresh, runId, workers = thisMachine}: RunRequest,
	identity: RunIdentity,
): Promise<CreatedRun> {
	const {ports, isStateApart} = place;
	const created = await createRun(ports, {identity, session, isFresh, runId, isStateApart, ...workers}).catch(async (error: unknown) => {
		await takeBack(place, identity.sources);
		throw error;
	});
	const superfluous = identity.sources.filter(source => !isPartOf(source, created.spec));
	await removeSpools(place, superfluous);
	return created;
}

/** Reads every source once, to know which run it is. What cannot be read twice lies below the state then. */
export async function pinRun(request: RunRequest): Promise<RunIdentity> {
	const {place, flow, flowFile} = request;
	const sources = [...(await pinSources(request))];
	return {
		flow: flow.name,
		...(flowFile && {flowFile}),
		options: {...request.options},
		sources,
		out: place.out.uri,
		...(request.limit !== undefined && {limit: request.limit}),
		skipInvalid: request.skipInvalid === true,
		allowOrigins: [...request.allowOrigins],
		maxBytes: request.maxBytes,
	};
}

/** What was kept of them goes again when one cannot be read. */
async function pinSources(request: RunRequest): Promise<readonly PinnedSource[]> {
	const {place, sources: words} = request;
	const options = sourceOptions(request, words.length > 1);
	const pinned: PinnedSource[] = [];
	try {
		for (const word of words) pinned.push(await pinSource(place.ports, word, options));
		return pinned;
	} catch (error) {
		await takeBack(place, pinned);
		throw error;
	}
}

export async function takeBack(place: Place, sources: readonly PinnedSource[]): Promise<void> {
	await removeSpools(place, sources);
	await place.removeEmptyFolders();
}

async function removeSpools({ports: {state}}: Place, sources: readonly PinnedSource[]): Promise<void> {
	for (const source of sources) if ('spool' in source) await state.remove(source.spool);
}

const isPartOf = (source: PinnedSource, {sources}: RunSpec): boolean =>
	'spool' in source && sources.some(other => 'spool' in other && other.spool === source.spool);

/** Owns a run that is there, and makes it ready to be worked on. @param options `isUnusable`: errors after which an unplanned run goes. */
export async function takeRun(
	setup: RunSetup,
	spec: RunSpec,
	{isUnusable: isEnd = () => false}: {readonly isUnusable?: (error: unknown) => boolean} = {},
): Promise<BegunRun> {
	const {place, flow, session, signal, onItems} = setup;
	const {ports} = place;
	const release = await place.own(spec.runId, signal);
	try {
		const open = sourceOpener(setup, spec);
		const standing = await readyRun(ports, spec.runId, {flow, session, open, signal, onItems});
		return {spec, isNew: false, standing, release};
	} catch (error) {
		const isForgotten = isEnd(error) && (await forgetUnplanned(place, spec));
		if (!isForgotten) await release();
		throw error;
	}
}

/** A list that is wrong will not get better; a run that this call has made, and that was given up, leaves nothing of itself. */
const isUnusable = (error: unknown, isNew: boolean): boolean => isNew || error instanceof ManifestError;

async function forgetUnplanned({ports, removeRun}: Place, spec: RunSpec): Promise<boolean> {
	if (await readPlan(ports, {runId: spec.runId, generation: 0})) return false;
	await forgetRun(ports, spec);
	await removeRun(spec.runId);
	return true;
}

/** How the sources of a run are opened for its planning. */
export function sourceOpener(setup: RunSetup, {sources}: Pick<RunIdentity, 'sources'>): (source: PinnedSource) => ManifestSource {
	const options = sourceOptions(setup, sources.length > 1);
	return source => openPinned(setup.place.ports.state, source, options);
}

const sourceOptions = (
	{place, extensions, allowOrigins, isElsewhere, s3, signal, onLeftOut}: RunSetup,
	isOneOfMany: boolean,
): SourceOptions => ({
	exclude: place.folders,
	isOneOfMany,
	extensions,
	allowOrigins,
	isElsewhere,
	s3,
	signal,
	onLeftOut,
});
