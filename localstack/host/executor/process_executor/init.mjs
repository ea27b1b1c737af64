// One execution environment: stands in for the init process of LocalStack's Lambda containers.
//   LocalStack -> here   POST /invoke on a loopback port, which goes to LocalStack through a pipe
//   here -> LocalStack   LOCALSTACK_RUNTIME_ENDPOINT with /status/... and /invocations/...
//   function -> here     the Lambda Runtime API, 2018-06-01, on another loopback port
import {spawn} from 'node:child_process';
import {closeSync, readFileSync, writeSync} from 'node:fs';
import http from 'node:http';
import {setTimeout as wait} from 'node:timers/promises';

/** @type {{command: string[], portFd: number, isMemoryEnforced: boolean, isFrozenWhenIdle: boolean}} */
const settings = JSON.parse(need('PROCESS_EXECUTOR'));
const upstream = need('LOCALSTACK_RUNTIME_ENDPOINT');
const environmentId = need('LOCALSTACK_RUNTIME_ID');
const timeoutS = Number(need('AWS_LAMBDA_FUNCTION_TIMEOUT'));
const memoryMb = Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? 128);
const maxAnswerBytes = Number(process.env.LOCALSTACK_MAX_PAYLOAD_SIZE ?? 6_291_556);
const version = process.env.AWS_LAMBDA_FUNCTION_VERSION ?? '$LATEST';
const LOOK_AT_MEMORY_EVERY_MS = 25;
const LAST_OUTPUT_MS = 3;

/** The function's process; `undefined` until the next invocation after it died. */
let runtime;
/** Its open GET /invocation/next. */
let waiting;
/** The one invocation in progress. */
let current;
let isAnnounced = false;
let isStopping = false;
let bootedAt;
let initMs;
let peakKb = 0;
let logs = [];

function need(name) {
	const value = process.env[name];
	if (value !== undefined) return value;
	console.error(`missing ${name}`);
	process.exit(2);
}

function log(text) {
	logs.push(text);
	process.stdout.write(text);
}

/** The function sees Lambda's variables, not those between LocalStack and us. */
function functionEnvironment() {
	const isOurs = name => name === 'PROCESS_EXECUTOR' || (name.startsWith('LOCALSTACK_') && name !== 'LOCALSTACK_HOSTNAME');
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
}

/** In KiB; 0 where there is no /proc or no process any more. */
function readMemory(field) {
	if (!runtime?.pid) return 0;
	try {
		return Number(new RegExp(`${field}:\\s+(\\d+)`, 'u').exec(readFileSync(`/proc/${runtime.pid}/status`, 'utf8'))?.[1] ?? 0);
	} catch {
		return 0;
	}
}

function tell(path, body) {
	const headers = {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)};
	return new Promise(resolve => {
		const request = http.request(upstream + path, {method: 'POST', headers}, response => {
			response.resume();
			response.on('end', resolve);
			response.on('error', resolve);
		});
		request.on('error', error => {
			console.error(`callback ${path} failed: ${error.message}`);
			resolve();
		});
		request.end(body);
	});
}

function readBody(request) {
	const chunks = [];
	return new Promise(resolve => {
		request.on('data', chunk => chunks.push(chunk));
		request.on('end', () => resolve(Buffer.concat(chunks)));
	});
}

function boot() {
	bootedAt = performance.now();
	peakKb = 0;
	const [program, ...args] = settings.command;
	const env = functionEnvironment();
	const started = spawn(program, args, {
		env: {...env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${runtimeApi.address().port}`},
		cwd: env.LAMBDA_TASK_ROOT,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	runtime = started;
	started.stdout.setEncoding('utf8').on('data', log);
	started.stderr.setEncoding('utf8').on('data', log);
	started.on('error', error => {
		log(`cannot start ${program}: ${error.message}\n`);
		if (!started.pid) void onExit(started, 127, null);
	});
	started.on('exit', (code, signal) => void onExit(started, code, signal));
}

async function onExit(ended, code, signal) {
	if (ended !== runtime || isStopping) return;
	// The next invocation boots another one, as Lambda does. To do it here, in a loop, would lose the invocation that waits.
	forget();
	// It died of the invocation before: this one did not reach it. One that dies while it boots is not tried again.
	if (current && current.startedAt === undefined && bootedAt === undefined) return boot();
	const how = signal === 'SIGKILL' ? 'signal: killed' : signal ? `signal: ${signal}` : `exit status ${code}`;
	const errorMessage = `RequestId: ${current?.id ?? environmentId} Error: Runtime exited with error: ${how}`;
	const body = JSON.stringify({errorType: 'Runtime.ExitError', errorMessage});
	if (!isAnnounced) await failToStart(body);
	if (current) await finish(current, 'error', body);
}

async function failToStart(body) {
	await tell(`/status/${environmentId}/error`, body);
	process.exit(1);
}

function forget() {
	runtime = undefined;
	waiting = undefined;
}

function killRuntime() {
	const killed = runtime;
	forget();
	killed?.kill('SIGKILL');
}

/** Hands the invocation over as soon as both are there: the invocation and a function that asks for it. */
function deliver() {
	if (!waiting || !current || current.startedAt !== undefined) return;
	const response = waiting;
	waiting = undefined;
	current.startedAt = performance.now();
	response.writeHead(200, {
		'content-type': 'application/json',
		'lambda-runtime-aws-request-id': current.id,
		'lambda-runtime-deadline-ms': String(current.deadline),
		'lambda-runtime-invoked-function-arn': current.arn,
		'lambda-runtime-trace-id': current.traceId ?? '',
	});
	response.end(current.payload);
}

async function finish(invocation, kind, body) {
	if (invocation !== current) return;
	current = undefined;
	clearTimeout(invocation.timer);
	clearInterval(invocation.memoryWatch);
	const durationMs = performance.now() - (invocation.startedAt ?? invocation.arrivedAt);
	peakKb = Math.max(peakKb, invocation.peakKb, readMemory('VmHWM'));
	// What the function printed last comes through another pipe.
	await wait(LAST_OUTPUT_MS);
	const isTooLarge = body.length > maxAnswerBytes;
	log(report(invocation, durationMs));
	initMs = undefined;
	const text = logs.join('');
	logs = [];
	await tell(`/invocations/${invocation.id}/logs`, JSON.stringify({logs: text}));
	await tell(`/invocations/${invocation.id}/${isTooLarge ? 'error' : kind}`, isTooLarge ? tooLarge() : body);
}

function report({id}, durationMs) {
	const fields = [
		`REPORT RequestId: ${id}`,
		`Duration: ${durationMs.toFixed(2)} ms`,
		`Billed Duration: ${Math.ceil(durationMs)} ms`,
		`Memory Size: ${memoryMb} MB`,
		`Max Memory Used: ${Math.ceil(peakKb / 1024)} MB`,
	];
	if (initMs !== undefined) fields.push(`Init Duration: ${initMs.toFixed(2)} ms`);
	return `END RequestId: ${id}\n${fields.join('\t')}\t\n`;
}

const tooLarge = () =>
	JSON.stringify({
		errorType: 'Function.ResponseSizeTooLarge',
		errorMessage: `Response payload size exceeded maximum allowed payload size (${maxAnswerBytes} bytes).`,
	});

const runtimeApi = http.createServer(async (request, response) => {
	const path = request.url.replace('/2018-06-01/runtime', '');
	if (request.method === 'GET' && path === '/invocation/next') return await onNext(response);
	const [, id, kind] = /^\/invocation\/([^/]+)\/(response|error)$/u.exec(path) ?? [];
	const body = await readBody(request);
	response.writeHead(202, {'content-type': 'application/json'}).end('{"status":"OK"}');
	if (id !== undefined && current?.id === id) return await finish(current, kind, body);
	if (path !== '/init/error') return;
	if (!isAnnounced) await failToStart(body);
	if (current) await finish(current, 'error', body);
});
// The function asks for its next invocation and may wait for hours.
runtimeApi.requestTimeout = runtimeApi.headersTimeout = runtimeApi.timeout = runtimeApi.keepAliveTimeout = 0;

async function onNext(response) {
	waiting = response;
	if (bootedAt !== undefined) {
		initMs = performance.now() - bootedAt;
		bootedAt = undefined;
	}
	if (!isAnnounced) {
		isAnnounced = true;
		await tell(`/status/${environmentId}/ready`, '');
	}
	// Only if it still waits: an invocation may have come while LocalStack was told.
	if (settings.isFrozenWhenIdle && !current && waiting === response) runtime?.kill('SIGSTOP');
	deliver();
}

const control = http.createServer(async (request, response) => {
	const call = JSON.parse((await readBody(request)).toString());
	response.writeHead(200).end('OK');
	current = {
		id: call['invoke-id'],
		arn: call['invoked-function-arn'],
		payload: call.payload,
		traceId: call['trace-id'],
		arrivedAt: performance.now(),
		deadline: Date.now() + timeoutS * 1000,
		peakKb: 0,
	};
	log(`START RequestId: ${current.id} Version: ${version}\n`);
	limit(current);
	if (!runtime) boot();
	else if (settings.isFrozenWhenIdle) runtime.kill('SIGCONT');
	deliver();
});

function limit(invocation) {
	invocation.timer = setTimeout(() => {
		const errorMessage = `${new Date().toISOString()} ${invocation.id} Task timed out after ${timeoutS.toFixed(2)} seconds`;
		log(`${errorMessage}\n`);
		invocation.peakKb = Math.max(invocation.peakKb, readMemory('VmHWM'));
		killRuntime();
		void finish(invocation, 'error', JSON.stringify({errorType: 'Sandbox.Timedout', errorMessage}));
	}, timeoutS * 1000);
	if (!settings.isMemoryEnforced) return;
	invocation.memoryWatch = setInterval(() => {
		invocation.peakKb = Math.max(invocation.peakKb, readMemory('VmRSS'));
		if (invocation.peakKb > memoryMb * 1024) runtime?.kill('SIGKILL');
	}, LOOK_AT_MEMORY_EVERY_MS);
}

function quit() {
	isStopping = true;
	runtime?.kill('SIGKILL');
	process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, quit);
// Closed when LocalStack goes away, however it goes.
process.stdin.resume().on('end', quit).on('error', quit);

runtimeApi.listen(0, '127.0.0.1', () =>
	control.listen(0, '127.0.0.1', () => {
		writeSync(settings.portFd, `${control.address().port}\n`);
		closeSync(settings.portFd);
		boot();
	}),
);
