import type {FlowDefinition} from '../lanes/flow.ts';
import {readOwnId, type Sha256} from './identify.ts';
import {failItem, isInvalid} from './invalid-row.ts';
import {type PlaceNote, writeItemLine} from './item-line.ts';
import {createItemsWriter} from './items-writer.ts';
import {createKeyFilter} from './key-filter.ts';
import {ManifestError, writeProblem} from './manifest-error.ts';
import {nameRow} from './name-row.ts';
import {openEitherWay} from './open-either-way.ts';
import {createPlaceTrail} from './place-trail.ts';
import type {ManifestSource, PlanRules} from './plan-items.ts';
import {nameManifests} from './problems.ts';
import type {OpenedRow} from './read-entry.ts';
import type {RowPlace} from './remember-places.ts';
import {createSuspects} from './suspects.ts';

/** Far beyond the repeats that a run takes, so that the second look can tell what they are. */
const MAX_MORE_DOUBTS = 1_000_000;

/**
 * Reads every manifest once and writes a line for each row. They are the items, unless a row was invalid or may clash with an earlier
 * one: then a second look at the lines tells.
 */
export function createFirstLook(flow: FlowDefinition, manifests: readonly ManifestSource[], rules: PlanRules) {
	const {skipInvalid, limit, maxRepeats, signal, filter = createKeyFilter()} = rules;
	const sha256 = rememberLast(rules.sha256);
	const {locate} = nameManifests(manifests);
	const suspects = createSuspects(flow, {areSeveral: manifests.length > 1, skipInvalid, filter});
	const trail = createPlaceTrail();
	const writer = createItemsWriter();
	let n = 0;
	let doubtCount = 0;
	let isFinal = true;
	let damage: ManifestError | undefined;

	async function* texts(): AsyncGenerator<string> {
		try {
			yield* readManifests();
		} catch (error) {
			// It does not hide what the second look finds before it.
			if (!(error instanceof ManifestError)) throw error;
			damage = error;
			isFinal = false;
		}
		yield writer.take();
	}

	async function* readManifests(): AsyncGenerator<string> {
		for (const [manifest, {rows, resolveFile}] of manifests.entries()) {
			if (isEnough()) return;
			for await (const batch of rows) {
				signal?.throwIfAborted();
				for (const row of batch) {
					const opened = 'problem' in row ? row : openEitherWay(flow, row, n, {sha256, resolveFile});
					add(opened instanceof Promise ? await opened : opened, {manifest, line: row.line});
					if (isEnough()) break;
				}
				if (writer.isFull()) yield writer.take();
				if (isEnough()) return;
			}
		}
	}

	const isEnough = (): boolean => n - doubtCount >= limit;

	function add(row: OpenedRow | {readonly problem: string}, place: RowPlace): void {
		if ('problem' in row) addInvalid(row.problem, place);
		else if (isInvalid(row)) addInvalid(row.entry.error?.message ?? '', place, row);
		else addItem(row, place);
	}

	function addItem(row: OpenedRow, place: RowPlace): void {
		if (suspects.addItem(row, place)) addDoubt(place);
		writer.push(writeItemLine(row, notePlace(place, row)), row.entry);
		n += 1;
	}

	function notePlace(place: RowPlace, {raw, hasOwnId}: OpenedRow): PlaceNote | undefined {
		const step = trail.leave(place);
		return hasOwnId === (readOwnId(raw) !== undefined) ? step : {...step, own: hasOwnId};
	}

	function addDoubt(place: RowPlace): void {
		isFinal = false;
		doubtCount += 1;
		if (doubtCount <= maxRepeats + MAX_MORE_DOUBTS) return;
		const problem = `more than ${(doubtCount - 1).toLocaleString('en')} rows repeat an earlier one; take the repeats out`;
		throw new ManifestError([locate(problem, place)]);
	}

	function addInvalid(problem: string, place: RowPlace, row?: OpenedRow): void {
		const at = trail.leave(place);
		const id = nameRow(place);
		if (skipInvalid) {
			const item = failItem(writeProblem(locate(problem, place)), {n, id, source: row?.entry.source, raw: row?.raw});
			if (suspects.addInvalid(place)) isFinal = false;
			writer.push(writeItemLine(item, at), item.entry);
			n += 1;
		} else {
			const item = failItem(problem, {n, id});
			isFinal = false;
			writer.push(writeItemLine(item, at), item.entry);
		}
	}

	return {
		texts,
		suspects,
		/** Whether the lines are the items. */
		isFinal: () => isFinal,
		/** What ended the reading. */
		damage: () => damage,
		index: writer.index,
	};
}

/** Lists often have one query in all their URLs. */
function rememberLast(sha256: Sha256): Sha256 {
	let last: string | undefined;
	let digest = '';
	return text => {
		if (text !== last) digest = sha256(text);
		last = text;
		return digest;
	};
}
