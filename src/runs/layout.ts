import type {FileStatus} from './row.ts';

/** The version of this layout, in every `run.json`. A reader refuses what is newer than itself. */
export const LAYOUT_VERSION = 1;

const LATEST_MS = 9_999_999_999_999;
const runFolder = (runId: string): string => `runs/${runId}/`;

/** One generation of a run: 0, and one more for each redrive. */
export interface GenerationPlace {
	readonly runId: string;
	readonly generation: number;
}
export interface ShardPlace extends GenerationPlace {
	readonly shard: number;
}

/** Where the records of a run lie, below the state. */
export const layout = {
	runs: 'runs/',
	run: runFolder,
	spec: (runId: string): string => `${runFolder(runId)}run.json`,
	controls: (runId: string): string => `${runFolder(runId)}control-`,
	control: (runId: string, k: number): string => `${runFolder(runId)}control-${k}.json`,
	generation: ({runId, generation}: GenerationPlace): string => `${runFolder(runId)}${generation}/`,
	redrive: (place: GenerationPlace): string => `${layout.generation(place)}redrive.json`,
	lease: (runId: string): string => `${runFolder(runId)}lease.json`,
	planning: (place: GenerationPlace, attempt: number): string => `${layout.generation(place)}planning-${attempt}`,
	executions: (place: GenerationPlace): string => `${layout.generation(place)}execution-`,
	execution: (place: GenerationPlace, {index, k}: {readonly index: number; readonly k: number}): string =>
		`${layout.executions(place)}${index}-${k}`,
	engine: (place: GenerationPlace): string => `${layout.generation(place)}engine.json`,
	items: (place: GenerationPlace, token: string): string => `${layout.generation(place)}items-${token}.jsonl`,
	plan: (place: GenerationPlace): string => `${layout.generation(place)}plan.json`,
	allRows: (place: GenerationPlace): string => `${layout.generation(place)}rows/`,
	rows: (place: ShardPlace, {claim, status}: {readonly claim: number; readonly status: FileStatus}): string =>
		`${layout.allRows(place)}${place.shard}-${claim}-${status}.jsonl`,
	seals: (place: GenerationPlace): string => `${layout.generation(place)}seals/`,
	seal: (place: ShardPlace): string => `${layout.seals(place)}${place.shard}.json`,
	results: (runId: string): string => `${runFolder(runId)}results/manifest.json`,
	report: (runId: string): string => `${runFolder(runId)}report.json`,
	/** Scratch and checkpoints. */
	workOfGeneration: ({runId, generation}: GenerationPlace): string => `work/${runId}/${generation}/`,
	work: ({runId, generation, shard}: ShardPlace): string => `work/${runId}/${generation}/${shard}/`,
	claim: (place: ShardPlace, claim: number): string => `${layout.work(place)}claim-${claim}`,
	part: (place: ShardPlace, name: string): string => `${layout.work(place)}${name}`,
	spool: (token: string): string => `spool/${token}`,
	actives: 'active/',
	active: (runId: string): string => `active/${runId}`,
	runsByTime: 'runs-by-time/',
	/** Newest first: the time counts down. */
	runByTime: (runId: string, createdMs: number): string =>
		`runs-by-time/${String(LATEST_MS - createdMs).padStart(String(LATEST_MS).length, '0')}-${runId}`,
} as const;

/** The last part of a key. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
