import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {type Server, type Socket, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';

const program = fileURLToPath(new URL('../../fixtures/crash/isolate.ts', import.meta.url));

let folder: string;
let server: Server;
let line: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-'));
	line = join(folder, 'line');
	server = createServer().listen(line);
	await once(server, 'listening');
});
afterEach(async () => {
	server.close();
	await rm(folder, {recursive: true});
});

const isolate = (input: object): ChildProcessWithoutNullStreams => spawn(process.execPath, [program, JSON.stringify(input)]);

/** The end of the socket that the process of the task holds: it closes with that process, and with nothing else. */
async function callFromChild(): Promise<Socket> {
	const [socket] = (await once(server, 'connection')) as [Socket];
	return socket.on('error', () => {}).resume();
}

describe('the process of a task', () => {
	it.each(['never ends', 'never ends in JavaScript'])('dies when the one who started it is killed, also if the task %s', async kind => {
		const parent = isolate({kind, line});
		const socket = await callFromChild();
		const closed = once(socket, 'close');
		parent.kill('SIGKILL');
		await closed;
	});

	it('does not keep its parent alive, and dies with it', async () => {
		const parent = isolate({kind: 'pid', line});
		const closed = once(await callFromChild(), 'close');
		expect(await once(parent, 'exit')).toEqual([0, null]);
		await closed;
	});

	it('is not reached by the Ctrl-C of a terminal, which is for all processes of a group', async () => {
		const parent = spawn(process.execPath, [program, JSON.stringify({kind: 'waits for the line', line})], {detached: true});
		const socket = await callFromChild();
		process.kill(-(parent.pid ?? 0), 'SIGINT');
		socket.end();
		expect(await text(parent.stdout)).toBe('ok\n');
	});

	it('prints to stderr: stdout is for results', async () => {
		const parent = isolate({kind: 'prints'});
		const [stdout, stderr] = await Promise.all([text(parent.stdout), text(parent.stderr)]);
		expect({stdout, lines: stderr.trimEnd().split('\n').sort()}).toEqual({stdout: 'ok\n', lines: ['said on stderr', 'said on stdout']});
	});

	it('keeps to itself what V8 has to say of a full heap', async () => {
		const parent = isolate({kind: 'full heap at once'});
		const [stdout, stderr] = await Promise.all([text(parent.stdout), text(parent.stderr)]);
		expect({stdout, stderr}).toEqual({stdout: 'THREAD_OUT_OF_MEMORY\n', stderr: ''});
	});
});
