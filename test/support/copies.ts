import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {setTimeout as wait} from 'node:timers/promises';
import {basename, join} from 'node:path';
import {type Cli, type CliEnd, type CliOptions, type Row, type Workplace, readKeptRun, runCli, startCli, workplace} from './cli.ts';
import {type HttpOrigin, httpOrigin, serve, status} from './http-origin.ts';

/** Fetches a text and stores it twice, on no thread: of every ten items the fourth is missing and the eighth is skipped. */
const flow = `
import {defineFlow, skip, sourceItem} from 'twolane';
export default defineFlow({
	name: 'copies',
	item: sourceItem,
	fetch: async (item, {read}) => {
		const text = Buffer.from(await read(item)).toString();
		return text.startsWith('skip') ? skip('it says so') : text;
	},
	store: async (text, {put}) => {
		await put('copy.txt', text);
		await put('loud.txt', text.toUpperCase());
		return text.length;
	},
});
`;

/** One request for an item, by `performance.now()`. */
export interface ItemRequest {
	readonly id: string;
	readonly startedMs: number;
	/** When it was answered. */
	endedMs?: number;
}

/** A list of items at an origin that takes its time and keeps a log, and the command that copies them. */
export interface Copies extends AsyncDisposable {
	readonly place: Workplace;
	readonly origin: HttpOrigin;
	readonly requests: ItemRequest[];
	/** How long the answer for item `n` takes from now on; default: no time. */
	delay(msOf: (n: number) => number): void;
	/** The words of the command, with `out` relative to the place. */
	words(out: string, ...more: readonly string[]): readonly string[];
	options(options?: CliOptions): CliOptions;
}

export async function openCopies(count: number): Promise<Copies> {
	const [place, origin] = await Promise.all([workplace(), httpOrigin()]);
	const requests: ItemRequest[] = [];
	let delayOf = (_: number): number => 0;
	const lines = Array.from({length: count}, (_, n) => {
		const id = `id-${n}`;
		origin.on(`/${id}`, async () => {
			const request: ItemRequest = {id, startedMs: performance.now()};
			requests.push(request);
			await wait(delayOf(n), undefined, {ref: false});
			request.endedMs = performance.now();
			return n % 10 === 3 ? status(404) : serve(`${n % 10 === 7 ? 'skip' : 'text'} ${n}`);
		});
		return JSON.stringify({id, url: origin.url(`/${id}`)});
	});
	await place.write('copies.ts', flow);
	await place.write('list.jsonl', lines.join('\n'));
	return {
		place,
		origin,
		requests,
		delay: msOf => void (delayOf = msOf),
		words: (out, ...more) => {
			const own = ['--flow', './copies.ts', '--allow-origin', origin.origin, '--io', '4'];
			return ['run', 'list.jsonl', '--out', out, ...own, ...more];
		},
		options: options => ({cwd: place.path, ...options}),
		async [Symbol.asyncDispose]() {
			await origin[Symbol.asyncDispose]();
			await place[Symbol.asyncDispose]();
		},
	};
}

/** A command that has done all it can before item `from`, which the origin holds back with all that follow. */
export async function startHeld(copies: Copies, from: number, words: readonly string[]): Promise<Cli> {
	copies.delay(n => (n >= from ? 60_000 : 0));
	const asked = copies.requests.length;
	const cli = startCli(words, copies.options({isCommandKnown: true}));
	const isHeld = (): boolean => copies.requests.slice(asked).some(({id}) => id === `id-${from}`);
	const refuse = ({stderr}: CliEnd) => Promise.reject(new Error(`ended before item ${from}: ${stderr}`));
	while (!isHeld()) await Promise.race([wait(10), cli.ended.then(refuse)]);
	return cli;
}

/** An item that was asked for although it had been answered before, and how long before the kill that explains it. */
export interface Repeat {
	readonly id: string;
	readonly lostMs: number;
}

/** Work that was done twice. @param killsMs when a command was killed, by `performance.now()`. */
export function findRepeats(requests: readonly ItemRequest[], killsMs: readonly number[]): readonly Repeat[] {
	return requests.flatMap(({id}, index) => {
		const earlier = requests.slice(0, index).findLast(request => request.id === id);
		if (earlier?.endedMs === undefined) return [];
		const killMs = killsMs.find(ms => ms >= earlier.startedMs) ?? Infinity;
		// What was answered after the kill had been in flight.
		return earlier.endedMs > killMs ? [] : [{id, lostMs: killMs - earlier.endedMs}];
	});
}

/** All that a killed command says: its launcher names the command that goes on, if there is a run yet. */
export const lastWords = /^(?:twolane: The process was killed by SIGKILL\. Continue the run with: .* resume \S+\n)?$/u;

/** What counts of an outcome: the rest, such as times, differs from run to run. */
export interface Result {
	readonly n: number;
	readonly id: string;
	readonly status: string;
	readonly code: string | undefined;
	readonly outputs: Row['outputs'];
}

/**
 * The results of the only run in `out`, as `twolane results` streams them, after a look at all that must hold for a run that has
 * ended: rows in order, once each, as in the files of the results manifest; counts that add up; outputs with the bytes they should have;
 * and nothing else left in the folder.
 */
export async function readResults(place: Workplace, out: string): Promise<readonly Result[]> {
	const {path} = place;
	const {folder, results, report, rows} = await readKeptRun(join(path, out, '.twolane'));
	const {stdout, stderr, exitCode} = await runCli(['results', folder]);
	assert.deepEqual({stderr, exitCode}, {stderr: '', exitCode: 0});
	const streamed = readLines(stdout);
	assert.deepEqual(
		streamed.map(({n}) => n),
		streamed.map((_, index) => index),
	);
	const kept = Object.values(rows).flat();
	assert.deepEqual(
		kept.toSorted((a, b) => a.n - b.n),
		streamed,
	);
	const counts = {succeeded: rows.SUCCEEDED.length, failed: rows.FAILED.length, skipped: rows.SKIPPED.length, pending: 0, running: 0};
	assert.deepEqual(results.itemCounts, {...counts, total: streamed.length});
	assert.deepEqual(report.itemCounts, results.itemCounts);

	const outputs = streamed.flatMap(row => row.outputs ?? []);
	for (const {key, bytes, sha256} of outputs) {
		const body = await readFile(join(path, out, key));
		assert.deepEqual({bytes: body.length, sha256: createHash('sha256').update(body).digest('hex')}, {bytes, sha256}, key);
	}
	const files = await place.list(out);
	assert.deepEqual(files.filter(name => !name.startsWith('.twolane/')).toSorted(), outputs.map(({key}) => key).toSorted());
	// The files of rows that a redrive has taken over stay.
	const named = results.generation > 0 ? undefined : Object.values(results.resultFiles).flat();
	assert.deepEqual(files.filter(isScratch(named, basename(folder))), []);
	assert.equal(files.filter(name => /\/0\/items-/u.test(name)).length, 1);
	assert.equal(existsSync(join(path, out, '.twolane/tmp')), false);
	return streamed.map(({n, id, status: end, error, outputs: made}) => ({n, id, status: end, code: error?.code, outputs: made}));
}

const readLines = (text: string): Row[] =>
	text
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as Row);

/** Of the files of an ended run's records, those that nobody needs any more. */
function isScratch(rowFiles: readonly {readonly key: string}[] | undefined, runId: string): (name: string) => boolean {
	const named = new Set(rowFiles?.map(({key}) => `.twolane/runs/${runId}/${key}`));
	return name =>
		/^\.twolane\/(?:work|active|tmp|spool)\/|\.tmp$/u.test(name) || (rowFiles !== undefined && /\/rows\//u.test(name) && !named.has(name));
}
