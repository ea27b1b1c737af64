// Runs LocalStack and ends with whoever started it, however that ends: its standard input closes, also after a SIGKILL.
//   node keeper.ts FOLDER PROGRAM ARGUMENTS...     prints {"pid"} and, should LocalStack end by itself, {"exited"}
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, openSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {killNow, listProcesses} from './processes.ts';

const [folder = '', program = '', ...args] = process.argv.slice(2);
const SANDBOXES_LIMIT_MS = 5000;
const LOOK_EVERY_MS = 20;

const say = (what: Readonly<Record<string, unknown>>): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);
// Nobody listens any more.
process.stdout.on('error', () => {});

/** The functions see their standard input close, too; one that lost its init process does not. */
async function endSandboxes(): Promise<void> {
	for (const end = performance.now() + SANDBOXES_LIMIT_MS; performance.now() < end; await wait(LOOK_EVERY_MS)) {
		const left = (await listProcesses()).filter(
			({pid, environment}) => pid !== process.pid && environment.get('TMPDIR')?.startsWith(`${folder}/`),
		);
		if (left.length === 0) return;
		for (const {pid} of left) killNow(pid);
	}
}

const log = openSync(join(folder, 'localstack.log'), 'a');
const localStack = spawn(program, args, {cwd: folder, detached: true, stdio: ['ignore', log, log]});
closeSync(log);
const {pid} = localStack;
const exited = new Promise<unknown>(resolve => {
	localStack.once('error', error => resolve(error.message));
	localStack.once('exit', (code, signal) => resolve(signal ?? code));
});
say({pid});
void exited.then(how => say({exited: how}));

process.stdin.resume();
await once(process.stdin, 'close');
// Its pollers make a polite end take ten seconds, and nothing of it is kept.
if (pid !== undefined) killNow(-pid);
await exited;
await endSandboxes();
await rm(folder, {recursive: true, force: true, maxRetries: 10, retryDelay: 100});
process.exit(0);
