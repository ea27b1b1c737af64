import type {FunctionSettings} from '../adapters/lambda/account.ts';
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
	/** How its functions are deployed. */
	readonly look: () => Promise<Readonly<Record<'orchestrator' | 'worker', FunctionSettings>>>;
}

/** Finds a stack by its name, in the account and region that the environment names. */
export async function findStack(name: string): Promise<DeployedStack> {
	checkStackName(name);
	const [{readStackOutputs}, {invokeOrchestrator}, {openLambdaClient}, {readSettings}] = await Promise.all([
		import('../adapters/cloudformation/read-outputs.ts'),
		import('../adapters/lambda/engine.ts'),
		import('../adapters/lambda/client.ts'),
		import('../adapters/lambda/account.ts'),
	]);
	const access = s3Access();
	const {Out: out, Orchestrator: orchestrator, Worker: worker} = await readStackOutputs(name, access).catch(explain);
	if (out === undefined || orchestrator === undefined || worker === undefined) {
		throw placeError(`${name} is no stack of twolane: it has no outputs Out, Orchestrator and Worker. \`serverless deploy\` makes one.`);
	}
	const client = openLambdaClient({...access, timeLimitMs: CALL_LIMIT_MS});
	return {
		name,
		out,
		start: runId => invokeOrchestrator({client, functionName: orchestrator}, runId),
		look: async () => ({
			orchestrator: await readSettings(client, orchestrator).catch(explain),
			worker: await readSettings(client, worker).catch(explain),
		}),
	};
}

/** No call here waits for a worker. */
const CALL_LIMIT_MS = 20_000;

/** A name, as its runs keep it and as the stack knows itself: no ARN. */
export function checkStackName(name: string): void {
	if (name.trim() === '') throw usageError('--on is empty: name a deployed stack, such as twolane-dev.');
	if (!/^[a-z][a-z0-9-]{0,127}$/iu.test(name)) throw usageError(`--on ${name}: give the name of a deployed stack, such as twolane-dev.`);
}

/** What is wrong with the stack is wrong with the words, or with what the environment says. */
function explain(error: unknown): never {
	if (error instanceof TwolaneError) throw placeError(`${error.message}. Check --on, AWS_REGION and your credentials.`, error);
	throw error;
}
