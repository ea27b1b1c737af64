import packageJson from '../../package.json' with {type: 'json'};
import {describeFailure} from './failure.ts';
import {flush, leave} from './leave.ts';
import {runProgram} from './program.ts';

/** With no words: the demo, the one thing that needs nothing. */
const words = process.argv.length > 2 ? process.argv.slice(2) : ['demo'];

// The launcher is our parent: without it nobody would see the end of this process. An orderly exit would wait for threads.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

// `twolane run ... --json | head`: nobody reads any more. The shell's number for SIGPIPE, which Node ignores.
const endUnread = ({code}: NodeJS.ErrnoException): void => leave(code === 'EPIPE' ? 141 : 3);
process.stdout.on('error', endUnread);
process.stderr.on('error', endUnread);

async function runWords(): Promise<number> {
	try {
		return await runProgram(words, packageJson.version);
	} catch (error) {
		const {message, exitCode} = describeFailure(error);
		process.stderr.write(`twolane: ${message}\n`);
		return exitCode;
	}
}

const exitCode = await runWords();
await flush(process.stdout);
await flush(process.stderr);
leave(exitCode);
