import {styleText} from 'node:util';
import type {RunView} from '../runs/get-run.ts';
import type {DamagedRun} from '../runs/list-runs.ts';
import {type PlaceFlags, openGivenPlace} from './find-run.ts';
import {openOutput} from './output-style.ts';
import {plural} from './quantities.ts';
import {showPath} from './run-place.ts';

export interface LsFlags extends PlaceFlags {
	readonly json?: boolean;
}

/** `twolane ls --out DIR`, or `--on STACK`: the runs, newest first. */
export async function lsCommand(flags: LsFlags): Promise<number> {
	const style = openOutput(flags);
	const place = await openGivenPlace(flags);
	let cursor: string | undefined;
	let isEmpty = true;
	do {
		const page = await place.runs.listRuns({cursor});
		for (const run of page.runs) await style.print(style.isJson ? JSON.stringify(run) : describe(run, showPath(place.folderOf(run.id))));
		isEmpty &&= page.runs.length === 0;
		({cursor} = page);
	} while (cursor !== undefined);
	if (isEmpty) style.note(`There are no runs in ${showPath(flags.out ?? flags.state ?? place.out.uri)}.`);
	return 0;
}

function describe(run: RunView | DamagedRun, folder: string): string {
	if ('damage' in run) return `${paint('DAMAGED')}  ${run.damage}`;
	const {status, createdAt, flow, sources} = run;
	const {succeeded, failed, pending, total} = run.itemCounts;
	const counts = [
		`${succeeded} of ${plural(total, 'item')}`,
		...(failed > 0 ? [`${failed} failed`] : []),
		...(pending > 0 ? [`${pending} pending`] : []),
	];
	const when = createdAt.slice(0, 16).replace('T', ' ');
	return `${paint(status)}  ${when}  ${flow}  ${counts.join(', ')}  ${sources.join(', ')}  ${folder}`;
}

const paint = (status: string): string => styleText('bold', status.padEnd(9), {stream: process.stdout});
