import type {z} from 'zod';
import {type Flaw, Problem} from './problems.ts';

/** What the schema makes of a body. @throws Problem `REQUEST_INVALID` naming every field that does not fit. */
export function checkBody<T>(schema: z.ZodType<T>, body: unknown): T {
	const parsed = schema.safeParse(body);
	if (parsed.success) return parsed.data;
	const errors = findFlaws(parsed.error.issues);
	throw new Problem('REQUEST_INVALID', describeFlaws(errors), {errors});
}

/** What the schema makes of a query. Each parameter may be given once. @throws Problem `QUERY_INVALID`. */
export function checkQuery<T>(schema: z.ZodType<T>, url: string): T {
	const {searchParams} = new URL(url);
	const names = [...searchParams.keys()];
	const twice = names.find((name, index) => names.indexOf(name) !== index);
	if (twice !== undefined) throw new Problem('QUERY_INVALID', `${twice} is given twice.`);
	const parsed = schema.safeParse(Object.fromEntries(searchParams));
	if (parsed.success) return parsed.data;
	throw new Problem('QUERY_INVALID', describeFlaws(findFlaws(parsed.error.issues)));
}

const MOST_FLAWS_TOLD = 3;

export function describeFlaws(flaws: readonly Flaw[]): string {
	const told = flaws.slice(0, MOST_FLAWS_TOLD).map(({pointer, detail}) => `${pointer.slice(1) || 'the body'}: ${detail}`);
	const rest = flaws.length - told.length;
	return `${told.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

function findFlaws(issues: readonly Issue[], above: Path = []): Flaw[] {
	return issues.flatMap(issue => {
		const path = [...above, ...issue.path];
		if (issue.code === 'unrecognized_keys') return issue.keys.map(key => ({pointer: toPointer([...path, key]), detail: 'unknown key'}));
		// The alternative that was meant is the one that fits best.
		const [best] = issue.code === 'invalid_union' ? issue.errors.toSorted((a, b) => countFlaws(a) - countFlaws(b)) : [];
		if (best !== undefined && best.length > 0) return findFlaws(best, path);
		return [{pointer: toPointer(path), detail: lowerFirst(issue.message)}];
	});
}

const countFlaws = (issues: readonly Issue[]): number => findFlaws(issues).length;

const lowerFirst = (text: string): string =>
	text.replace(/^Invalid input: /u, '').replace(/^[A-Z](?![A-Z])/u, first => first.toLowerCase());

/** A JSON pointer, as RFC 6901 has it. */
export const toPointer = (path: Path): string => path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
