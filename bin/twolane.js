#!/usr/bin/env node
// Starts the command line on a Node that is new enough, with the settings that a running process cannot change any more.
// Plain JavaScript that an old Node runs, too.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {availableParallelism, constants} from 'node:os';
import {fileURLToPath} from 'node:url';

const own = path => fileURLToPath(new URL(path, import.meta.url));

/** A younger Node comes with the repository, as a development dependency. */
function findNode() {
	const [major, minor] = process.versions.node.split('.').map(Number);
	if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
	const bundled = own('../node_modules/node/bin/node');
	if (existsSync(bundled)) return bundled;
	process.stderr.write(`twolane: Node ${process.versions.node} is too old: install Node 22.18 or newer, or run npm ci in a checkout.\n`);
	process.exit(3);
}

const source = own('../src/cli/main.ts');
const entry = existsSync(source) ? source : own('../dist/src/cli/main.js');
// 8 MiB of young generation keep the memory of a million items flat; more would only postpone the collection.
const flags = ['--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'];
const env = {
	// Native work of every thread (up to two a core), and room for files and names beside it.
	UV_THREADPOOL_SIZE: String(Math.max(16, 2 * availableParallelism() + 4)),
	// glibc's arenas: 222-230 MB flat instead of 361-385 MB and rising, at the same speed.
	MALLOC_ARENA_MAX: '2',
	...process.env,
};

const child = spawn(findNode(), [...flags, entry, ...process.argv.slice(2)], {stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
	process.exitCode = code ?? 128 + constants.signals[signal];
});
