import {CloudFormationClient, DescribeStacksCommand} from '@aws-sdk/client-cloudformation';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {TwolaneError} from '../../lanes/errors.ts';

export interface StackAccess {
	readonly endpoint?: string | undefined;
	readonly region?: string | undefined;
}

const TIME_LIMITS = {connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true} as const;

/** What a deployed stack says of itself: the values of its outputs, by name. @throws TwolaneError `ENGINE_DENIED` or `ENGINE_UNAVAILABLE`. */
export async function readStackOutputs(stack: string, access: StackAccess): Promise<Readonly<Record<string, string | undefined>>> {
	const client = new CloudFormationClient({
		...(access.endpoint !== undefined && {endpoint: access.endpoint}),
		...(access.region !== undefined && {region: access.region}),
		requestHandler: new NodeHttpHandler(TIME_LIMITS),
	});
	try {
		const {Stacks: [found] = []} = await client.send(new DescribeStacksCommand({StackName: stack}));
		const outputs = found?.Outputs ?? [];
		return Object.fromEntries(outputs.flatMap(({OutputKey: key, OutputValue: value}) => (key === undefined ? [] : [[key, value]])));
	} catch (error) {
		throw explain(error, stack);
	} finally {
		client.destroy();
	}
}

function explain(error: unknown, stack: string): TwolaneError {
	const {name, message} = error as Error;
	const options = {stage: 'run', cause: error} as const;
	// CloudFormation calls a stack that is not there a mistake in the question.
	if (name === 'ValidationError')
		return new TwolaneError('ENGINE_DENIED', `there is no stack '${stack}' in this account and region`, options);
	if (name.startsWith('AccessDenied'))
		return new TwolaneError('ENGINE_DENIED', `stack '${stack}' may not be looked at: ${message}`, options);
	return new TwolaneError('ENGINE_UNAVAILABLE', `stack '${stack}' could not be looked at: ${message}`, options);
}
