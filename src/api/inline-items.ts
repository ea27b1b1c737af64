import type {FlowDefinition} from '../lanes/flow.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {findSource, isRecord} from '../manifest/find-source.ts';
import {ManifestError} from '../manifest/manifest-error.ts';
import type {ManifestRow} from '../manifest/manifest-row.ts';
import {type ItemsFile, planItems} from '../manifest/plan-items.ts';
import {layout} from '../runs/layout.ts';
import {readLines} from '../runs/lines.ts';
import type {RunPorts} from '../runs/ports.ts';
import type {PinnedSource} from '../runs/spec.ts';
import {toPointer} from './check.ts';
import {type Flaw, Problem} from './problems.ts';
import type {FilesOfItems} from './setup.ts';

interface Terms {
	readonly flow: FlowDefinition;
	readonly skipInvalid: boolean;
	readonly limit: number | undefined;
	readonly files: FilesOfItems | undefined;
}

const NAME = 'items';

/**
 * Plans the items as the run will plan them, to find every mistake before there is a run.
 * @throws Problem `ITEMS_INVALID` naming the first items that cannot be used.
 */
export async function checkItems(
	{sha256}: Pick<RunPorts, 'sha256'>,
	items: readonly string[],
	{flow, skipInvalid, limit, files}: Terms,
): Promise<void> {
	const values = items.map(text => JSON.parse(text) as unknown);
	// Whatever is skipped: the planner would open the door to a file that was refused here.
	refuse(values.flatMap((value, index) => findDeniedFile(value, index, files)));
	const source = {name: NAME, rows: rowsOf(values), resolveFile: (path: string) => resolveFile(path, files)};
	try {
		await planItems(flow, [source], {files: filesInMemory(), sha256, skipInvalid, limit});
	} catch (error) {
		if (!(error instanceof ManifestError)) throw error;
		refuse(
			error.problems.map(({line, problem}) => ({pointer: pointerOf(line), detail: nameItem(problem)})),
			error.problemCount,
		);
	}
}

/** Keeps the items below the state until the run is planned. */
export async function spoolItems(
	{state, token, openSha256}: Pick<RunPorts, 'state' | 'token' | 'openSha256'>,
	items: readonly string[],
	files: FilesOfItems | undefined,
): Promise<PinnedSource> {
	const text = items.map(item => `${item}\n`).join('');
	const sha256 = openSha256();
	sha256.update(text);
	const key = layout.spool(token());
	await state.write(key, chunksOf(text));
	return {kind: 'iterable', name: NAME, base: files?.base ?? '', sha256: sha256.digest(), spool: key};
}

async function* chunksOf(text: string): AsyncGenerator<string> {
	yield text;
}

/** Lines count from 1 elsewhere; here they are the places in the array. */
async function* rowsOf(values: readonly unknown[]): AsyncGenerator<readonly ManifestRow[]> {
	yield values.map((value, line) => ({line, value}));
}

function resolveFile(path: string, files: FilesOfItems | undefined): string {
	if (files === undefined) throw new TwolaneError('FILE_DENIED', 'file: items of a request may not name files; give a url or an s3');
	return files.resolve(path);
}

function findDeniedFile(value: unknown, index: number, files: FilesOfItems | undefined): readonly Flaw[] {
	const source = isRecord(value) ? findSource(value) : undefined;
	if (source === undefined || !('file' in source)) return [];
	try {
		resolveFile(source.file, files);
		return [];
	} catch (error) {
		if (error instanceof TwolaneError) return [{pointer: pointerOf(index), detail: error.message}];
		throw error;
	}
}

const pointerOf = (index: number | undefined): string => toPointer(['source', 'items', ...(index === undefined ? [] : [index])]);

/** The planner speaks of lines. */
const nameItem = (problem: string): string => problem.replace(/ in line (\d+)$/u, ' in item $1');

const MOST_FLAWS = 20;

function refuse(flaws: readonly Flaw[], count: number = flaws.length): void {
	const [first] = flaws;
	if (first === undefined) return;
	const index = first.pointer.split('/')[3];
	const rest = count > 1 ? `, and ${count - 1} more` : '';
	throw new Problem('ITEMS_INVALID', `${index === undefined ? 'items' : `item ${index}`}: ${first.detail}${rest}.`, {
		errors: flaws.slice(0, MOST_FLAWS),
	});
}

/** The planner reads its own file a second time when something looks like a repeat. */
function filesInMemory(): ItemsFile {
	const written = new Map<string, string[]>();
	return {
		async write(texts) {
			const name = String(written.size);
			written.set(name, await Array.fromAsync(texts));
			return name;
		},
		lines: name => readLines(encoded(written.get(name) ?? [])),
		remove: async name => void written.delete(name),
	};
}

async function* encoded(texts: readonly string[]): AsyncGenerator<Uint8Array> {
	const encoder = new TextEncoder();
	for (const text of texts) yield encoder.encode(text);
}
