import {TwolaneError} from '../lanes/errors.ts';
import {createIndexer} from './items-index.ts';
import {ordinalOf, readItemLines} from './item-lines.ts';
import {type GenerationPlace, layout} from './layout.ts';
import {partName, writePart} from './part.ts';
import type {Plan} from './plan.ts';
import {createPlan} from './plan-run.ts';
import type {RunPorts} from './ports.ts';
import {type KeptRow, parseRow} from './row.ts';
import {readRunRows} from './run-rows.ts';
import {type Redrive, type Standing, addSeals, endReason, isSealed, latest, readRedrive, readStanding} from './standing.ts';
import {writeJson} from './stored-json.ts';

export interface Redriven {
	readonly generation: number;
	/** Items that are run again, those of whoever asked first. */
	readonly items: number;
	/** Somebody else has asked already, and not been served yet: this is theirs. */
	readonly isJoined: boolean;
	readonly only?: readonly string[] | undefined;
}

/**
 * Takes over every failed item of an ended run, and every pending one of a cancelled run, as a new generation: those with one of the
 * codes of `only` (default: all) are run again when somebody works on the run, the others keep their rows.
 * @throws TwolaneError `RUN_REFUSED` while the run goes on or can be resumed, and when nothing matches.
 */
export async function redriveRun(
	ports: RunPorts,
	runId: string,
	{only}: {readonly only?: readonly string[] | undefined} = {},
): Promise<Redriven> {
	const standing = await readStanding(ports, runId);
	if (standing.unplanned?.redrive) return await join(ports, standing);
	checkEnded(standing);
	const items = countMatches(standing, only);
	if (items === 0) throw refuse(standing, describeNoMatch(standing, only));
	const place: GenerationPlace = {runId, generation: standing.generations.length};
	const createdAt = new Date(ports.wallMs()).toISOString();
	const redrive: Redrive = {...(only && {only: [...only]}), control: standing.control.k, createdAt};
	await ports.state.create(layout.active(runId), '');
	const isOurs = await ports.state.create(layout.redrive(place), writeJson(redrive));
	if (!isOurs) return await join(ports, await readStanding(ports, runId));
	await planRedrive(ports, standing, {place, redrive});
	return {generation: place.generation, items, isJoined: false, only};
}

/** Plans what somebody asked for; who was killed over it has left it to us. */
async function join(ports: RunPorts, standing: Standing): Promise<Redriven> {
	const {runId} = standing.spec;
	const {unplanned} = standing;
	const generation = unplanned?.place.generation ?? standing.generations.length - 1;
	const redrive = unplanned?.redrive ?? (await readRedrive(ports, {runId, generation}));
	if (unplanned?.redrive) await planRedrive(ports, standing, {place: unplanned.place, redrive: unplanned.redrive});
	const before = {...standing, generations: standing.generations.slice(0, generation)};
	return {generation, items: countMatches(before, redrive?.only), isJoined: true, only: redrive?.only};
}

function checkEnded(standing: Standing): void {
	if (standing.generations.length === 0 && standing.control.state === 'cancelled') {
		throw refuse(standing, 'was cancelled before it had any items: give its own command again, with --fresh');
	}
	if (!isSealed(standing)) throw refuse(standing, 'has not ended: resume or cancel it first');
	if (endReason(standing, addSeals(standing)) === 'FAILURE_TOLERANCE_EXCEEDED') {
		throw refuse(standing, 'stopped at its tolerance: resume or cancel it first');
	}
}

/** Pending items are run again whatever the codes. */
function countMatches(standing: Standing, only: readonly string[] | undefined): number {
	const {counts, errors} = addSeals(standing);
	const failed = only ? errors.filter(({code}) => only.includes(code)).reduce((sum, {count}) => sum + count, 0) : counts.failed;
	return failed + counts.pending;
}

function describeNoMatch(standing: Standing, only: readonly string[] | undefined): string {
	const codes = addSeals(standing).errors.map(({code, count}) => `${count} ${code}`);
	if (only === undefined || codes.length === 0) return 'has no failed item to run again';
	return `has no item that failed with ${only.join(' or ')}; it has ${codes.join(', ')}`;
}

const refuse = ({spec}: Standing, problem: string): TwolaneError => new TwolaneError('RUN_REFUSED', `run ${spec.runId} ${problem}`);

interface PlannedRedrive {
	readonly place: GenerationPlace;
	readonly redrive: Redrive;
}

/** The items file of the generation, its parts with the rows that stay as they are, then its plan. */
export async function planRedrive(ports: RunPorts, standing: Standing, {place, redrive}: PlannedRedrive): Promise<Plan> {
	const {state, token} = ports;
	// Whoever finished the generation before may have removed it just now.
	await state.create(layout.active(place.runId), '');
	const key = layout.items(place, token());
	const indexer = createIndexer();
	async function* texts(): AsyncGenerator<string> {
		for await (const {line} of takenOver(ports, standing)) yield indexer.add(line);
	}
	await state.write(key, texts());
	return await createPlan(ports, place, {
		file: indexer.finish(key.slice(layout.run(place.runId).length)),
		maxWorkers: standing.spec.maxWorkers,
		prepare: plan => copyRows(ports, standing, {place, redrive, plan}),
	});
}

/** Rows that are not to be run again become parts of nobody's claim: whoever takes the shard finds them done. */
async function copyRows(
	ports: RunPorts,
	standing: Standing,
	{place, redrive: {only}, plan}: PlannedRedrive & {readonly plan: Plan},
): Promise<void> {
	if (only === undefined) return;
	const taken = takenOver(ports, standing);
	try {
		for (const {shard, count} of plan) {
			const rows = await takeRows(taken, {count, isKept: code => !only.includes(code)});
			if (rows.length === 0) continue;
			const name = partName({claim: 0, seq: 0, counts: {succeeded: 0, failed: rows.length, skipped: 0}});
			await ports.state.create(layout.part({...place, shard}, name), writePart({started: 0, isEnd: true}, rows));
		}
	} finally {
		await taken.return(undefined);
	}
}

interface Wanted {
	/** Items to look at. */
	readonly count: number;
	readonly isKept: (code: string) => boolean;
}

/** The failed rows among the next items that stay as they are. */
async function takeRows(taken: TakenOver, {count, isKept}: Wanted): Promise<readonly KeptRow[]> {
	const rows: KeptRow[] = [];
	for (let item = 0; item < count; item++) {
		const next = await taken.next();
		if (next.done === true) break;
		const row = parseRow(next.value.row.text);
		if (row?.status === 'failed' && isKept(row.error.code)) rows.push(next.value.row);
	}
	return rows;
}

type TakenOver = AsyncGenerator<{readonly line: string; readonly row: KeptRow}, void, undefined>;

/** The failed and pending rows of the newest generation, with the lines of their items; both are in order. */
async function* takenOver(ports: RunPorts, standing: Standing): TakenOver {
	const newest = latest(standing);
	if (newest === undefined) return;
	const rows = flatten(readRunRows(ports, standing, {statuses: ['FAILED', 'PENDING']}));
	try {
		let next = await rows.next();
		for (const shard of newest.plan) {
			for await (const lines of readItemLines(ports.state, {runId: newest.place.runId, shard})) {
				for (const line of lines) {
					if (next.done === true) return;
					if (ordinalOf(line) !== next.value.n) continue;
					yield {line, row: next.value};
					next = await rows.next();
				}
			}
		}
	} finally {
		await rows.return(undefined);
	}
}

async function* flatten(batches: AsyncIterable<readonly KeptRow[]>): AsyncGenerator<KeptRow> {
	for await (const rows of batches) yield* rows;
}
