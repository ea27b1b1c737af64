/** How a command talks: results to stdout, everything else to stderr. */
export interface OutputStyle {
	readonly isJson: boolean;
	readonly isQuiet: boolean;
	/** One line of result. A promise when the reader is behind: wait for it, else a slow pipe fills the memory. */
	print(line: string): Promise<void> | undefined;
	/** One line about what is going on; silent with --quiet and --json. */
	note(line: string): void;
	/** While a live bar has the terminal, notes go through it; without an argument they go to stderr again. */
	noteThrough(write?: (line: string) => void): void;
}

export function openOutput({json, quiet}: {readonly json?: boolean | undefined; readonly quiet?: boolean | undefined}): OutputStyle {
	const isJson = json === true;
	const isQuiet = quiet === true;
	const toStderr = (line: string): void => void process.stderr.write(`${line}\n`);
	let write = toStderr;
	return {
		isJson,
		isQuiet,
		print(line) {
			if (process.stdout.write(`${line}\n`)) return undefined;
			return new Promise(resolve => process.stdout.once('drain', resolve));
		},
		note(line) {
			if (!isJson && !isQuiet) write(line);
		},
		noteThrough: (other = toStderr) => void (write = other),
	};
}
