import {z} from 'zod';
import {TwolaneError} from '../lanes/errors.ts';
import {type EngineName, engineNames} from './engine.ts';
import {type GenerationPlace, layout} from './layout.ts';
import type {RunPorts} from './ports.ts';
import {readRecord, writeJson} from './stored-json.ts';

export interface EngineQuestion {
	readonly asked: EngineName | 'auto';
	readonly available: readonly EngineName[];
	readonly items: number;
	/** CPU time of one item, about, in milliseconds. */
	readonly itemMs: number;
	/** Of one worker. */
	readonly threads: number;
	readonly maxWorkers: number;
	/** Until the process that asks must have ended. */
	readonly remainingMs: number;
}

export interface EngineChoice {
	readonly engine: EngineName;
	/** One sentence. */
	readonly reason: string;
}

/** The share of an orchestrator's own time that a run may take to be worked on in it. */
const OWN_RATIO = 0.6;
/** What one orchestrator of 15 minutes sees through with room to spare. */
const LONGEST_LAMBDA_MS = 8 * 60_000;

/** Where a run's shards are to be worked on, by how long they will take. @throws TwolaneError `RUN_REFUSED` for an engine that is not there. */
export function chooseEngine(question: EngineQuestion): EngineChoice {
	const {asked, available, items, itemMs, threads, maxWorkers, remainingMs} = question;
	if (asked !== 'auto') {
		if (available.includes(asked)) return {engine: asked, reason: 'It was asked for.'};
		throw new TwolaneError('RUN_REFUSED', `the engine '${asked}' is not to be had here; there is ${available.join(', ')}`);
	}
	const aloneMs = (items * itemMs) / threads;
	const fleetMs = aloneMs / maxWorkers;
	const has = (name: EngineName): boolean => available.includes(name);
	if (available.length === 1 || aloneMs <= OWN_RATIO * remainingMs) {
		return {engine: 'in-process', reason: `About ${say(aloneMs)} of work for one process, which has ${say(remainingMs)}.`};
	}
	const work = `About ${say(aloneMs)} of work for one process, ${say(fleetMs)} for ${maxWorkers} workers`;
	if (has('lambda') && (fleetMs < LONGEST_LAMBDA_MS || !has('distributed-map'))) {
		return {engine: 'lambda', reason: `${work}: one orchestrator sees it through.`};
	}
	return {engine: 'distributed-map', reason: `${work}: longer than one orchestrator should wait.`};
}

const say = (ms: number): string => {
	if (ms === Infinity) return 'all the time';
	const seconds = Math.max(1, Math.round(ms / 1000));
	return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
};

const choiceSchema = z.object({engine: z.enum(engineNames), reason: z.string()});

/** The engine of a generation: chosen once, whoever asks again. */
export async function decideEngine(
	{state}: Pick<RunPorts, 'state'>,
	place: GenerationPlace,
	question: () => EngineQuestion,
): Promise<EngineChoice> {
	const known = await readEngine({state}, place);
	if (known) return known;
	const choice = chooseEngine(question());
	if (await state.create(layout.engine(place), writeJson(choice))) return choice;
	return (await readEngine({state}, place)) ?? choice;
}

export const readEngine = async ({state}: Pick<RunPorts, 'state'>, place: GenerationPlace): Promise<EngineChoice | undefined> =>
	(await readRecord(state, layout.engine(place), choiceSchema))?.value;
