import {GetAccountSettingsCommand, GetFunctionConfigurationCommand, type LambdaClient} from '@aws-sdk/client-lambda';
import {TwolaneError} from '../../lanes/errors.ts';

/** Invocations at once in one region, of all functions together. */
export interface AccountConcurrency {
	readonly total: number;
	/** What functions without a share of their own may use. */
	readonly unreserved: number;
}

/** @throws TwolaneError `ENGINE_DENIED` or `ENGINE_UNAVAILABLE`. */
export async function readConcurrency(client: LambdaClient): Promise<AccountConcurrency> {
	try {
		const {AccountLimit: limit} = await client.send(new GetAccountSettingsCommand());
		const total = limit?.ConcurrentExecutions ?? 0;
		return {total, unreserved: limit?.UnreservedConcurrentExecutions ?? total};
	} catch (error) {
		throw explain(error, "Lambda's account settings");
	}
}

export interface FunctionSettings {
	readonly memoryMB: number;
	/** How long one invocation may take. */
	readonly timeLimitMs: number;
}

/** @throws TwolaneError `ENGINE_DENIED` or `ENGINE_UNAVAILABLE`. */
export async function readSettings(client: LambdaClient, functionName: string): Promise<FunctionSettings> {
	try {
		const {MemorySize: memoryMB, Timeout: seconds} = await client.send(new GetFunctionConfigurationCommand({FunctionName: functionName}));
		// Lambda's own defaults, for an answer that names neither.
		return {memoryMB: memoryMB ?? 128, timeLimitMs: (seconds ?? 3) * 1000};
	} catch (error) {
		throw explain(error, functionName);
	}
}

/** A refusal is one with a status of its own; everything else may pass. */
function explain(error: unknown, what: string): TwolaneError {
	const {
		name = 'Error',
		message = '',
		$metadata,
	} = (error ?? {}) as {
		readonly name?: string;
		readonly message?: string;
		readonly $metadata?: {readonly httpStatusCode?: number};
	};
	const status = $metadata?.httpStatusCode;
	const isDenied = (status !== undefined && status < 500 && status !== 429) || name === 'CredentialsProviderError';
	const code = isDenied ? 'ENGINE_DENIED' : 'ENGINE_UNAVAILABLE';
	return new TwolaneError(code, `${what} cannot be looked at: ${name}: ${message}`, {stage: 'run', cause: error});
}
