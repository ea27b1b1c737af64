import {InvokeCommand, type InvokeCommandOutput, type LambdaClient} from '@aws-sdk/client-lambda';
import {TwolaneError} from '../../lanes/errors.ts';
import type {Dispatched, LambdaEngine, WorkerAnswer} from '../../runs/engine.ts';
import {judgeFailure} from './failures.ts';

export interface LambdaEngineOptions {
	/** From `openLambdaClient`, or one with as many sockets and a single attempt. */
	readonly client: LambdaClient;
	/** Name or ARN of the worker function. */
	readonly functionName: string;
	/** At once, at most. Default: the run's own. */
	readonly maxWorkers?: number;
}

/** Shards go to worker Lambdas; how an invocation ended comes back as data. */
export function lambdaEngine({client, functionName, maxWorkers}: LambdaEngineOptions): LambdaEngine {
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
	{client, functionName}: Pick<LambdaEngineOptions, 'client' | 'functionName'>,
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
	const {runId, generation, shard, isSealed, counts, stopped} = (value ?? {}) as Partial<Record<keyof WorkerAnswer, unknown>>;
	const {succeeded, failed, skipped} = (counts ?? {}) as Partial<Record<string, unknown>>;
	return (
		typeof runId === 'string' &&
		[generation, shard, succeeded, failed, skipped].every(Number.isInteger) &&
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
