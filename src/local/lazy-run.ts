import type {Run} from '../lanes/run.ts';
import {type Report, emptySnapshot} from '../lanes/snapshot.ts';
import {pullFrom} from '../runs/pull-from.ts';
import type {Emit, WorkingRun} from '../runs/work-run.ts';

/** A run that has begun: someone works on it, and lets go of it at the end. */
export interface Begun {
	readonly run: Pick<WorkingRun, 'work' | 'interrupt' | 'snapshot'>;
	close(): Promise<void>;
}

/**
 * A durable run as a `Run`: nothing begins before it is iterated or its report is asked for.
 * @param begin `isReplaying`: whether somebody wants the outcomes, those of earlier sessions too.
 */
export function lazyRun(begin: (how: {readonly isReplaying: boolean}) => Promise<Begun>): Run {
	let working: Begun['run'] | undefined;
	let isTaken = false;
	let isBroken = false;
	let isBegun = false;
	const {promise: ended, resolve, reject} = Promise.withResolvers<Report>();
	// Whoever only iterates never asks for the report: its rejection is thrown to them already.
	ended.catch(() => {});

	async function work(emit?: Emit): Promise<void> {
		isTaken = true;
		isBegun = true;
		try {
			const begun = await begin({isReplaying: emit !== undefined});
			working = begun.run;
			if (isBroken) begun.run.interrupt();
			resolve(await begun.run.work(emit).finally(() => begun.close()));
		} catch (error) {
			reject(error);
			throw error;
		}
	}
	function breakOff(): void {
		isBroken = true;
		working?.interrupt();
	}

	return {
		[Symbol.asyncIterator]() {
			if (isTaken) throw new Error('A run is iterated once: start another one for a second pass.');
			isTaken = true;
			const outcomes = pullFrom(work, {onBreak: breakOff});
			const close = outcomes.return.bind(outcomes);
			// A generator that was never pulled does nothing at all: then there is no report, either.
			outcomes.return = async value => {
				if (!isBegun) reject(new Error('The run was closed before it began.'));
				return await close(value);
			};
			return outcomes;
		},
		snapshot: () => working?.snapshot() ?? emptySnapshot({}),
		async report() {
			if (!isTaken) await work();
			return await ended;
		},
	};
}
