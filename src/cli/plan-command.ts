import {type ResolvedLimits, resolveLimits} from '../lanes/limits.ts';
import {sessionOf, setUpLanes} from '../library.ts';
import {type DryPlan, planDry} from '../local/dry-plan.ts';
import type {SessionOptions} from '../runs/spec.ts';
import {checkWords} from './failure.ts';
import {listenForInterrupt} from './interrupt.ts';
import {tellOfOlderRun} from './older-run.ts';
import {type OutputStyle, openOutput} from './output-style.ts';
import {checkFolders} from './plan/check-folders.ts';
import {describePlan} from './plan/describe-plan.ts';
import {type Estimate, type Fleet, chooseWorkers, lookAtStack, thisMachinesFleet} from './plan/choose-workers.ts';
import {type SameCommand, foretell} from './plan/same-command.ts';
import {checkStackFlags, readStackRequest} from './on-stack/read-request.ts';
import {type ReadRequest, type RunFlags, explainReading, readRequest, toRunRequest} from './run-command.ts';
import {openPlaceAt} from './run-place.ts';
import {withScratch, withState} from './scratch.ts';
import {findStack} from './stack.ts';

/** What `twolane plan` found out; also its line of JSON. */
export interface PlanView extends Pick<SessionOptions, 'toleratedFailureCount' | 'toleratedFailurePercentage'> {
	readonly type: 'plan';
	readonly run: SameCommand;
	readonly flow: string;
	readonly items: number;
	readonly repeats: number;
	readonly shards: number;
	/** Items of the largest shard. */
	readonly shardItems: number;
	readonly engine: {readonly name: string; readonly reason: string};
	readonly maxWorkers: number;
	readonly estimate: Estimate;
	readonly limits: ResolvedLimits;
	readonly attempts: number;
	/** The ten hosts of most items. */
	readonly hosts: DryPlan['hosts'];
}

/** `twolane plan SOURCE... --out DIR`, or `--on STACK`: what `run` with the same words would do. Nothing starts, and nothing is left behind. */
export async function planCommand(sources: readonly string[], flags: RunFlags): Promise<number> {
	const style = openOutput(flags);
	// A plan has nothing to drain: the first Ctrl-C ends it.
	const stop = listenForInterrupt(() => {});
	const {request, tellLeftOut, fleet} = await readPlanned(sources, flags, {style, stop});
	const {flow, where, options} = request;
	const place = await openPlaceAt(where);
	const {limits: here, attempts} = checkWords(() => setUpLanes(flow, {...options, readers: [], out: place.out}));
	const limits = fleet.memoryBytes === undefined ? here : resolveLimits(options.limits ?? {}, {memoryBytes: fleet.memoryBytes});
	await checkFolders(where);
	const dry = await withScratch(folder => planDry(toRunRequest(withState(place, folder), request, limits.maxBytes))).catch(
		(error: unknown) => {
			throw explainReading(error, stop);
		},
	);
	tellLeftOut();
	const session = sessionOf(options);
	const run = await foretell(place, {
		spec: dry.spec,
		session,
		total: dry.total,
		isFresh: flags.fresh === true,
		isOnStack: flags.on !== undefined,
	});
	if (run.action === 'start' && !flags.fresh) await tellOfOlderRun(place, {spec: dry.spec, isNew: true}, style);
	const {toleratedFailureCount, toleratedFailurePercentage} = session;
	const {engine, maxWorkers} = dry.spec;
	const work = {flow: flags.flow, items: run.openItems, shards: dry.plan.length, threads: limits.threads, engine, maxWorkers};
	const view: PlanView = {
		type: 'plan',
		run,
		flow: flow.name,
		items: dry.total,
		repeats: dry.repeats,
		shards: dry.plan.length,
		shardItems: dry.plan[0]?.count ?? 0,
		...chooseWorkers(fleet, work),
		maxWorkers,
		limits,
		attempts,
		toleratedFailureCount,
		toleratedFailurePercentage,
		hosts: dry.hosts,
	};
	await style.print(style.isJson ? JSON.stringify(view) : describePlan(view, process.stdout));
	return 0;
}

/** What is to be planned, and who would work on it. */
async function readPlanned(
	sources: readonly string[],
	flags: RunFlags,
	how: {readonly style: OutputStyle; readonly stop: AbortSignal},
): Promise<ReadRequest & {readonly fleet: Fleet}> {
	if (flags.on === undefined) return {...(await readRequest(sources, flags, how)), fleet: thisMachinesFleet()};
	const onStack = {...flags, on: flags.on};
	checkStackFlags(onStack);
	const stack = await findStack(flags.on);
	return {...(await readStackRequest(sources, onStack, {...how, stack})), fleet: await lookAtStack(stack)};
}
