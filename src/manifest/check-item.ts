import type {StandardSchemaV1 as Schema} from '@standard-schema/spec';

/** What a schema says of an item. */
export type Checked = {readonly value: unknown} | {readonly problem: string};

/** Asks any Standard Schema; a promise only when the schema answers with one, because a million items go through here. */
export function checkItem(schema: Schema, item: unknown): Checked | Promise<Checked> {
	try {
		const result = schema['~standard'].validate(item);
		return result instanceof Promise ? result.then(readResult, describeThrown) : readResult(result);
	} catch (error) {
		return describeThrown(error);
	}
}

const readResult = (result: Schema.Result<unknown>): Checked =>
	result.issues === undefined ? result : {problem: describeIssues(result.issues)};

const describeThrown = (error: unknown): Checked => ({
	problem: `the flow's schema threw: ${error instanceof Error ? error.message : String(error)}`,
});

const MAX_ISSUES = 3;
const MAX_MESSAGE_CHARACTERS = 400;

function describeIssues(issues: readonly Schema.Issue[]): string {
	const rest = issues.length - MAX_ISSUES;
	const sentences = issues.slice(0, MAX_ISSUES).map(describeIssue).join('; ');
	return (rest > 0 ? `${sentences}; and ${rest} more` : sentences).slice(0, MAX_MESSAGE_CHARACTERS) || 'the schema gave no reason';
}

function describeIssue({message, path = []}: Schema.Issue): string {
	const place = path.map(part => String(typeof part === 'object' ? part.key : part)).join('.');
	return place === '' ? message : `${place}: ${message}`;
}
