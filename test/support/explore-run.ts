import {checkRun, checkWay, type RunSeen} from './check-run.ts';
import {type Actor, type ActorEnd, type Explored, interleave} from './interleave.ts';
import {type MadeRun, type RunWorld, fingerprint, plainPorts, work} from './run-setup.ts';

export interface RunExploration {
	readonly actors: Readonly<Record<string, (world: RunWorld, actor: Actor) => Promise<unknown>>>;
	readonly killable?: readonly string[];
	readonly mostEnds?: number;
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
export async function exploreRun(run: MadeRun, {actors, killable, mostEnds, after, check}: RunExploration): Promise<ExploredRun> {
	const outcomes = new Set<string>();
	const explored = await interleave({
		open: run.open,
		fingerprint,
		actors,
		checkWay,
		...(killable && {killable}),
		...(mostEnds !== undefined && {mostEnds}),
		async check(world, ends) {
			await (after ?? (({state, runId}) => work(plainPorts(state), runId)))(world);
			const seen = await checkRun(world);
			outcomes.add(seen.outcomes.join(', '));
			await check?.(seen, world, ends);
		},
	});
	return {...explored, outcomes: [...outcomes].sort()};
}

/** The error of the first actor that failed. */
export function throwFailure(ends: Readonly<Record<string, ActorEnd>>): void {
	for (const end of Object.values(ends)) if (end.is === 'failed') throw end.error;
}
