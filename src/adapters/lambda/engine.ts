import {InvokeCommand, type InvokeCommandOutput, type LambdaClient} from '@aws-sdk/client-lambda';
import {TwolaneError} from '../../lanes/errors.ts';
import type {Dispatched, LambdaEngine, WorkerAnswer} from '../../runs/engine.ts';
import {judgeFailure} from './failures.ts';

export interface LambdaEngineOptions {
	/**
	 * A `LambdaClient` of `@aws-sdk/client-lambda`. A call lasts as long as its worker works, up to 15 minutes: give it `maxAttempts: 1`
	 * (or a worker that is slow to answer is sent out twice), and a `requestHandler` with as many sockets as workers (the default is 50)
	 * and a `requestTimeout` above the function's own time limit.
	 */
	readonly client: unknown;
	/** Name or ARN of the worker function of a deployed stack: its output `Worker`. */
	readonly functionName: string;
	/** Workers at once, at most, 1 to 10,000. Default: the run's own number, 50 where it has none. */
	readonly maxWorkers?: number;
}

const MOST_WORKERS = 10_000;

/**
 * Items go to the worker functions of a deployed stack, a shard at a time; whoever runs this hands out the shards and waits. The flow must
 * be one that the stack was deployed with, and the state must be in its bucket. Where no worker is free it waits; a worker that dies is
 * followed by another one.
 * @throws TypeError or RangeError at the call for a client, name or number that is none.
 * @example run(thumbnail, 'list.jsonl', {out: s3Store({client: s3, bucket, prefix: 'thumbnails'}), engine: lambdaEngine({client: lambda, functionName})});
 */
export function lambdaEngine({client: given, functionName, maxWorkers}: LambdaEngineOptions): LambdaEngine {
	const client = checkClient(given);
	if (typeof functionName !== 'string' || functionName === '') throw new TypeError('functionName must be the name or ARN of a function.');
	if (maxWorkers !== undefined && !(Number.isInteger(maxWorkers) && maxWorkers >= 1 && maxWorkers <= MOST_WORKERS)) {
		throw new RangeError(`maxWorkers must be a whole number from 1 to ${MOST_WORKERS}, got ${maxWorkers}.`);
	}
	return {
		name: 'lambda',
		maxWorkers,
		async invoke(call, {signal}) {
			const command = new InvokeCommand({FunctionName: functionName, InvocationType: 'RequestResponse', Payload: JSON.stringify(call)});
			try {
				return readAnswer(await client.send(command, {abortSignal: signal}), functionName);
			} catch (error) {
				signal.throwIfAborted();
				return judgeFailure(error, functionName);
			}
		},
	};
}

/** Starts the orchestrator on a run, and does not wait for it. Once more is harmless. */
export async function invokeOrchestrator(
	{client, functionName}: {readonly client: LambdaClient; readonly functionName: string},
	runId: string,
): Promise<void> {
	const command = new InvokeCommand({FunctionName: functionName, InvocationType: 'Event', Payload: JSON.stringify({runId})});
	try {
		await client.send(command);
	} catch (error) {
		const {message} = judgeFailure(error, functionName);
		throw new TwolaneError('ENGINE_UNAVAILABLE', `run ${runId} is created, but ${message}`, {retryable: true, stage: 'run', cause: error});
	}
}

/** The client as this adapter was made for. */
function checkClient(client: unknown): LambdaClient {
	const isClient = typeof client === 'object' && client !== null && 'send' in client && typeof client.send === 'function';
	if (isClient) return client as LambdaClient;
	throw new TypeError('client must be a LambdaClient of @aws-sdk/client-lambda.');
}

function readAnswer({FunctionError: isError, Payload: payload}: InvokeCommandOutput, functionName: string): Dispatched {
	const text = new TextDecoder().decode(payload);
	if (isError !== undefined) return {kind: 'lost', message: describeDeath(text)};
	const answer = parse(text);
	if (isAnswer(answer)) return {kind: 'answered', answer};
	const message = `${functionName} is no worker of this version: it answered ${text.slice(0, 200)}`;
	throw new TwolaneError('ENGINE_DENIED', message, {stage: 'run'});
}

/** `{errorType, errorMessage}` is how Lambda tells what ended a function. */
function describeDeath(text: string): string {
	const {errorType, errorMessage} = (parse(text) ?? {}) as {readonly errorType?: unknown; readonly errorMessage?: unknown};
	const parts = [errorType, errorMessage].filter(part => typeof part === 'string' && part !== '');
	return parts.join(': ') || text.slice(0, 200) || 'the worker ended without a word';
}

function isAnswer(value: unknown): value is WorkerAnswer {
	const {runId, generation, shard, isSealed, counts, ended, stopped} = (value ?? {}) as Partial<Record<keyof WorkerAnswer, unknown>>;
	const {succeeded, failed, skipped} = (counts ?? {}) as Partial<Record<string, unknown>>;
	return (
		typeof runId === 'string' &&
		[generation, shard, ended, succeeded, failed, skipped].every(Number.isInteger) &&
		typeof isSealed === 'boolean' &&
		(stopped === undefined || typeof stopped === 'string')
	);
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
