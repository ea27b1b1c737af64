import {hideSecrets} from '../lanes/hide-secrets.ts';

/** One thing that is wrong with a manifest. */
export interface Problem {
	readonly manifest: string;
	/** Counts from 1; absent when the whole file is meant. */
	readonly line?: number;
	readonly problem: string;
}

/** `list.jsonl:7: not JSON`: the form that editors and terminals turn into a link. */
export function writeProblem({manifest, line, problem}: Problem): string {
	return hideSecrets(`${manifest}${line === undefined ? '' : `:${line}`}: ${problem}`);
}

/** A manifest that cannot be taken as it is. `message` names every problem kept, one a line; nothing has been started. */
export class ManifestError extends Error {
	override readonly name = 'ManifestError';
	readonly code = 'MANIFEST_INVALID';
	readonly problems: readonly Problem[];
	/** All problems found, also those that `problems` leaves out. */
	readonly problemCount: number;

	constructor(problems: readonly Problem[], problemCount: number = problems.length) {
		const rest = problemCount - problems.length;
		super([...problems.map(writeProblem), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n'));
		this.problems = problems;
		this.problemCount = problemCount;
	}
}
