import {z} from 'zod';
import {TwolaneError} from '../lanes/errors.ts';
import type {ResolvedLimits} from '../lanes/limits.ts';
import {type CompletionReason, type Report, completionReasons, emptySnapshot} from '../lanes/snapshot.ts';
import {writeStableJson} from '../manifest/identify.ts';
import {type GenerationPlace, layout} from './layout.ts';
import type {ObjectStore} from './object-store.ts';
import {countRepeats} from './plan.ts';
import type {RunPorts} from './ports.ts';
import {fileStatuses} from './row.ts';
import {type StageSummary, summariseStages, topErrors} from './row-stats.ts';
import type {ResultFile, ResultFiles, Seal} from './seal.ts';
import {type Standing, addSeals, endReason, isSealed, isTolerant, latest, sessionOf, totalOf} from './standing.ts';
import {type RunStatus, endingOf} from './status.ts';
import {readRecord, writeJson} from './stored-json.ts';
import type {Work} from './work-record.ts';

/** The JSON summary of a durable run, over all its sessions. */
export interface RunReport extends Report {
	readonly generation: number;
	/** Shards of this generation that have ended, of `shards`. */
	readonly sealed: number;
	readonly shards: number;
	/** How often the run had been told something when this was written. */
	readonly control: number;
	readonly status: RunStatus;
	readonly completionReason: CompletionReason;
	readonly stages: Readonly<Record<string, StageSummary>>;
	/** Repeated sources that were left out. */
	readonly repeats: number;
}

/** `results/manifest.json`. */
export interface Results extends Pick<
	RunReport,
	'runId' | 'flow' | 'generation' | 'sealed' | 'control' | 'itemCounts' | 'completionReason'
> {
	readonly resultFiles: ResultFiles;
}

export interface Ending {
	/** Why it stopped, when it has not ended. */
	readonly reason?: CompletionReason;
	/** How the shards look that are not sealed. */
	readonly shown?: readonly Seal[];
	/** For the report of a run in which nobody has worked. */
	readonly limits: ResolvedLimits;
}

/**
 * Writes the results manifest and the report. Of a run whose shards are all sealed they are a function of the seals alone, so
 * whoever else finishes it writes the same; what is older or less sealed never replaces what is newer.
 */
export async function finishRun(ports: RunPorts, standing: Standing, {shown: all, ...rest}: Ending): Promise<RunReport> {
	// Somebody may have sealed one of them meanwhile.
	const shown = all?.filter(({shard}) => latest(standing)?.seals.has(shard) !== true) ?? [];
	const report = makeReport(standing, {...rest, shown});
	const {runId, flow, generation, sealed, control, itemCounts, completionReason} = report;
	const results: Results = {
		runId,
		flow,
		generation,
		sealed,
		control,
		itemCounts,
		completionReason,
		resultFiles: collectFiles(standing, shown),
	};
	await writeUnlessOlder(ports, layout.results(runId), results);
	await writeUnlessOlder(ports, layout.report(runId), report);
	if (isSealed(standing)) await retire(ports, {runId, generation: generation + 1});
	return report;
}

/** Nobody need look at the run any more, unless it has been redriven meanwhile. */
async function retire({state}: Pick<RunPorts, 'state'>, next: GenerationPlace): Promise<void> {
	await state.remove(layout.active(next.runId));
	if (await state.head(layout.redrive(next))) await state.create(layout.active(next.runId), '');
}

function makeReport(standing: Standing, {reason, shown = [], limits}: Ending): RunReport {
	const {spec, control} = standing;
	const generation = latest(standing);
	const stats = addSeals(standing, shown);
	const {succeeded, failed, skipped, pending} = stats.counts;
	const completionReason = isSealed(standing) ? endReason(standing, stats) : (reason ?? 'INTERRUPTED');
	const works = standing.generations.flatMap(({seals}) => [...seals.values()].flatMap(seal => seal.works));
	const measured = addWorks([...works, ...shown.flatMap(seal => seal.works)], limits);
	return {
		runId: spec.runId,
		flow: spec.flow,
		generation: generation?.place.generation ?? 0,
		sealed: generation?.seals.size ?? 0,
		shards: generation?.plan.length ?? 0,
		control: control.k,
		status: endingOf(completionReason, {failed, isTolerant: isTolerant(sessionOf(standing))}).status,
		itemCounts: {pending, running: 0, succeeded, failed, skipped, total: totalOf(standing)},
		completionReason,
		...measured,
		throughput: measured.wallSeconds > 0 ? (succeeded + failed + skipped) / measured.wallSeconds : 0,
		bytesOut: stats.bytesOut,
		stages: summariseStages(stats),
		topErrors: topErrors(stats),
		repeats: countRepeats(standing.generations[0]?.plan ?? []),
	};
}

type Measured = Pick<RunReport, 'wallSeconds' | 'cpuSeconds' | 'bytesIn' | 'lanes' | 'limits' | 'verdict'>;

/** What all workers measured. The verdict is that of the record which saw most of the run. */
function addWorks(works: readonly Work[], limits: ResolvedLimits): Measured {
	const {lanes, verdict} = emptySnapshot({});
	let longest: Work | undefined;
	for (const work of works) if (longest === undefined || lengthOf(work) > lengthOf(longest)) longest = work;
	return {
		wallSeconds: unionMs(works) / 1000,
		cpuSeconds: works.reduce((sum, {cpuSeconds}) => sum + cpuSeconds, 0),
		bytesIn: works.reduce((sum, {bytesIn}) => sum + bytesIn, 0),
		lanes: (longest?.lanes ?? lanes) as Measured['lanes'],
		limits: longest?.limits ?? limits,
		verdict: (longest?.verdict ?? verdict) as Measured['verdict'],
	};
}

const lengthOf = ({startedMs, endedMs}: Work): number => endedMs - startedMs;

/** Time in which somebody worked: neither counted twice where workers overlap, nor at all between sessions. */
function unionMs(works: readonly Work[]): number {
	let sum = 0;
	let until = 0;
	for (const {startedMs, endedMs} of works.toSorted((a, b) => a.startedMs - b.startedMs)) {
		sum += Math.max(0, endedMs - Math.max(startedMs, until));
		until = Math.max(until, endedMs);
	}
	return sum;
}

/** Ended items of all generations; failed and pending ones of the newest, which has taken over those of the others. */
function collectFiles({generations}: Standing, shown: readonly Seal[] = []): ResultFiles {
	const files: Record<keyof ResultFiles, ResultFile[]> = {SUCCEEDED: [], SKIPPED: [], FAILED: [], PENDING: []};
	for (const [index, {seals}] of generations.entries()) {
		const isNewest = index === generations.length - 1;
		const all = [...seals.values(), ...(isNewest ? shown : [])].sort((a, b) => a.shard - b.shard);
		for (const seal of all) {
			for (const status of fileStatuses) {
				const file = seal.files[status];
				if (file && (isNewest || status === 'SUCCEEDED' || status === 'SKIPPED')) files[status].push(file);
			}
		}
	}
	return files;
}

/** What tells the age of a report or a results manifest. */
const ageSchema = z.looseObject({
	generation: z.number(),
	sealed: z.number(),
	control: z.number(),
	itemCounts: z.record(z.string(), z.number()),
	completionReason: z.enum(completionReasons),
});
type Age = Pick<z.infer<typeof ageSchema>, 'generation' | 'sealed' | 'control' | 'itemCounts'>;

const settledOf = ({itemCounts: {succeeded = 0, failed = 0, skipped = 0}}: Age): number => succeeded + failed + skipped;

/** Whether `age` lies before `than`: by generation, then seals, then items that have ended, then what the run was told. */
function isOlder(age: Age, than: Age): boolean {
	const [a, b] = [age, than].map(one => [one.generation, one.sealed, settledOf(one), one.control]);
	const at = a?.findIndex((value, index) => value !== b?.[index]) ?? -1;
	return at !== -1 && (a?.[at] ?? 0) < (b?.[at] ?? 0);
}

async function writeUnlessOlder({state}: Pick<RunPorts, 'state'>, key: string, document: Age): Promise<void> {
	const text = writeJson(document);
	for (;;) {
		const there = await readDerived(state, key);
		// Nor the same again: somebody may wait for news of it.
		if (there?.value && (isOlder(document, there.value) || writeStableJson(there.value) === writeStableJson(JSON.parse(text)))) return;
		const isWritten = there ? await state.replace(key, text, {etag: there.etag}) : await state.create(key, text);
		if (isWritten) return;
	}
}

/** What is made of the seals can be made again: without a value when it is damaged. */
async function readDerived(state: ObjectStore, key: string): Promise<{readonly value?: Age; readonly etag: string} | undefined> {
	try {
		return await readRecord(state, key, ageSchema);
	} catch (error) {
		if (!(error instanceof TwolaneError && error.code === 'STATE_INVALID')) throw error;
		const head = await state.head(key);
		return head && {etag: head.etag};
	}
}

/** The report as it was written last; `undefined` when nobody has stopped or finished the run yet, or it is damaged. */
export async function readReport({state}: Pick<RunPorts, 'state'>, runId: string): Promise<RunReport | undefined> {
	// Only `finishRun` writes it; what decides is checked, the rest is for people.
	return (await readDerived(state, layout.report(runId)))?.value as RunReport | undefined;
}

/** The results manifest as it was written last. */
export async function readResults({state}: Pick<RunPorts, 'state'>, runId: string): Promise<Results | undefined> {
	return (await readDerived(state, layout.results(runId)))?.value as Results | undefined;
}
