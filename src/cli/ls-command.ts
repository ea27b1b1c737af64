import {styleText} from 'node:util';
import type {RunView} from '../runs/get-run.ts';
import {getRun} from '../runs/get-run.ts';
import {listRunIds} from '../runs/list-runs.ts';
import {toItemError} from '../lanes/failure.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {type PlaceFlags, openGivenPlace} from './find-run.ts';
import {openOutput} from './output-style.ts';
import {plural} from './quantities.ts';
import {showPath} from './run-place.ts';

export interface LsFlags extends PlaceFlags {
	readonly json?: boolean;
}

/** `twolane ls --out DIR`: the runs, newest first. */
export async function lsCommand(flags: LsFlags): Promise<number> {
	const style = openOutput(flags);
	const {ports, folderOf} = openGivenPlace(flags);
	let isEmpty = true;
	for await (const id of listRunIds(ports)) {
		isEmpty = false;
		// One damaged run must not hide the others.
		const run = await getRun(ports, id).catch((error: unknown) => {
			if (error instanceof TwolaneError) return toItemError(error, 'run').message;
			throw error;
		});
		if (style.isJson) await style.print(JSON.stringify(typeof run === 'string' ? {id, error: run} : run));
		else await style.print(typeof run === 'string' ? `${id}  ${run}` : describe(run, showPath(folderOf(id))));
	}
	if (isEmpty) style.note(`There are no runs in ${showPath(flags.out ?? flags.state ?? '')}.`);
	return 0;
}

function describe({status, createdAt, flow, itemCounts: {succeeded, failed, pending, total}, sources}: RunView, folder: string): string {
	const counts = [
		`${succeeded} of ${plural(total, 'item')}`,
		...(failed > 0 ? [`${failed} failed`] : []),
		...(pending > 0 ? [`${pending} pending`] : []),
	];
	const when = createdAt.slice(0, 16).replace('T', ' ');
	return `${styleText('bold', status.padEnd(9), {stream: process.stdout})}  ${when}  ${flow}  ${counts.join(', ')}  ${sources.join(', ')}  ${folder}`;
}
