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
	const how = signal === null ? `exit code ${code}` : [signal, meanings[signal]].filter(Boolean).join(', ');
	return new TwolaneError('NATIVE_CRASH', `the transform crashed the process that the item had for itself (${how})`, {stage: 'transform'});
}
