import {hash} from 'node:crypto';
import type {StoreStep} from './memory-objects.ts';
import {type Actor, type ActorEnd, type Move, type Staged, startActor} from './staged-actor.ts';

export interface Interleaving<World> {
	/** A fresh world for each schedule, always the same. */
	readonly open: () => Promise<World>;
	/** Deterministic but for what they learn in steps; they meet nowhere else. */
	readonly actors: Readonly<Record<string, (world: World, actor: Actor) => Promise<unknown>>>;
	/** Called when all actors have ended or been killed. */
	readonly check: (world: World, ends: Readonly<Record<string, ActorEnd>>) => Promise<void> | void;
	/** Called in every world, also in one whose end another schedule has shown: what must hold on the way. */
	readonly checkWay?: (world: World) => void;
	/** Two worlds of one fingerprint have the same future. */
	readonly fingerprint: (world: World) => string;
	/** Actors that may be killed between any two of their steps, one of them in a schedule. */
	readonly killable?: readonly string[];
	/** More ends than this are an error: the test says that it enumerates them all. Default: 20,000. */
	readonly mostEnds?: number;
}

export interface Explored {
	/** Different states in which schedules end. */
	readonly ends: number;
	/** Schedules that were begun: most lead to a state that is known already. */
	readonly tries: number;
	/** Steps of the longest one. */
	readonly longest: number;
}

const MOST_ENDS = 20_000;

const isWrite = ({op}: StoreStep): boolean => op !== 'get' && op !== 'head' && op !== 'read' && op !== 'list';
const touches = (step: StoreStep, {op, key}: StoreStep): boolean => (op === 'list' ? step.key.startsWith(key) : step.key === key);

/** Whether the order of two steps makes a difference: one of them writes what the other one reads or writes. */
const isConflict = (step: StoreStep, other: StoreStep): boolean =>
	(isWrite(step) && touches(step, other)) || (isWrite(other) && touches(other, step));

/** A choice of the schedule in hand. */
interface Choice {
	readonly chosen: Move;
	/** What is not tried here any more: it was, or another schedule has it. */
	readonly asleep: readonly Move[];
	readonly awake: readonly Move[];
}

const nameOf = ({actor, isKill}: Move): string => (isKill ? `kill ${actor}` : actor);

/**
 * Runs the actors in every order of their steps, depth first: each schedule begins as one before and differs from it in its last choice.
 * Left out is only what cannot show anything new: orders that differ in steps without a conflict (sleep sets: what was tried in one
 * branch is not tried in its neighbours until something has happened that it conflicts with), and states that have been seen (the same
 * world, every actor having learnt the same), which have the same future.
 */
export async function interleave<World>(setup: Interleaving<World>): Promise<Explored> {
	const {mostEnds = MOST_ENDS} = setup;
	const seen: Seen = new Map();
	const explored = {ends: 0, tries: 0, longest: 0};
	for (let path: Choice[] | undefined = []; path; path = nextPath(path)) {
		const isNewEnd = await runSchedule(setup, path, seen);
		explored.tries++;
		explored.longest = Math.max(explored.longest, path.length);
		if (isNewEnd) explored.ends++;
		if (explored.ends > mostEnds) throw new Error(`more than ${mostEnds} ends: make the actors smaller`);
	}
	return explored;
}

/** Several steps of one actor, one after another; when it has ended, of the next one that has not. */
export interface Burst {
	readonly actor: number;
	readonly steps: number;
}

/** Runs one schedule: these bursts, then the actors one after another. For actors too large to be run in every order. */
export async function follow<World>(setup: Omit<Interleaving<World>, 'fingerprint' | 'killable'>, bursts: readonly Burst[]): Promise<void> {
	const turns = bursts.flatMap(({actor, steps}) => Array.from({length: steps}, () => actor));
	const path: Choice[] = [];
	await onStage(setup, path, async actors => {
		for (let at = 0; ; at++) {
			const moves = listMoves(actors, []);
			const turn = actors[(turns[at] ?? 0) % actors.length]?.name;
			const chosen = moves.find(({actor}) => actor === turn) ?? moves[0];
			if (chosen === undefined) return true;
			path.push({chosen, awake: [], asleep: []});
			await actors.find(({name}) => name === chosen.actor)?.move(chosen);
		}
	});
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

/** States, each with what slept when it was seen. */
type Seen = Map<string, ReadonlySet<string>[]>;

/** Follows the path, and extends it until it ends or leads nowhere new. @returns whether it came to a new end. */
async function runSchedule<World>(setup: Interleaving<World>, path: Choice[], seen: Seen): Promise<boolean> {
	const known = path.length;
	return await onStage(setup, path, async (actors, world) => {
		for (let at = 0; ; at++) {
			let choice = at < known ? path[at] : undefined;
			if (choice === undefined) {
				const asleep = stillAsleep(path[at - 1]);
				const state = hash('sha1', [setup.fingerprint(world), ...actors.map(actor => actor.state())].join('\n'));
				if (!isNew(seen, state, asleep)) return false;
				const moves = listMoves(actors, setup.killable ?? []);
				if (moves.length === 0) return true;
				choice = chooseNext(moves, asleep);
				if (choice === undefined) return false;
				path[at] = choice;
			}
			const {chosen} = choice;
			await actors.find(({name}) => name === chosen.actor)?.move(chosen);
		}
	});
}

/** Puts the actors into a world of their own, and checks that at the end. @param play `true`: it came to an end. */
async function onStage<World>(
	setup: Omit<Interleaving<World>, 'fingerprint'>,
	path: readonly Choice[],
	play: (actors: readonly Staged[], world: World) => Promise<boolean>,
): Promise<boolean> {
	const world = await setup.open();
	const actors = Object.entries(setup.actors).map(([name, act]) => startActor(name, actor => act(world, actor)));
	try {
		for (const actor of actors) await actor.settle();
		const isEnd = await play(actors, world);
		if (isEnd) await setup.check(world, Object.fromEntries(actors.map(actor => [actor.name, actor.end() as ActorEnd])));
		setup.checkWay?.(world);
		return isEnd;
	} catch (error) {
		throw describeFailure(error, path);
	}
}

function describeFailure(error: unknown, path: readonly Choice[]): Error {
	const steps = path.map(({chosen: {actor, isKill, step}}) => `  ${actor}${isKill ? ' is killed before' : ''} ${step.op} ${step.key}`);
	return new Error(`${error instanceof Error ? error.message : String(error)}\nafter the schedule\n${steps.join('\n')}`, {cause: error});
}

/** Whether the state has not been left with at least as much to try as now. */
function isNew(seen: Seen, state: string, asleep: readonly Move[]): boolean {
	const sleeping = new Set(asleep.map(nameOf));
	const before = seen.get(state) ?? [];
	if (before.some(other => [...other].every(name => sleeping.has(name)))) return false;
	seen.set(state, [...before, sleeping]);
	return true;
}

const stillAsleep = (before: Choice | undefined): readonly Move[] =>
	before ? before.asleep.filter(move => isIndependent(move, before.chosen)) : [];

function chooseNext(moves: readonly Move[], asleep: readonly Move[]): Choice | undefined {
	const names = new Set(asleep.map(nameOf));
	const [chosen, ...awake] = moves.filter(move => !names.has(nameOf(move)));
	return chosen && {chosen, awake, asleep};
}

/** A kill changes nothing for the others; only one is allowed. */
function isIndependent(move: Move, other: Move): boolean {
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
	// Killed before a read, or before the write that comes after it: the world is the same.
	const kills = isOneKilled ? [] : waiting.filter(({actor, step}) => isWrite(step) && killable.includes(actor));
	return [...waiting.map(move => ({...move, isKill: false})), ...kills.map(move => ({...move, isKill: true}))];
}
