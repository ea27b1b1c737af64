import {pending, tryStage} from './attempt.ts';
import {inspectCargo} from './border.ts';
import type {Work} from './context.ts';
import type {Entry} from './entry.ts';
import {type Stage, describeCode} from './errors.ts';
import {toItemError, toTwolaneError} from './failure.ts';
import {type Cpu, type Skip, isSkip} from './flow.ts';
import type {Lanes} from './lanes.ts';
import type {Ending, ItemError, Outcome} from './outcome.ts';

/** One item from end to end. `undefined`: the run stopped before it was done, and it stays pending. */
export async function runItem(lanes: Lanes, entry: Entry): Promise<Outcome | undefined> {
	if (entry.error) return finish(lanes, entry, {attempts: 0, timings: {}}, {status: 'failed', error: entry.error});
	const work: Work = {entry, host: hostOf(lanes, entry.item), hold: lanes.bytes.open(), timings: {}, outputs: [], attempts: 1};
	try {
		lanes.budget.earn();
		const ending = await runStages(lanes, work);
		return finish(lanes, entry, work, ending);
	} catch (thrown) {
		if (thrown === pending) return undefined;
		throw thrown;
	} finally {
		work.hold.release();
	}
}

/** fetch -> transform -> store; a stage that is not there hands its input on. */
async function runStages(lanes: Lanes, work: Work): Promise<Ending> {
	const {fetch, transform, store} = lanes.flow;
	let stage: Stage = 'fetch';
	try {
		let value = fetch ? await take(lanes, work, 'fetch', work.entry.item) : work.entry.item;
		if (isSkip(value)) return skipped(value);
		if (transform) {
			stage = 'transform';
			value = await runTransform(lanes, work, transform, value);
			if (isSkip(value)) return skipped(value);
		}
		if (store) {
			stage = 'store';
			value = await take(lanes, work, 'store', value);
			if (isSkip(value)) return skipped(value);
		}
		return {status: 'succeeded', result: value, outputs: work.outputs};
	} catch (thrown) {
		if (thrown === pending || lanes.shutdown.isAbandoned) throw thrown;
		return {status: 'failed', error: describe(thrown, stage)};
	}
}

const skipped = ({skipped: reason}: Skip): Ending => ({status: 'skipped', reason});
const describe = (thrown: unknown, stage: Stage): ItemError => toItemError(toTwolaneError(thrown, stage), stage);

async function take(lanes: Lanes, work: Work, stage: 'fetch' | 'store', input: unknown): Promise<unknown> {
	const run = lanes.flow[stage];
	const {value, outputs} = await tryStage(lanes, work, stage, async context => await run?.(input, context));
	work.outputs.push(...outputs);
	return value;
}

/** A task that lost its thread or its time gets one more try, alone; its input went with the thread, so it is fetched again. */
async function runTransform(lanes: Lanes, work: Work, transform: Cpu<unknown, unknown>, value: unknown): Promise<unknown> {
	try {
		return await runOnThread(lanes, work, {transform, value, alone: false});
	} catch (thrown) {
		const error = toTwolaneError(thrown, 'transform');
		if (lanes.shutdown.isAbandoned || describeCode(error.code)?.retry !== 'alone' || !lanes.budget.take()) throw thrown;
		work.attempts = Math.max(work.attempts, 2);
		work.outputs.length = 0;
		const again = lanes.flow.fetch ? await take(lanes, work, 'fetch', work.entry.item) : work.entry.item;
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
	const ending = await untilAbandoned(lanes, lanes.pool().run(call));
	work.timings.queueMs = ending.queueMs;
	work.timings.transformMs = ending.runMs;
	lanes.tally.addTime('queue', ending.queueMs);
	lanes.tally.addTime('transform', ending.runMs);
	lanes.tally.busyMs += ending.runMs;
	work.hold.release();
	lanes.gates.fetch.pump();
	if (!ending.ok) throw ending.error;
	return ending.value;
}

/** A thread cannot be called back, but an abandoned run must not wait for it. */
function untilAbandoned<T>({shutdown}: Lanes, running: Promise<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		const cancel = shutdown.onAbandon(reject);
		running.finally(cancel).then(resolve, reject);
	});
}

const none: readonly ArrayBuffer[] = [];

function ownBuffersIn({ownBuffers}: Lanes, value: unknown): readonly ArrayBuffer[] {
	if (typeof value !== 'object' || value === null) return none;
	const {buffers} = inspectCargo(value);
	return buffers.length === 0 ? none : buffers.filter(buffer => ownBuffers.has(buffer));
}

function hostOf({flow}: Lanes, item: unknown): string {
	const {url, s3, file} = (item ?? {}) as {url?: unknown; s3?: unknown; file?: unknown};
	if (typeof url === 'string' && URL.canParse(url)) return new URL(url).origin;
	if (typeof s3 === 'string') return s3.split('/', 3).join('/');
	return typeof file === 'string' ? 'file:' : flow.name;
}

function finish(lanes: Lanes, entry: Entry, {attempts, timings}: Pick<Work, 'attempts' | 'timings'>, ending: Ending): Outcome {
	const {n, id, item, source, meta} = entry;
	const outcome: Outcome = {
		n,
		id,
		item,
		attempts,
		...(source !== undefined && {source}),
		...(meta !== undefined && {meta}),
		timings,
		...ending,
	};
	lanes.tally.addOutcome(outcome);
	return outcome;
}
