import type {FlowDefinition} from '../../src/lanes/flow.ts';
import {failItem, isInvalid} from '../../src/manifest/invalid-row.ts';
import {writeItemLine} from '../../src/manifest/item-line.ts';
import {ManifestError, type Problem, writeProblem} from '../../src/manifest/manifest-error.ts';
import {openEitherWay} from '../../src/manifest/open-either-way.ts';
import type {ManifestSource, PlanItemsOptions} from '../../src/manifest/plan-items.ts';
import type {OpenedRow} from '../../src/manifest/read-entry.ts';

interface Place {
	readonly manifest: number;
	readonly line: number;
	readonly hasOwnId: boolean;
}

/** What a plan comes to. */
export interface ExactPlan {
	readonly lines: readonly string[];
	readonly repeats: number;
	readonly refusal?: readonly [message: string, problemCount: number];
}

type Rules = Omit<PlanItemsOptions, 'files' | 'filter' | 'signal'>;

/** The rules of repeats and mistakes as plainly as they can be written: in one go, with every key in a `Map`. */
export async function planExactly(flow: FlowDefinition, manifests: readonly ManifestSource[], rules: Rules): Promise<ExactPlan> {
	const {sha256, skipInvalid = false, limit = Infinity, maxRepeats = 1_000_000} = rules;
	const ids = new Map<string, Place>();
	const sources = new Set<string>();
	const files = new Set<string>();
	const lines: string[] = [];
	const problems: Problem[] = [];
	let n = 0;
	let repeats = 0;
	let candidates = 0;
	const nameOf = (manifest: number): string => manifests[manifest]?.name ?? '';

	function findClash({entry: {id, source}, raw, hasOwnId}: OpenedRow, place: Place): 'repeat' | Place | undefined {
		const file = manifests.length > 1 ? (raw as {file?: string} | null)?.file : undefined;
		const isOtherFile = file !== undefined && !files.has(file);
		if (file !== undefined) files.add(file);
		if (flow.id !== undefined && !hasOwnId && source !== undefined) {
			if (sources.has(source)) return 'repeat';
			sources.add(source);
		}
		const first = ids.get(id);
		if (first === undefined) ids.set(id, place);
		if (first === undefined || hasOwnId || first.hasOwnId || flow.id !== undefined) return first;
		return isOtherFile ? first : 'repeat';
	}

	function claimName({manifest, line}: Place): string {
		let id = manifest === 0 ? `line-${line}` : `manifest-${manifest + 1}-line-${line}`;
		if (ids.has(id)) id += `-item-${n}`;
		while (ids.has(id)) id += '-again';
		ids.set(id, {manifest, line, hasOwnId: true});
		return id;
	}

	function addProblem(problem: string, place: Place, row?: OpenedRow): void {
		const located = {manifest: nameOf(place.manifest), line: place.line, problem};
		if (!skipInvalid) return void problems.push(located);
		lines.push(writeItemLine(failItem(writeProblem(located), {n, id: claimName(place), source: row?.entry.source, raw: row?.raw})));
		n += 1;
	}

	function addItem(row: OpenedRow, place: Place): void {
		const clash = findClash(row, place);
		if (clash === undefined) {
			lines.push(writeItemLine({entry: {...row.entry, n}, raw: row.raw}));
			n += 1;
		} else if (clash === 'repeat') {
			repeats += 1;
			const problem = `more than ${maxRepeats} rows repeat an earlier source; take the repeats out`;
			if (repeats > maxRepeats) throw new ManifestError([{manifest: nameOf(place.manifest), line: place.line, problem}]);
		} else {
			const first = clash.manifest === place.manifest ? `line ${clash.line}` : `${nameOf(clash.manifest)}:${clash.line}`;
			addProblem(`id "${row.entry.id}" was already used in ${first}`, place, row);
		}
	}

	async function addAll(): Promise<void> {
		if (limit === 0) return;
		for (const [manifest, {rows, resolveFile}] of manifests.entries()) {
			for await (const row of flatten(rows)) {
				const opened = 'problem' in row ? row : await openEitherWay(flow, row, candidates, {sha256, resolveFile});
				const place = {manifest, line: row.line, hasOwnId: 'hasOwnId' in opened && opened.hasOwnId};
				const isBad = 'problem' in opened || isInvalid(opened);
				if (!isBad || skipInvalid) candidates += 1;
				if ('problem' in opened) addProblem(opened.problem, place);
				else if (isBad) addProblem(opened.entry.error?.message ?? '', place, opened);
				else addItem(opened, place);
				if (n >= limit) return;
			}
		}
	}

	try {
		await addAll();
	} catch (error) {
		if (!(error instanceof ManifestError)) throw error;
		return {lines: [], repeats: 0, refusal: refuse([...problems.slice(0, 20), ...error.problems], problems.length + error.problemCount)};
	}
	return problems.length > 0 ? {lines: [], repeats: 0, refusal: refuse(problems.slice(0, 20), problems.length)} : {lines, repeats};
}

const refuse = (kept: readonly Problem[], count: number): readonly [string, number] => [new ManifestError(kept, count).message, count];

async function* flatten<Value>(batches: AsyncIterable<readonly Value[]>): AsyncGenerator<Value> {
	for await (const batch of batches) yield* batch;
}
