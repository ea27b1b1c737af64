// One subject, one round, in a process of its own: prints what it took as JSON. `run-subject.ts NAME BASE_URL OUT COUNT`
import {mkdir, writeFile} from 'node:fs/promises';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import pMap, {pMapIterable} from 'p-map';
import {Piscina} from 'piscina';
import {cpu, createCpuPool, defineFlow, fanOut, httpReader} from 'twolane';
import {Pool} from 'undici';
import {z} from 'zod';
import {thumbnail} from '../../src/flows/thumbnail/index.ts';

const [subject = '', baseUrl = '', out = '', countText = '0'] = process.argv.slice(2);
const count = Number(countText);
const IMAGES = 25;
const IO = 16;
// What `threads: 'auto'` comes to while the threads wait for libvips.
const THREADS = 2 * availableParallelism();
const WARM_UP = 150;

const nameOf = (n: number): string => `${String(n % IMAGES).padStart(2, '0')}.jpg`;
const moduleOf = (name: string): string => new URL(`./${name}.ts`, import.meta.url).pathname;
const openPool = (name: string, threads: number) =>
	new Piscina({filename: moduleOf(name), minThreads: threads, maxThreads: threads, concurrentTasksPerWorker: 1, recordTiming: false});

type Pass = (from: number, to: number) => Promise<void>;

/** p-map, one request at a time into a buffer, a function for the CPU part, a file. */
async function handWritten(transform: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>): Promise<Pass> {
	const origin = new Pool(baseUrl, {connections: IO});
	await mkdir(out, {recursive: true});
	return (from, to) =>
		pMap(
			Array.from({length: to - from}, (_, k) => from + k),
			async n => {
				const {body, headers} = await origin.request({path: `/${nameOf(n)}`, method: 'GET'});
				const bytes = new Uint8Array(Number(headers['content-length']));
				let at = 0;
				for await (const chunk of body) {
					bytes.set(chunk as Buffer, at);
					at += (chunk as Buffer).length;
				}
				await writeFile(join(out, `${n}.jpg`), await transform(bytes));
			},
			{concurrency: IO},
		).then(() => {});
}

function onThreads(name: string): Promise<Pass> {
	const pool = openPool(name, THREADS);
	return handWritten(bytes => pool.run(bytes, {transferList: [bytes.buffer]}) as Promise<Uint8Array>);
}

async function withoutThreads(): Promise<Pass> {
	const {default: transform} = await import('./thumbnail-pipeline.ts');
	return await handWritten(transform);
}

/** The thumbnail flow as a user runs it, everything at its default. */
function twolane(): Pass {
	const readers = [httpReader({allowOrigins: [baseUrl]})];
	return async (from, to) => {
		const items = Array.from({length: to - from}, (_, k) => ({id: String(from + k), url: `${baseUrl}/${nameOf(from + k)}`}));
		for await (const outcome of fanOut(thumbnail, items, {readers, out})) {
			if (outcome.status !== 'succeeded') throw new Error(JSON.stringify(outcome));
		}
	};
}

function* items(from: number, to: number): Generator<{readonly id: string}> {
	for (let n = from; n < to; n++) yield {id: String(n)};
}

function bareNoOp(): Pass {
	const pool = openPool('no-op', availableParallelism());
	return async (from, to) => {
		let next = from;
		for await (const result of pMapIterable(items(from, to), item => pool.run(item), {concurrency: IO, preserveOrder: false})) {
			if (typeof (result as {id: unknown}).id === 'string') next++;
		}
		if (next !== to) throw new Error(`${next - from} of ${to - from} came back`);
	};
}

function bothLanesNoOp(): Pass {
	const flow = defineFlow({
		name: 'no-op',
		item: z.object({id: z.string()}),
		fetch: async item => item,
		transform: cpu<typeof import('./no-op.ts')>(new URL('./no-op.ts', import.meta.url)),
	});
	const pool = createCpuPool({threads: availableParallelism()});
	return async (from, to) => {
		let next = from;
		for await (const outcome of fanOut(flow, items(from, to), {pool}))
			if (outcome.status === 'succeeded' && outcome.result.id === outcome.id) next++;
		if (next !== to) throw new Error(`${next - from} of ${to - from} came back`);
	};
}

const subjects: Readonly<Record<string, () => Pass | Promise<Pass>>> = {
	twolane,
	'bare loop': () => onThreads('thumbnail-pipeline'),
	'bare loop, one sharp call': () => onThreads('thumbnail-one-call'),
	'sharp without threads': withoutThreads,
	'p-map -> Piscina': bareNoOp,
	'both lanes': bothLanesNoOp,
};

const pass = await subjects[subject]?.();
if (pass === undefined) throw new Error(`no subject '${subject}'`);
await pass(0, Math.max(WARM_UP, Math.round(count / 5)));
const before = process.cpuUsage();
const startMs = performance.now();
await pass(0, count);
const wallMs = performance.now() - startMs;
const {user, system} = process.cpuUsage(before);
process.stdout.write(JSON.stringify({wallMs, cpuMs: (user + system) / 1000}));
process.exit(0);
