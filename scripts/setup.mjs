// Installs what is missing, before `npm start` and `npm test`. Plain JavaScript: it runs on the machine's own Node, whatever that is.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.twolane-installed`;
// The lock says all: what is installed is what it names, or it is installed again.
const wanted = createHash('sha256')
	.update(readFileSync(`${root}package-lock.json`))
	.digest('hex');

if (readIfThere(stamp) !== wanted) {
	process.stderr.write('Installing dependencies (once, about a minute) ...\n');
	// npm names itself; without it we were called by hand.
	const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
	const {status, error} = spawnSync(npm[0], [...npm.slice(1), 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
		cwd: root,
		stdio: ['ignore', 2, 2],
	});
	if (status !== 0) {
		process.stderr.write(`npm ci failed${error ? `: ${error.message}` : ''}. Is the network reachable? Then try again.\n`);
		process.exit(3);
	}
	writeFileSync(stamp, wanted);
}

function readIfThere(file) {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return undefined;
	}
}
