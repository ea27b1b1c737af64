// The function's own process: loads its handler and speaks the Lambda Runtime API with init.mjs.
import {existsSync} from 'node:fs';
import http from 'node:http';
import {basename, dirname, join} from 'node:path';
import {PassThrough} from 'node:stream';
import {pathToFileURL} from 'node:url';

const {env} = process;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({keepAlive: true, maxSockets: 1});

/** @returns {Promise<{headers: import('node:http').IncomingHttpHeaders, body: string}>} */
function call(method, path, body) {
	const headers = body === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)};
	return new Promise((resolve, reject) => {
		const request = http.request({host, port, agent, method, path: `/2018-06-01/runtime${path}`, headers}, response => {
			const chunks = [];
			response.on('data', chunk => chunks.push(chunk));
			response.on('end', () => resolve({headers: response.headers, body: Buffer.concat(chunks).toString()}));
			response.on('error', reject);
		});
		request.on('error', reject);
		request.end(body);
	});
}

const describeError = error =>
	JSON.stringify({
		errorType: error?.name ?? 'Error',
		errorMessage: error?.message ?? String(error),
		trace: String(error?.stack ?? '').split('\n'),
	});
const named = (name, message, more = {}) => Object.assign(new Error(message), {name, ...more});

// Handlers that stream run, but their answer goes out in one piece.
const streaming = Symbol.for('aws.lambda.runtime.handler.streaming');
globalThis.awslambda = {
	streamifyResponse: handler => Object.assign(handler, {[streaming]: 'response'}),
	HttpResponseStream: {from: (stream, meta) => Object.assign(stream, {meta})},
};

async function gatherStream(handler, event, context) {
	const chunks = [];
	const stream = Object.assign(new PassThrough(), {
		setContentType(type) {
			this.contentType = type;
		},
	});
	const ended = new Promise((resolve, reject) => {
		stream.on('data', chunk => chunks.push(Buffer.from(chunk)));
		stream.on('end', resolve);
		stream.on('error', reject);
	});
	await handler(event, stream, context);
	await ended;
	const body = Buffer.concat(chunks);
	if (!stream.meta && !stream.contentType) return body.toString();
	return JSON.stringify({
		statusCode: 200,
		headers: {'content-type': stream.contentType ?? 'application/octet-stream'},
		...stream.meta,
		body: body.toString('base64'),
		isBase64Encoded: true,
	});
}

/** The invocation in progress; `undefined` while the module loads. */
let requestId;

async function die(reason) {
	console.error(reason);
	await call('POST', requestId ? `/invocation/${requestId}/error` : '/init/error', describeError(reason)).catch(() => {});
	process.exit(requestId ? 128 : 1);
}
process.on('uncaughtException', die);
process.on('unhandledRejection', reason =>
	die(named('Runtime.UnhandledPromiseRejection', reason?.message ?? String(reason), {cause: reason})),
);

async function loadHandler() {
	const handler = env._HANDLER;
	const file = basename(handler);
	const dot = file.indexOf('.');
	const [stem, name] = [file.slice(0, dot), file.slice(dot + 1)];
	const base = join(env.LAMBDA_TASK_ROOT, dirname(handler), stem);
	const path = ['.mjs', '.js', '.cjs'].map(extension => base + extension).find(existsSync);
	if (!path) throw named('Runtime.ImportModuleError', `Error: Cannot find module '${stem}'`);
	const module = await import(pathToFileURL(path));
	const found = module[name] ?? module.default?.[name];
	if (typeof found !== 'function') throw named('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
	return found;
}

const asLambdaSaysIt = error =>
	String(error?.code).endsWith('MODULE_NOT_FOUND')
		? named('Runtime.ImportModuleError', `Error: ${error.message}`, {stack: error.stack})
		: error;

function contextOf(headers) {
	const deadline = Number(headers['lambda-runtime-deadline-ms']);
	return {
		awsRequestId: headers['lambda-runtime-aws-request-id'],
		invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
		functionName: env.AWS_LAMBDA_FUNCTION_NAME,
		functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
		memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
		logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
		logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
		callbackWaitsForEmptyEventLoop: true,
		getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
	};
}

async function answer(handler, event, context) {
	if (handler[streaming]) return await gatherStream(handler, event, context);
	return JSON.stringify(await handler(event, context)) ?? 'null';
}

const handler = await loadHandler().catch(error => die(asLambdaSaysIt(error)));

for (;;) {
	const {headers, body} = await call('GET', '/invocation/next');
	const context = contextOf(headers);
	requestId = context.awsRequestId;
	env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
	try {
		await call('POST', `/invocation/${context.awsRequestId}/response`, await answer(handler, JSON.parse(body || 'null'), context));
	} catch (error) {
		console.error(error);
		await call('POST', `/invocation/${context.awsRequestId}/error`, describeError(error));
	}
}
