import {setTimeout as wait} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {startEnvironment} from './start-environment.ts';

const echo = 'let calls = 0; export const handler = async event => { console.log("working"); return {event, calls: ++calls}; };';
const ready = {path: '/status/environment-1/ready', body: ''};

test('says that it is ready, runs one invocation after another, and gives their logs first', async () => {
	const environment = await startEnvironment({code: echo});
	expect(await environment.told()).toEqual(ready);
	const first = await environment.result('a', {text: 'grüß 🦊'});
	expect(first).toMatchObject({kind: 'response', body: JSON.stringify({event: {text: 'grüß 🦊'}, calls: 1})});
	expect(first.logs).toMatch(/^START RequestId: a [^]*working\n[^]*END RequestId: a\nREPORT RequestId: a\t[^\n]*Init Duration: /u);
	const second = await environment.result('b');
	expect(second).toMatchObject({kind: 'response', body: JSON.stringify({event: null, calls: 2})});
	expect(second.logs).not.toContain('Init Duration');
});

test.each([
	['throws', 'export const handler = async () => { throw new RangeError("too far"); };', 'RangeError', 'too far'],
	[
		'leaves a rejection',
		'export const handler = () => { void Promise.reject(new Error("lost")); return new Promise(() => {}); };',
		'Runtime.UnhandledPromiseRejection',
		'lost',
	],
	['exits', 'export const handler = () => process.exit(3);', 'Runtime.ExitError', 'exit status 3'],
])('a handler that %s is an error of that invocation, and the next one is answered, too', async (_, code, errorType, text) => {
	const environment = await startEnvironment({code});
	await environment.told();
	for (const id of ['a', 'b']) {
		const {kind, body} = await environment.result(id);
		expect(kind).toBe('error');
		expect(JSON.parse(body)).toMatchObject({errorType, errorMessage: expect.stringContaining(text) as string});
	}
});

test('a function killed in the middle fails its invocation, and a new process takes the next one', async () => {
	const environment = await startEnvironment({
		code: 'let calls = 0; export const handler = async event => { if (event === "hang") await new Promise(r => setTimeout(r, 1e6)); return ++calls; };',
	});
	await environment.told();
	expect((await environment.result('a')).body).toBe('1');
	await environment.call('b', 'hang');
	await environment.killRuntime();
	const logs = await environment.told();
	expect(logs.path).toBe('/invocations/b/logs');
	const end = await environment.told();
	expect(end.path).toBe('/invocations/b/error');
	expect(JSON.parse(end.body)).toMatchObject({
		errorType: 'Runtime.ExitError',
		errorMessage: expect.stringContaining('signal: killed') as string,
	});
	expect((await environment.result('c')).body).toBe('1');
});

test('an invocation is not blamed for a function that died of the one before', async () => {
	// Answers, and goes only when the next one has come.
	const environment = await startEnvironment({
		code: `import {existsSync, writeFileSync} from 'node:fs';
		const isSecond = existsSync('seen');
		writeFileSync('seen', '');
		export const handler = () => isSecond ? 'alive' : new Promise((_, reject) => {
			process.on('exit', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300));
			void Promise.reject(new Error('lost'));
		});`,
	});
	await environment.told();
	expect((await environment.result('a')).kind).toBe('error');
	expect(await environment.result('b')).toMatchObject({kind: 'response', body: '"alive"'});
});

test('a module that does not load fails the start', async () => {
	const environment = await startEnvironment({code: 'import "no-such-package"; export const handler = () => {};'});
	const {path, body} = await environment.told();
	expect(path).toBe('/status/environment-1/error');
	expect(JSON.parse(body)).toMatchObject({
		errorType: 'Runtime.ImportModuleError',
		errorMessage: expect.stringContaining('no-such-package') as string,
	});
	await environment.exited;
});

test('ends an invocation at its time limit', async () => {
	const environment = await startEnvironment({
		code: 'export const handler = () => new Promise(() => setInterval(() => {}, 1000));',
		timeoutS: 1,
	});
	await environment.told();
	const {kind, body} = await environment.result('a');
	expect(kind).toBe('error');
	expect(JSON.parse(body)).toMatchObject({
		errorType: 'Sandbox.Timedout',
		errorMessage: expect.stringContaining('Task timed out after 1.00 seconds') as string,
	});
});

test('kills a function that grows beyond its memory size', async () => {
	const environment = await startEnvironment({
		code: 'export const handler = async () => { globalThis.kept = Buffer.alloc(300e6, 1); await new Promise(r => setTimeout(r, 1e6)); };',
		memoryMb: 128,
		isMemoryEnforced: true,
	});
	await environment.told();
	const {kind, body, logs} = await environment.result('a');
	expect(kind).toBe('error');
	expect(JSON.parse(body)).toMatchObject({
		errorType: 'Runtime.ExitError',
		errorMessage: expect.stringContaining('signal: killed') as string,
	});
	expect(Number(/Max Memory Used: (\d+) MB/u.exec(logs)?.[1])).toBeGreaterThan(128);
});

test('refuses an answer that is too large', async () => {
	const environment = await startEnvironment({code: 'export const handler = async n => "x".repeat(n);', maxAnswerBytes: 1000});
	await environment.told();
	expect((await environment.result('a', 998)).kind).toBe('response');
	const {kind, body} = await environment.result('b', 999);
	expect(kind).toBe('error');
	expect(JSON.parse(body)).toMatchObject({errorType: 'Function.ResponseSizeTooLarge'});
});

test('freezes the function between two invocations', async () => {
	const environment = await startEnvironment({code: echo, isFrozenWhenIdle: true});
	await environment.told();
	for (const id of ['a', 'b', 'c']) {
		while (!(await environment.runtime())?.isStopped) await wait(5);
		expect((await environment.result(id)).kind).toBe('response');
	}
});

test('ends with LocalStack, also while the function is frozen', async () => {
	const environment = await startEnvironment({code: echo, isFrozenWhenIdle: true});
	await environment.told();
	while (!(await environment.runtime())?.isStopped) await wait(5);
	environment.closeLifeline();
	await environment.exited;
	while ((await environment.runtime()) !== undefined) await wait(5);
});

test("shows the function Lambda's variables, not LocalStack's", async () => {
	const environment = await startEnvironment({code: 'export const handler = async () => Object.keys(process.env);'});
	await environment.told();
	const names = JSON.parse((await environment.result('a')).body) as readonly string[];
	expect(names).toEqual(expect.arrayContaining(['AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_RUNTIME_API', 'LAMBDA_TASK_ROOT']));
	expect(names.filter(name => name.startsWith('LOCALSTACK_') || name === 'PROCESS_EXECUTOR')).toEqual([]);
});
