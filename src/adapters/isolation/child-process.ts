import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import type {Socket} from 'node:net';
import {fileURLToPath} from 'node:url';
import {sourceOrBuilt} from '../pool/source-or-built.ts';
import type {ThreadEnding} from '../thread/messages.ts';
import type {Death} from './deaths.ts';
import {listenToOutput} from './output.ts';
import {STARTED} from './messages.ts';
import {unpack} from './parcel.ts';

const program = fileURLToPath(sourceOrBuilt(new URL('child.ts', import.meta.url)));

// To start the process and to load the module; as in the pool, none of it counts against the task.
const LOAD_TIMEOUT_MS = 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export type End =
	| {readonly kind: 'answer'; readonly ending: ThreadEnding}
	| {readonly kind: 'timeout'}
	/** `hasStarted`: the task itself ran; before that, the process only loaded the module. */
	| {readonly kind: 'death'; readonly death: Death; readonly hasStarted: boolean};

/** The task in the child. */
interface Task {
	start(): void;
	end(how: End): void;
	die(death: Death): void;
	fail(error: unknown): void;
}

/** A process that runs one task at a time. */
export interface Child {
	readonly isAlive: boolean;
	/** Whether it was sent a task before: what that left behind may be its death during a later one. */
	readonly hasWorked: boolean;
	run(parcel: Buffer, timeoutMs: number): Promise<End>;
	kill(): Promise<void>;
}

export function startChild(): Child {
	const child = fork(program, {
		serialization: 'advanced',
		execArgv: ['--disable-warning=ExperimentalWarning'],
		stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
		// In a group of its own: Ctrl-C in a terminal is meant for us, who drain, and must not look like a crash.
		detached: true,
	});
	const output = listenToOutput(child);
	let hasWorked = false;
	let isAlive = true;
	let task: Task | undefined;

	child.on('message', message => {
		if (message === STARTED) task?.start();
		else task?.end({kind: 'answer', ending: unpack(message as Uint8Array) as ThreadEnding});
	});
	// 'close', not 'exit': by then all messages and all of the output have come.
	const closed = once(child, 'close').then(
		([code, signal]: unknown[]) => {
			isAlive = false;
			task?.die({code, signal, lastWords: output.lastWords} as Death);
		},
		(error: unknown) => {
			isAlive = false;
			task?.fail(error);
		},
	);
	letUsEnd(child);

	function kill(): void {
		isAlive = false;
		child.kill('SIGKILL');
	}

	return {
		get isAlive() {
			return isAlive;
		},
		get hasWorked() {
			return hasWorked;
		},
		async run(parcel, timeoutMs) {
			hasWorked = true;
			const {promise, resolve: end, reject: fail} = Promise.withResolvers<End>();
			const limit = (ms: number): NodeJS.Timeout => setTimeout(end, Math.min(ms, LONGEST_TIMER_MS), {kind: 'timeout'});
			let timer = limit(LOAD_TIMEOUT_MS + timeoutMs);
			let hasStarted = false;
			const start = (): void => {
				hasStarted = true;
				clearTimeout(timer);
				timer = limit(timeoutMs);
			};
			const die = (death: Death): void => end({kind: 'death', death, hasStarted});
			task = {start, end, die, fail};
			// A child that has just died takes nothing any more; its death is the answer.
			child.send(parcel, () => {});
			try {
				const how = await promise;
				if (how.kind === 'timeout') kill();
				return how;
			} finally {
				clearTimeout(timer);
				task = undefined;
			}
		},
		async kill() {
			kill();
			child.ref();
			await closed;
		},
	};
}

/** An idle child does not keep us alive; while a task runs, its time limit does. */
function letUsEnd(child: ChildProcess): void {
	child.unref();
	child.channel?.unref();
	for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}
