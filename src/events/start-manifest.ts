import {TwolaneError} from '../lanes/errors.ts';
import {limitTable} from '../lanes/limits.ts';
import {OWN, type ObjectRecord, type ObjectVersion, findRecord, isOwn, keepRecord} from '../objects/record.ts';
import type {NewestVersion} from '../objects/handle-object.ts';
import {createRun} from '../runs/create-run.ts';
import type {EngineName} from '../runs/engine.ts';
import type {RunPorts} from '../runs/ports.ts';
import type {PinnedSource, RunIdentity} from '../runs/spec.ts';
import {type RunOptions, readRunOptions} from './run-options.ts';

export interface ManifestPorts {
	readonly runs: RunPorts;
	/** URI that every run writes to. */
	readonly out: string;
	/** The stack that works on it. */
	readonly stack: string;
	/** What holds where the object asks for nothing else. */
	readonly defaults: {readonly flow: string; readonly engine: EngineName | 'auto'; readonly maxWorkers: number};
	/** @throws TypeError when there is no such flow, or it does not take these options. */
	readonly checkFlow: (flow: string, options: object) => Promise<void>;
	/** The version that the event tells of; `undefined` when it is gone. */
	readonly head: (object: ObjectVersion) => Promise<NewestVersion | undefined>;
	/** Makes an orchestrator look at the run. */
	readonly start: (runId: string) => Promise<void>;
}

export type StartedManifest = {readonly runId: string} | {readonly record: ObjectRecord};

/**
 * Creates the run that a list asks for, and starts it. The same event again finds the run and starts it again, which is harmless; a list
 * that asks for what cannot be is recorded, and not tried again.
 */
export async function startManifest(ports: ManifestPorts, object: ObjectVersion): Promise<StartedManifest> {
	const {runs} = ports;
	const refused = await findRecord(runs, object);
	if (refused) return {record: refused};
	const found = await ports.head(object);
	if (found === undefined) return {record: await keepRecord(runs, object, {status: 'skipped', reason: 'it is gone'})};
	const reason = isOther(object, found) ? 'a newer version stands in its place' : isOwn(found.metadata) ? OWN : undefined;
	if (reason !== undefined) return {record: await keepRecord(runs, object, {status: 'skipped', reason})};
	try {
		const asked = readRunOptions(found.metadata);
		await ports.checkFlow(asked.flow ?? ports.defaults.flow, asked.options ?? {});
		const {engine = ports.defaults.engine, maxWorkers = ports.defaults.maxWorkers} = asked;
		const identity = identityOf(ports, asked, pin(object, found));
		const {spec} = await createRun(runs, {identity, session: sessionOf(asked), engine, maxWorkers, stack: ports.stack});
		await ports.start(spec.runId);
		return {runId: spec.runId};
	} catch (error) {
		return {record: await keepRecord(runs, object, {status: 'failed', error: explain(error)})};
	}
}

/** The object as a run keeps it, and as anybody else would pin it. */
const pin = ({bucket, key}: ObjectVersion, {etag, versionId}: NewestVersion): PinnedSource => ({
	kind: 's3-object',
	name: `s3://${bucket}/${key}`,
	bucket,
	key,
	etag,
	...(versionId !== undefined && {versionId}),
});

const isOther = ({etag}: ObjectVersion, found: NewestVersion): boolean => etag !== undefined && etag !== found.etag.replaceAll('"', '');

function identityOf({out, defaults}: ManifestPorts, asked: RunOptions, source: PinnedSource): RunIdentity {
	const {flow = defaults.flow, options = {}, limit, skipInvalid = false, limits} = asked;
	const maxBytes = limits?.maxBytes ?? Number(limitTable.maxBytes.default);
	return {flow, options, sources: [source], out, ...(limit !== undefined && {limit}), skipInvalid, allowOrigins: [], maxBytes};
}

function sessionOf({limits, attempts, toleratedFailureCount, toleratedFailurePercentage}: RunOptions) {
	return {limits, attempts, toleratedFailureCount, toleratedFailurePercentage};
}

/** What will not get better, as data; the rest is thrown on. */
function explain(error: unknown): NonNullable<ObjectRecord['error']> {
	if (error instanceof TypeError || error instanceof RangeError) {
		return {code: 'SOURCE_UNREADABLE', stage: 'run', retryable: false, message: error.message};
	}
	if (error instanceof TwolaneError && !error.retryable && error.code === 'RUN_REFUSED') {
		return {code: error.code, stage: 'run', retryable: false, message: error.message};
	}
	throw error;
}
