import {DescribeExecutionCommand, type SFNClient, StartExecutionCommand} from '@aws-sdk/client-sfn';
import {TwolaneError} from '../../lanes/errors.ts';
import type {DistributedMapEngine, ExecutionState} from '../../runs/engine.ts';

export interface DistributedMapEngineOptions {
	readonly client: SFNClient;
	readonly stateMachineArn: string;
}

/** Shards go to Step Functions: one execution of the state machine for each plan. */
export function distributedMapEngine({client, stateMachineArn}: DistributedMapEngineOptions): DistributedMapEngine {
	return {
		name: 'distributed-map',
		async start({name, ...input}) {
			try {
				await client.send(new StartExecutionCommand({stateMachineArn, name, input: JSON.stringify(input)}));
			} catch (error) {
				if (isCalled(error, 'ExecutionAlreadyExists')) return;
				throw toTwolaneError(error, `the state machine ${stateMachineArn} could not be started`);
			}
		},
		async look({name}) {
			try {
				const {status} = await client.send(new DescribeExecutionCommand({executionArn: executionArn(stateMachineArn, name)}));
				return stateOf(status);
			} catch (error) {
				if (isCalled(error, 'ExecutionDoesNotExist')) return 'none';
				throw toTwolaneError(error, `the execution ${name} of ${stateMachineArn} could not be looked at`);
			}
		},
	};
}

/** An execution is named by its machine and its own name. */
const executionArn = (stateMachineArn: string, name: string): string =>
	`${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;

const stateOf = (status: string | undefined): ExecutionState =>
	status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';

const isCalled = (error: unknown, name: string): boolean => (error as {readonly name?: unknown} | undefined)?.name === name;

/** What no second try will cure: the request is wrong, or nobody may make it. */
function toTwolaneError(error: unknown, what: string): TwolaneError {
	const {name, message, $metadata} = (error ?? {}) as {
		readonly name?: string;
		readonly message?: string;
		readonly $metadata?: {readonly httpStatusCode?: number};
	};
	const status = $metadata?.httpStatusCode;
	const isPermanent =
		(status !== undefined && status < 500 && !/Throttl|Limit|TooMany/u.test(name ?? '')) || name === 'CredentialsProviderError';
	const code = isPermanent ? 'ENGINE_DENIED' : 'ENGINE_UNAVAILABLE';
	return new TwolaneError(code, `${what}: ${name}: ${message}`, {retryable: !isPermanent, stage: 'run', cause: error});
}
