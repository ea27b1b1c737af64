import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {type Server, createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import {onTestFinished} from 'vitest';
import {type SeenProcess, killNow, listProcesses} from '../../localstack/processes.ts';
import {scratchFolder} from './scratch-folder.ts';

const executor = new URL('../../localstack/host/executor/process_executor/', import.meta.url);

export interface EnvironmentOptions {
	/** The function's module, an `index.mjs` with `handler`. */
	readonly code: string;
	readonly timeoutS?: number;
	readonly memoryMb?: number;
	readonly maxAnswerBytes?: number;
	readonly isMemoryEnforced?: boolean;
	readonly isFrozenWhenIdle?: boolean;
}

/** What LocalStack is told. */
export interface Told {
	readonly path: string;
	readonly body: string;
}

export interface Environment {
	/** The next thing that LocalStack is told. */
	told(): Promise<Told>;
	/** Starts an invocation; what comes of it is told. */
	call(id: string, event?: unknown): Promise<void>;
	/** An invocation's logs and its end. */
	result(id: string, event?: unknown): Promise<{readonly logs: string; readonly kind: string; readonly body: string}>;
	/** The function's own process, if there is one. */
	runtime(): Promise<SeenProcess | undefined>;
	killRuntime(): Promise<void>;
	/** As LocalStack's death does. */
	closeLifeline(): void;
	readonly exited: Promise<unknown>;
}

/** One execution environment as the executor starts it, with this test in LocalStack's place. */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
	const folder = await scratchFolder();
	await writeFile(join(folder, 'index.mjs'), options.code);
	const {upstream, told} = await listen();
	const init = spawn(process.execPath, [fileURLToPath(new URL('init.mjs', executor))], {
		env: variables(folder, upstream, options),
		cwd: folder,
		stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
	});
	const exited = once(init, 'exit');
	onTestFinished(async () => {
		init.stdin?.end();
		await exited;
	});
	const [port] = (await once(createInterface({input: init.stdio[3] as Readable}), 'line')) as [string];
	const call = async (id: string, event: unknown = null): Promise<void> => {
		const body = JSON.stringify({'invoke-id': id, 'invoked-function-arn': 'arn:aws:lambda:f', payload: JSON.stringify(event)});
		await fetch(`http://127.0.0.1:${port}/invoke`, {method: 'POST', body});
	};
	const runtime = async (): Promise<SeenProcess | undefined> =>
		(await listProcesses()).find(
			({command, environment}) => command.some(word => word.endsWith('/bootstrap.mjs')) && environment.get('LAMBDA_TASK_ROOT') === folder,
		);
	return {
		told,
		call,
		runtime,
		async result(id, event) {
			await call(id, event);
			const logs = await told();
			const {path, body} = await told();
			return {logs: (JSON.parse(logs.body) as {readonly logs: string}).logs, kind: path.replace(`/invocations/${id}/`, ''), body};
		},
		async killRuntime() {
			const found = await runtime();
			if (found === undefined) throw new Error('The function has no process.');
			killNow(found.pid);
		},
		closeLifeline: () => void init.stdin?.end(),
		exited,
	};
}

async function listen(): Promise<{readonly upstream: Server; readonly told: () => Promise<Told>}> {
	const queue: Told[] = [];
	const waiting: ((told: Told) => void)[] = [];
	const upstream = createServer(async (request, response) => {
		let body = '';
		for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
		response.end();
		const told = {path: request.url ?? '', body};
		const taker = waiting.shift();
		if (taker === undefined) queue.push(told);
		else taker(told);
	}).listen(0, '127.0.0.1');
	await once(upstream, 'listening');
	onTestFinished(() => void upstream.close());
	return {
		upstream,
		told: async () => queue.shift() ?? (await new Promise<Told>(resolve => void waiting.push(resolve))),
	};
}

function variables(folder: string, upstream: Server, options: EnvironmentOptions): NodeJS.ProcessEnv {
	const {timeoutS = 30, memoryMb = 512, maxAnswerBytes, isMemoryEnforced = false, isFrozenWhenIdle = false} = options;
	const command = [process.execPath, fileURLToPath(new URL('bootstrap.mjs', executor))];
	return {
		PATH: process.env.PATH,
		PROCESS_EXECUTOR: JSON.stringify({command, portFd: 3, isMemoryEnforced, isFrozenWhenIdle}),
		LOCALSTACK_RUNTIME_ENDPOINT: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
		LOCALSTACK_RUNTIME_ID: 'environment-1',
		LAMBDA_TASK_ROOT: folder,
		_HANDLER: 'index.handler',
		AWS_LAMBDA_FUNCTION_NAME: 'f',
		AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeoutS),
		AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
		...(maxAnswerBytes !== undefined && {LOCALSTACK_MAX_PAYLOAD_SIZE: String(maxAnswerBytes)}),
	};
}
