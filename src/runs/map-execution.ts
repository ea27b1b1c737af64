import {TwolaneError} from '../lanes/errors.ts';
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

/** The execution that works on a run now; asks for nothing that grows with the run. */
export async function findRunning(ports: Pick<RunPorts, 'state'>, runId: string, {engine, through}: Executor): Promise<string | undefined> {
	if (engine === undefined) return undefined;
	const last = (await listExecutions(ports.state, await findNewest(ports, runId))).at(-1);
	if (last === undefined || last.name === through) return undefined;
	// One that was to be started under a word which still holds may not have been: whoever plans to starts it.
	return (await engine.look(last)) === 'running' ? last.name : undefined;
}

/**
 * Sees to it that a state machine works on the open shards. One that runs is left alone, whatever the run was told since; after one that
 * has ended another one is started.
 * @returns its name; `undefined`: as many as make sense have ended.
 */
export async function runExecution(
	ports: Pick<RunPorts, 'state'>,
	{standing, generation}: {readonly standing: Standing; readonly generation: Generation},
	{engine, life, through}: Executor & {readonly life: string},
): Promise<string | undefined> {
	const {state} = ports;
	const {runId} = standing.spec;
	const {place} = generation;
	if (engine === undefined) throw new TwolaneError('RUN_REFUSED', `run ${runId} needs a state machine, and there is none here`);
	const plan = planOf(state, place);
	const start = async (name: string): Promise<string> => {
		await engine.start({name, ...place, life, plan, maxWorkers: standing.spec.maxWorkers});
		return name;
	};
	for (;;) {
		const all = await listExecutions(state, place);
		const last = all.at(-1);
		const found = last === undefined || last.name === through ? 'ended' : await engine.look(last);
		if (last && found === 'running') return last.name;
		if (last && found === 'none') return await start(last.name);
		const {k} = await readControl(ports, runId);
		if (all.filter(execution => execution.k === k).length >= MOST_EXECUTIONS) return undefined;
		const next = {index: all.length, k};
		if (await state.create(layout.execution(place, next), '')) return await start(nameOf(place, next));
	}
}

interface Execution {
	readonly index: number;
	/** The control under which it was started. */
	readonly k: number;
	readonly name: string;
}

const nameOf = ({runId, generation}: GenerationPlace, {index, k}: Omit<Execution, 'name'>): string =>
	`${runId}-${generation}-${index}-${k}`;

/** Those that were to be started, oldest first. */
async function listExecutions(state: ObjectStore, place: GenerationPlace): Promise<readonly Execution[]> {
	const prefix = layout.executions(place);
	const all: Execution[] = [];
	for await (const {key} of state.list(prefix)) {
		const [index = 0, k = 0] = key.slice(prefix.length).split('-').map(Number);
		all.push({index, k, name: nameOf(place, {index, k})});
	}
	return all.toSorted((a, b) => a.index - b.index);
}

/** Where the plan lies in its bucket. */
function planOf({uri}: ObjectStore, place: GenerationPlace): MapExecution['plan'] {
	const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/u.exec(uri) ?? [];
	if (bucket === undefined)
		throw new TwolaneError('RUN_REFUSED', `a state machine reads its plan from a bucket, and the records lie in ${uri}`);
	const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
	return {bucket, key: folder + layout.plan(place)};
}
