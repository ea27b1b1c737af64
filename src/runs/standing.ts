import {z} from 'zod';
import type {CompletionReason} from '../lanes/snapshot.ts';
import {createTolerance} from '../lanes/tolerance.ts';
import {type Control, readControl} from './control.ts';
import {type GenerationPlace, layout} from './layout.ts';
import {type Plan, type Shard, countItems, readPlan} from './plan.ts';
import type {RunPorts} from './ports.ts';
import {type RowStats, addStats} from './row-stats.ts';
import {type Seal, readSeals} from './seal.ts';
import {type RunSpec, type SessionOptions, readSpec} from './spec.ts';
import {readRecord} from './stored-json.ts';

export interface Generation {
	readonly place: GenerationPlace;
	readonly plan: Plan;
	readonly seals: ReadonlyMap<number, Seal>;
}

/** Why a generation above 0 exists. */
const redriveSchema = z.strictObject({
	/** Codes; absent: every failed item. */
	only: z.array(z.string()).optional(),
	/** How often the run had been told something then. */
	control: z.int().nonnegative(),
	createdAt: z.iso.datetime(),
});
export type Redrive = z.infer<typeof redriveSchema>;

/** How far a run has come, as its records say: everything that decides. */
export interface Standing {
	readonly spec: RunSpec;
	/** A redrive is a word to go on, too: what the run was told before it is over. */
	readonly control: Control;
	/** Those that are planned, from 0 on. */
	readonly generations: readonly Generation[];
	/** A redrive that was asked for and is not planned yet. */
	readonly unplanned?: {readonly place: GenerationPlace; readonly redrive?: Redrive};
}

export async function readStanding(ports: Pick<RunPorts, 'state' | 'sha256'>, runId: string): Promise<Standing> {
	const spec = await readSpec(ports, runId);
	let control = await readControl(ports, runId);
	const generations: Generation[] = [];
	for (let generation = 0; ; generation++) {
		const place = {runId, generation};
		const redrive = generation === 0 ? undefined : await readRedrive(ports, place);
		if (generation > 0 && redrive === undefined) return {spec, control, generations};
		if (redrive && redrive.control >= control.k) control = {...control, state: 'running'};
		const plan = await readPlan(ports, place);
		if (plan === undefined) return {spec, control, generations, unplanned: {place, ...(redrive && {redrive})}};
		generations.push({place, plan, seals: await readSeals(ports, place)});
	}
}

/**
 * The run as the worker of one shard needs it: nothing is read that grows with the run. Its own failures are held against the count that
 * is tolerated; the share is for whoever sees the whole run.
 */
export async function readShardStanding(
	ports: Pick<RunPorts, 'state' | 'sha256'>,
	{runId, generation, shard}: GenerationPlace & {readonly shard: Shard},
): Promise<Standing> {
	const place = {runId, generation};
	const spec = await readSpec(ports, runId);
	const told = await readControl(ports, runId);
	const redrive = generation === 0 ? undefined : await readRedrive(ports, place);
	const {toleratedFailurePercentage: _, ...session} = sessionOf({spec, control: told});
	const control = {...told, session, ...(redrive && redrive.control >= told.k && {state: 'running' as const})};
	return {spec, control, generations: [{place, plan: [shard], seals: new Map()}]};
}

/** The newest generation that was asked for. */
export async function findNewest({state}: Pick<RunPorts, 'state'>, runId: string): Promise<GenerationPlace> {
	let generation = 0;
	while (await state.head(layout.redrive({runId, generation: generation + 1}))) generation++;
	return {runId, generation};
}

export const readRedrive = async ({state}: Pick<RunPorts, 'state'>, place: GenerationPlace): Promise<Redrive | undefined> =>
	(await readRecord(state, layout.redrive(place), redriveSchema))?.value;

/** The run as far as this generation: somebody may have redriven it since. */
export function upTo({spec, control, generations, unplanned}: Standing, generation: number): Standing {
	const isOlder = unplanned !== undefined && unplanned.place.generation <= generation;
	return {spec, control, generations: generations.slice(0, generation + 1), ...(isOlder && {unplanned})};
}

export const latest = ({generations}: Standing): Generation | undefined => generations.at(-1);

/** Whether every shard of the newest generation has its seal. */
export const isSealed = (standing: Standing): boolean => {
	const generation = latest(standing);
	return standing.unplanned === undefined && generation !== undefined && generation.seals.size === generation.plan.length;
};

/** Limits and tolerance in force: those of whoever resumed the run last. */
export const sessionOf = ({control, spec}: Pick<Standing, 'control' | 'spec'>): SessionOptions => control.session ?? spec.session;

export const isTolerant = ({toleratedFailureCount, toleratedFailurePercentage}: SessionOptions): boolean =>
	toleratedFailureCount !== undefined || toleratedFailurePercentage !== undefined;

/** What the seals add up to, with those that are only shown: failures and pending items of the newest generation alone. */
export function addSeals({generations}: Standing, shown: readonly Seal[] = []): RowStats {
	const newest = generations.length - 1;
	const all = generations.flatMap(({seals}, generation) =>
		[...seals.values(), ...(generation === newest ? shown : [])].map(({stats}) => (generation === newest ? stats : withoutFailures(stats))),
	);
	return addStats(all);
}

/** A newer generation has taken over every failed and pending item. */
const withoutFailures = (stats: RowStats): RowStats => ({...stats, counts: {...stats.counts, failed: 0, pending: 0}, errors: []});

/** Items of the whole run. */
export const totalOf = ({generations: [first]}: Standing): number => (first ? countItems(first.plan) : 0);

/** Why a run has ended whose shards are all sealed: a function of nothing but seals and the tolerance in force. */
export function endReason(standing: Standing, {counts: {failed, pending}}: Pick<RowStats, 'counts'>): CompletionReason {
	if (pending > 0) return 'CANCELLED';
	const {toleratedFailureCount: count, toleratedFailurePercentage: percentage} = sessionOf(standing);
	const total = totalOf(standing);
	const tolerance = createTolerance({count, percentage, total});
	if (!tolerance.isExceeded({failed, finished: total, isComplete: true})) return 'ALL_COMPLETED';
	return standing.control.state === 'cancelled' ? 'CANCELLED' : 'FAILURE_TOLERANCE_EXCEEDED';
}
