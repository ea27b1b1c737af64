import {readFile, readdir} from 'node:fs/promises';

export interface SeenProcess {
	readonly pid: number;
	readonly command: readonly string[];
	/** By SIGSTOP: a function between two invocations. */
	readonly isStopped: boolean;
	/** As it was when the process started. */
	readonly environment: ReadonlyMap<string, string>;
}

/** Those of this machine that we may look into; none where there is no /proc. */
export async function listProcesses(): Promise<readonly SeenProcess[]> {
	const names = await readdir('/proc').catch(() => []);
	const seen = await Promise.all(names.filter(name => /^\d+$/u.test(name)).map(name => readProcess(Number(name))));
	return seen.filter(process => process !== undefined);
}

async function readProcess(pid: number): Promise<SeenProcess | undefined> {
	try {
		const [command, environment, status] = await Promise.all([
			readWords(pid, 'cmdline'),
			readWords(pid, 'environ'),
			readFile(`/proc/${pid}/status`, 'utf8'),
		]);
		return {pid, command, isStopped: /^State:\s+T/mu.test(status), environment: new Map(environment.map(splitVariable))};
	} catch {
		// Gone, or of somebody else.
		return undefined;
	}
}

const readWords = async (pid: number, file: string): Promise<readonly string[]> =>
	(await readFile(`/proc/${pid}/${file}`, 'utf8')).split('\0').filter(word => word !== '');

function splitVariable(word: string): [string, string] {
	const at = word.indexOf('=');
	return [word.slice(0, at), word.slice(at + 1)];
}

/** Ends it, or its whole group when the number is negative, at once; nothing happens when it is gone. */
export function killNow(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}
