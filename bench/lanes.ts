// What the lanes cost against the same work written by hand. `npm run bench -- [--only thumbnails|noop] [--rounds N]`
import {execFile, fork} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, readdir, rm} from 'node:fs/promises';
import {availableParallelism, cpus, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs, promisify} from 'node:util';
import sharp from 'sharp';
import {openCorpus} from './corpus.ts';

interface Took {
	readonly wallMs: number;
	readonly cpuMs: number;
}
interface Table {
	readonly title: string;
	readonly unit: string;
	readonly count: number;
	/** The first one is what the others are measured against. */
	readonly subjects: readonly string[];
	readonly check?: (out: string) => Promise<void>;
}

const IMAGES = 250;
const NO_OPS = 50_000;
const {values} = parseArgs({options: {only: {type: 'string'}, rounds: {type: 'string', default: '5'}}});
const rounds = Number(values.rounds);

const tables: Readonly<Record<string, Table>> = {
	thumbnails: {
		title: `${IMAGES} JPEG downloads of 0.5 MB to 256 px`,
		unit: 'ms',
		count: IMAGES,
		subjects: ['bare loop', 'twolane', 'bare loop, one sharp call', 'sharp without threads'],
		check: checkThumbnails,
	},
	noop: {title: `${NO_OPS} no-op items`, unit: 'us', count: NO_OPS, subjects: ['p-map -> Piscina', 'both lanes']},
};

const corpus = await openCorpus();
const origin = fork(new URL('./origin.ts', import.meta.url), [corpus.folder]);
const [port] = (await once(origin, 'message')) as [number];
const results: Record<string, unknown> = {};
for (const [name, table] of Object.entries(tables)) {
	if (values.only === undefined || values.only === name) results[name] = await runTable(table);
}
origin.disconnect();
process.stdout.write(
	`\n${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.versions.node}, sharp ${sharp.versions.sharp}; mean source ${Math.round(corpus.meanBytes / 1000)} kB\n`,
);
process.stdout.write(`${JSON.stringify(results)}\n`);

/** Round by round, every subject once: what disturbs one disturbs its neighbours. The first round warms the disk and is not counted. */
async function runTable(table: Table): Promise<object> {
	const took = new Map<string, Took[]>(table.subjects.map(subject => [subject, []]));
	for (let round = 0; round <= rounds; round++) {
		for (const subject of table.subjects) {
			const result = await runSubject(subject, table);
			if (round > 0) took.get(subject)?.push(result);
		}
	}
	return printTable(table, took);
}

async function runSubject(subject: string, {count, check}: Table): Promise<Took> {
	const out = await mkdtemp(join(tmpdir(), 'twolane-bench-'));
	const file = new URL('./subjects/run-subject.ts', import.meta.url).pathname;
	const env = {...process.env, UV_THREADPOOL_SIZE: '16', MALLOC_ARENA_MAX: '2'};
	try {
		const {stdout} = await promisify(execFile)(
			process.execPath,
			['--max-semi-space-size=8', file, subject, `http://127.0.0.1:${port}`, out, String(count)],
			{env},
		);
		await check?.(out);
		return JSON.parse(stdout) as Took;
	} finally {
		await rm(out, {recursive: true, force: true});
	}
}

/** Every thumbnail is there, decodes, and has its size. */
async function checkThumbnails(out: string): Promise<void> {
	const files = (await readdir(out, {recursive: true})).filter(name => name.endsWith('.jpg'));
	if (files.length !== IMAGES) throw new Error(`${files.length} of ${IMAGES} thumbnails`);
	for (const file of files) {
		const {info} = await sharp(await readFile(join(out, file)))
			.raw()
			.toBuffer({resolveWithObject: true});
		if (Math.max(info.width, info.height) !== 256) throw new Error(`${file} is ${info.width} x ${info.height}`);
	}
}

function printTable({title, unit, count, subjects}: Table, took: ReadonlyMap<string, readonly Took[]>): object {
	const [first = ''] = subjects;
	const perItem = unit === 'us' ? 1000 / count : 1 / count;
	const base = took.get(first) ?? [];
	process.stdout.write(`\n${title}, ${rounds} rounds, interleaved\n`);
	process.stdout.write(
		`${'subject'.padEnd(28)}${`CPU ${unit}/item`.padStart(14)}${'items/s'.padStart(10)}   CPU ratio to '${first}' (min-max)   speed ratio\n`,
	);
	const rows = subjects.map(subject => {
		const runs = took.get(subject) ?? [];
		const cpuRatios = runs.map((run, round) => run.cpuMs / (base[round]?.cpuMs ?? Number.NaN));
		const speedRatios = runs.map((run, round) => (base[round]?.wallMs ?? Number.NaN) / run.wallMs);
		const row = {
			subject,
			cpuPerItem: median(runs.map(({cpuMs}) => cpuMs * perItem)),
			itemsPerSecond: median(runs.map(({wallMs}) => (1000 * count) / wallMs)),
			cpuRatio: median(cpuRatios),
			cpuRatios,
			speedRatio: median(speedRatios),
		};
		const spread = `${Math.min(...cpuRatios).toFixed(2)}-${Math.max(...cpuRatios).toFixed(2)}`;
		process.stdout.write(
			`${subject.padEnd(28)}${row.cpuPerItem.toFixed(1).padStart(14)}${row.itemsPerSecond.toFixed(0).padStart(10)}   ${row.cpuRatio.toFixed(2)} (${spread})`.padEnd(
				88,
			) + `${row.speedRatio.toFixed(2)}\n`,
		);
		return row;
	});
	return {title, rows};
}

function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length / 2;
	return sorted.length === 0
		? Number.NaN
		: ((sorted[Math.floor(middle - 0.5 + 0.5 * (sorted.length % 2))] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
