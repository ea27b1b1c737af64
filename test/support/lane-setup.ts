import {createHash} from 'node:crypto';
import type {StandardSchemaV1 as Schema} from '@standard-schema/spec';
import {cpu, type Context, type FlowDefinition, type StageFunction} from '../../src/lanes/flow.ts';
import type {LanesSetup} from '../../src/lanes/lanes.ts';
import {type Limits, resolveLimits} from '../../src/lanes/limits.ts';
import type {Outcome} from '../../src/lanes/outcome.ts';
import type {CpuPool} from '../../src/lanes/ports.ts';
import {type Run, type RunSetup, startRun} from '../../src/lanes/run.ts';
import {type FakeClock, createFakeClock} from './fake-clock.ts';
import {fakeMeter} from './fake-meter.ts';

/** A schema that takes everything as it is. */
export const anyItem: Schema = {'~standard': {version: 1, vendor: 'test', validate: value => ({value})}};

/** Lower-case hex, by Node. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

type AnyStage = (value: never, context: Context<never, never>) => unknown;

/** Stages written as a test finds handy; the lanes see them as any flow's. */
export interface Stages {
	readonly name?: string;
	readonly fetch?: AnyStage;
	readonly store?: AnyStage;
	/** Whether the flow has a transform; a fake pool does the work. */
	readonly hasTransform?: boolean;
}

export const makeFlow = ({name = 'test', fetch, store, hasTransform = false}: Stages): FlowDefinition => ({
	name,
	item: anyItem,
	...(fetch && {fetch: fetch as StageFunction<unknown, unknown, unknown, unknown>}),
	...(store && {store: store as StageFunction<unknown, unknown, unknown, unknown>}),
	...(hasTransform && {transform: cpu<{default: (input: unknown) => unknown}>(new URL('file:///transform.ts'))}),
});

const noPool = (): CpuPool => {
	throw new Error('this test has no pool');
};

export interface LaneOptions extends Partial<Omit<LanesSetup, 'flow' | 'limits' | 'pool' | 'clock'>> {
	readonly clock?: FakeClock;
	readonly limits?: Limits;
	readonly pool?: CpuPool;
}

/** The setup of one run without any machine behind it. Full jitter draws the middle. */
export function laneSetup(stages: Stages, {limits = {}, pool, ...others}: LaneOptions = {}): LanesSetup & {readonly clock: FakeClock} {
	return {
		flow: makeFlow(stages),
		options: undefined,
		limits: resolveLimits(limits, {memoryBytes: 1024 ** 3}),
		attempts: 4,
		readers: [],
		pool: pool === undefined ? noPool : () => pool,
		meter: fakeMeter(),
		random: () => 0.5,
		sha256,
		...others,
		clock: others.clock ?? createFakeClock(),
	};
}

type Controls = Pick<RunSetup, 'stop' | 'signal' | 'toleratedFailureCount' | 'toleratedFailurePercentage' | 'total' | 'before' | 'open'>;

export interface TestRun extends Run {
	readonly clock: FakeClock;
	/** Every outcome and the report, with the clock driven to the end. */
	all(): Promise<{readonly outcomes: Outcome[]; readonly report: Awaited<ReturnType<Run['report']>>}>;
}

/** Starts a run of plain items, named `item-0`, `item-1`, ... */
export function testRun(
	stages: Stages,
	items: Iterable<unknown> | AsyncIterable<unknown>,
	options: LaneOptions & Partial<Controls> = {},
): TestRun {
	const {stop, signal, toleratedFailureCount, toleratedFailurePercentage, open, ...lanes} = options;
	const setup = laneSetup(stages, lanes);
	const total = 'total' in options ? options.total : Array.isArray(items) ? items.length : undefined;
	const run = startRun({
		...setup,
		runId: 'test',
		items,
		open: open ?? ((item, n) => ({n, id: `item-${n}`, item})),
		total,
		stop,
		signal,
		toleratedFailureCount,
		toleratedFailurePercentage,
	});
	const {clock} = setup;
	return Object.assign(run, {
		clock,
		async all() {
			const outcomes: Outcome[] = [];
			await clock.finish(
				(async () => {
					for await (const outcome of run) outcomes.push(outcome);
				})(),
			);
			return {outcomes, report: await clock.finish(run.report())};
		},
	});
}

/** `count` numbers from 0. */
export const numbers = (count: number): number[] => Array.from({length: count}, (_, n) => n);
