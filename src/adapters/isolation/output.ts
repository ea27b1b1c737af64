import type {ChildProcess} from 'node:child_process';

const KEPT_CHARACTERS = 16 * 1024;

export interface Output {
	/** The end of what the child wrote to its stderr. */
	readonly lastWords: string;
}

/**
 * Passes on what a transform prints, all of it to stderr: stdout carries results. V8's long farewell of a process whose heap is
 * full stays here, because the item's error says it in a line.
 */
export function listenToOutput({stdout, stderr}: ChildProcess): Output {
	let lastWords = '';
	let isFarewell = false;
	stdout?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
	stderr?.setEncoding('utf8').on('data', (text: string) => {
		lastWords = (lastWords + text).slice(-KEPT_CHARACTERS);
		isFarewell ||= text.includes('<--- Last few GCs --->') || text.includes('FATAL ERROR:');
		if (!isFarewell) process.stderr.write(text);
	});
	return {
		get lastWords() {
			return lastWords;
		},
	};
}
