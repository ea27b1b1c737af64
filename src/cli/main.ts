import packageJson from '../../package.json' with {type: 'json'};
import {describeFailure} from './failure.ts';
import {runProgram} from './program.ts';

/** With no words: the demo, the one thing that needs nothing. */
const words = process.argv.length > 2 ? process.argv.slice(2) : ['demo'];

// The launcher is our parent: without it nobody would see the end of this process.
const exitWithLauncher = (): never => process.exit(130);
process.once('disconnect', exitWithLauncher);

// `twolane run ... --json | head`: nobody reads any more. The shell's number for SIGPIPE, which Node ignores.
const endUnread = ({code}: NodeJS.ErrnoException): never => process.exit(code === 'EPIPE' ? 141 : 3);
process.stdout.on('error', endUnread);
process.stderr.on('error', endUnread);

try {
	process.exitCode = await runProgram(words, packageJson.version);
} catch (error) {
	const {message, exitCode} = describeFailure(error);
	process.stderr.write(`twolane: ${message}\n`);
	process.exitCode = exitCode;
}
// The channel to the launcher would keep the process alive.
process.off('disconnect', exitWithLauncher);
process.disconnect?.();
