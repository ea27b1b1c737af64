import {fileURLToPath} from 'node:url';
import {TwolaneError} from '../../lanes/errors.ts';

/** How a process ended that should have gone on. */
export interface Death {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	/** The last that it wrote to its stderr. */
	readonly lastWords: string;
}

const ABORTED_CODE = 134;
// Nobody's crash sends these.
const fromOutside: ReadonlySet<string | null> = new Set(['SIGHUP', 'SIGINT', 'SIGTERM']);

const meanings: Readonly<Record<string, string>> = {
	SIGSEGV: 'a segmentation fault',
	SIGBUS: 'a bus error',
	SIGILL: 'an illegal instruction',
	SIGFPE: 'an arithmetic fault',
	SIGABRT: 'native code gave up',
	SIGKILL: 'killed, most likely because the machine ran out of memory',
};

/** Says what a task did to the process that it had for itself. */
export function describeDeath({code, signal, lastWords}: Death): TwolaneError {
	if ((signal === 'SIGABRT' || code === ABORTED_CODE) && /FATAL ERROR:.*out of memory/u.test(lastWords)) {
		return new TwolaneError('THREAD_OUT_OF_MEMORY', 'the thread ran out of memory, in a process of its own', {stage: 'transform'});
	}
	if (fromOutside.has(signal)) {
		return new TwolaneError('THREAD_DIED', `somebody ended the item's process with ${signal}`, {stage: 'transform'});
	}
	const how = nameEnd({code, signal});
	return new TwolaneError('NATIVE_CRASH', `the transform crashed the process that the item had for itself (${how})`, {stage: 'transform'});
}

/** Says of a process that ended before the task ran that no item is to blame: whichever comes next ends like it. */
export function describeFailedLoad({signal, ...death}: Death, file: URL): TwolaneError {
	const path = file.protocol === 'file:' ? fileURLToPath(file) : file.href;
	const how = nameEnd({...death, signal});
	const what = fromOutside.has(signal)
		? `somebody ended a process with ${how} while it loaded the transform module ${path}`
		: `the transform module ${path} crashes a process while it is loaded (${how})`;
	const advice = 'No item is to blame, and none can run: load the module in a Node of its own, correct it, then continue the run.';
	return endRun(`${what}. ${advice}`);
}

/** Says of a process that could not be started that no item is to blame. */
export const describeNoStart = (cause: unknown): TwolaneError =>
	endRun(
		`the process for the transform could not be started: ${String(cause)}. No item is to blame: continue the run when that is solved.`,
		cause,
	);

/** The stage makes it an error of the whole run. */
const endRun = (message: string, cause?: unknown): TwolaneError =>
	new TwolaneError('TRANSFORM_FAILED', message, {stage: 'run', retryable: false, cause});

const nameEnd = ({code, signal}: Pick<Death, 'code' | 'signal'>): string =>
	signal === null ? `exit code ${code}` : [signal, meanings[signal]].filter(Boolean).join(', ');
