import type {Context} from 'aws-lambda';
import {z} from 'zod';
import {openLambdaClient} from '../src/adapters/lambda/client.ts';
import {lambdaEngine} from '../src/adapters/lambda/engine.ts';
import {openLog} from '../src/adapters/log/log.ts';
import {openStepFunctionsClient} from '../src/adapters/step-functions/client.ts';
import {distributedMapEngine} from '../src/adapters/step-functions/engine.ts';
import {openDeployedLanes} from '../src/deployed/open-lanes.ts';
import {openDeployedSource} from '../src/deployed/open-source.ts';
import {keepHeapSmall} from '../src/deployed/keep-heap-small.ts';
import {openState} from '../src/deployed/open-state.ts';
import {orchestrateRun} from '../src/runs/orchestrate.ts';
import {sweepRuns} from '../src/runs/sweep.ts';
import {readConfig} from './config.ts';

const eventSchema = z.union([
	z.object({runId: z.string().min(1), through: z.string().optional()}),
	z.object({sweep: z.literal(true)}),
	/** A schedule that was made by hand. */
	z.object({source: z.literal('aws.events')}),
]);

keepHeapSmall();
const config = readConfig(process.env);
const log = openLog('orchestrator');
const {ports, ...places} = openState(config);
const lanes = openDeployedLanes({...config, ...places});
/** Each holds a socket, and a function has 1,024 files and sockets in all. */
const MOST_WORKERS = 500;
const engines = {
	lambda: lambdaEngine({client: openLambdaClient({maxWorkers: MOST_WORKERS}), functionName: config.worker, maxWorkers: MOST_WORKERS}),
	'distributed-map': distributedMapEngine({client: openStepFunctionsClient(), stateMachineArn: config.stateMachine}),
};

/** Sees one run through, or takes up all runs that nobody works on. */
export async function handler(event: unknown, context: Context) {
	const remainingMs = (): number => context.getRemainingTimeInMillis();
	const orchestrate = (runId: string, through?: string) =>
		orchestrateRun(ports, runId, {
			...lanes,
			openSource: openDeployedSource(ports.state, places.s3),
			engines,
			remainingMs: remainingMs(),
			through,
			random: Math.random,
		}).finally(lanes.leaveNothing);
	const onError = (runId: string, error: unknown): void => log.error('a run could not be worked on', error, {runId});
	const asked = eventSchema.parse(event);
	const told =
		'runId' in asked
			? {runId: asked.runId, ...(await orchestrate(asked.runId, asked.through))}
			: await sweepRuns(ports, {orchestrate: runId => orchestrate(runId), remainingMs, onError, stack: config.stack, random: Math.random});
	log.info('done', 'runId' in told ? {runId: told.runId, state: told.state} : {...told});
	return told;
}
