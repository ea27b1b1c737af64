import type {Outcome} from '../lanes/outcome.ts';
import type {Run} from '../lanes/run.ts';
import {type Report, emptySnapshot} from '../lanes/snapshot.ts';
import type {WorkingRun} from '../runs/work-run.ts';

/** A run that has begun: someone works on it, and lets go of it at the end. */
export interface Begun {
	readonly run: WorkingRun;
	close(): Promise<void>;
}

/**
 * A durable run as a `Run`: nothing begins before it is iterated or its report is asked for.
 * @param begin `isReplaying`: whether somebody wants the outcomes, those of earlier sessions too.
 */
export function lazyRun(begin: (how: {readonly isReplaying: boolean}) => Promise<Begun>): Run {
	let working: WorkingRun | undefined;
	let isTaken = false;
	const {promise: ended, resolve, reject} = Promise.withResolvers<Report>();
	// Whoever only iterates never asks for the report: its rejection is thrown to them already.
	ended.catch(() => {});

	async function* iterate(how: {readonly isReplaying: boolean}): AsyncGenerator<Outcome> {
		try {
			const begun = await begin(how);
			working = begun.run;
			try {
				yield* begun.run;
			} finally {
				await begun.close();
			}
		} catch (error) {
			reject(error);
			throw error;
		} finally {
			if (working?.report) resolve(working.report);
		}
	}
	function take(how: {readonly isReplaying: boolean}): AsyncGenerator<Outcome> {
		if (isTaken) throw new Error('A run is iterated once: start another one for a second pass.');
		isTaken = true;
		return iterate(how);
	}

	return {
		[Symbol.asyncIterator]: () => take({isReplaying: true}),
		snapshot: () => working?.snapshot() ?? emptySnapshot({}),
		async report() {
			if (!isTaken) for await (const _ of take({isReplaying: false}));
			return await ended;
		},
	};
}
