import {pending, tryStage} from './attempt.ts';
import {inspectCargo, isFlat} from './border.ts';
import {type Work, roundMs} from './context.ts';
import type {Entry} from './entry.ts';
import {type Stage, TwolaneError, describeCode} from './errors.ts';
import {toItemError, toTwolaneError} from './failure.ts';
import {type Cpu, isSkip} from './flow.ts';
import type {Lanes} from './lanes.ts';
import type {Ending, Outcome} from './outcome.ts';

/**
 * One item from end to end: fetch -> transform -> store. `undefined`: the run stopped before it was done, and it stays pending.
 * The outcome shows the item as it was `given`; the stages see what the schema made of it.
 */
export async function runItem(lanes: Lanes, entry: Entry, given: unknown): Promise<Outcome | undefined> {
	if (entry.error) return end(lanes, {entry, given, attempts: 0, timings: {}}, {status: 'failed', error: entry.error});
	const {fetch, transform, store} = lanes.flow;
	const work: Work = {entry, given, host: hostOf(lanes, entry.item), hold: undefined, timings: {}, outputs: [], attempts: 1};
	let stage: Stage = 'fetch';
	let value = entry.item;
	lanes.budget.earn();
	try {
		if (fetch) value = await tryStage(lanes, work, {stage, run: fetch, input: value});
		if (transform && !isSkip(value)) {
			stage = 'transform';
			value = await runTransform(lanes, work, transform, value);
		}
		if (store && !isSkip(value)) {
			stage = 'store';
			value = await tryStage(lanes, work, {stage, run: store, input: value});
		}
		if (isSkip(value)) return end(lanes, work, {status: 'skipped', reason: value.skipped});
		return end(lanes, work, {status: 'succeeded', result: value, outputs: work.outputs});
	} catch (thrown) {
		if (thrown === pending) return undefined;
		if (lanes.shutdown.isAbandoned) throw thrown;
		return end(lanes, work, {status: 'failed', error: toItemError(toTwolaneError(thrown, stage), stage)});
	} finally {
		work.hold?.release();
	}
}

/** A task that lost its thread or its time gets one more try, alone; its input went with the thread, so it is fetched again. */
async function runTransform(lanes: Lanes, work: Work, transform: Cpu<unknown, unknown>, value: unknown): Promise<unknown> {
	try {
		return await runOnThread(lanes, work, {transform, value, alone: false});
	} catch (thrown) {
		const error = toTwolaneError(thrown, 'transform');
		if (lanes.shutdown.isAbandoned || describeCode(error.code)?.retry !== 'alone') throw thrown;
		if (!lanes.budget.take()) throw new TwolaneError(error.code, error.message, {retryable: true, cause: error});
		work.attempts = Math.max(work.attempts, 2);
		work.outputs.length = 0;
		const {fetch} = lanes.flow;
		const {item} = work.entry;
		const again = fetch ? await tryStage(lanes, work, {stage: 'fetch', run: fetch, input: item}) : item;
		return isSkip(again) ? again : await runOnThread(lanes, work, {transform, value: again, alone: true});
	}
}

interface ThreadWork {
	readonly transform: Cpu<unknown, unknown>;
	readonly value: unknown;
	readonly alone: boolean;
}

async function runOnThread(lanes: Lanes, work: Work, {transform, value, alone}: ThreadWork): Promise<unknown> {
	const {id, item} = work.entry;
	const call = {
		file: transform.file,
		timeoutMs: transform.timeoutMs,
		input: value,
		task: {id, item, options: lanes.options},
		transfer: ownBuffersIn(lanes, value),
		alone,
	};
	const ending = await countTask(lanes, () => lanes.pool().run(call));
	work.timings.queueMs = roundMs(ending.queueMs);
	work.timings.transformMs = roundMs(ending.runMs);
	lanes.tally.addTime('queue', ending.queueMs);
	lanes.tally.addTime('transform', ending.runMs);
	lanes.tally.busyMs += ending.runMs;
	work.hold?.release();
	lanes.gates.fetch.pump();
	if (!ending.ok) throw ending.error;
	return ending.value;
}

async function countTask<T>(lanes: Lanes, run: () => Promise<T>): Promise<T> {
	lanes.backlog.tasks++;
	try {
		return await untilAbandoned(lanes, run());
	} finally {
		lanes.backlog.tasks--;
	}
}

/** A thread cannot be called back, but an abandoned run must not wait for it. */
function untilAbandoned<T>({shutdown}: Lanes, running: Promise<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		const cancel = shutdown.onAbandon(reject);
		running.then(
			value => {
				cancel();
				resolve(value);
			},
			(error: unknown) => {
				cancel();
				// No item did that, and none can do without what failed.
				if (error instanceof TwolaneError && error.stage === 'run') shutdown.abandon(error);
				reject(error);
			},
		);
	});
}

const none: readonly ArrayBuffer[] = [];

function ownBuffersIn({ownBuffers}: Lanes, value: unknown): readonly ArrayBuffer[] {
	return isFlat(value) ? none : inspectCargo(value).buffers.filter(buffer => ownBuffers.has(buffer));
}

function hostOf({flow}: Lanes, item: unknown): string {
	const {url, s3, file} = (item ?? {}) as {url?: unknown; s3?: unknown; file?: unknown};
	if (typeof url === 'string' && URL.canParse(url)) return new URL(url).origin;
	if (typeof s3 === 'string') return s3.split('/', 3).join('/');
	return typeof file === 'string' ? 'file:' : flow.name;
}

function end(
	lanes: Lanes,
	{entry, given, attempts, timings}: Pick<Work, 'entry' | 'given' | 'attempts' | 'timings'>,
	ending: Ending,
): Outcome {
	const {n, id, source, meta} = entry;
	const known = {n, id, item: given, attempts, timings, ...ending};
	const outcome: Outcome = source === undefined && meta === undefined ? known : {...known, ...keepDefined(entry)};
	lanes.tally.addOutcome(outcome);
	return outcome;
}

const keepDefined = ({source, meta}: Pick<Entry, 'source' | 'meta'>): Pick<Entry, 'source' | 'meta'> => ({
	...(source !== undefined && {source}),
	...(meta !== undefined && {meta}),
});
