import {type Attempt, type Work, createContext, roundMs} from './context.ts';
import {TwolaneError, isThrottle} from './errors.ts';
import {toTwolaneError} from './failure.ts';
import type {Context, StageFunction} from './flow.ts';
import type {Lanes} from './lanes.ts';
import {type Tries, nextTryMs} from './retry.ts';

/** Thrown when a stop caught the item before its stage was through: it has no outcome, and is pending. */
export const pending = new TwolaneError('INTERNAL', 'the run stopped before this item was done');

/** An IO stage of one item, with its input. */
export interface IoCall {
	readonly stage: 'fetch' | 'store';
	readonly run: StageFunction<unknown, unknown, unknown, unknown>;
	readonly input: unknown;
}

/**
 * One IO stage of one item: through the gate, under a time limit, again after a retryable error. The outputs of the try that
 * succeeded, and of no other, become the item's.
 * @throws the last TwolaneError; `pending` when the run stopped meanwhile; the abandon's reason.
 */
export async function tryStage(lanes: Lanes, work: Work, call: IoCall): Promise<unknown> {
	const {clock, shutdown} = lanes;
	const {stage} = call;
	const gate = lanes.gates[stage];
	const tries: Tries = {charged: 0, throttles: 0, throttledMs: 0};
	for (let number = 1; ; number++) {
		const entered = gate.enter(work.host);
		if (entered !== true && !(await entered)) throw pending;
		if (number > work.attempts) work.attempts = number;
		const attempt = openAttempt(number, {stage, startMs: clock.nowMs()});
		let error: TwolaneError | undefined;
		let isNarrowing = false;
		try {
			const value = await callOnce(lanes, work, {attempt, call});
			if (attempt.outputs.length > 0) work.outputs.push(...attempt.outputs);
			return value;
		} catch (thrown) {
			if (shutdown.isAbandoned) throw thrown;
			error = toTwolaneError(thrown, stage);
			if (isThrottle(error)) isNarrowing = gate.throttled(work.host, {startMs: attempt.startMs, retryAfterMs: error.retryAfterMs ?? 0});
		} finally {
			leave(lanes, work, {attempt, isSuccess: error === undefined});
		}
		const waitMs = nextTryMs(error, tries, {attempts: lanes.attempts, budget: lanes.budget, random: lanes.random, isNarrowing});
		if (waitMs === undefined) throw error;
		work.hold?.release();
		if (!(await shutdown.sleep(waitMs))) throw pending;
	}
}

function leave(
	lanes: Lanes,
	work: Work,
	{attempt: {stage, startMs}, isSuccess}: {readonly attempt: Attempt; readonly isSuccess: boolean},
): void {
	const endMs = lanes.clock.nowMs();
	if (stage === 'fetch') work.timings.fetchMs = roundMs(endMs - startMs);
	else work.timings.storeMs = roundMs(endMs - startMs);
	lanes.tally.addTime(stage, endMs - startMs);
	lanes.gates[stage].leave(work.host, {startMs, endMs, isSuccess});
}

const nothing = (): void => {};

const openAttempt = (number: number, {stage, startMs}: Pick<Attempt, 'stage' | 'startMs'>): Attempt => ({
	number,
	stage,
	startMs,
	outputs: [],
	readings: 0,
	holders: 0,
	heldMs: 0,
	controller: new AbortController(),
	end: nothing,
});

/** Runs the stage once, until it ends, its time is over or the run is abandoned. */
function callOnce(lanes: Lanes, work: Work, {attempt, call}: {readonly attempt: Attempt; readonly call: IoCall}): Promise<unknown> {
	return new Promise((resolve, reject) => {
		attempt.end = reject;
		lanes.liveCalls.add(attempt);
		invoke(call, createContext(lanes, work, attempt)).then(
			value => {
				lanes.liveCalls.delete(attempt);
				resolve(value);
			},
			(error: unknown) => {
				lanes.liveCalls.delete(attempt);
				attempt.controller.abort(error);
				reject(error);
			},
		);
	});
}

/** A stage that is not async may throw at once. */
function invoke({run, input}: IoCall, context: Context): Promise<unknown> {
	try {
		return Promise.resolve(run(input, context));
	} catch (error) {
		return Promise.reject(error);
	}
}
