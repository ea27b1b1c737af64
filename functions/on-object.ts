import type {Context} from 'aws-lambda';
import {openLambdaClient} from '../src/adapters/lambda/client.ts';
import {invokeOrchestrator} from '../src/adapters/lambda/engine.ts';
import {openLog} from '../src/adapters/log/log.ts';
import {openDeployedLanes} from '../src/deployed/open-lanes.ts';
import {headObject, openState} from '../src/deployed/open-state.ts';
import {takeObjects} from '../src/events/take-objects.ts';
import {readConfig} from './config.ts';

const config = readConfig(process.env);
const log = openLog('on-object');
const {ports: runs, client, ...places} = openState(config);
const {openAlone, checkFlow, leaveNothing} = openDeployedLanes({...config, ...places});
const caller = {client: openLambdaClient({timeLimitMs: 10_000}), functionName: config.orchestrator};

/** An object was created in our bucket: a list starts a run, an image becomes thumbnails. */
export async function handler(event: unknown, context: Context): Promise<void> {
	await takeObjects(event, {
		runs,
		out: config.out,
		stack: config.stack,
		defaults: {flow: 'thumbnail', engine: 'auto', maxWorkers: config.maxWorkers},
		checkFlow,
		openLanes: openAlone,
		head: object => headObject(client, object),
		start: runId => invokeOrchestrator(caller, runId),
		remainingMs: () => context.getRemainingTimeInMillis(),
		tell: (message, fields) => log.info(message, fields),
	}).finally(leaveNothing);
}
