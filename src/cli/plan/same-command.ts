import type {Place} from '../../local/place.ts';
import {writeStableJson} from '../../manifest/identify.ts';
import {findEqual} from '../../runs/create-run.ts';
import {type RunView, viewOf} from '../../runs/get-run.ts';
import type {RunSpec, SessionOptions} from '../../runs/spec.ts';
import {type Standing, isSealed, readStanding, sessionOf} from '../../runs/standing.ts';
import {showPath} from '../run-place.ts';

/** What `run` with the same words would do, and the run it would do it with. */
export interface SameCommand {
	/** `refuse`: another process works on the run. */
	readonly action: 'start' | 'continue' | 'report' | 'refuse';
	readonly id: string;
	readonly folder: string;
	/** Of a run that is there. */
	readonly status?: RunView['status'];
	readonly completionReason?: RunView['completionReason'] | undefined;
	readonly itemCounts?: RunView['itemCounts'];
	/** Items that it would work on. */
	readonly openItems: number;
}

export interface SameWords {
	readonly spec: RunSpec;
	readonly session: SessionOptions;
	/** Items of the manifests. */
	readonly total: number;
	readonly isFresh: boolean;
	/** A stack would be told to go on: several may tell it. */
	readonly isOnStack?: boolean;
}

/** Looks for the run that the words name. Changes nothing. */
export async function foretell(
	{ports, folderOf}: Place,
	{spec, session, total, isFresh, isOnStack = false}: SameWords,
): Promise<SameCommand> {
	const {newest, nextId, damage} = await findEqual(ports, spec);
	if (damage && !isFresh) throw damage;
	if (newest === undefined || isFresh) return {action: 'start', id: nextId, folder: showPath(folderOf(nextId)), openItems: total};
	const id = newest.runId;
	const standing = await readStanding(ports, id);
	const view = await viewOf(ports, standing);
	const {status, completionReason} = view;
	const there = {id, folder: showPath(folderOf(id)), status, completionReason, itemCounts: view.itemCounts};
	if (isOver(standing, view, session)) return {action: 'report', ...there, openItems: 0};
	const openItems = standing.generations.length === 0 ? total : view.itemCounts.pending;
	const isRefused = !isOnStack && (await ports.isWorkedOn?.(id)) === true;
	return {action: isRefused ? 'refuse' : 'continue', ...there, openItems};
}

/** A new tolerance makes the end of a run that exceeded the old one another end. */
export function isOver(standing: Standing, {status, completionReason}: RunView, session: SessionOptions): boolean {
	if (status === 'CANCELLED') return true;
	const isOther = writeStableJson(session) !== writeStableJson(sessionOf(standing));
	return isSealed(standing) && !(completionReason === 'FAILURE_TOLERANCE_EXCEEDED' && isOther);
}
