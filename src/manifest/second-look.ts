import type {Entry} from '../lanes/entry.ts';
import type {FlowDefinition} from '../lanes/flow.ts';
import {createClashFinder} from './clashes.ts';
import {readOwnId} from './identify.ts';
import {failItem, isInvalid} from './invalid-row.ts';
import {peekItemLine, readItemLine, renumberItemLine, writeItemLine} from './item-line.ts';
import {createItemsWriter} from './items-writer.ts';
import {ManifestError, writeProblem} from './manifest-error.ts';
import {createPlaceTrail} from './place-trail.ts';
import type {PlanRules} from './plan-items.ts';
import {collectProblems, nameManifests} from './problems.ts';
import {rememberPlaces, type RowPlace} from './remember-places.ts';
import type {Suspects} from './suspects.ts';

/** What the first look leaves to the second. */
export interface Doubts {
	readonly manifests: readonly {readonly name: string}[];
	readonly suspects: Suspects;
	/** What ended the reading. */
	readonly damage: ManifestError | undefined;
}

/** Reads the lines of the first look, takes repeats out and mistakes apart, and numbers what is left: exact, for suspects alone. */
export function createSecondLook(flow: FlowDefinition, {manifests, suspects, damage}: Doubts, rules: PlanRules) {
	const {sha256, skipInvalid, limit, maxRepeats, signal} = rules;
	const {locate, writePlace} = nameManifests(manifests);
	const clashes = createClashFinder(flow, {
		areSeveral: manifests.length > 1,
		open: kind => suspects.guard(kind, rememberPlaces(sha256)),
	});
	const problems = collectProblems();
	const trail = createPlaceTrail();
	const writer = createItemsWriter();
	let n = 0;

	/** @throws ManifestError at the end, with the problems of both looks in the order of the rows. */
	async function* texts(batches: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
		for await (const lines of batches) {
			signal?.throwIfAborted();
			for (const line of lines) if (n < limit) add(line);
			if (writer.isFull()) yield writer.take();
			if (n >= limit) break;
		}
		if (damage !== undefined && n < limit) throw problems.addTo(damage);
		problems.throwIfAny();
		yield writer.take();
	}

	// A flow that names its items itself, and files of several manifests, have other keys besides the id.
	const isIdAll = flow.id === undefined && manifests.length === 1;

	function add(line: string): void {
		const peeked = isIdAll ? peekItemLine(line) : undefined;
		if (peeked === undefined || suspects.isSuspect('id', peeked.id)) return addDoubtful(line);
		trail.follow();
		if (problems.count() === 0) writer.push(renumberItemLine(line, n), {...(peeked.source !== undefined && {source: peeked.source})});
		n += 1;
	}

	function addDoubtful(line: string): void {
		const {entry, at} = readItemLine(line);
		const place = trail.follow(at);
		if (isInvalid({entry})) return addInvalid(entry, place);
		const {id, item: raw} = entry;
		const clash = clashes.find({entry, raw, hasOwnId: at?.own ?? readOwnId(raw) !== undefined}, place);
		if (clash === undefined) push(entry, entry.n === n && at === undefined ? line : undefined);
		else if (clash === 'repeat') addRepeat(place);
		else addClash(`id ${JSON.stringify(id)} was already used in ${writePlace(clash, place)}`, entry, place);
	}

	function push(entry: Entry, line?: string): void {
		if (problems.count() === 0) writer.push(line ?? writeItemLine({entry: {...entry, n}, raw: entry.item}), entry);
		n += 1;
	}

	function addInvalid(entry: Entry, place: RowPlace): void {
		if (skipInvalid) push({...entry, id: clashes.claimName(place, n)});
		else problems.add(locate(entry.error?.message ?? '', place));
	}

	function addClash(problem: string, {source, item: raw}: Entry, place: RowPlace): void {
		const located = locate(problem, place);
		if (skipInvalid) push(failItem(writeProblem(located), {n, id: clashes.claimName(place, n), source, raw}).entry);
		else problems.add(located);
	}

	function addRepeat(place: RowPlace): void {
		if (writer.addRepeat() <= maxRepeats) return;
		const problem = `more than ${maxRepeats.toLocaleString('en')} rows repeat an earlier source; take the repeats out`;
		throw problems.addTo(new ManifestError([locate(problem, place)]));
	}

	return {texts, index: writer.index};
}
