import {DescribeExecutionCommand, type SFNClient, StartExecutionCommand} from '@aws-sdk/client-sfn';
import {TwolaneError} from '../../lanes/errors.ts';
import type {DistributedMapEngine, ExecutionState} from '../../runs/engine.ts';

export interface DistributedMapEngineOptions {
	/** An `SFNClient` of `@aws-sdk/client-sfn`. */
	readonly client: unknown;
	/** The state machine of a deployed stack: its output `StateMachine`. */
	readonly stateMachineArn: string;
}

/**
 * Items go to Step Functions, which hands the shards to the worker functions of a deployed stack: one execution of its state machine for each
 * plan. It goes on when whoever runs this is gone. The flow must be one that the stack was deployed with, and the state must be in its bucket.
 * @throws TypeError at the call for a client or ARN that is none.
 * @example run(thumbnail, 'list.jsonl', {out: s3Store({client: s3, bucket, prefix: 'thumbnails'}), engine: distributedMapEngine({client: sfn, stateMachineArn})});
 */
export function distributedMapEngine({client: given, stateMachineArn}: DistributedMapEngineOptions): DistributedMapEngine {
	const client = checkClient(given);
	if (typeof stateMachineArn !== 'string' || !stateMachineArn.includes(':stateMachine:')) {
		throw new TypeError(`stateMachineArn must be the ARN of a state machine, got ${JSON.stringify(stateMachineArn)}.`);
	}
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

/** The client as this adapter was made for. */
function checkClient(client: unknown): SFNClient {
	const isClient = typeof client === 'object' && client !== null && 'send' in client && typeof client.send === 'function';
	if (isClient) return client as SFNClient;
	throw new TypeError('client must be an SFNClient of @aws-sdk/client-sfn.');
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
