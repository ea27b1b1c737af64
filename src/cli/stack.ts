import {TwolaneError} from '../lanes/errors.ts';
import {s3Access} from './environment.ts';
import {placeError, usageError} from './failure.ts';

/** A deployed stack, as the command line needs it. */
export interface DeployedStack {
	readonly name: string;
	/** Where it keeps runs and outputs: `s3://bucket/prefix`. */
	readonly out: string;
	/** Starts its orchestrator on a run; once more is harmless. */
	readonly start: (runId: string) => Promise<void>;
}

/** Finds a stack by its name, in the account and region that the environment names. */
export async function findStack(name: string): Promise<DeployedStack> {
	if (name.trim() === '') throw usageError('--on is empty: name a deployed stack, such as twolane-dev.');
	const [{readStackOutputs}, {invokeOrchestrator}, {openLambdaClient}] = await Promise.all([
		import('../adapters/cloudformation/read-outputs.ts'),
		import('../adapters/lambda/engine.ts'),
		import('../adapters/lambda/client.ts'),
	]);
	const access = s3Access();
	const {Out: out, Orchestrator: functionName} = await readStackOutputs(name, access).catch(explain);
	if (out === undefined || functionName === undefined) {
		throw placeError(`${name} is no stack of twolane: it has no outputs named Out and Orchestrator. \`serverless deploy\` makes one.`);
	}
	return {
		name,
		out,
		async start(runId) {
			const client = openLambdaClient(access);
			await invokeOrchestrator({client, functionName}, runId).finally(() => client.destroy());
		},
	};
}

/** What is wrong with the stack is wrong with the words, or with what the environment says. */
function explain(error: unknown): never {
	if (error instanceof TwolaneError) throw placeError(`${error.message}. Check --on, AWS_REGION and your credentials.`, error);
	throw error;
}
