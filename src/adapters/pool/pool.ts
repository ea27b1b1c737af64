import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import type {Piscina} from 'piscina';
import type {CpuCall, CpuEnding, CpuPool} from '../../lanes/ports.ts';
import type {ThreadCall, ThreadEnding} from '../thread/messages.ts';
import {createBatches} from './batches.ts';
import {describeLoss, fromThread} from './endings.ts';
import {limitHeap, readMemoryBytes} from './heap.ts';
import {sourceOrBuilt} from './source-or-built.ts';
import {createTimeLimits} from './time-limit.ts';
import {createWidth} from './width.ts';

// Tasks that wait, in trips: enough to bridge the pauses of a network, few enough to keep memory small.
const BACKLOG_PER_THREAD = 4;

const threadFile = fileURLToPath(sourceOrBuilt(new URL('../thread/thread.ts', import.meta.url)));

/** A task that waits for a thread. */
export interface Waiting {
	readonly call: CpuCall;
	/** It was lost together with others: now it travels alone, so that only the culprit pays. */
	readonly isSingle: boolean;
	readonly sinceMs: number;
	readonly settle: (ending: CpuEnding) => void;
	readonly fail: (error: unknown) => void;
}

/**
 * One Piscina behind a queue of our own, because Piscina's is no back-pressure device: a task reaches Piscina only when a
 * thread is free, so its time limit counts work and not waiting.
 * @param options `threads`: a number is taken as it is; `'auto'` is one per core, twice as many while the threads wait for native work.
 */
export function createPool(options: {readonly threads: number | 'auto'; readonly cores?: number; readonly memoryBytes?: number}): CpuPool {
	// libuv counts the cgroup's quota in, so a container of half a machine gets half the threads.
	const cores = options.cores ?? availableParallelism();
	const width = createWidth({threads: options.threads, cores});
	// Only a core fills a heap: a second thread on it waits for native work, which has its own memory.
	const sharers = options.threads === 'auto' ? cores : Math.max(cores, options.threads);
	const resourceLimits = limitHeap({sharers, memoryBytes: options.memoryBytes ?? readMemoryBytes()});
	const batches = createBatches();
	const waiting: Waiting[] = [];
	const waitingAlone: Waiting[] = [];
	let busy = 0;
	let isAlone = false;
	let opening: Promise<Piscina> | undefined;
	let piscina: Piscina | undefined;
	let isClosed = false;

	const open = async (threads: {readonly min: number; readonly max: number}): Promise<Piscina> => {
		const {Piscina} = await import('piscina');
		const opened = new Piscina({
			filename: threadFile,
			minThreads: threads.min,
			maxThreads: threads.max,
			concurrentTasksPerWorker: 1,
			stricterFIFO: true,
			idleTimeout: Number.POSITIVE_INFINITY,
			recordTiming: false,
			resourceLimits,
		});
		// A timer that a finished task left behind kills an idle thread; Piscina replaces it, and nobody waits for an answer.
		opened.on('error', () => {});
		return opened;
	};
	const shared = async (): Promise<Piscina> => {
		opening ??= open({min: width.start, max: width.most});
		piscina = await opening;
		return piscina;
	};

	function pump(): void {
		if (isAlone) return;
		const alone = waitingAlone[0];
		if (alone !== undefined) {
			if (busy === 0) runAlone(waitingAlone.shift() ?? alone).catch(alone.fail);
			return;
		}
		while (busy < width.threads && waiting.length > 0) runShared(batches.take(waiting, {threads: width.threads}));
	}

	function runShared(jobs: readonly Waiting[]): void {
		busy++;
		// The next tasks go out before these items go on: their thread is idle, ours is not.
		const free = (): void => {
			busy--;
			width.watch(piscina?.threads ?? [], {isFull: waiting.length > 0});
			pump();
		};
		const trip: Trip = {
			jobs,
			end(endings) {
				free();
				for (const [k, {call, settle}] of jobs.entries()) {
					const ending = endings[k];
					if (ending === undefined) continue;
					batches.learn(call.file.href, ending.runMs);
					settle(ending);
				}
			},
			// Nobody knows which task of a batch did it: each goes again by itself, and only the culprit is lost again.
			lose() {
				waiting.unshift(...jobs.map(job => ({...job, isSingle: true})));
				free();
			},
		};
		if (piscina) runOn(piscina, trip);
		else
			void shared().then(
				pool => runOn(pool, trip),
				(error: unknown) => {
					busy--;
					opening = undefined;
					for (const {fail} of [...jobs, ...waiting.splice(0)]) fail(error);
				},
			);
	}

	async function runAlone(job: Waiting): Promise<void> {
		isAlone = true;
		busy++;
		try {
			const own = await open({min: 1, max: 1});
			await load(own, job.call.file);
			const [ending] = await new Promise<readonly CpuEnding[]>(end => runOn(own, {jobs: [job], end, lose() {}}));
			if (ending) job.settle(ending);
			await own.destroy();
		} finally {
			busy--;
			isAlone = false;
			pump();
		}
	}

	return {
		get threads() {
			return width.threads;
		},
		get busy() {
			return busy;
		},
		get queued() {
			return waiting.length + waitingAlone.length;
		},
		get backlog() {
			return BACKLOG_PER_THREAD * width.threads * batches.size;
		},
		async warm(file) {
			if (isClosed) return;
			// All at once: one task fills a thread, so each of them takes another one. Until they are through no item is sent, so that
			// the time limit of the first ones counts their work and not the loading.
			const free = Math.max(0, width.threads - busy);
			busy += free;
			try {
				const pool = await shared();
				await Promise.all(Array.from({length: free}, () => load(pool, file)));
			} finally {
				busy -= free;
				pump();
			}
		},
		run(call) {
			if (isClosed) throw new Error('The CPU pool is closed: make another with createCpuPool().');
			return new Promise((settle, fail) => {
				(call.alone ? waitingAlone : waiting).push({call, isSingle: call.alone, sinceMs: performance.now(), settle, fail});
				pump();
			});
		},
		async [Symbol.asyncDispose]() {
			isClosed = true;
			await (await opening)?.destroy();
		},
	};
}

const timeLimits = createTimeLimits();
const LOAD_TIMEOUT_MS = 60_000;

/** Loads the module in one thread. What goes wrong there is told again, as data, by the first task. */
async function load(pool: Piscina, file: URL): Promise<void> {
	const limit = timeLimits.start(LOAD_TIMEOUT_MS);
	const call: readonly ThreadCall[] = [[file.href]];
	await pool.run(call, {signal: limit}).catch(() => {});
	timeLimits.clear(limit);
}

/** One trip to a thread, and how it may end: with an ending for each task, or with none for several of them. */
interface Trip {
	readonly jobs: readonly Waiting[];
	end(endings: readonly CpuEnding[]): void;
	lose(): void;
}

/** Several tasks share the time limit of the trip: they are short, and when it is over each of them gets its own. */
function runOn(pool: Piscina, trip: Trip): void {
	const {jobs} = trip;
	const [first] = jobs;
	if (first === undefined) return trip.end([]);
	const startMs = performance.now();
	const limit = timeLimits.start(first.call.timeoutMs);
	const transferList = jobs.length === 1 ? [...first.call.transfer] : [];
	pool.run(jobs.map(toMessage), {transferList, signal: limit}).then(
		(answers: readonly ThreadEnding[]) => {
			timeLimits.clear(limit);
			trip.end(answers.map((answer, k) => fromThread(answer, startMs - (jobs[k]?.sinceMs ?? startMs))));
		},
		(error: unknown) => {
			timeLimits.clear(limit);
			if (jobs.length > 1) return trip.lose();
			const {call, sinceMs} = first;
			const loss = describeLoss(error, {call, isTimeout: limit.aborted});
			trip.end([{ok: false, error: loss, queueMs: startMs - sinceMs, runMs: performance.now() - startMs}]);
		},
	);
}

const toMessage = ({
	call: {
		file,
		input,
		task: {id, item, options},
	},
}: Waiting): ThreadCall => [file.href, id, input, item, options];
