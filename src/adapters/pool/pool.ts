import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import type {Piscina} from 'piscina';
import type {CpuCall, CpuEnding, CpuPool} from '../../lanes/ports.ts';
import type {ThreadCall} from '../thread/messages.ts';
import {describeLoss, fromThread} from './endings.ts';
import {sourceOrBuilt} from './source-or-built.ts';
import {createTimeLimits} from './time-limit.ts';
import {createWidth} from './width.ts';

const threadFile = fileURLToPath(sourceOrBuilt(new URL('../thread/thread.ts', import.meta.url)));

interface Waiting {
	readonly call: CpuCall;
	readonly sinceMs: number;
	readonly settle: (ending: CpuEnding) => void;
}

/**
 * One Piscina behind a queue of our own, because Piscina's is no back-pressure device: a task reaches Piscina only when a
 * thread is free, so its time limit counts work and not waiting.
 * @param options `threads`: a number is taken as it is; `'auto'` is one per core, twice as many while the threads wait for native work.
 */
export function createPool(options: {readonly threads: number | 'auto'; readonly cores?: number}): CpuPool {
	// libuv counts the cgroup's quota in, so a container of half a machine gets half the threads.
	const cores = options.cores ?? availableParallelism();
	const width = createWidth({threads: options.threads, cores});
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
			if (busy === 0) void runAlone(waitingAlone.shift() ?? alone);
			return;
		}
		while (busy < width.threads) {
			const next = waiting.shift();
			if (next === undefined) return;
			void runShared(next);
		}
	}

	async function runShared(job: Waiting): Promise<void> {
		busy++;
		job.settle(await runOn(piscina ?? (await shared()), job));
		busy--;
		width.watch(piscina?.threads ?? [], {isFull: waiting.length > 0});
		pump();
	}

	async function runAlone(job: Waiting): Promise<void> {
		isAlone = true;
		busy++;
		const own = await open({min: 1, max: 1});
		job.settle(await runOn(own, job));
		await own.destroy();
		busy--;
		isAlone = false;
		pump();
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
		async warm(file) {
			const pool = await shared();
			const load: ThreadCall = [file.href];
			// All at once: one task fills a thread, so each of them takes another one.
			await Promise.allSettled(Array.from({length: Math.max(0, width.threads - busy)}, () => pool.run(load)));
		},
		run(call) {
			if (isClosed) throw new Error('The CPU pool is closed: make another with createCpuPool().');
			return new Promise(settle => {
				(call.alone ? waitingAlone : waiting).push({call, sinceMs: performance.now(), settle});
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

async function runOn(pool: Piscina, {call, sinceMs}: Waiting): Promise<CpuEnding> {
	const startMs = performance.now();
	const queueMs = startMs - sinceMs;
	const limit = timeLimits.start(call.timeoutMs);
	try {
		return fromThread(await pool.run(toMessage(call), {transferList: call.transfer as ArrayBuffer[], signal: limit}), queueMs);
	} catch (error) {
		return {ok: false, error: describeLoss(error, {call, isTimeout: limit.aborted}), queueMs, runMs: performance.now() - startMs};
	} finally {
		timeLimits.clear(limit);
	}
}

const toMessage = ({file, input, task: {id, item, options}}: CpuCall): ThreadCall => [file.href, id, input, item, options];
