import {type FakeClock, createFakeClock} from './fake-clock.ts';
import type {StoreStep} from './memory-objects.ts';

/** What an actor knows of the schedule it is part of. */
export interface Actor {
	readonly name: string;
	/** Its own: it moves whenever the actor can do nothing else. */
	readonly clock: FakeClock;
	/** Whatever others may see goes through here: the schedule decides who goes on. `see` writes down what the actor learns by it. */
	readonly take: <T>(step: StoreStep, act: () => T | Promise<T>, see: (result: T) => string) => Promise<T>;
	/** The same without a decision of the schedule: it goes along with the step before. */
	readonly learn: Actor['take'];
}

/** How an actor ended; one that was killed never did. */
export type ActorEnd =
	| {readonly is: 'done'; readonly value: unknown}
	| {readonly is: 'failed'; readonly error: unknown}
	| {readonly is: 'killed'; readonly step: StoreStep};

/** One thing that may happen next. */
export interface Move {
	readonly actor: string;
	readonly isKill: boolean;
	readonly step: StoreStep;
}

/** An actor of one schedule, as the schedule sees it. */
export interface Staged {
	readonly name: string;
	/** What it does next; `undefined` when it has ended. */
	waitsFor(): StoreStep | undefined;
	end(): ActorEnd | undefined;
	/** What it has learnt, and whether it goes on. */
	state(): string;
	/** Lets it take its step, or never again one, and waits until it has come to the next. */
	move(move: Move): Promise<void>;
	settle(): Promise<void>;
}

/** Starts the actor; it stands before its first step when it has settled. */
export function startActor(name: string, act: (actor: Actor) => Promise<unknown>): Staged {
	const clock = createFakeClock();
	const waiting: {readonly step: StoreStep; readonly go: () => void}[] = [];
	let end: ActorEnd | undefined;
	let learnt = '';
	let notify = (): void => {};
	const take: Actor['take'] = async (step, run, see) => {
		await new Promise<void>(go => {
			waiting.push({step, go});
			notify();
		});
		return await learn(step, run, see);
	};
	async function learn<T>(step: StoreStep, run: () => T | Promise<T>, see: (result: T) => string): Promise<T> {
		const result = await run();
		learnt += `\n${step.op} ${step.key} ${see(result)}`;
		return result;
	}
	act({name, clock, take, learn})
		.then(
			value => (end = {is: 'done', value}),
			(error: unknown) => (end = {is: 'failed', error}),
		)
		.finally(() => notify());

	async function settle(): Promise<void> {
		const settled = new Promise<void>(resolve => {
			notify = () => (end !== undefined || waiting.length > 0 ? resolve() : undefined);
			notify();
		});
		await clock.finish(settled);
	}

	return {
		name,
		waitsFor: () => (end === undefined ? waiting[0]?.step : undefined),
		end: () => end,
		state: () => (end?.is === 'killed' ? `${name} killed` : `${name} ${end?.is} ${learnt}`),
		async move({isKill, step}) {
			const next = waiting.shift();
			if (next?.step.op !== step.op || next.step.key !== step.key)
				throw new Error(`${name} did not do the same again: it is not deterministic`);
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
