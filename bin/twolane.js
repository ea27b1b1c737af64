#!/usr/bin/env node
// Starts the command line on a Node that is new enough, with the settings that a running process cannot change any more, and starts
// it again when native code, or a full heap, has taken its process away. Plain JavaScript that an old Node runs, too.
//
// What the command line tells us, over the channel of child_process:
//   {run: '/abs/path'}  there is a run now that can be continued: the path of its folder
//   {settled: 17}       so many of its items have an outcome: sent now and then, it is how we see progress from crash to crash
//   {done: true}        the run has ended, or cannot be continued: a crash from here on is the end
//   {exit: 130}         it has done and said everything, and this is its code: what keeps it now is a thread that cannot be ended
// What we tell it: TWOLANE_CRASHED=/abs/path in its environment means that it crashed while it worked on the run in that folder, and
// is to continue that one, carefully, whatever its words say: they may read standard input, which is gone, or start another run.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {availableParallelism, constants} from 'node:os';
import {basename, relative} from 'node:path';
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

/** How the person called us: what we print must work as it is printed. */
function findCommand() {
	const {npm_lifecycle_event: event, npm_command: command} = process.env;
	if (event === 'start') return 'npm start --';
	const path = process.argv[1] ?? '';
	if (command === 'exec' || /[/\\]node_modules[/\\]\.bin[/\\]/u.test(path)) return 'npx twolane';
	return basename(path) === 'twolane' ? 'twolane' : `node ${quote(relative('', path))}`;
}

const quote = word => (/^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.split("'").join(`'\\''`)}'`);

const node = findNode();
const source = own('../src/cli/main.ts');
const entry = existsSync(source) ? source : own('../dist/src/cli/main.js');
// 8 MiB of young generation keep the memory of a million items flat; more would only postpone the collection. An old generation that may
// grow by 60 % between two collections instead of up to four times: 140 MB instead of 208 for a million lines planned, 3 % more CPU.
const flags = ['--max-semi-space-size=8', '--heap-growing-percent=60', '--disable-warning=ExperimentalWarning'];
const env = {
	// Native work of every thread (up to two a core), and room for files and names beside it.
	UV_THREADPOOL_SIZE: String(Math.max(16, 2 * availableParallelism() + 4)),
	// glibc's arenas: 222-230 MB flat instead of 361-385 MB and rising, at the same speed.
	MALLOC_ARENA_MAX: '2',
	...process.env,
};
// A crash of a command that we run inside of is none of ours.
delete env.TWOLANE_CRASHED;
// For commands that are to be copied.
env.TWOLANE_COMMAND = findCommand();

// The process did these to itself. SIGKILL is somebody's will, or the kernel's: the same command goes on when it is given again.
const crashes = {
	SIGSEGV: 'a segmentation fault',
	SIGBUS: 'a bus error',
	SIGILL: 'an illegal instruction',
	SIGFPE: 'an arithmetic fault',
	SIGTRAP: 'a check of its own that failed',
	SIGABRT: 'native code gave up, or the heap was full',
};
const MOST_CRASHES_WITHOUT_PROGRESS = 3;
/** For a process to end by itself, in milliseconds. */
const EXIT_MS = 300;

let child;
let run;
let settled = 0;
let settledBefore = 0;
let crashCount = 0;
let crashesWithoutProgress = 0;
const forwarded = new Set();
let toldCode;

start();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
	process.on(signal, () => {
		forwarded.add(signal);
		child.kill(signal);
	});
}

function start() {
	child = spawn(node, [...flags, entry, ...process.argv.slice(2)], {
		stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
		env: run === undefined ? env : {...env, TWOLANE_CRASHED: run},
	});
	child.on('message', listen);
	// Not 'exit': what the child told us last may come after that.
	child.on('close', end);
}

function listen(message) {
	if (typeof message.run === 'string') run = message.run;
	if (typeof message.settled === 'number') settled = Math.max(settled, message.settled);
	if (message.done === true) run = undefined;
	if (typeof message.exit === 'number') {
		toldCode = message.exit;
		setTimeout(() => child.kill('SIGKILL'), EXIT_MS).unref();
	}
}

function end(code, signal) {
	if (toldCode !== undefined) return void (process.exitCode = toldCode);
	const crash = Object.keys(crashes).find(name => name === signal || code === 128 + constants.signals[name]);
	process.exitCode = code ?? 128 + constants.signals[signal];
	if (crash === undefined) {
		const isKilled = signal !== null && !forwarded.has(signal) && run !== undefined;
		return isKilled ? say(`The process was killed by ${signal}. Continue the run with: ${resume()}`) : undefined;
	}
	crashCount++;
	crashesWithoutProgress = settled > settledBefore ? 1 : crashesWithoutProgress + 1;
	settledBefore = settled;
	const what = `The process died of ${crash} (${crashes[crash]})`;
	if (run === undefined) return say(`${what} outside of any run. Give the command again; \`twolane doctor\` looks at this machine.`);
	if (forwarded.size > 0) return say(`${what} while it was stopping. Continue the run with: ${resume()}`);
	if (crashesWithoutProgress >= MOST_CRASHES_WITHOUT_PROGRESS) {
		return say(
			`${what}, ${crashesWithoutProgress} times without getting any further with the run in ${run}. Continue it with: ${resume()}`,
		);
	}
	const times = crashCount === 1 ? '' : `, ${crashCount} times so far`;
	say(`${what}${times}. Going on: the items that were in flight now run one at a time, in a process of their own.`);
	start();
}

/** Below whatever the dead process left on a terminal, which may include a hidden cursor. */
function say(line) {
	process.stderr.write(`${process.stderr.isTTY ? '\n\u001B[?25h' : ''}twolane: ${line}\n`);
}

function resume() {
	return `${env.TWOLANE_COMMAND} resume ${quote(run)}`;
}
