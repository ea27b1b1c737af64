import {z} from 'zod';
import {engineNames} from '../runs/engine.ts';
import {sessionSchema} from '../runs/spec.ts';

/** The metadata of a manifest that says how to run it: JSON. */
export const OPTIONS_METADATA = 'twolane-options';

/** What an object may ask for; nothing in it opens the address guard or chooses where outputs go. */
const runOptionsSchema = z.strictObject({
	flow: z.string().min(1).optional(),
	options: z.record(z.string(), z.unknown()).optional(),
	...sessionSchema.shape,
	limit: z.int().nonnegative().optional(),
	skipInvalid: z.boolean().optional(),
	engine: z.enum(['auto', ...engineNames]).optional(),
	maxWorkers: z.int().positive().max(10_000).optional(),
});
export type RunOptions = z.infer<typeof runOptionsSchema>;

/** @throws TypeError that says what is wrong with the metadata. */
export function readRunOptions(metadata: Readonly<Record<string, string>>): RunOptions {
	const text = metadata[OPTIONS_METADATA];
	if (text === undefined) return {};
	const parsed = runOptionsSchema.safeParse(parseJson(text));
	if (parsed.success) return parsed.data;
	const problems = parsed.error.issues.map(({path, message}) => [path.join('.'), message].filter(Boolean).join(': '));
	throw new TypeError(`its metadata '${OPTIONS_METADATA}' cannot be used: ${problems.join('; ')}`);
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new TypeError(`its metadata '${OPTIONS_METADATA}' is not JSON: ${text.slice(0, 100)}`);
	}
}
