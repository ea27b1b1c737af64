import type {BegunRun} from '../local/begin-run.ts';
import type {Place} from '../local/place.ts';
import {listRunIds} from '../runs/list-runs.ts';
import {type PinnedSource, type RunSpec, contentOf, findSpec} from '../runs/spec.ts';
import type {OutputStyle} from './output-style.ts';
import {showPath} from './run-place.ts';

/** How far back an older run of the same list is looked for. */
const MOST_LOOKED_AT = 20;

/** One line when the same command goes on with a run, and when an edited list has made it another one. */
export async function tellOfOlderRun(
	{ports, folderOf}: Place,
	{spec, isNew}: Pick<BegunRun, 'spec' | 'isNew'>,
	style: OutputStyle,
): Promise<void> {
	if (!isNew)
		return style.note(`This run is there already, since ${spec.createdAt}: ${showPath(folderOf(spec.runId))}. --fresh starts another one.`);
	if (spec.fresh > 0) return undefined;
	let looked = 0;
	for await (const id of listRunIds(ports)) {
		if (looked++ === MOST_LOOKED_AT) return undefined;
		// A damaged neighbour is no reason not to run.
		const older = id === spec.runId ? undefined : await findSpec(ports, id).catch(() => undefined);
		const changed = older ? findChanged(older, spec) : [];
		if (changed.length > 0) return style.note(`${changed.join(', ')} has changed since ${showPath(folderOf(id))}: this is a new run.`);
	}
}

/** What is other than it was, of the same words: parts of the list, or the flow's module. */
function findChanged(older: RunSpec, spec: RunSpec): readonly string[] {
	const isSameCommand =
		older.flow === spec.flow &&
		older.flowFile?.path === spec.flowFile?.path &&
		older.sources.length === spec.sources.length &&
		older.sources.every(({kind, name}, index) => kind === spec.sources[index]?.kind && name === spec.sources[index]?.name) &&
		older.sources.every(source => !isNameless(source));
	if (!isSameCommand) return [];
	const lists = older.sources.filter((source, index) => isOther(source, spec.sources[index])).map(({name}) => name);
	const {flowFile} = older;
	return flowFile && flowFile.sha256 !== spec.flowFile?.sha256 ? [...lists, showPath(flowFile.path)] : lists;
}

/** Standard input, a shell's pipe, items: the name does not tell one from the next. A list that a stack works on has kept its own. */
const isNameless = ({kind, name}: PinnedSource): boolean =>
	kind === 'iterable' || (kind === 'stdin' && (name === 'stdin' || /^\/(?:dev|proc)\//u.test(name)));

const isOther = (source: PinnedSource, now: PinnedSource | undefined): boolean => now === undefined || contentOf(source) !== contentOf(now);
