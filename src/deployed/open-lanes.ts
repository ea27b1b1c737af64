import {httpReader} from '../adapters/http/reader.ts';
import {TwolaneError} from '../lanes/errors.ts';
import type {FlowDefinition} from '../lanes/flow.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import {type Limits, limitTable, resolveLimits} from '../lanes/limits.ts';
import type {Reader, Store} from '../lanes/ports.ts';
import {setUpLanes} from '../library.ts';
import type {RunOptions} from '../events/run-options.ts';
import type {RunSpec, SessionOptions} from '../runs/spec.ts';
import {flows} from '../wire.ts';
import {coresOf} from './cores.ts';
import {type DeployedPools, openPools} from './pools.ts';

type LanesSpec = Pick<RunSpec, 'flow' | 'options' | 'allowOrigins' | 'maxBytes'>;

export interface DeployedLanes extends Pick<DeployedPools, 'isolatedPool' | 'leaveNothing'> {
	/** @throws TwolaneError `RUN_REFUSED` for a flow that was not deployed. */
	readonly openFlow: (spec: Pick<RunSpec, 'flow'>) => Promise<FlowDefinition>;
	readonly openLanes: (spec: LanesSpec, session: SessionOptions) => Promise<LanesSetup>;
	/** The lanes for one object. @throws TypeError for a flow or options that cannot be. */
	readonly openAlone: (asked: RunOptions & {readonly flow: string}) => Promise<LanesSetup>;
	/** @throws TypeError for a flow or options that cannot be. */
	readonly checkFlow: (flow: string, options: object) => Promise<void>;
	readonly estimatedItemMs: (flow: string) => number;
	/** Tasks at once that one process is good for. */
	readonly threads: number;
}

export interface DeployedParts {
	/** Of the function. */
	readonly memoryMB: number;
	readonly out: Store;
	readonly s3: Reader;
}

const MB = 1024 * 1024;
const DEFAULT_ITEM_MS = 50;

/** The lanes of one function: pools and limits follow from its memory, which the machine below it does not tell. */
export function openDeployedLanes({memoryMB, out, s3}: DeployedParts): DeployedLanes {
	const cores = coresOf(memoryMB);
	const {poolOf, isolatedPool, leaveNothing} = openPools({cores, memoryBytes: memoryMB * MB});

	async function openFlow({flow}: Pick<RunSpec, 'flow'>): Promise<FlowDefinition> {
		const wired = Object.hasOwn(flows, flow) ? flows[flow] : undefined;
		if (wired) return await wired.load();
		throw new TwolaneError('RUN_REFUSED', `there is no flow '${flow}' on this stack; there is ${Object.keys(flows).join(', ')}`);
	}

	async function openLanes(spec: LanesSpec, session: SessionOptions): Promise<LanesSetup> {
		const {flow: name, options, allowOrigins, maxBytes} = spec;
		const flow = await openFlow({flow: name});
		const limits = resolveLimits({...(session.limits as Limits), maxBytes}, {memoryBytes: memoryMB * MB});
		const pool = poolOf(limits.threads);
		// No files: there are none but our own.
		const readers = [httpReader({allowOrigins}), s3];
		const setup = setUpLanes(flow, {options, out, readers, pool, ...(session.attempts !== undefined && {attempts: session.attempts})});
		return {...setup, limits, meter: {...setup.meter, cores}};
	}

	/** As `openLanes`, for whoever asks for what may not be there. */
	async function openAsked({flow, options = {}, ...session}: RunOptions & {readonly flow: string}): Promise<LanesSetup> {
		if (!Object.hasOwn(flows, flow))
			throw new TypeError(`there is no flow '${flow}' on this stack; there is ${Object.keys(flows).join(', ')}`);
		const maxBytes = session.limits?.maxBytes ?? Number(limitTable.maxBytes.default);
		return await openLanes({flow, options, allowOrigins: [], maxBytes}, session);
	}

	return {
		isolatedPool,
		leaveNothing,
		openFlow,
		openLanes,
		openAlone: openAsked,
		checkFlow: async (flow, options) => void (await openAsked({flow, options: {...options}})),
		estimatedItemMs: flow => flows[flow]?.estimatedItemMs ?? DEFAULT_ITEM_MS,
		threads: cores,
	};
}
