import type {FlowDefinition} from '../lanes/flow.ts';
import type {ItemError} from '../lanes/outcome.ts';
import type {PlannedItem} from './item-line.ts';
import {isRecord} from './find-source.ts';
import {ManifestError, type Problem, writeProblem} from './manifest-error.ts';
import type {OpenedRow} from './read-entry.ts';
import {type Place, rememberPlaces} from './remember-places.ts';

export interface PlanOptions {
	/** Turns each problem of a row into an item that has failed, instead of refusing the manifests. Default: false. */
	readonly skipInvalid?: boolean;
	/** Refuses manifests that repeat more sources than this. Default: 1,000,000. */
	readonly maxRepeats?: number;
}

export interface PlannedBatch {
	readonly items: readonly PlannedItem[];
	/** Rows of this batch that were dropped because their source had come before. */
	readonly repeats: number;
}

/** The rows that no run takes; other errors of an item, such as a file that may not be read, are its outcome. */
export const isInvalid = ({entry}: OpenedRow): boolean => entry.error?.code === 'ITEM_INVALID';

const MAX_PROBLEMS_KEPT = 20;
const DEFAULT_MAX_REPEATS = 1_000_000;

type RowPlace = Omit<Place, 'hasOwnId'>;
export type ItemPlan = ReturnType<typeof createItemPlan>;

/** The items so far: which ids and sources are taken, how many repeats were dropped, and what is wrong. */
export function createItemPlan(
	flow: Pick<FlowDefinition, 'id'>,
	manifests: readonly string[],
	{skipInvalid = false, maxRepeats = DEFAULT_MAX_REPEATS}: PlanOptions,
) {
	const findClash = createClashFinder(flow, {areSeveral: manifests.length > 1});
	const problems = collectProblems(manifests);
	let n = 0;
	let items: PlannedItem[] = [];
	let repeats = 0;
	let allRepeats = 0;

	function add(row: OpenedRow | {readonly problem: string}, place: RowPlace): void {
		if ('problem' in row) return addProblem(row.problem, place);
		if (isInvalid(row)) return addProblem(row.entry.error?.message ?? '', place, row);
		const clash = findClash.of(row, place);
		if (clash === undefined) push(row);
		else if (clash === 'repeat') addRepeat(place);
		else addProblem(`id ${JSON.stringify(row.entry.id)} was already used in ${problems.writePlace(clash, place)}`, place, row);
	}

	function push({entry, raw}: PlannedItem): void {
		n += 1;
		if (problems.count() === 0) items.push({entry, raw});
	}

	function addRepeat(place: RowPlace): void {
		repeats += 1;
		allRepeats += 1;
		if (allRepeats <= maxRepeats) return;
		const problem = `more than ${maxRepeats.toLocaleString('en')} rows repeat an earlier source; take the repeats out`;
		throw new ManifestError([problems.locate(problem, place)]);
	}

	function addProblem(problem: string, place: RowPlace, row?: OpenedRow): void {
		const located = problems.locate(problem, place);
		if (skipInvalid) push(failItem(located, n, findClash.claimLine(place, n), row));
		else problems.add(located);
	}

	function takeBatch(): PlannedBatch {
		const batch = {items, repeats};
		items = [];
		repeats = 0;
		return batch;
	}

	return {count: () => n, add, takeBatch, addTo: problems.addTo, finish: problems.finish};
}

function failItem(problem: Problem, n: number, id: string, row: OpenedRow | undefined): PlannedItem {
	const error: ItemError = {code: 'ITEM_INVALID', stage: 'item', retryable: false, message: writeProblem(problem)};
	const source = row?.entry.source;
	const raw = row?.raw ?? null;
	return {entry: {n, id, item: raw, error, ...(source !== undefined && {source})}, raw};
}

/** Tells repeats, which are dropped, from two items of one id, which are a mistake. */
function createClashFinder(flow: Pick<FlowDefinition, 'id'>, {areSeveral}: {readonly areSeveral: boolean}) {
	const ids = rememberPlaces();
	/** For a flow that names its items itself: there the id does not tell a repeated source. */
	const sources = rememberPlaces();
	/** Where a relative name leads to, in one manifest and in another. */
	const files = rememberPlaces();

	function of({entry: {id, source}, raw, hasOwnId}: OpenedRow, {manifest, line}: RowPlace): 'repeat' | Place | undefined {
		const place: Place = {manifest, line, hasOwnId};
		const file = areSeveral && isRecord(raw) && typeof raw.file === 'string' ? raw.file : undefined;
		const isOtherFile = file !== undefined && files.claim(file, place) === undefined;
		const isNamedByFlow = flow.id !== undefined;
		if (isNamedByFlow && !hasOwnId && source !== undefined && sources.claim(source, place) !== undefined) return 'repeat';
		const first = ids.claim(id, place);
		if (first === undefined || hasOwnId || first.hasOwnId || isNamedByFlow) return first;
		// Two manifests may mean two files by one relative name: a mistake to be named, not a repeat to be dropped.
		return isOtherFile ? first : 'repeat';
	}

	/** A name no other item has: a JSON array may have all its items in one line, and an item may be called `line-7`. */
	function claimLine({manifest, line}: RowPlace, n: number): string {
		let id = manifest === 0 ? `line-${line}` : `manifest-${manifest + 1}-line-${line}`;
		if (ids.has(id)) id += `-item-${n}`;
		while (ids.has(id)) id += '-again';
		ids.claim(id, {manifest, line, hasOwnId: true});
		return id;
	}

	return {of, claimLine};
}

/** Keeps the first problems and counts them all. */
function collectProblems(manifests: readonly string[]) {
	const kept: Problem[] = [];
	let count = 0;
	const nameOf = (manifest: number): string => manifests[manifest] ?? 'manifest';
	return {
		count: () => count,
		locate: (problem: string, {manifest, line}: RowPlace): Problem => ({manifest: nameOf(manifest), line, problem}),
		writePlace: (first: RowPlace, second: RowPlace): string =>
			first.manifest === second.manifest ? `line ${first.line}` : `${nameOf(first.manifest)}:${first.line}`,
		add: (problem: Problem): void => {
			count += 1;
			if (kept.length < MAX_PROBLEMS_KEPT) kept.push(problem);
		},
		/** An error that ends the reading does not hide the problems found before it. */
		addTo: (error: unknown): unknown => {
			if (!(error instanceof ManifestError) || count === 0) return error;
			return new ManifestError([...kept, ...error.problems], count + error.problemCount);
		},
		finish: (): void => {
			if (count > 0) throw new ManifestError(kept, count);
		},
	};
}
