import {TwolaneError} from '../lanes/errors.ts';
import {readControl} from './control.ts';
import {readReport} from './finish.ts';
import {layout, nameOf} from './layout.ts';
import type {Orchestrated} from './orchestration.ts';
import type {ObjectEntry} from './object-store.ts';
import type {RunPorts} from './ports.ts';
import {findSpec} from './spec.ts';

export interface SweepOptions {
	readonly orchestrate: (runId: string) => Promise<Orchestrated>;
	/** Until this process must have answered, in milliseconds. */
	readonly remainingMs: () => number;
	/** Told of a run that could not be worked on; the sweep goes on with the next. */
	readonly onError: (runId: string, error: unknown) => void;
	/** Runs of another stack, or of a laptop, are left to their own. */
	readonly stack: string;
	readonly random: () => number;
}

export interface Swept {
	readonly looked: number;
	readonly taken: readonly {readonly runId: string; readonly state: Orchestrated['state']}[];
}

/** Whoever made a key and was killed before the run comes back within this time, or never. */
const ORPHAN_AFTER_MS = 60 * 60_000;
const SHORTEST_MS = 45_000;

/** Takes over, one after another, the active runs on which nobody works; drops the keys of runs that were never made. */
export async function sweepRuns(ports: RunPorts, {orchestrate, remainingMs, onError, stack, random}: SweepOptions): Promise<Swept> {
	const taken: {runId: string; state: Orchestrated['state']}[] = [];
	const actives: ObjectEntry[] = [];
	for await (const entry of ports.state.list(layout.actives)) actives.push(entry);
	// Each sweep begins elsewhere: a run that takes all its time, or ends it, must not keep it from the others.
	const first = Math.floor(random() * actives.length);
	let looked = 0;
	for (const {key, modifiedMs} of [...actives.slice(first), ...actives.slice(0, first)]) {
		if (remainingMs() < SHORTEST_MS) break;
		const runId = nameOf(key);
		looked++;
		try {
			if (!(await isOpen(ports, runId, {modifiedMs, stack}))) continue;
			taken.push({runId, state: (await orchestrate(runId)).state});
		} catch (error) {
			onError(runId, error);
		}
	}
	return {looked, taken};
}

/** Whether the run is there and is to go on; asks for nothing that grows with it. */
async function isOpen(
	ports: RunPorts,
	runId: string,
	{modifiedMs, stack}: Pick<ObjectEntry, 'modifiedMs'> & Pick<SweepOptions, 'stack'>,
): Promise<boolean> {
	const spec = await findSpec(ports, runId).catch(passDamage);
	if (spec === undefined) {
		const isOrphan = modifiedMs !== undefined && ports.wallMs() - modifiedMs > ORPHAN_AFTER_MS;
		if (isOrphan) await ports.state.remove(layout.active(runId));
		return false;
	}
	if (spec.stack !== stack || (await ports.isWorkedOn?.(runId)) === true) return false;
	const control = await readControl(ports, runId);
	const report = await readReport(ports, runId);
	const isExceeded = report?.completionReason === 'FAILURE_TOLERANCE_EXCEEDED' && report.control === control.k;
	if (isExceeded) return await isRedriven(ports, runId, report.generation);
	if (control.state === 'running') return true;
	return control.state === 'cancelled' ? control.problem === undefined : await isRedriven(ports, runId, report?.generation ?? 0);
}

/** A redrive is a word to go on, later than the control. */
const isRedriven = async ({state}: RunPorts, runId: string, generation: number): Promise<boolean> =>
	(await state.head(layout.redrive({runId, generation: generation + 1}))) !== undefined;

/** A damaged run is nobody's to take. */
function passDamage(error: unknown): undefined {
	if (!(error instanceof TwolaneError && error.code === 'STATE_INVALID')) throw error;
	return undefined;
}
