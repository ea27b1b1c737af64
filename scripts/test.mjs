// Everything that must hold: types, lint, format, dead code, tests. Ends with one plain line: N passed, N failed, N skipped.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** @type {readonly (readonly [name: string, command: string, args: readonly string[]])[]} */
const checks = [
	['types', 'tsc', []],
	['lint', 'oxlint', ['--type-aware', '--deny-warnings']],
	['format', 'oxfmt', ['--check']],
	['dead code', 'knip', []],
];
const counts = {passed: 0, failed: 0, skipped: 0};

for (const [name, command, args] of checks) {
	const {status, error} = run(command, args);
	count(status === 0 ? 'passed' : 'failed', `${name}${error ? `: ${error.message}` : ''}`);
}
countTests();

process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exit(counts.failed === 0 ? 0 : 1);

function run(command, args) {
	process.stdout.write(`\n> ${command} ${args.join(' ')}\n`);
	return spawnSync(command, args, {stdio: ['ignore', 'inherit', 'inherit']});
}

function count(result, name) {
	counts[result]++;
	process.stdout.write(`${result === 'passed' ? 'ok' : result}  ${name}\n`);
}

/** vitest's own numbers; no report at all is a failure. In CI a skipped test needs a reason in docs/skipped-tests.md. */
function countTests() {
	const folder = mkdtempSync(join(tmpdir(), 'twolane-test-'));
	const file = join(folder, 'report.json');
	const {status} = run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
	const report = readReport(file);
	rmSync(folder, {recursive: true, force: true});
	if (report === undefined) return count('failed', 'vitest wrote no report');
	counts.passed += report.numPassedTests;
	counts.failed += report.numFailedTests;
	counts.skipped += report.numPendingTests + report.numTodoTests;
	// A suite that does not load, or an error outside of every test, is in no count.
	if (status !== 0 && report.numFailedTests === 0) count('failed', 'vitest ended with an error outside of its tests');
	if (process.env.CI) for (const title of skippedTitles(report)) requireReason(title);
}

function readReport(file) {
	try {
		return JSON.parse(readFileSync(file, 'utf8'));
	} catch {
		return undefined;
	}
}

function skippedTitles({testResults}) {
	return testResults.flatMap(({assertionResults}) =>
		assertionResults.filter(({status}) => status === 'pending' || status === 'skipped' || status === 'todo').map(({fullName}) => fullName),
	);
}

function requireReason(title) {
	const reasons = readFileSync(new URL('../docs/skipped-tests.md', import.meta.url), 'utf8');
	const line = reasons.split('\n').find(text => text.includes(title));
	if (line === undefined) count('failed', `skipped without a reason in docs/skipped-tests.md: ${title}`);
	else process.stdout.write(`skipped  ${line}\n`);
}
