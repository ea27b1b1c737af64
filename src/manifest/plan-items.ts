import type {FlowDefinition} from '../lanes/flow.ts';
import {createFirstLook} from './first-look.ts';
import type {Sha256} from './identify.ts';
import type {ItemsIndex} from './items-writer.ts';
import type {KeyFilter} from './key-filter.ts';
import type {ManifestRow} from './manifest-row.ts';
import {createSecondLook} from './second-look.ts';

/** One manifest of a run. */
export interface ManifestSource {
	/** What messages call it, without a URL's query. */
	readonly name: string;
	readonly rows: AsyncIterable<readonly ManifestRow[]>;
	/** Makes the paths in it absolute. */
	readonly resolveFile: (path: string) => string;
}

/** Where the planner keeps its files. An error of theirs ends the planning as it is. */
export interface ItemsFile {
	/** Streams texts of about 64 KiB into a fresh file. What `texts` throws goes on as it is, and leaves no file. @returns its name. */
	write(texts: AsyncIterable<string>): Promise<string>;
	/** The file's lines, without their line ends, in batches, so that lines need no await of their own. */
	lines(name: string): AsyncIterable<readonly string[]>;
	remove(name: string): Promise<void>;
}

export interface PlanItemsOptions {
	readonly files: ItemsFile;
	readonly sha256: Sha256;
	/** Turns each problem of a row into an item that has failed, instead of refusing the manifests. Default: false. */
	readonly skipInvalid?: boolean | undefined;
	/** Takes this many items, then reads no further. Default: all. */
	readonly limit?: number | undefined;
	/** Refuses manifests that repeat more sources than this. Default: 1,000,000. */
	readonly maxRepeats?: number | undefined;
	/** Ends the planning with its reason. */
	readonly signal?: AbortSignal | undefined;
	/** What all ids go through. Default: a filter that hardly ever takes a new id for a known one. */
	readonly filter?: KeyFilter | undefined;
}

/** The options with their defaults. */
export interface PlanRules extends PlanItemsOptions {
	readonly skipInvalid: boolean;
	readonly limit: number;
	readonly maxRepeats: number;
}

/** A run's items, written. */
export interface PlannedItems extends ItemsIndex {
	/** The name of the items file, as `files.write` gave it. */
	readonly file: string;
}

const DEFAULT_MAX_REPEATS = 1_000_000;

/**
 * Makes a run's items of its manifests, in order, and writes them: numbered from 0 without a gap, each id once, a repeated source once.
 * Its memory is some bytes for each item, however long ids are. Without repeats and mistakes one file is written, else a second one
 * from the first.
 * @throws ManifestError naming the first 20 problems with their lines; then no file is left.
 */
export async function planItems(
	flow: FlowDefinition,
	manifests: readonly ManifestSource[],
	{skipInvalid = false, limit = Infinity, maxRepeats = DEFAULT_MAX_REPEATS, ...ports}: PlanItemsOptions,
): Promise<PlannedItems> {
	const {files} = ports;
	const rules: PlanRules = {...ports, skipInvalid, limit, maxRepeats};
	const first = createFirstLook(flow, manifests, rules);
	const lines = await files.write(first.texts());
	if (first.isFinal()) return {file: lines, ...first.index()};
	try {
		const second = createSecondLook(flow, {manifests, suspects: first.suspects, damage: first.damage()}, rules);
		return {file: await files.write(second.texts(files.lines(lines))), ...second.index()};
	} finally {
		await files.remove(lines);
	}
}
