import {handle} from 'hono/aws-lambda';
import {ulid} from 'ulid';
import {openLambdaClient} from '../src/adapters/lambda/client.ts';
import {invokeOrchestrator} from '../src/adapters/lambda/engine.ts';
import {openLog} from '../src/adapters/log/log.ts';
import {createApi} from '../src/api/app.ts';
import {openState} from '../src/deployed/open-state.ts';
import {resolveLimits} from '../src/lanes/limits.ts';
import {engineNames} from '../src/runs/engine.ts';
import {openRuns} from '../src/runs/runs.ts';
import {pinS3} from '../src/sources/pin-s3.ts';
import {flows} from '../src/wire.ts';
import {readConfig} from './config.ts';

const config = readConfig(process.env);
const log = openLog('api');
const {ports, s3} = openState(config);
const caller = {client: openLambdaClient({timeLimitMs: 10_000}), functionName: config.orchestrator};
const limits = resolveLimits({}, {memoryBytes: config.memoryMB * 1024 * 1024});
const pinning = {exclude: [config.out], isOneOfMany: false, allowOrigins: [], s3};

/** The HTTP API of the stack; who may call it is API Gateway's to say. */
export const handler = handle(
	createApi({
		ports,
		runs: openRuns(ports, {limits}),
		out: config.out,
		stack: config.stack,
		flows,
		defaults: {flow: 'thumbnail', engine: 'auto', maxWorkers: config.maxWorkers},
		engines: engineNames,
		pinS3: (uri, {extensions}) => pinS3(uri, {...pinning, extensions}),
		start: runId => invokeOrchestrator(caller, runId),
		newId: () => ulid().toLowerCase(),
		onFailure: ({error, requestId}) => log.error('a request failed', error, {requestId}),
		basePath: config.basePath,
	}),
);
