/** How a command talks: results to stdout, everything else to stderr. */
export interface OutputStyle {
	readonly isJson: boolean;
	readonly isQuiet: boolean;
	/** One line of result. */
	print(line: string): void;
	/** One line about what is going on; silent with --quiet and --json. */
	note(line: string): void;
}

export function openOutput({json, quiet}: {readonly json?: boolean | undefined; readonly quiet?: boolean | undefined}): OutputStyle {
	const isJson = json === true;
	const isQuiet = quiet === true;
	return {
		isJson,
		isQuiet,
		print: line => void process.stdout.write(`${line}\n`),
		note(line) {
			if (!isJson && !isQuiet) process.stderr.write(`${line}\n`);
		},
	};
}
