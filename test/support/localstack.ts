import {DeleteFunctionConcurrencyCommand, LambdaClient, PutFunctionConcurrencyCommand} from '@aws-sdk/client-lambda';
import {S3Client} from '@aws-sdk/client-s3';
import {createHash} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {inject} from 'vitest';
import {type DeployOptions, type StackOutputs, deploy, readOutputs} from '../../localstack/deploy.ts';
import {type SeenProcess, killNow, listProcesses} from '../../localstack/processes.ts';

export interface ProvidedLocalStack {
	/** `http://127.0.0.1:{port}` */
	readonly endpoint: string;
	/** For child processes: the SDKs, the command line, `serverless`. */
	readonly env: Readonly<Record<string, string>>;
	/** What LocalStack says it does; unknown of one that was there before. */
	readonly logFile?: string;
	/** Shared by the files of this vitest run. */
	readonly folder: string;
}

declare module 'vitest' {
	interface ProvidedContext {
		localstack: ProvidedLocalStack;
	}
}

/** The LocalStack of this vitest run. */
export const localStack = (): ProvidedLocalStack => inject('localstack');

/** For the constructor of any client. */
export const clientConfig = () => ({
	endpoint: localStack().endpoint,
	region: 'us-east-1',
	credentials: {accessKeyId: 'test', secretAccessKey: 'test'},
});

export const s3Config = () => ({...clientConfig(), forcePathStyle: true});
export const s3Client = (): S3Client => new S3Client(s3Config());
/** `maxAttempts: 1` shows what the SDK would ride out. */
export const lambdaClient = (options: {readonly maxAttempts?: number} = {}): LambdaClient =>
	new LambdaClient({...clientConfig(), ...options});

export type DeployOnceOptions = Omit<DeployOptions, 'endpoint'>;

const deployments = new Map<string, Promise<StackOutputs>>();

/**
 * Deploys the stack the first time that it is asked for in this vitest run, and gives its outputs. With TWOLANE_DEPLOYED=1
 * it is taken as it is, on the LocalStack of TWOLANE_LOCALSTACK.
 */
export async function deployOnce(options: DeployOnceOptions = {}): Promise<StackOutputs> {
	const {onProgress: _, ...identity} = options;
	const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
	const asked = deployments.get(key) ?? deployUnlessKnown(options, join(localStack().folder, `${key}.json`));
	deployments.set(key, asked);
	return await asked;
}

type Known = {readonly outputs: StackOutputs} | {readonly failure: string};

/** Files come one after another, each in a worker of its own: a file is their memory. */
async function deployUnlessKnown(options: DeployOnceOptions, file: string): Promise<StackOutputs> {
	const known = await readFile(file, 'utf8').then(
		text => JSON.parse(text) as Known,
		() => undefined,
	);
	const outcome = known ?? (await tryDeploy(options));
	if (known === undefined) await writeFile(file, JSON.stringify(outcome));
	// A second try would take as long, and LocalStack does not recover from a first one that failed.
	if ('failure' in outcome) throw new Error(outcome.failure);
	return outcome.outputs;
}

async function tryDeploy(options: DeployOnceOptions): Promise<Known> {
	const {endpoint} = localStack();
	try {
		if (process.env.TWOLANE_DEPLOYED !== '1') return {outputs: await deploy({...options, endpoint})};
		return {outputs: await readOutputs({endpoint, stackName: `${options.service ?? 'twolane'}-${options.stage ?? 'local'}`})};
	} catch (error) {
		return {failure: (error as Error).message};
	}
}

/** Where LocalStack answers for an API that calls itself `https://{id}.execute-api.{region}.amazonaws.com/{stage}`. */
export function apiUrl(api: string): string {
	const {hostname, pathname} = new URL(api);
	return `${localStack().endpoint}/_aws/execute-api/${hostname.split('.')[0]}${pathname}`;
}

interface OfFunction {
	readonly functionName: string;
}

/** The processes that run a function's code, one for each environment; `isStopped` is one between two invocations. */
export async function listWorkers({functionName}: OfFunction): Promise<readonly SeenProcess[]> {
	const {endpoint} = localStack();
	return (await listProcesses()).filter(
		({command, environment}) =>
			command.some(word => word.endsWith('/bootstrap.mjs')) &&
			environment.get('AWS_LAMBDA_FUNCTION_NAME') === functionName &&
			environment.get('AWS_ENDPOINT_URL') === endpoint,
	);
}

/**
 * Kills those that are in the middle of an invocation, as Lambda does to one that takes too much memory. Who called gets a
 * `Runtime.ExitError`, `signal: killed`; the next invocation starts another process. Gives how many there were.
 */
export async function killWorkers({functionName, atMost = Infinity}: OfFunction & {readonly atMost?: number}): Promise<number> {
	const busy = (await listWorkers({functionName})).filter(({isStopped}) => !isStopped).slice(0, atMost);
	for (const {pid} of busy) killNow(pid);
	return busy.length;
}

/** The function's reserved concurrency, which a template does not set here: what comes on top gets a 429. `undefined` ends it. */
export async function limitFunction({functionName, atOnce}: OfFunction & {readonly atOnce: number | undefined}): Promise<void> {
	const client = lambdaClient();
	const command =
		atOnce === undefined
			? new DeleteFunctionConcurrencyCommand({FunctionName: functionName})
			: new PutFunctionConcurrencyCommand({FunctionName: functionName, ReservedConcurrentExecutions: atOnce});
	await client.send(command as PutFunctionConcurrencyCommand);
	client.destroy();
}

/** How many invocations of all functions run at once; what comes on top gets a 429. LocalStack's default is 1,000. */
export async function limitAccount({atOnce}: {readonly atOnce: number}): Promise<void> {
	const response = await fetch(`${localStack().endpoint}/_localstack/config`, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({variable: 'LAMBDA_LIMITS_CONCURRENT_EXECUTIONS', value: atOnce}),
	});
	if (!response.ok) throw new Error(`LocalStack refuses another limit: ${response.status}. It needs ENABLE_CONFIG_UPDATES=1.`);
}
