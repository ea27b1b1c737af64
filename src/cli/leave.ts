import {tellLauncher} from './launcher.ts';

/**
 * Ends this process with all its threads. A thread in native code cannot be ended and would keep the process for as long as that takes:
 * the launcher, which is told the code, then ends it from outside.
 */
export function leave(exitCode: number): void {
	tellLauncher({exit: exitCode}, () => process.exit(exitCode));
}

/** What was written has gone to whoever reads it. */
export const flush = (stream: NodeJS.WriteStream): Promise<void> => new Promise(resolve => void stream.write('', () => resolve()));
