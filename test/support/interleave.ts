import {type FakeClock, createFakeClock} from './fake-clock.ts';
import type {StoreStep} from './memory-objects.ts';

/** What an actor knows of the schedule it is part of. */
export interface Actor {
	readonly name: string;
	/** Its own: it moves whenever the actor can do nothing else. */
	readonly clock: FakeClock;
	/** To be awaited before whatever others may see: here the schedule decides who goes on. */
	readonly before: (step: StoreStep) => Promise<void>;
}

/** How an actor ended; one that was killed never did. */
export type ActorEnd =
	| {readonly is: 'done'; readonly value: unknown}
	| {readonly is: 'failed'; readonly error: unknown}
	| {readonly is: 'killed'; readonly step: StoreStep};

export interface Interleaving<World> {
	/** A fresh world for each schedule, always the same. */
	readonly open: () => Promise<World>;
	/** Deterministic but for what they read; they meet nowhere but in steps. */
	readonly actors: Readonly<Record<string, (world: World, actor: Actor) => Promise<unknown>>>;
	/** Called when all actors have ended or been killed. */
	readonly check: (world: World, ends: Readonly<Record<string, ActorEnd>>) => Promise<void> | void;
	/** Actors that may be killed before any of their steps, one of them in a schedule. */
	readonly killable?: readonly string[];
	/** More schedules than this are an error: the test says that it enumerates them all. Default: 20,000. */
	readonly mostSchedules?: number;
	/** How two steps are told apart that may change places without anybody noticing. Default: by what they read and write. */
	readonly isConflict?: (step: StoreStep, other: StoreStep) => boolean;
}

export interface Explored {
	/** Schedules that were run to their end; any other is one of these with steps exchanged that do not conflict. */
	readonly schedules: number;
	/** Steps of the longest one. */
	readonly longest: number;
}

const MOST_SCHEDULES = 20_000;

const isWrite = ({op}: StoreStep): boolean => op !== 'get' && op !== 'head' && op !== 'read' && op !== 'list';
const touches = (step: StoreStep, {op, key}: StoreStep): boolean => (op === 'list' ? step.key.startsWith(key) : step.key === key);

/** Whether the order of two steps makes a difference: one of them writes what the other one reads or writes. */
export const conflicts = (step: StoreStep, other: StoreStep): boolean =>
	(isWrite(step) && touches(step, other)) || (isWrite(other) && touches(other, step));

/** One thing that may happen next. */
interface Move {
	readonly actor: string;
	readonly isKill: boolean;
	readonly step: StoreStep;
}

/** A choice of the schedule in hand. */
interface Choice {
	readonly chosen: Move;
	/** What is not tried here any more: it was, or another schedule has it. */
	readonly asleep: readonly Move[];
	readonly awake: readonly Move[];
}

const isSame = (move: Move, other: Move): boolean => move.actor === other.actor && move.isKill === other.isKill;

/**
 * Runs the actors in every order of their steps, depth first: each schedule begins as the one before and differs in its last choice.
 * Orders that differ only in steps without a conflict are run once ("sleep sets": what was tried in one branch is not tried in its
 * neighbours until something has happened that it conflicts with).
 */
export async function interleave<World>(setup: Interleaving<World>): Promise<Explored> {
	const {mostSchedules = MOST_SCHEDULES} = setup;
	let path: Choice[] = [];
	let schedules = 0;
	let longest = 0;
	for (;;) {
		const isWhole = await runSchedule(setup, path);
		longest = Math.max(longest, path.length);
		if (isWhole) schedules++;
		if (process.env['PROBE']) { const g = globalThis as any; g.tries = (g.tries ?? 0) + 1; if (g.tries % 500 === 1) { console.log(g.tries, schedules, longest, process.uptime()); if (g.tries === 1) console.log(describePath(path)); } }
		if (schedules > mostSchedules) throw new Error(`more than ${mostSchedules} schedules: make the actors smaller`);
		const next = nextPath(path);
		if (next === undefined) return {schedules, longest};
		path = next;
	}
}

/** The path up to the last choice that has an alternative, with that. */
function nextPath(path: readonly Choice[]): Choice[] | undefined {
	for (let length = path.length; length > 0; length--) {
		const last = path[length - 1];
		const [chosen, ...awake] = last?.awake ?? [];
		if (last && chosen) return [...path.slice(0, length - 1), {chosen, awake, asleep: [...last.asleep, last.chosen]}];
	}
	return undefined;
}

/** Follows the path, and extends it to the end. @returns `false`: other schedules have all that would come now. */
async function runSchedule<World>(setup: Interleaving<World>, path: Choice[]): Promise<boolean> {
	const {isConflict = conflicts} = setup;
	const world = await setup.open();
	const actors = Object.entries(setup.actors).map(([name, act]) => startActor(name, actor => act(world, actor)));
	const stages = new Map(actors.map(actor => [actor.name, actor]));
	try {
		for (const actor of actors) await actor.settle();
		for (let at = 0; ; at++) {
			const moves = listMoves(actors, setup.killable ?? []);
			if (moves.length === 0) break;
			const choice = path[at] ?? chooseNext(moves, path[at - 1], isConflict);
			if (choice === undefined) return false;
			path[at] = choice;
			await stages.get(choice.chosen.actor)?.move(choice.chosen);
		}
		await setup.check(world, Object.fromEntries(actors.map(({name, end}) => [name, end() as ActorEnd])));
		return true;
	} catch (error) {
		throw new Error(`${error instanceof Error ? error.message : String(error)}\nafter the schedule\n${describePath(path)}`, {cause: error});
	}
}

function chooseNext(moves: readonly Move[], before: Choice | undefined, isConflict: typeof conflicts): Choice | undefined {
	const asleep = (before?.asleep ?? []).filter(move => before && isIndependent(move, before.chosen, isConflict));
	const [chosen, ...awake] = moves.filter(move => !asleep.some(other => isSame(move, other)));
	return chosen && {chosen, awake, asleep};
}

/** A kill changes nothing for the others; only one is allowed. */
function isIndependent(move: Move, other: Move, isConflict: typeof conflicts): boolean {
	if (move.actor === other.actor) return false;
	if (move.isKill || other.isKill) return !(move.isKill && other.isKill);
	return !isConflict(move.step, other.step);
}

function listMoves(actors: readonly Staged[], killable: readonly string[]): Move[] {
	const waiting = actors.flatMap(actor => {
		const step = actor.waitsFor();
		return step ? [{actor: actor.name, step}] : [];
	});
	const isOneKilled = actors.some(actor => actor.end()?.is === 'killed');
	const kills = isOneKilled ? [] : waiting.filter(({actor}) => killable.includes(actor));
	return [...waiting.map(move => ({...move, isKill: false})), ...kills.map(move => ({...move, isKill: true}))];
}

const describePath = (path: readonly Choice[]): string =>
	path.map(({chosen: {actor, isKill, step}}) => `  ${actor}${isKill ? ' is killed before' : ''} ${step.op} ${step.key}`).join('\n');

interface Staged {
	readonly name: string;
	/** What it does next; `undefined` when it has ended. */
	waitsFor(): StoreStep | undefined;
	end(): ActorEnd | undefined;
	/** Lets it take its step, or never again one, and waits until it has come to the next. */
	move(move: Move): Promise<void>;
	settle(): Promise<void>;
}

function startActor(name: string, act: (actor: Actor) => Promise<unknown>): Staged {
	const clock = createFakeClock();
	const waiting: {readonly step: StoreStep; readonly go: () => void}[] = [];
	let end: ActorEnd | undefined;
	let notify = (): void => {};
	const before = (step: StoreStep): Promise<void> =>
		new Promise(go => {
			waiting.push({step, go});
			notify();
		});
	act({name, clock, before})
		.then(
			value => (end = {is: 'done', value}),
			(error: unknown) => (end = {is: 'failed', error}),
		)
		.finally(() => notify());

	const isSettled = (): boolean => end !== undefined || waiting.length > 0;
	async function settle(): Promise<void> {
		const settled = new Promise<void>(resolve => {
			notify = () => (isSettled() ? resolve() : undefined);
			notify();
		});
		await clock.finish(settled);
	}

	return {
		name,
		waitsFor: () => (end === undefined ? waiting[0]?.step : undefined),
		end: () => end,
		async move({isKill, step}) {
			const next = waiting.shift();
			if (next?.step.op !== step.op || next.step.key !== step.key) throw new Error(`${name} did not do the same again: it is not deterministic`);
			if (isKill) {
				end = {is: 'killed', step};
				return;
			}
			next.go();
			await settle();
		},
		settle,
	};
}
