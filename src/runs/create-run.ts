import {TwolaneError} from '../lanes/errors.ts';
import {LAYOUT_VERSION, layout} from './layout.ts';
import type {RunPorts} from './ports.ts';
import {type RunIdentity, type RunSpec, type SessionOptions, findSpec, identify, readSpec, signSpec} from './spec.ts';
import {writeJson} from './stored-json.ts';

export interface NewRun {
	readonly identity: RunIdentity;
	readonly session: SessionOptions;
	/** Start another run, also where equal ones exist. Default: the newest equal one is the run. */
	readonly isFresh?: boolean | undefined;
	/** A name of the caller's own, instead of one made of the identity. */
	readonly runId?: string | undefined;
	readonly engine?: RunSpec['engine'] | undefined;
	readonly maxWorkers?: number | undefined;
	/** sha256 of the whole request, where one asked for it over HTTP. */
	readonly request?: string | undefined;
	/** The deployed stack that is to work on it. */
	readonly stack?: string | undefined;
	/** The state is not `.twolane` of `out`. Default: it is. */
	readonly isStateApart?: boolean | undefined;
}

export interface CreatedRun {
	readonly spec: RunSpec;
	/** `false`: it was there already. */
	readonly isNew: boolean;
}

/**
 * Creates the run, or finds it: what changes its result is its identity. Nothing is planned and nothing starts.
 * @throws TwolaneError `RUN_REFUSED` when the caller's `runId` is taken by a run of another identity; `STATE_INVALID`.
 */
export async function createRun(ports: RunPorts, run: NewRun): Promise<CreatedRun> {
	if (run.runId !== undefined) return await createNamed(ports, run, run.runId);
	const {newest, nextId, count, damage} = await findEqual(ports, run.identity);
	if (damage && !run.isFresh) throw damage;
	const isThere = newest !== undefined && !run.isFresh;
	const created = isThere ? {spec: newest, isNew: false} : await write(ports, makeSpec(ports, run, {runId: nextId, fresh: count}));
	await register(ports, created.spec);
	return created;
}

export interface EqualRuns {
	readonly newest: RunSpec | undefined;
	/** Why the newest one, which has nobody's identity then, cannot be read. */
	readonly damage?: TwolaneError;
	readonly count: number;
	/** What another one would be called. */
	readonly nextId: string;
}

/** The runs that are there already with the same identity. Changes nothing. */
export async function findEqual(ports: Pick<RunPorts, 'state' | 'sha256'>, identity: RunIdentity): Promise<EqualRuns> {
	let found: Pick<EqualRuns, 'newest' | 'damage'> = {newest: undefined};
	for (let count = 0; ; count++) {
		const nextId = identify(identity, count, ports.sha256);
		const spec = await findSpec(ports, nextId).catch(keepDamage);
		if (spec === undefined) return {...found, count, nextId};
		found = spec instanceof TwolaneError ? {newest: undefined, damage: spec} : {newest: spec};
	}
}

/** A damaged run must not be in the way of a fresh one. */
function keepDamage(error: unknown): TwolaneError {
	if (error instanceof TwolaneError && error.code === 'STATE_INVALID') return error;
	throw error;
}

/** @throws RangeError for a name that cannot be part of a path. */
export function checkRunId(runId: string): void {
	if (/^[a-z0-9][a-z0-9_-]{0,63}$/u.test(runId)) return;
	throw new RangeError(`runId must be 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit, got ${JSON.stringify(runId)}.`);
}

async function createNamed(ports: RunPorts, run: NewRun, runId: string): Promise<CreatedRun> {
	checkRunId(runId);
	const there = await findSpec(ports, runId);
	const created = there ? {spec: there, isNew: false} : await write(ports, makeSpec(ports, run, {runId, fresh: 0}));
	const {spec} = created;
	await register(ports, spec);
	const isSame = identify(spec, 0, ports.sha256) === identify(run.identity, 0, ports.sha256) && spec.request === run.request;
	if (isSame) return created;
	const what = spec.flow === run.identity.flow ? 'with other options or sources' : `of the flow '${spec.flow}'`;
	throw new TwolaneError('RUN_REFUSED', `run ${runId} is there already, ${what}: give this one another runId`);
}

function makeSpec(
	{wallMs, sha256}: RunPorts,
	{identity, session, engine = 'auto', maxWorkers = 50, isStateApart, request, stack}: NewRun,
	{runId, fresh}: {readonly runId: string; readonly fresh: number},
): RunSpec {
	const createdAt = new Date(wallMs()).toISOString();
	// Through JSON, as it will be read again: what is undefined is not there.
	const spec = {
		version: LAYOUT_VERSION,
		runId,
		...identity,
		fresh,
		session,
		engine,
		maxWorkers,
		...(request !== undefined && {request}),
		...(stack !== undefined && {stack}),
		createdAt,
		...(isStateApart && {isStateApart}),
	} as const;
	return signSpec(JSON.parse(JSON.stringify(spec)) as Omit<RunSpec, 'sha256'>, sha256);
}

/** `active` first: whoever finds the spec can then rely on the sweep to find the run. */
async function write(ports: RunPorts, spec: RunSpec): Promise<CreatedRun> {
	await ports.state.create(layout.active(spec.runId), '');
	const isNew = await ports.state.create(layout.spec(spec.runId), writeJson(spec));
	return {spec: isNew ? spec : await readSpec(ports, spec.runId), isNew};
}

/** Lists the run by its time; a kill may have come between its spec and this. */
async function register({state}: Pick<RunPorts, 'state'>, {runId, createdAt}: RunSpec): Promise<void> {
	await state.create(layout.runByTime(runId, Date.parse(createdAt)), '');
}
