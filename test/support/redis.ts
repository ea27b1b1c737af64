import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {access, constants, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';

const execute = promisify(execFile);

export interface RedisServer extends AsyncDisposable {
	/** `unix:///tmp/.../redis.sock` */
	readonly url: string;
}

/** Where `redis-server` is, or why there is none on this machine. */
export type RedisProgram = {readonly path: string} | {readonly missing: string};

/** `redis-server` of the PATH, else Debian's, installed where we may. */
export async function findRedis(): Promise<RedisProgram> {
	const found = await findOnPath('redis-server');
	if (found !== undefined) return {path: found};
	const apt = await findOnPath('apt-get');
	if (apt === undefined || process.getuid?.() !== 0) {
		return {missing: 'there is no redis-server on the PATH, and it cannot be installed here: that takes root and apt-get'};
	}
	try {
		await execute(apt, ['update', '--quiet']);
		await execute(apt, ['install', '--yes', '--no-install-recommends', 'redis-server'], {
			env: {...process.env, DEBIAN_FRONTEND: 'noninteractive'},
		});
	} catch (error) {
		return {missing: `there is no redis-server on the PATH, and apt-get could not install it: ${String(error)}`};
	}
	const installed = await findOnPath('redis-server');
	return installed === undefined ? {missing: 'apt-get installed redis-server, but it is not on the PATH'} : {path: installed};
}

/** A server of its own on a socket in a fresh folder: no port to collide with, nothing kept. */
export async function startRedis({path}: {readonly path: string}): Promise<RedisServer> {
	const folder = await mkdtemp(join(tmpdir(), 'twolane-redis-'));
	const socket = join(folder, 'redis.sock');
	const server = spawn(path, ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const exited = once(server, 'exit');
	await untilReady(server.stdout);
	return {
		url: `unix://${socket}`,
		async [Symbol.asyncDispose]() {
			server.kill();
			await exited;
			await rm(folder, {recursive: true, force: true});
		},
	};
}

/** The server says on its standard output when it accepts connections; an end of it means that it did not start. */
async function untilReady(output: NodeJS.ReadableStream): Promise<void> {
	const said: string[] = [];
	const lines = createInterface({input: output});
	for await (const line of lines) {
		said.push(line);
		if (!/ready to accept connections/iu.test(line)) continue;
		// Read on, or a full pipe would stop the server.
		output.resume();
		return;
	}
	throw new Error(`redis-server did not start:\n${said.join('\n')}`);
}

async function findOnPath(program: string): Promise<string | undefined> {
	for (const folder of (process.env.PATH ?? '').split(delimiter)) {
		const path = join(folder, program);
		const isThere = await access(path, constants.X_OK).then(
			() => true,
			() => false,
		);
		if (isThere) return path;
	}
	return undefined;
}
