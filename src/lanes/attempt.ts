import {type Work, createContext} from './context.ts';
import {TwolaneError, isThrottle} from './errors.ts';
import {toTwolaneError} from './failure.ts';
import type {Context} from './flow.ts';
import type {Lanes} from './lanes.ts';
import type {Output} from './outcome.ts';
import {type Tries, nextTryMs} from './retry.ts';

type IoStage = 'fetch' | 'store';

/** Thrown when a stop caught the item before its stage was through: it has no outcome, and is pending. */
export const pending = new TwolaneError('INTERNAL', 'the run stopped before this item was done');

/** What a stage made, and the outputs of the one attempt that made it. */
export interface Done {
	readonly value: unknown;
	readonly outputs: readonly Output[];
}

/**
 * One IO stage of one item: through the gate, under a time limit, again after a retryable error.
 * @throws the last TwolaneError; `pending` when the run stopped meanwhile; the abandon's reason.
 */
export async function tryStage(lanes: Lanes, work: Work, stage: IoStage, call: (context: Context) => Promise<unknown>): Promise<Done> {
	const gate = lanes.gates[stage];
	const tries: Tries = {charged: 0, throttles: 0, throttledMs: 0};
	for (let attempt = 1; ; attempt++) {
		const entered = gate.enter(work.host);
		if (entered !== true && !(await entered)) throw pending;
		work.attempts = Math.max(work.attempts, attempt);
		const startMs = lanes.clock.nowMs();
		let error: TwolaneError | undefined;
		let isNarrowing = false;
		try {
			return await attemptOnce(lanes, work, {stage, attempt, startMs, call});
		} catch (thrown) {
			if (lanes.shutdown.isAbandoned) throw thrown;
			error = toTwolaneError(thrown, stage);
			if (isThrottle(error)) isNarrowing = gate.throttled(work.host, {startMs, retryAfterMs: error.retryAfterMs ?? 0});
		} finally {
			const endMs = lanes.clock.nowMs();
			work.timings[`${stage}Ms`] = endMs - startMs;
			lanes.tally.addTime(stage, endMs - startMs);
			gate.leave(work.host, {startMs, endMs, isSuccess: error === undefined});
		}
		const waitMs = nextTryMs(error, tries, {attempts: lanes.attempts, budget: lanes.budget, random: lanes.random, isNarrowing});
		if (waitMs === undefined) throw error;
		work.hold.release();
		if (!(await lanes.shutdown.sleep(waitMs))) throw pending;
	}
}

interface Attempt {
	readonly stage: IoStage;
	readonly attempt: number;
	readonly startMs: number;
	readonly call: (context: Context) => Promise<unknown>;
}

/** Runs the stage once. Its time limit does not count the time in which our own byte gate kept it waiting. */
function attemptOnce(lanes: Lanes, work: Work, {stage, attempt, startMs, call}: Attempt): Promise<Done> {
	const {clock, shutdown, limits} = lanes;
	return new Promise((resolve, reject) => {
		const {context, state} = createContext(lanes, work, {attempt, stage});
		const limitMs = limits.fetchTimeoutMs;
		let cancelTimer = clock.after(limitMs, checkTime);
		const cancelAbandon = shutdown.onAbandon(end);

		function settle(): void {
			cancelTimer();
			cancelAbandon();
		}
		function end(reason: unknown): void {
			settle();
			state.abort(reason);
			reject(reason);
		}
		function checkTime(): void {
			const leftMs = state.isHeld() ? limitMs : startMs + limitMs + state.heldMs() - clock.nowMs();
			if (leftMs > 0) cancelTimer = clock.after(leftMs, checkTime);
			else end(outOfTime(stage, limitMs, state.isReading()));
		}
		call(context).then(
			value => {
				settle();
				resolve({value, outputs: state.outputs});
			},
			(error: unknown) => {
				settle();
				state.abort(error);
				reject(error);
			},
		);
	});
}

function outOfTime(stage: IoStage, limitMs: number, isReading: boolean): TwolaneError {
	if (isReading) return new TwolaneError('BODY_TIMEOUT', `the source was not read to its end within ${limitMs} ms`, {stage});
	return new TwolaneError(stage === 'fetch' ? 'FETCH_FAILED' : 'STORE_FAILED', `the ${stage} stage did not end within ${limitMs} ms`, {
		stage,
	});
}
