import {limitTable} from '../lanes/limits.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {writeStableJson} from '../manifest/identify.ts';
import {type PinnedSource, type RunSpec, type SessionOptions, findSpec} from '../runs/spec.ts';
import {checkOptions, findFlow} from './check-flow.ts';
import {checkItems, spoolItems} from './inline-items.ts';
import {Problem} from './problems.ts';
import type {RunRequest} from './request-schemas.ts';
import type {ApiSetup} from './setup.ts';

const KEY_ID_CHARACTERS = 26;

interface Named {
	readonly runId: string;
	/** sha256 of the whole request. */
	readonly request: string;
}

/**
 * Creates the run that a request asks for, unless one of the same `Idempotency-Key` has done so. Nothing is written before everything
 * has been checked that can be.
 */
export async function createOverHttp(setup: ApiSetup, body: RunRequest, key: string | undefined): Promise<RunSpec> {
	const {ports, newId} = setup;
	const request = ports.sha256(writeStableJson(body));
	if (key === undefined) return await create(setup, body, {runId: newId(), request});
	const named = {runId: idOfKey(ports.sha256, key), request};
	const there = await findSame(setup, named);
	return there ?? (await create(setup, body, named));
}

/** @throws Problem `KEY_INVALID`. */
export function checkKey(key: string): void {
	if (/^[\u0021-\u007E]{1,255}$/u.test(key)) return;
	throw new Problem('KEY_INVALID', 'Idempotency-Key: 1 to 255 printable ASCII characters without spaces.');
}

const idOfKey = (sha256: (text: string) => string, key: string): string => sha256(`Idempotency-Key: ${key}`).slice(0, KEY_ID_CHARACTERS);

/** The run of the same key, if there is one. @throws Problem `IDEMPOTENCY_KEY_REUSED`. */
async function findSame({ports}: ApiSetup, {runId, request}: Named): Promise<RunSpec | undefined> {
	const spec = await findSpec(ports, runId);
	if (spec === undefined || spec.request === request) return spec;
	throw new Problem('IDEMPOTENCY_KEY_REUSED', `run ${runId} was created with this key and another body: use another key.`);
}

async function create(setup: ApiSetup, body: RunRequest, named: Named): Promise<RunSpec> {
	const {runs, defaults, out, isStateApart, stack} = setup;
	const engine = checkEngine(setup, body.engine ?? defaults.engine);
	const flow = await findFlow(setup, body.flow ?? defaults.flow);
	const {limits = {}, skipInvalid = false, limit, options = {}, maxWorkers = defaults.maxWorkers} = body;
	await checkOptions(flow, options);
	const source = await pin(setup, body, flow);
	const identity = {
		flow: flow.name,
		options,
		sources: [source],
		out,
		...(limit !== undefined && {limit}),
		skipInvalid,
		allowOrigins: [],
		maxBytes: typeof limits.maxBytes === 'number' ? limits.maxBytes : (limitTable.maxBytes.default as number),
	};
	try {
		const {spec} = await runs.createRun({identity, session: sessionOf(body), engine, maxWorkers, isStateApart, stack, ...named});
		if (!isPartOf(source, spec)) await removeSpool(setup, source);
		return spec;
	} catch (error) {
		await removeSpool(setup, source);
		// Somebody else has created it meanwhile, of what the source was for them.
		const isTaken = error instanceof TwolaneError && error.code === 'RUN_REFUSED';
		const there = isTaken ? await findSame(setup, named) : undefined;
		if (there) return there;
		throw error;
	}
}

function checkEngine({engines}: ApiSetup, engine: RunSpec['engine']): RunSpec['engine'] {
	if (engine === 'auto' || engines.includes(engine)) return engine;
	throw new Problem('ENGINE_UNAVAILABLE', `There is no engine ${engine} here; there is auto, ${engines.join(', ')}.`);
}

/** What a run remembers of how it is to be done. */
export function sessionOf({attempts, limits, toleratedFailureCount, toleratedFailurePercentage}: Partial<RunRequest>): SessionOptions {
	return JSON.parse(JSON.stringify({attempts, limits, toleratedFailureCount, toleratedFailurePercentage})) as SessionOptions;
}

async function pin(
	setup: ApiSetup,
	{source, skipInvalid = false, limit, flow: name = setup.defaults.flow}: RunRequest,
	flow: Awaited<ReturnType<typeof findFlow>>,
) {
	const {ports, files} = setup;
	if ('s3' in source) return await pinS3(setup, source.s3, name);
	// As they will be read again.
	const texts = source.items.map(item => JSON.stringify(item));
	await checkItems(ports, texts, {flow, skipInvalid, limit, files});
	return await spoolItems(ports, texts, files);
}

async function pinS3({pinS3: pinUri, flows}: ApiSetup, uri: string, flow: string): Promise<PinnedSource> {
	try {
		return await pinUri(uri, {...flows[flow]});
	} catch (error) {
		const isTheirs = error instanceof TypeError || error instanceof RangeError || (error instanceof TwolaneError && !error.retryable);
		throw isTheirs ? new Problem('SOURCE_UNREADABLE', error.message, {cause: error}) : error;
	}
}

const isPartOf = (source: PinnedSource, {sources}: RunSpec): boolean =>
	'spool' in source && sources.some(other => 'spool' in other && other.spool === source.spool);

async function removeSpool({ports}: ApiSetup, source: PinnedSource): Promise<void> {
	if ('spool' in source) await ports.state.remove(source.spool);
}
