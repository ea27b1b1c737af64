import {CloudWatchLogsClient, FilterLogEventsCommand} from '@aws-sdk/client-cloudwatch-logs';
import {
	GetFunctionConfigurationCommand,
	InvokeCommand,
	type LambdaClient,
	UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {PutObjectCommand, type S3Client} from '@aws-sdk/client-s3';
import {readFile} from 'node:fs/promises';
import {arch} from 'node:os';
import {setTimeout as wait} from 'node:timers/promises';
import {s3Store} from '../../src/adapters/s3/store.ts';
import {resolveLimits} from '../../src/lanes/limits.ts';
import type {EngineName} from '../../src/runs/engine.ts';
import type {RunView} from '../../src/runs/get-run.ts';
import type {ObjectStore} from '../../src/runs/object-store.ts';
import type {RunPorts} from '../../src/runs/ports.ts';
import {prefixed} from '../../src/runs/prefixed.ts';
import type {Row} from '../../src/runs/row.ts';
import {type Runs, openRuns} from '../../src/runs/runs.ts';
import {openPorts} from '../../src/wire.ts';
import {clientConfig, deployOnce, lambdaClient, localStack, s3Client} from './localstack.ts';

/** What a list asks for, as its object's metadata. */
export interface ListOptions {
	readonly flow?: string;
	readonly options?: object;
	readonly engine?: EngineName | 'auto';
	readonly maxWorkers?: number;
	readonly limits?: object;
	readonly toleratedFailureCount?: number;
	readonly skipInvalid?: boolean;
}

/** The whole stack, deployed once for all files, with flows for tests besides its own. */
export interface TestStack {
	readonly name: string;
	readonly bucket: string;
	readonly out: string;
	readonly api: string;
	readonly names: {readonly orchestrator: string; readonly worker: string; readonly onObject: string};
	readonly s3: S3Client;
	readonly lambda: LambdaClient;
	readonly store: ObjectStore;
	readonly ports: RunPorts;
	readonly runs: Runs;
	/** Requests to S3 that LocalStack has answered so far, but for those of this process. */
	countRequests(): Promise<number>;
	/** Puts an object, as anybody would. */
	put(key: string, body: string | Uint8Array, metadata?: Readonly<Record<string, string>>): Promise<void>;
	/** Drops a list below `manifests/`. @returns the run that comes of it. */
	drop(name: string, items: readonly object[], options?: ListOptions): Promise<string>;
	/** Calls a function and waits; throws what it threw. */
	invoke(functionName: string, event: unknown): Promise<unknown>;
	/** The run as soon as it is as wished. Fails with how it stands when that takes too long. */
	until(runId: string, isWished: (run: RunView) => boolean, options?: {readonly limitMs?: number}): Promise<RunView>;
	/** The same, until it has ended or stopped. */
	untilEnded(runId: string, options?: {readonly limitMs?: number}): Promise<RunView>;
	rows(runId: string): Promise<readonly Row[]>;
	setTimeLimit(functionName: string, seconds: number): Promise<void>;
	/** The largest memory that the function's log tells of, in MB, since then. */
	peakMemoryMB(functionName: string, sinceMs: number): Promise<number>;
}

const LOOK_EVERY_MS = 250;
const DEFAULT_LIMIT_MS = 120_000;

export async function testStack(): Promise<TestStack> {
	const architecture = arch() === 'arm64' ? 'arm64' : 'x86_64';
	const outputs = await deployOnce({stage: 'local', env: {LAMBDA_ARCH: architecture}, buildArguments: ['--test-flows']});
	const named = (name: string): string => outputs[name] ?? fail(`the stack has no output ${name}: ${JSON.stringify(outputs)}`);
	const s3 = s3Client();
	let ownRequests = 0;
	s3.middlewareStack.add(
		next => args => {
			ownRequests++;
			return next(args);
		},
		{step: 'finalizeRequest', priority: 'low'},
	);
	const lambda = lambdaClient();
	const out = named('Out');
	const bucket = named('Bucket');
	const store = s3Store({client: s3, bucket, prefix: out.slice(`s3://${bucket}/`.length)});
	const ports = openPorts(prefixed(store, '.twolane/'));
	const runs = openRuns(ports, {limits: resolveLimits({}, {memoryBytes: 1024 ** 3})});
	const orchestrator = named('Orchestrator');

	async function put(key: string, body: string | Uint8Array, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
		await s3.send(new PutObjectCommand({Bucket: bucket, Key: key, Body: body, Metadata: {...metadata}}));
	}

	const stack: TestStack = {
		name: orchestrator.replace(/-orchestrator$/u, ''),
		bucket,
		out,
		api: named('Api'),
		names: {orchestrator, worker: named('Worker'), onObject: orchestrator.replace(/orchestrator$/u, 'on-object')},
		s3,
		lambda,
		store,
		ports,
		runs,
		countRequests: async () => (await countS3Requests()) - ownRequests,
		put,
		async drop(name, items, options = {}) {
			const key = `manifests/${name}`;
			const text = items.map(item => `${JSON.stringify(item)}\n`).join('');
			await put(key, text, {'twolane-options': JSON.stringify(options)});
			return await findRunOf(stack, `s3://${bucket}/${key}`);
		},
		async invoke(functionName, event) {
			const {FunctionError: isError, Payload: payload} = await lambda.send(
				new InvokeCommand({FunctionName: functionName, Payload: JSON.stringify(event)}),
			);
			const text = Buffer.from(payload ?? []).toString();
			return isError === undefined ? JSON.parse(text) : fail(text);
		},
		async until(runId, isWished, {limitMs = DEFAULT_LIMIT_MS} = {}) {
			let run: RunView | undefined;
			for (const end = Date.now() + limitMs; Date.now() < end; await wait(LOOK_EVERY_MS)) {
				run = await runs.getRun(runId);
				if (isWished(run)) return run;
			}
			return fail(`after ${limitMs} ms: ${JSON.stringify(run)}\n${await logOf(orchestrator)}`);
		},
		untilEnded: (runId, options) => stack.until(runId, ({status}) => !['PENDING', 'RUNNING'].includes(status), options),
		async rows(runId) {
			const rows: Row[] = [];
			for await (const batch of runs.listItems(runId)) rows.push(...batch.map(({text}) => JSON.parse(text) as Row));
			return rows;
		},
		async setTimeLimit(functionName, seconds) {
			await lambda.send(new UpdateFunctionConfigurationCommand({FunctionName: functionName, Timeout: seconds}));
			// A change takes a moment.
			for (;;) {
				const {LastUpdateStatus: status} = await lambda.send(new GetFunctionConfigurationCommand({FunctionName: functionName}));
				if (status === 'Successful' || status === undefined) return;
				await wait(LOOK_EVERY_MS);
			}
		},
		async peakMemoryMB(functionName, sinceMs) {
			// The platform writes its report after the function's answer.
			for (const end = Date.now() + DEFAULT_LIMIT_MS; Date.now() < end; await wait(LOOK_EVERY_MS)) {
				const reports = [...(await readLog(functionName, sinceMs)).matchAll(/Max Memory Used: (\d+) MB/gu)];
				if (reports.length > 0) return Math.max(...reports.map(([, megabytes]) => Number(megabytes)));
			}
			return fail(`${functionName} has reported nothing`);
		},
	};
	return stack;
}

/** The newest run that was made of this list. */
async function findRunOf({runs}: TestStack, name: string): Promise<string> {
	for (const end = Date.now() + 60_000; Date.now() < end; await wait(LOOK_EVERY_MS)) {
		const {runs: listed} = await runs.listRuns({limit: 20});
		const found = listed.find(run => 'sources' in run && run.sources.includes(name));
		if (found) return found.id;
	}
	return fail(`no run of ${name} has come up`);
}

async function readLog(functionName: string, sinceMs = 0): Promise<string> {
	const logs = new CloudWatchLogsClient(clientConfig());
	const texts: string[] = [];
	let token: string | undefined;
	do {
		const page = await logs.send(
			new FilterLogEventsCommand({logGroupName: `/aws/lambda/${functionName}`, startTime: sinceMs, ...(token && {nextToken: token})}),
		);
		texts.push(...(page.events ?? []).map(({message = ''}) => message));
		token = page.nextToken;
	} while (token !== undefined);
	logs.destroy();
	return texts.join('\n');
}

const logOf = async (functionName: string): Promise<string> =>
	await readLog(functionName).then(
		text => text.slice(-3000),
		(error: unknown) => `(no log of ${functionName}: ${String(error)})`,
	);

async function countS3Requests(): Promise<number> {
	const {logFile} = localStack();
	if (logFile === undefined) return fail('the requests are counted in the log of a LocalStack of our own: unset TWOLANE_LOCALSTACK');
	return (await readFile(logFile, 'utf8')).match(/AWS s3\.\w+ =>/gu)?.length ?? 0;
}

function fail(message: string): never {
	throw new Error(message);
}
