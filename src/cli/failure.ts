import {TwolaneError} from '../lanes/errors.ts';
import {toItemError} from '../lanes/failure.ts';
import {ManifestError} from '../manifest/manifest-error.ts';

export const exitCodes = {usage: 2, place: 3, bug: 70, interrupted: 130} as const;

/** A command that cannot go on: one message for the person, one code for the shell. */
export class CommandError extends Error {
	override readonly name = 'CommandError';
	readonly exitCode: number;

	constructor(exitCode: number, message: string, options?: {readonly cause?: unknown}) {
		super(message, options);
		this.exitCode = exitCode;
	}
}

export const usageError = (message: string): CommandError => new CommandError(exitCodes.usage, message);
export const placeError = (message: string, cause?: unknown): CommandError => new CommandError(exitCodes.place, message, {cause});
/** Ctrl-C before the run had begun. @param doing what it came into, such as `the list was read`. */
export const interruption = (doing: string): CommandError =>
	new CommandError(exitCodes.interrupted, `Interrupted while ${doing}: nothing was started.`);

/** What to print and how to exit for whatever a command threw. */
export function describeFailure(error: unknown): {readonly message: string; readonly exitCode: number} {
	if (error instanceof CommandError) return {message: error.message, exitCode: error.exitCode};
	if (error instanceof ManifestError) {
		return {message: `${error.message}\nNothing was started. Correct the lines, or run with --skip-invalid.`, exitCode: exitCodes.usage};
	}
	if (error instanceof TwolaneError) return {message: toItemError(error, 'run').message, exitCode: exitCodes.place};
	return {
		message: `This is a bug in twolane: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
		exitCode: exitCodes.bug,
	};
}

/** Runs what checks a person's words: a TypeError or RangeError there is about the words, not about us. */
export function checkWords<T>(check: () => T): T {
	try {
		return check();
	} catch (error) {
		throw error instanceof TypeError || error instanceof RangeError ? usageError(error.message) : error;
	}
}
