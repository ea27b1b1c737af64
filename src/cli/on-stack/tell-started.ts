import type {Place} from '../../local/place.ts';
import {commandName, quote} from '../launcher.ts';
import type {OutputStyle} from '../output-style.ts';
import {showPath} from '../run-place.ts';

/** Says that a stack was told to work on a run, and how to look at it. */
export async function tellStarted(
	{folderOf}: Place,
	runId: string,
	{stack, style}: {readonly stack: string; readonly style: OutputStyle},
): Promise<void> {
	const run = showPath(folderOf(runId));
	if (style.isJson) return await style.print(JSON.stringify({type: 'started', runId, run, stack}));
	if (style.isQuiet) return undefined;
	await style.print([`started  on ${stack}`, `run      ${run}`, `next     ${commandName()} status --watch ${quote(run)}`].join('\n'));
}
