import {TwolaneError} from '../../lanes/errors.ts';
import type {CpuCall, CpuEnding, CpuPool} from '../../lanes/ports.ts';
import {describeLoss, fromThread} from '../pool/endings.ts';
import {type Child, type End, startChild} from './child-process.ts';
import {describeDeath, describeFailedLoad, describeNoStart} from './deaths.ts';
import type {IsolatedCall} from './messages.ts';
import {pack} from './parcel.ts';

interface Waiting {
	readonly call: CpuCall;
	readonly sinceMs: number;
	readonly settle: (ending: CpuEnding) => void;
	readonly fail: (error: unknown) => void;
}

/**
 * A pool for transforms that may take their process with them: they run one at a time, in the order they came, in a child process.
 * It stays for the next task until it dies. Then the task that ran is to blame, and nobody else has lost anything. A process that
 * does not get as far as the task is nobody's fault: `run` rejects with an error of the stage `run`.
 */
export function createIsolatedPool(): CpuPool {
	const waiting: Waiting[] = [];
	let isBusy = false;
	let isClosed = false;
	let child: Child | undefined;

	const liveChild = (): Child => (child?.isAlive ? child : (child = startChild()));

	async function pump(): Promise<void> {
		if (isBusy) return;
		isBusy = true;
		for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await runOne(job).then(job.settle, job.fail);
		isBusy = false;
	}

	async function runOne({call, sinceMs}: Waiting): Promise<CpuEnding> {
		const startMs = performance.now();
		const queueMs = startMs - sinceMs;
		const lose = (error: TwolaneError): CpuEnding => ({ok: false, error, queueMs, runMs: performance.now() - startMs});
		const parcel = packCall(call);
		if (parcel instanceof TwolaneError) return lose(parcel);
		for (;;) {
			if (isClosed) return lose(new TwolaneError('THREAD_DIED', 'the pool was closed before the task ended', {stage: 'transform'}));
			const {end, isNew} = await send(parcel, call);
			if (end.kind === 'answer') return fromThread(end.ending, queueMs);
			if (end.kind === 'timeout') return lose(describeLoss(undefined, {call, isTimeout: true}));
			// What an earlier task left behind may be the cause: only a task that kills a new process did it itself.
			if (!isNew || isClosed) continue;
			if (!end.hasStarted) throw describeFailedLoad(end.death, call.file);
			return lose(describeDeath(end.death));
		}
	}

	async function send(parcel: Buffer, {timeoutMs}: CpuCall): Promise<{readonly end: End; readonly isNew: boolean}> {
		try {
			const own = liveChild();
			const isNew = !own.hasWorked;
			return {isNew, end: await own.run(parcel, timeoutMs)};
		} catch (error) {
			throw describeNoStart(error);
		}
	}

	return {
		threads: 1,
		backlog: 1,
		get busy() {
			return isBusy ? 1 : 0;
		},
		get queued() {
			return waiting.length;
		},
		async warm() {
			if (!isClosed) liveChild();
		},
		run(call) {
			if (isClosed) throw new Error('The CPU pool is closed: make another with createIsolatedPool().');
			return new Promise((settle, fail) => {
				waiting.push({call, sinceMs: performance.now(), settle, fail});
				void pump();
			});
		},
		async [Symbol.asyncDispose]() {
			isClosed = true;
			await child?.kill();
		},
	};
}

/** The input is copied, so it can be sent again. */
function packCall(call: CpuCall): Buffer | TwolaneError {
	const {file, input, task} = call;
	try {
		return pack({file: file.href, input, task} satisfies IsolatedCall);
	} catch (error) {
		return describeLoss(error, {call, isTimeout: false});
	}
}
