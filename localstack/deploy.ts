// npm run deploy:local [-- --endpoint URL] [-- --stage NAME]: builds, and deploys serverless.yml to the LocalStack that runs.
import {CloudFormationClient, DescribeStacksCommand} from '@aws-sdk/client-cloudformation';
import {createWriteStream} from 'node:fs';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {basename, dirname, join, resolve} from 'node:path';
import {finished} from 'node:stream/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {parse} from 'yaml';
import {type Say, showProgress} from './progress.ts';
import {runProgram} from './run-program.ts';
import {clientEnvironment} from './settings.ts';
import {isHealthy} from './start.ts';

export interface DeployOptions {
	readonly endpoint: string;
	/** On top of what AWS's clients need there; the build and `serverless` see it. */
	readonly env?: Readonly<Record<string, string>>;
	/** Default `local`. */
	readonly stage?: string;
	/** `--param` of `serverless`, on top of the form of the state machine that LocalStack understands. */
	readonly params?: Readonly<Record<string, string>>;
	/** Default `serverless.yml`; relative to the project. Its folder is the service's. */
	readonly configFile?: string;
	/** The service of that file; default: read from it. */
	readonly service?: string;
	/** For `scripts/build.ts`. */
	readonly buildArguments?: readonly string[];
	/** The bundles are there already. */
	readonly isBuilt?: boolean;
	readonly onProgress?: Say;
}

/** What the stack says about itself: `Bucket`, `Out`, `Orchestrator`, ... */
export type StackOutputs = Readonly<Record<string, string>>;

interface Step {
	readonly cwd: string;
	readonly args: readonly string[];
	readonly timeLimitMs: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const BUILD_LIMIT_MS = 5 * 60 * 1000;
const DEPLOY_LIMIT_MS = 10 * 60 * 1000;

/**
 * Builds, deploys and reads the outputs of the stack.
 * @throws Error with the last lines and the place of the log.
 */
export async function deploy({
	endpoint,
	env = {},
	stage = 'local',
	params = {},
	configFile = 'serverless.yml',
	service,
	buildArguments = [],
	isBuilt = false,
	onProgress = () => {},
}: DeployOptions): Promise<StackOutputs> {
	if (!(await isHealthy(endpoint))) throw new Error(`There is no LocalStack at ${endpoint}. Start it: npm run localstack`);
	const whole = {...withoutAws(process.env), ...clientEnvironment(endpoint), ...env};
	const stackName = `${service ?? (await readService(configFile))}-${stage}`;
	await withLog(async write => {
		const run = async (title: string, {cwd, args, timeLimitMs}: Step): Promise<void> => {
			onProgress(title);
			const onLine = (line: string): void => {
				write(line);
				onProgress(`${title}: ${line.trim().slice(0, 80)}`);
			};
			await runProgram([process.execPath, ...args], {cwd, env: whole, onLine, timeLimitMs});
		};
		if (!isBuilt) await run('Building', {cwd: root, args: ['scripts/build.ts', ...buildArguments], timeLimitMs: BUILD_LIMIT_MS});
		await run(`Deploying ${stackName}`, {
			// It wants the file in its working directory.
			cwd: dirname(resolve(root, configFile)),
			args: deployCommand({stage, params, configFile}),
			timeLimitMs: DEPLOY_LIMIT_MS,
		});
	});
	return await readOutputs({endpoint, stackName});
}

/** A profile or a session of the real AWS must not come in between. */
export const withoutAws = (env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> =>
	Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_')));

export function deployCommand({stage, params, configFile}: Required<Pick<DeployOptions, 'stage' | 'params' | 'configFile'>>): string[] {
	const given = Object.entries({target: 'localstack', ...params}).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
	return [join(root, 'node_modules/.bin/serverless'), 'deploy', '--stage', stage, '--config', basename(configFile), ...given];
}

async function readService(configFile: string): Promise<string> {
	const {service} = parse(await readFile(resolve(root, configFile), 'utf8'), {logLevel: 'error'}) as {readonly service?: unknown};
	if (typeof service !== 'string' || service.includes('${'))
		throw new Error(`${configFile}: "service" is no plain name. Give it as an option.`);
	return service;
}

/** Keeps the log only when the work fails. */
async function withLog(work: (write: (line: string) => void) => Promise<void>): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'twolane-deploy-'));
	const file = join(folder, 'deploy.log');
	const log = createWriteStream(file);
	try {
		await work(line => log.write(`${line}\n`));
	} catch (error) {
		log.end();
		await finished(log);
		const advice = 'After a first deployment that failed, start LocalStack again: it does not roll back.';
		throw new Error(`${(error as Error).message}\nThe whole log: ${file}\n${advice}`, {cause: error});
	}
	log.end();
	await finished(log);
	await rm(folder, {recursive: true, force: true});
}

/** @throws Error when there is no such stack. */
export async function readOutputs({endpoint, stackName}: {readonly endpoint: string; readonly stackName: string}): Promise<StackOutputs> {
	const client = new CloudFormationClient({endpoint, region: 'us-east-1', credentials: {accessKeyId: 'test', secretAccessKey: 'test'}});
	try {
		const {Stacks: [stack] = []} = await client.send(new DescribeStacksCommand({StackName: stackName}));
		return Object.fromEntries((stack?.Outputs ?? []).map(({OutputKey = '', OutputValue = ''}) => [OutputKey, OutputValue]));
	} finally {
		client.destroy();
	}
}

async function main(): Promise<void> {
	const {values} = parseArgs({
		options: {endpoint: {type: 'string', default: 'http://127.0.0.1:4566'}, stage: {type: 'string', default: 'local'}},
	});
	const outputs = await showProgress(async onProgress => await deploy({...values, onProgress}), process.stderr);
	for (const [name, value] of Object.entries(outputs)) process.stdout.write(`${name}  ${value}\n`);
}

if (import.meta.main) {
	try {
		await main();
	} catch (error) {
		process.stderr.write(`${(error as Error).message}\n`);
		process.exit(3);
	}
}
