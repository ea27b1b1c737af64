// What planning a list costs, against a bare loop of JSON.parse and JSON.stringify over the same rows. `node bench/planning.ts [--lines N]`
import {execFile} from 'node:child_process';
import {createReadStream, createWriteStream} from 'node:fs';
import {mkdtemp, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {parseArgs, promisify} from 'node:util';
import {sha256} from '../src/adapters/machine/machine.ts';
import type {FlowDefinition} from '../src/lanes/flow.ts';
import {sourceItem} from '../src/lanes/source.ts';
import {type ItemsFile, type PlannedItems, planItems} from '../src/manifest/plan-items.ts';
import {readRows} from '../src/manifest/read-rows.ts';
import {readLines} from '../src/runs/lines.ts';

const url = (n: number): string => `https://cdn.example.com/p/${n}.jpg`;
/** A row of each list, and how many of its rows repeat another. */
const lists: Readonly<Record<string, {readonly write: (n: number, total: number) => string; readonly repeatRatio?: number}>> = {
	'ids, one query': {write: n => `{"id":"sku-${n}","url":"${url(n)}?w=1"}`},
	'ids, no query': {write: n => `{"id":"sku-${n}","url":"${url(n)}"}`},
	'no ids, signed': {write: n => `{"url":"${url(n)}?sig=${n}"}`},
	'a tenth repeats': {write: (n, total) => `{"url":"${url(n % (0.9 * total))}"}`, repeatRatio: 0.1},
};
const {values} = parseArgs({options: {lines: {type: 'string', default: '1000000'}, list: {type: 'string'}}});
const total = Number(values.lines);
if (values.list === undefined) await measureAll();
else process.stdout.write(JSON.stringify(await measure(values.list)));

/** Every list in a process of its own, and 1,000 lines of it for the memory that does not grow. */
async function measureAll(): Promise<void> {
	process.stdout.write(`${'list'.padEnd(18)}   lines/s  lines/CPU s  CPU ratio to the bare loop  MB more than for 1,000\n`);
	for (const list of Object.keys(lists)) {
		const few = await measureApart(list, 1000);
		const many = await measureApart(list, total);
		const moreMb = (many.rssBytes - few.rssBytes) / 1e6;
		const columns = [(total / many.wallMs) * 1000, (total / many.cpuMs) * 1000].map(rate => rate.toFixed(0).padStart(10)).join('   ');
		process.stdout.write(
			`${list.padEnd(18)}${columns}   ${(many.cpuMs / many.bareMs).toFixed(2).padStart(10)}   ${moreMb.toFixed(0).padStart(30)}\n`,
		);
	}
}

type Measured = Awaited<ReturnType<typeof measure>>;

async function measureApart(list: string, lines: number): Promise<Measured> {
	const words = ['--max-semi-space-size=8', import.meta.filename, '--list', list, '--lines', String(lines)];
	return JSON.parse((await promisify(execFile)(process.execPath, words)).stdout) as Measured;
}

async function measure(list: string) {
	const {write = String, repeatRatio = 0} = lists[list] ?? {};
	const folder = await mkdtemp(join(tmpdir(), 'twolane-bench-'));
	try {
		const path = join(folder, 'list.jsonl');
		await pipeline(Readable.from(texts(n => write(n, total))), createWriteStream(path));
		const bare = createBareLoop(n => write(n, total));
		const flow: FlowDefinition = {name: 'bench', item: sourceItem, fetch: async () => undefined};
		const manifest = {name: 'list', rows: readRows(createReadStream(path), {name: 'list'}), resolveFile: String};
		const [startMs, startCpuMs] = [performance.now(), threadCpuMs()];
		const planned = await planItems(flow, [manifest], {sha256, files: openFiles(folder, lines => bare.run(lines))});
		const wallMs = performance.now() - startMs - bare.wallMs();
		const cpuMs = threadCpuMs() - startCpuMs - bare.cpuMs();
		await check(planned, {folder, repeats: Math.round(total * repeatRatio)});
		return {wallMs, cpuMs, bareMs: bare.finish(), rssBytes: process.resourceUsage().maxRSS * 1024};
	} finally {
		await rm(folder, {recursive: true});
	}
}

function* texts(write: (n: number) => string): Generator<string> {
	for (let n = 0; n < total; n += 1000) yield `${rows(n, Math.min(n + 1000, total), write).join('\n')}\n`;
}

function rows(start: number, end: number, write: (n: number) => string): readonly string[] {
	return Array.from({length: end - start}, (_, at) => write(start + at));
}

/** Runs beside the planning, slice by slice: what disturbs one disturbs the other. */
function createBareLoop(write: (n: number) => string) {
	let n = 0;
	let [wallMs, cpuMs, loopMs] = [0, 0, 0];
	let characters = 0;
	function run(lines: number): void {
		const [startMs, startCpuMs] = [performance.now(), threadCpuMs()];
		const end = Math.min(n + lines, total);
		const slice = rows(n, end, write);
		const loopStartMs = threadCpuMs();
		for (const row of slice) characters += JSON.stringify(JSON.parse(row)).length;
		loopMs += threadCpuMs() - loopStartMs;
		n = end;
		wallMs += performance.now() - startMs;
		cpuMs += threadCpuMs() - startCpuMs;
	}

	/** Of all the rows. */
	function finish(): number {
		run(total - n);
		if (characters < total) throw new Error('the bare loop left rows out');
		return loopMs;
	}

	return {run, finish, wallMs: () => wallMs, cpuMs: () => cpuMs};
}

function threadCpuMs(): number {
	const {user, system} = process.threadCpuUsage();
	return (user + system) / 1000;
}

function openFiles(folder: string, onLines: (count: number) => void): ItemsFile {
	let count = 0;
	async function* watch(texts: AsyncIterable<string>): AsyncGenerator<string> {
		for await (const text of texts) {
			onLines(text.split('\n').length - 1);
			if (text !== '') yield text;
		}
	}
	return {
		async write(texts) {
			const name = `items-${++count}`;
			await pipeline(Readable.from(watch(texts), {objectMode: true, highWaterMark: 1}), createWriteStream(join(folder, name)));
			return name;
		},
		lines: name => readLines(createReadStream(join(folder, name))),
		remove: name => rm(join(folder, name)),
	};
}

/** Every item is in the file, numbered in order. */
async function check({file, total: items, repeats, offsets}: PlannedItems, expected: {readonly folder: string; readonly repeats: number}) {
	const path = join(expected.folder, file);
	let n = 0;
	for await (const lines of readLines(createReadStream(path))) {
		for (const line of lines) if (!line.startsWith(`{"n":${n++},`)) throw new Error(`line ${n} is not item ${n - 1}`);
	}
	const found = [n, items, repeats, offsets.at(-1)].join();
	const wanted = [total - expected.repeats, total - expected.repeats, expected.repeats, (await stat(path)).size].join();
	if (found !== wanted) throw new Error(`found ${found}, expected ${wanted}`);
}
