import fc from 'fast-check';
import {checkRun, checkWay, type RunSeen} from './check-run.ts';
import {type Explored, follow, interleave} from './interleave.ts';
import type {Actor, ActorEnd} from './staged-actor.ts';
import {work} from './run-setup.ts';
import {type MadeRun, type RunWorld, fingerprint, plainPorts} from './run-world.ts';

export interface RunExploration {
	readonly actors: Readonly<Record<string, (world: RunWorld, actor: Actor) => Promise<unknown>>>;
	readonly killable?: readonly string[];
	readonly mostEnds?: number;
	/** Whether results and report must be right already when the actors have ended. */
	readonly isFinished?: boolean;
	/** Who looks after the run when the actors have ended, disturbed by nobody. Default: a worker. */
	readonly after?: (world: RunWorld) => Promise<unknown>;
	/** Beside the rules that every run keeps. */
	readonly check?: (seen: RunSeen, world: RunWorld, ends: Readonly<Record<string, ActorEnd>>) => Promise<void> | void;
}

export interface ExploredRun extends Explored {
	/** The outcomes of the run, in every way it ended. */
	readonly outcomes: readonly string[];
}

/** Every interleaving of the actors on a run; each time somebody looks after the run, and then it must be as every run must be. */
export async function exploreRun(run: MadeRun, exploration: RunExploration): Promise<ExploredRun> {
	const {actors, killable, mostEnds} = exploration;
	const outcomes = new Set<string>();
	const check = checkEnd(exploration, outcomes);
	const limits = {...(killable && {killable}), ...(mostEnds !== undefined && {mostEnds})};
	const explored = await interleave({open: run.open, fingerprint, actors, checkWay, check, ...limits});
	return {...explored, outcomes: [...outcomes].sort()};
}

/** Some interleavings, drawn by fast-check and always the same ones. @returns the outcomes of the run, in every way it ended. */
export async function sampleRun(
	run: MadeRun,
	exploration: RunExploration,
	{schedules}: {readonly schedules: number},
): Promise<readonly string[]> {
	const outcomes = new Set<string>();
	const setup = {open: run.open, actors: exploration.actors, checkWay, check: checkEnd(exploration, outcomes)};
	const burst = fc.record({actor: fc.nat({max: Object.keys(exploration.actors).length - 1}), steps: fc.integer({min: 1, max: 15})});
	const bursts = fc.array(burst, {minLength: 1, maxLength: 16, size: 'max'});
	await fc.assert(
		fc.asyncProperty(bursts, async drawn => await follow(setup, drawn)),
		{numRuns: schedules, seed: 4},
	);
	return [...outcomes].sort();
}

function checkEnd({isFinished = false, after, check}: RunExploration, outcomes: Set<string>) {
	return async (world: RunWorld, ends: Readonly<Record<string, ActorEnd>>): Promise<void> => {
		if (isFinished && !Object.values(ends).some(({is}) => is === 'killed')) await checkRun(world);
		await (after ?? (({state, runId}) => work(plainPorts(state), runId)))(world);
		const seen = await checkRun(world);
		outcomes.add(seen.outcomes.join(', '));
		await check?.(seen, world, ends);
	};
}

/** The error of the first actor that failed. */
export function throwFailure(ends: Readonly<Record<string, ActorEnd>>): void {
	for (const end of Object.values(ends)) if (end.is === 'failed') throw end.error;
}
