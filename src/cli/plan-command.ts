import {availableParallelism} from 'node:os';
import type {ResolvedLimits} from '../lanes/limits.ts';
import {sessionOf, setUpLanes} from '../library.ts';
import {thisMachine} from '../local/begin-run.ts';
import {type DryPlan, planDry} from '../local/dry-plan.ts';
import type {SessionOptions} from '../runs/spec.ts';
import {flows} from '../wire.ts';
import {checkWords} from './failure.ts';
import {listenForInterrupt} from './interrupt.ts';
import {tellOfOlderRun} from './older-run.ts';
import {openOutput} from './output-style.ts';
import {checkFolders} from './plan/check-folders.ts';
import {describePlan} from './plan/describe-plan.ts';
import {type SameCommand, foretell} from './plan/same-command.ts';
import {type RunFlags, explainReading, readRequest, toRunRequest} from './run-command.ts';
import {openPlaceAt} from './run-place.ts';
import {withScratch, withState} from './scratch.ts';

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

/** `items` x `itemMs` / (`threads` x workers). */
interface Estimate {
	readonly seconds: number;
	/** Those that are not done yet. */
	readonly items: number;
	readonly itemMs: number;
	readonly threads: number;
}

const DEFAULT_ITEM_MS = 50;

/** `twolane plan SOURCE... --out DIR`: what `run` with the same words would do. Nothing starts, and nothing is left behind. */
export async function planCommand(sources: readonly string[], flags: RunFlags): Promise<number> {
	const style = openOutput(flags);
	// A plan has nothing to drain: the first Ctrl-C ends it.
	const stop = listenForInterrupt(() => {});
	const {request, tellLeftOut} = await readRequest(sources, flags, {style, stop});
	const {flow, where, options} = request;
	const place = await openPlaceAt(where);
	const {limits, attempts} = checkWords(() => setUpLanes(flow, {...options, readers: [], out: place.out}));
	await checkFolders(where);
	const dry = await withScratch(folder => planDry(toRunRequest(withState(place, folder), request, limits.maxBytes))).catch(
		(error: unknown) => {
			throw explainReading(error, stop);
		},
	);
	tellLeftOut();
	const session = sessionOf(options);
	const run = await foretell(place, {spec: dry.spec, session, total: dry.total, isFresh: flags.fresh === true});
	if (run.action === 'start' && !flags.fresh) await tellOfOlderRun(place, {spec: dry.spec, isNew: true}, style);
	const {toleratedFailureCount, toleratedFailurePercentage} = session;
	const view: PlanView = {
		type: 'plan',
		run,
		flow: flow.name,
		items: dry.total,
		repeats: dry.repeats,
		shards: dry.plan.length,
		shardItems: dry.plan[0]?.count ?? 0,
		engine: {name: thisMachine.engine, reason: 'this version runs on this machine'},
		maxWorkers: thisMachine.maxWorkers,
		estimate: estimate(run.openItems, {flow: flags.flow, threads: limits.threads}),
		limits,
		attempts,
		toleratedFailureCount,
		toleratedFailurePercentage,
		hosts: dry.hosts,
	};
	await style.print(style.isJson ? JSON.stringify(view) : describePlan(view, process.stdout));
	return 0;
}

function estimate(items: number, {flow, threads: given}: {readonly flow: string; readonly threads: number | 'auto'}): Estimate {
	const itemMs = (Object.hasOwn(flows, flow) ? flows[flow]?.estimatedItemMs : undefined) ?? DEFAULT_ITEM_MS;
	const threads = given === 'auto' ? availableParallelism() : given;
	return {seconds: (items * itemMs) / (threads * thisMachine.maxWorkers) / 1000, items, itemMs, threads};
}
