import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

const KEPT_LINES = 20;

export interface ProgramOptions {
	readonly cwd?: string;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly onLine?: (line: string) => void;
	/** It is killed after that. */
	readonly timeLimitMs: number;
}

/** @throws Error with the last lines that the program printed, when it does not end with 0. */
export async function runProgram(command: readonly string[], {cwd, env, onLine, timeLimitMs}: ProgramOptions): Promise<void> {
	const [program = '', ...args] = command;
	const child = spawn(program, args, {env: {...env}, stdio: ['ignore', 'pipe', 'pipe'], ...(cwd !== undefined && {cwd})});
	let lines: string[] = [];
	for (const stream of [child.stdout, child.stderr]) {
		createInterface({input: stream}).on('line', line => {
			if (line.trim() === '') return;
			lines = [...lines, line].slice(-KEPT_LINES);
			onLine?.(line);
		});
	}
	let isTooLong = false;
	const timer = setTimeout(() => {
		isTooLong = true;
		child.kill('SIGKILL');
	}, timeLimitMs);
	const end = await new Promise<string | undefined>(resolve => {
		child.once('error', error => resolve(error.message));
		child.once('close', (code, signal) => resolve(code === 0 ? undefined : `exit ${code ?? signal}`));
	});
	clearTimeout(timer);
	if (end === undefined) return;
	const why = isTooLong ? `took longer than ${timeLimitMs / 1000} s` : end;
	throw new Error([`${command.join(' ')}: ${why}`, ...lines].join('\n'));
}
