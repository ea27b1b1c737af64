import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createHash, randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {existsSync, readFileSync, rmSync} from 'node:fs';
import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Report} from '../../src/lanes/snapshot.ts';
import type {ResultFile, ResultFiles} from '../../src/runs/seal.ts';
import type {KillPoint, Orders} from './kill-at.ts';

const launcher = fileURLToPath(new URL('../../bin/twolane.js', import.meta.url));
const killAtModule = new URL('kill-at.ts', import.meta.url).href;
/** Node keeps compiled modules there, by their content: a command then takes half the CPU to start (0.95 s instead of 1.95). */
const compileCache = join(tmpdir(), 'twolane-test-compile-cache');

export interface CliOptions {
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** What standard input holds; default: nothing. */
	readonly stdin?: string | Uint8Array;
	/** Standard input never ends. */
	readonly isStdinOpen?: boolean;
	/** Where the command, not its launcher, ends itself with a SIGKILL. */
	readonly killAt?: KillPoint;
	/** A process group of its own: `killGroup` ends launcher and command at once, as a shell or a container does. */
	readonly hasGroup?: boolean;
	/** Makes `commandPid` known. */
	readonly isCommandKnown?: boolean;
}

export interface CliEnd {
	readonly stdout: string;
	readonly stderr: string;
	/** `null` when a signal ended the launcher. */
	readonly exitCode: number | null;
	/** When the process and all that held its output were gone, by `performance.now()`. */
	readonly endedMs: number;
}

export interface Cli {
	readonly pid: number;
	readonly ended: Promise<CliEnd>;
	/** Resolves when the launcher is gone; the command may still be there. */
	readonly exited: Promise<void>;
	kill(signal: NodeJS.Signals): void;
	killGroup(signal: NodeJS.Signals): void;
	/** Process id of the command, the launcher's child; `undefined` before it has started. */
	commandPid(): number | undefined;
	/** Resolves with the time at which the output so far matches; rejects when the command ends without. */
	saw(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<number>;
}

/** The command as a person starts it, through its launcher. */
export function startCli(args: readonly string[], options: CliOptions = {}): Cli {
	const {cwd, env, stdin = '', isStdinOpen = false, hasGroup = false} = options;
	// The test runner's own colours are no setting of the person's.
	const {NO_COLOR: _, FORCE_COLOR: __, ...clean} = process.env;
	const pidFile = join(tmpdir(), `twolane-pid-${randomUUID()}`);
	const child = spawn(process.execPath, [launcher, ...args], {
		cwd,
		env: {...clean, NODE_COMPILE_CACHE: compileCache, ...giveOrders(options, pidFile), ...env},
		detached: hasGroup,
	});
	const output = {stdout: '', stderr: ''};
	for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
	// A command that refuses its words reads nothing.
	child.stdin.on('error', () => {});
	if (!isStdinOpen) child.stdin.end(stdin);
	const ended = once(child, 'close').then(([exitCode]: unknown[]): CliEnd => {
		rmSync(pidFile, {force: true});
		return {...output, exitCode: exitCode as number | null, endedMs: performance.now()};
	});
	return {
		pid: child.pid ?? 0,
		ended,
		exited: once(child, 'exit').then(() => {}),
		kill: signal => void child.kill(signal),
		killGroup: signal => void process.kill(-(child.pid ?? 0), signal),
		commandPid: () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) || undefined : undefined),
		saw: (stream, pattern) =>
			new Promise((resolve, reject) => {
				const look = (): void => {
					if (pattern.test(output[stream])) resolve(performance.now());
				};
				child[stream].on('data', look);
				void ended.then(end => reject(new Error(`ended without ${String(pattern)}: ${JSON.stringify(end)}`)));
				look();
			}),
	};
}

/** Only with such an option: whatever is loaded ahead of it makes a command slower to start. */
function giveOrders({killAt, isCommandKnown = false}: CliOptions, pidFile: string): NodeJS.ProcessEnv {
	if (killAt === undefined && !isCommandKnown) return {};
	const orders: Orders = {pidFile, ...(killAt && {killAt})};
	return {NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${killAtModule}`, TWOLANE_TEST: JSON.stringify(orders)};
}

export const runCli = (args: readonly string[], options?: CliOptions): Promise<CliEnd> => startCli(args, options).ended;

/** A folder of a test's own, gone at its end. */
export interface Workplace extends AsyncDisposable {
	readonly path: string;
	/** Writes a file, with the folders on its way, and returns its absolute path. */
	write(name: string, body: string | Uint8Array): Promise<string>;
	/** Every file below the folder `name`, relative to it. */
	list(name: string): Promise<string[]>;
}

export async function workplace(): Promise<Workplace> {
	const path = await mkdtemp(join(tmpdir(), 'twolane-cli-'));
	return {
		path,
		async write(name, body) {
			const file = join(path, name);
			await mkdir(dirname(file), {recursive: true});
			await writeFile(file, body);
			return file;
		},
		async list(name) {
			const entries = await readdir(join(path, name), {recursive: true, withFileTypes: true}).catch(() => []);
			return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name).slice(join(path, name).length + 1));
		},
		[Symbol.asyncDispose]: () => rm(path, {recursive: true, force: true}),
	};
}

export interface Row {
	readonly n: number;
	readonly id: string;
	readonly status: string;
	readonly attempts?: number;
	readonly source?: string;
	readonly meta?: unknown;
	readonly result?: unknown;
	readonly reason?: string;
	readonly outputs?: readonly {readonly name: string; readonly key: string; readonly bytes: number; readonly sha256: string}[];
	readonly error?: {readonly code: string; readonly message: string; readonly retryable: boolean; readonly status?: number};
}

/** The lines that `--json` prints, each of which must be JSON: the rows, and the report at the end. */
export function readJsonLines(stdout: string): {readonly rows: Row[]; readonly report: KeptReport} {
	const lines = stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as {readonly type: string});
	const report = lines.pop();
	if (report?.type !== 'report') throw new Error(`the last line is no report: ${JSON.stringify(report)}`);
	if (lines.some(({type}) => type !== 'outcome')) throw new Error('a line is no outcome');
	return {rows: lines as unknown as Row[], report: report as unknown as KeptReport};
}

export type KeptReport = Report & {readonly repeats: number};

export interface KeptResults {
	readonly runId: string;
	readonly flow: string;
	readonly generation: number;
	/** Shards of this generation that have ended. */
	readonly sealed: number;
	readonly control: number;
	readonly itemCounts: Readonly<Record<string, number>>;
	readonly completionReason: string;
	readonly resultFiles: ResultFiles;
}

export interface KeptRun {
	readonly folder: string;
	readonly results: KeptResults;
	readonly report: KeptReport;
	readonly spec: Readonly<Record<string, unknown>>;
	/** The rows of each kind, after a look at what the results manifest says of their files. */
	readonly rows: Readonly<Record<keyof ResultFiles, Row[]>>;
}

/** The one run that was kept below `state`. */
export async function readKeptRun(state: string): Promise<KeptRun> {
	const [runId, ...others] = await readdir(join(state, 'runs'));
	if (runId === undefined || others.length > 0) throw new Error(`expected one run in ${state}, found ${others.length + 1}`);
	const folder = join(state, 'runs', runId);
	const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
	const results = await read<KeptResults>('results/manifest.json');
	return {
		folder,
		results,
		report: await read('report.json'),
		spec: await read('run.json'),
		rows: await readResultRows(folder, results.resultFiles),
	};
}

/** The rows of each kind. Throws when a file is not what the results manifest says it is. */
export async function readResultRows(folder: string, {SUCCEEDED, SKIPPED, FAILED, PENDING}: ResultFiles): Promise<KeptRun['rows']> {
	return {
		SUCCEEDED: await readRows(folder, SUCCEEDED),
		SKIPPED: await readRows(folder, SKIPPED),
		FAILED: await readRows(folder, FAILED),
		PENDING: await readRows(folder, PENDING),
	};
}

async function readRows(folder: string, files: readonly ResultFile[]): Promise<Row[]> {
	const all: Row[] = [];
	for (const {key, items, bytes, sha256} of files) {
		const body = await readFile(join(folder, key));
		const rows = body
			.toString()
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line) as Row);
		const isSorted = rows.every(({n}, at) => at === 0 || n > (rows[at - 1]?.n ?? 0));
		const found = {items: rows.length, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex'), isSorted};
		assert.deepEqual(found, {items, bytes, sha256, isSorted: true}, key);
		all.push(...rows);
	}
	return all;
}
