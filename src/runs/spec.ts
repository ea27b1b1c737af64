import {z} from 'zod';
import {TwolaneError} from '../lanes/errors.ts';
import {writeStableJson} from '../manifest/identify.ts';
import {engineNames} from './engine.ts';
import {LAYOUT_VERSION, layout} from './layout.ts';
import type {RunPorts} from './ports.ts';
import {invalidState, parseJson, parseRecord, placeOf} from './stored-json.ts';

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/u);
const count = z.int().nonnegative();
const autoOr = z.union([z.literal('auto'), z.int().positive()]);

/** A source, pinned: what it was when the run was created. `name` is for people. */
const pinnedSource = z.discriminatedUnion('kind', [
	z.strictObject({kind: z.literal('file'), name: z.string(), path: z.string(), sha256: sha256Hex}),
	z.strictObject({kind: z.literal('folder'), name: z.string(), path: z.string(), prefix: z.string(), sha256: sha256Hex}),
	/** Standard input, an iterable or the body of a URL, kept below the state as `spool` until the run is planned; files are relative to `base`. */
	z.strictObject({kind: z.enum(['stdin', 'iterable', 'url']), name: z.string(), base: z.string(), sha256: sha256Hex, spool: z.string()}),
	z.strictObject({
		kind: z.literal('s3-object'),
		name: z.string(),
		bucket: z.string(),
		key: z.string(),
		/** Where the bucket keeps versions. */
		versionId: z.string().min(1).optional(),
		etag: z.string().min(1),
	}),
	/** sha256 of the listing: keys and etags. */
	z.strictObject({kind: z.literal('s3-prefix'), name: z.string(), bucket: z.string(), prefix: z.string(), sha256: sha256Hex}),
]);
export type PinnedSource = z.infer<typeof pinnedSource>;

/** What tells the content of a source from any other. */
export const contentOf = (source: PinnedSource): string => ('sha256' in source ? source.sha256 : (source.versionId ?? source.etag));

const limits = z.strictObject({
	ioConcurrency: autoOr.optional(),
	ioConcurrencyPerHost: autoOr.optional(),
	threads: autoOr.optional(),
	inFlightBytes: z.number().positive().optional(),
	maxBytes: z.int().positive().optional(),
	fetchTimeoutMs: z.int().positive().optional(),
});

/** What may differ from one session of a run to the next. */
export const sessionSchema = z.strictObject({
	limits: limits.optional(),
	attempts: z.int().positive().optional(),
	toleratedFailureCount: count.optional(),
	toleratedFailurePercentage: z.number().min(0).max(100).optional(),
});
export type SessionOptions = z.infer<typeof sessionSchema>;

/** What makes a run this run and no other: all that changes its result. */
const identitySchema = z.strictObject({
	flow: z.string().min(1),
	/** The module of a flow that is not one of ours, and what it was then. */
	flowFile: z.strictObject({path: z.string(), sha256: sha256Hex}).optional(),
	options: z.record(z.string(), z.unknown()),
	sources: z.array(pinnedSource),
	/** URI. */
	out: z.string(),
	limit: count.optional(),
	skipInvalid: z.boolean(),
	allowOrigins: z.array(z.string()),
	maxBytes: z.int().positive(),
});
export type RunIdentity = z.infer<typeof identitySchema>;

export const specSchema = z.strictObject({
	version: z.literal(LAYOUT_VERSION),
	runId: z.string().min(1),
	...identitySchema.shape,
	/** The records do not lie in `.twolane` of `out`, so `out` is found here alone. */
	isStateApart: z.literal(true).optional(),
	/** How many equal runs there were before: `--fresh` starts another one. */
	fresh: count,
	session: sessionSchema,
	engine: z.enum(['auto', ...engineNames]),
	maxWorkers: z.int().positive(),
	/** Of the whole request that asked for the run over HTTP: the same `Idempotency-Key` with another one is refused. */
	request: sha256Hex.optional(),
	/** The deployed stack whose functions work on the run; absent: whoever starts it. */
	stack: z.string().min(1).optional(),
	createdAt: z.iso.datetime(),
	/** Of all the rest: a hand-edited spec is refused. */
	sha256: sha256Hex,
});
export type RunSpec = z.infer<typeof specSchema>;

const RUN_ID_CHARACTERS = 26;

/** The run's id: a hash of what changes its result. Names and places of sources do not, their content does. */
export function identify(
	{flow, flowFile, options, sources, out, limit, skipInvalid, allowOrigins, maxBytes}: RunIdentity,
	fresh: number,
	sha256: (text: string) => string,
): string {
	const identity = {
		flow,
		flowSha256: flowFile?.sha256,
		options,
		sources: sources.map(source => ({kind: source.kind, sha256: contentOf(source)})),
		out,
		limit,
		skipInvalid,
		allowOrigins: allowOrigins.toSorted(),
		maxBytes,
		fresh,
	};
	return sha256(writeStableJson(identity)).slice(0, RUN_ID_CHARACTERS);
}

/** The spec with its own sha256. */
export function signSpec(spec: Omit<RunSpec, 'sha256'>, sha256: (text: string) => string): RunSpec {
	return {...spec, sha256: sha256(writeStableJson(spec))};
}

/** The run's spec, or `undefined` when there is none. @throws TwolaneError `STATE_INVALID` for a spec that is not as it was written. */
export async function findSpec({state, sha256}: Pick<RunPorts, 'state' | 'sha256'>, runId: string): Promise<RunSpec | undefined> {
	const key = layout.spec(runId);
	const stored = await state.get(key);
	if (stored === undefined) return undefined;
	const {version} = (parseJson(state, key, stored.body) ?? {}) as {version?: unknown};
	if (typeof version === 'number' && version > LAYOUT_VERSION) {
		const problem = `has layout version ${version}, and this twolane knows ${LAYOUT_VERSION}: go on with the newer twolane that made it.`;
		throw new TwolaneError('STATE_INVALID', `${placeOf(state, key)} ${problem}`);
	}
	const spec = parseRecord(state, key, {schema: specSchema, stored});
	const {sha256: signature, ...signed} = spec;
	if (sha256(writeStableJson(signed)) !== signature) throw invalidState(state, key, 'was changed after the run was created.');
	if (spec.runId !== runId) {
		throw invalidState(state, key, `belongs to run ${spec.runId} of the flow '${spec.flow}', not to the folder it lies in.`);
	}
	return spec;
}

export async function readSpec(ports: Pick<RunPorts, 'state' | 'sha256'>, runId: string): Promise<RunSpec> {
	const spec = await findSpec(ports, runId);
	if (spec) return spec;
	throw new TwolaneError('RUN_NOT_FOUND', `there is no run ${runId} in ${placeOf(ports.state, '').replace(/\/$/u, '')}`);
}
