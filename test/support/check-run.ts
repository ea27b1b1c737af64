import {createHash} from 'node:crypto';
import {expect} from 'vitest';
import {layout} from '../../src/runs/layout.ts';
import {listItems} from '../../src/runs/list-items.ts';
import {type RunWorld, plainPorts} from './run-world.ts';

type Json = Readonly<Record<string, unknown>>;
const statuses = ['SUCCEEDED', 'SKIPPED', 'FAILED', 'PENDING'] as const;
type Status = (typeof statuses)[number];

interface File {
	readonly key: string;
	readonly items: number;
	readonly bytes: number;
	readonly sha256: string;
}
interface RowSeen {
	readonly n: number;
	readonly id: string;
	readonly status: string;
	readonly outputs?: readonly {readonly key: string; readonly bytes: number; readonly sha256: string}[];
	readonly error?: {readonly code: string};
}
interface SealSeen {
	readonly shard: number;
	readonly claim: number;
	readonly files: Partial<Record<Status, File>>;
}
interface GenerationSeen {
	readonly shards: readonly {readonly shard: number; readonly ids: ReadonlyMap<number, string>}[];
	readonly seals: ReadonlyMap<number, SealSeen>;
}

/** What the store says of a run, read without the code that wrote it. */
export interface RunSeen {
	/** `item-0: succeeded`, `item-1: failed CODE`, ... in the order of the manifest; pending items, too. */
	readonly outcomes: readonly string[];
	/** Every text of the row files that count, in the order of the manifest. */
	readonly rows: readonly string[];
	readonly isSealed: boolean;
	readonly generation: number;
	readonly results: Json;
	readonly report: Json;
}

/**
 * Reads a run's records and checks the rules that nothing may break: exactly one outcome for each item, or pending, never both; totals
 * that add up; seals that name what is there; results and report that never went back; outputs that are what their rows say.
 */
export async function checkRun({state, runId, history}: RunWorld): Promise<RunSeen> {
	const text = (key: string): string => {
		const object = state.objects.get(key);
		if (object === undefined) throw new Error(`${key} is missing`);
		return object.text;
	};
	const json = (key: string): Json => JSON.parse(text(key)) as Json;
	const readFile = (file: File, status: Status): readonly (readonly [RowSeen, string])[] => {
		const body = text(layout.run(runId) + file.key);
		const lines = body.split('\n').slice(0, -1);
		const rows = lines.map(line => [JSON.parse(line) as RowSeen, line] as const);
		expect({...measure(body), items: lines.length}, file.key).toEqual({bytes: file.bytes, sha256: file.sha256, items: file.items});
		expect([...new Set(rows.map(([row]) => row.status))], file.key).toEqual([status.toLowerCase()]);
		const ns = rows.map(([{n}]) => n);
		expect(ns, `${file.key} is sorted`).toEqual(ns.toSorted((a, b) => a - b));
		return rows;
	};

	const generations = readGenerations(runId, {keys: [...state.objects.keys()], text});
	checkGenerations(generations, readFile);
	const newest = generations.length - 1;
	const isSealed =
		generations.at(-1)?.seals.size === generations.at(-1)?.shards.length &&
		!state.objects.has(layout.redrive({runId, generation: newest + 1}));

	const results = json(layout.results(runId));
	const report = json(layout.report(runId));
	const files = results['resultFiles'] as Readonly<Record<Status, readonly File[]>>;
	const rows = statuses.flatMap(status => files[status].flatMap(file => readFile(file, status))).toSorted(([a], [b]) => a.n - b.n);
	const all = generations[0]?.shards.flatMap(({ids}) => [...ids]) ?? [];
	expect(
		rows.map(([{n, id}]) => [n, id]),
		'each item of the run once in the results',
	).toEqual(all);
	checkCounts({results, report, rows: rows.map(([row]) => row), total: all.length});
	expect([results['generation'], results['sealed'], report['sealed']], 'age of results and report').toEqual([
		newest,
		generations.at(-1)?.seals.size,
		generations.at(-1)?.seals.size,
	]);
	if (isSealed) {
		expect(
			statuses.map(status => files[status].map(({key}) => key)),
			'files in the results',
		).toEqual(sealedFiles(generations));
	}
	expect(state.objects.has(layout.active(runId)), 'the sweep looks at a run until it has ended').toBe(!isSealed);
	checkWay({runId, history});
	for (const [row] of rows) for (const {key, bytes, sha256} of row.outputs ?? []) expect(measure(text(key)), key).toEqual({bytes, sha256});
	const listed: string[] = [];
	for await (const batch of listItems(plainPorts(state), runId)) listed.push(...batch.map(({text: line}) => line));
	expect(listed, 'what `results` shows').toEqual(rows.map(([, line]) => line));
	return {outcomes: rows.map(([row]) => describe(row)), rows: rows.map(([, line]) => line), isSealed, generation: newest, results, report};
}

const measure = (body: string): {readonly bytes: number; readonly sha256: string} => ({
	bytes: Buffer.byteLength(body),
	sha256: createHash('sha256').update(body).digest('hex'),
});

const describe = ({id, status, error}: RowSeen): string => `${id}: ${status}${error ? ` ${error.code}` : ''}`;

function readGenerations(
	runId: string,
	{keys, text}: {readonly keys: readonly string[]; readonly text: (key: string) => string},
): GenerationSeen[] {
	const generations: GenerationSeen[] = [];
	for (let generation = 0; keys.includes(layout.plan({runId, generation})); generation++) {
		const place = {runId, generation};
		const plan = JSON.parse(text(layout.plan(place))) as readonly {
			shard: number;
			items: string;
			start: number;
			end: number;
			count: number;
		}[];
		const shards = plan.map(({shard, items, start, end, count}) => {
			const lines = Buffer.from(text(layout.run(runId) + items))
				.subarray(start, end)
				.toString()
				.split('\n')
				.slice(0, -1);
			const ids = new Map(lines.map(line => JSON.parse(line) as RowSeen).map(({n, id}) => [n, id]));
			expect(ids.size, `items of shard ${shard} of generation ${generation}`).toBe(count);
			return {shard, ids};
		});
		const seals = new Map(
			keys
				.filter(key => key.startsWith(layout.seals(place)))
				.map(key => JSON.parse(text(key)) as SealSeen)
				.map(seal => [seal.shard, seal]),
		);
		generations.push({shards, seals});
	}
	return generations;
}

/** Each sealed shard has every item once; each generation has exactly the failed and pending items of the one before. */
function checkGenerations(
	generations: readonly GenerationSeen[],
	readFile: (file: File, status: Status) => readonly (readonly [RowSeen, string])[],
): void {
	let left: number[] | undefined;
	for (const [generation, {shards, seals}] of generations.entries()) {
		if (left)
			expect(
				shards.flatMap(({ids}) => [...ids.keys()]),
				`items of generation ${generation}`,
			).toEqual(left);
		left = [];
		for (const {shard, ids} of shards) {
			const files = seals.get(shard)?.files;
			if (files === undefined) continue;
			const rows = statuses.flatMap(status => (files[status] ? readFile(files[status], status).map(([row]) => row) : []));
			const sorted = rows.toSorted((a, b) => a.n - b.n);
			expect(
				sorted.map(({n, id}) => [n, id]),
				`rows of shard ${shard} of generation ${generation}`,
			).toEqual([...ids]);
			left.push(...sorted.filter(({status}) => status === 'failed' || status === 'pending').map(({n}) => n));
		}
	}
}

/** Ended items of all generations, failed and pending ones of the newest. */
function sealedFiles(generations: readonly GenerationSeen[]): string[][] {
	return statuses.map(status =>
		generations.flatMap(({shards, seals}, generation) => {
			if ((status === 'FAILED' || status === 'PENDING') && generation < generations.length - 1) return [];
			return shards.flatMap(({shard}) => seals.get(shard)?.files[status]?.key ?? []);
		}),
	);
}

interface Counted {
	readonly results: Json;
	readonly report: Json;
	readonly rows: readonly RowSeen[];
	readonly total: number;
}

function checkCounts({results, report, rows, total}: Counted): void {
	const count = (wanted: string): number => rows.filter(({status}) => status === wanted).length;
	const counts = {
		pending: count('pending'),
		running: 0,
		succeeded: count('succeeded'),
		failed: count('failed'),
		skipped: count('skipped'),
		total,
	};
	expect(results['itemCounts'], 'counts of the results').toEqual(counts);
	expect(report['itemCounts'], 'counts of the report').toEqual(counts);
	expect(report['completionReason']).toBe(results['completionReason']);
	const codes = rows.flatMap(({error}) => error?.code ?? []);
	const errors = report['topErrors'] as readonly {readonly code: string; readonly count: number}[];
	expect(Object.fromEntries(errors.map(({code, count: times}) => [code, times])), 'errors of the report').toEqual(
		Object.fromEntries([...new Set(codes)].map(code => [code, codes.filter(other => other === code).length])),
	);
}

/** Results and report never go back to an older generation or to fewer seals; what is created once has one text. */
export function checkWay({runId, history}: Pick<RunWorld, 'runId' | 'history'>): void {
	for (const [key, texts] of history) {
		if (key === layout.results(runId) || key === layout.report(runId)) {
			const ages = texts.map(text => JSON.parse(text) as {readonly generation: number; readonly sealed: number});
			const sorted = ages.toSorted((a, b) => a.generation - b.generation || a.sealed - b.sealed);
			expect(
				ages.map(({generation, sealed}) => [generation, sealed]),
				key,
			).toEqual(sorted.map(({generation, sealed}) => [generation, sealed]));
		} else if (/\/(?:run|plan|redrive|control-\d+|seals\/\d+)\.json$|\/claim-\d+$|\/part-[\d-]+\.jsonl$/u.test(key)) {
			expect(texts.length, `${key} is written once`).toBe(1);
		}
	}
}
