import {TwolaneError} from '../lanes/errors.ts';
import {readEngine} from './choose-engine.ts';
import {readControl} from './control.ts';
import type {DistributedMapEngine, MapExecution} from './engine.ts';
import {type GenerationPlace, layout} from './layout.ts';
import type {ObjectStore} from './object-store.ts';
import type {RunPorts} from './ports.ts';
import {type Generation, type Standing, findNewest} from './standing.ts';

/** Executions of one generation under the same word to go on: each sends a shard several workers, so that more will not help. */
const MOST_EXECUTIONS = 5;

interface Executor {
	readonly engine: DistributedMapEngine | undefined;
	/** The execution that asks: it is as good as ended. */
	readonly through?: string | undefined;
}

const nameExecution = ({runId, generation}: GenerationPlace, {k, execution}: {readonly k: number; readonly execution: number}): string =>
	`${runId}-${generation}-${k}-${execution}`;

/** The execution that works on a run now; asks for nothing that grows with the run. */
export async function findRunning(ports: Pick<RunPorts, 'state'>, runId: string, {engine, through}: Executor): Promise<string | undefined> {
	if (engine === undefined || through !== undefined) return undefined;
	const place = await findNewest(ports, runId);
	if ((await readEngine(ports, place))?.engine !== 'distributed-map') return undefined;
	const {k} = await readControl(ports, runId);
	for (let execution = 0; execution < MOST_EXECUTIONS; execution++) {
		const name = nameExecution(place, {k, execution});
		const found = await engine.look({name});
		if (found !== 'ended') return found === 'running' ? name : undefined;
	}
	return undefined;
}

/**
 * Sees to it that a state machine works on the open shards. One that runs is left alone; after one that has ended another one is started.
 * @returns its name; `undefined`: as many as make sense have ended.
 */
export async function runExecution(
	{state}: Pick<RunPorts, 'state'>,
	{standing, generation}: {readonly standing: Standing; readonly generation: Generation},
	{engine, life, through}: Executor & {readonly life: string},
): Promise<string | undefined> {
	const {runId} = standing.spec;
	const {place} = generation;
	if (engine === undefined) throw new TwolaneError('RUN_REFUSED', `run ${runId} needs a state machine, and there is none here`);
	for (let execution = 0; execution < MOST_EXECUTIONS; execution++) {
		const name = nameExecution(place, {k: standing.control.k, execution});
		const found = name === through ? 'ended' : await engine.look({name});
		if (found === 'ended') continue;
		if (found === 'none') await engine.start({name, ...place, life, plan: planOf(state, place), maxWorkers: standing.spec.maxWorkers});
		return name;
	}
	return undefined;
}

/** Where the plan lies in its bucket. */
function planOf({uri}: ObjectStore, place: GenerationPlace): MapExecution['plan'] {
	const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/u.exec(uri) ?? [];
	if (bucket === undefined)
		throw new TwolaneError('RUN_REFUSED', `a state machine reads its plan from a bucket, and the records lie in ${uri}`);
	const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
	return {bucket, key: folder + layout.plan(place)};
}
