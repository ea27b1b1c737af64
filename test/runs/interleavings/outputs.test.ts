import {beforeAll, describe, expect, it} from 'vitest';
import {stampOutputs} from '../../../src/runs/outputs.ts';
import {interleave} from '../../support/interleave.ts';
import type {Actor, ActorEnd} from '../../support/staged-actor.ts';
import {sha256} from '../../support/lane-setup.ts';
import {memoryObjects} from '../../support/memory-objects.ts';
import {hashAtOnce} from '../../support/run-setup.ts';
import {type RunWorld, fingerprint, keepRun, storeOf} from '../../support/run-world.ts';

const KEY = 'ab/item-0/small.jpg';

/** One put of an output: who, and what. */
interface Writer {
	/** The later run is the one with the later moment, then with the higher id. */
	readonly run: readonly [createdAt: string, runId: string];
	readonly generation?: number;
	readonly claim?: number;
	readonly body: string;
}

interface Put {
	readonly writer: Writer;
	readonly end: 'stored' | 'refused';
	readonly isSuperseded: boolean;
}

const rankOf = ({run, generation = 0, claim = 1}: Writer): string =>
	[...run, String(generation).padStart(3, '0'), String(claim).padStart(3, '0')].join(' ');
const isSameRun = (writer: Writer, other: Writer): boolean => writer.run.join() === other.run.join();

/** Puts one output after another; a refusal ends it, as it ends the item. */
const putAll =
	(writers: readonly Writer[]) =>
	async (world: RunWorld, actor: Actor): Promise<readonly Put[]> => {
		const puts: Put[] = [];
		for (const writer of writers) {
			const {run, generation = 0, claim = 1, body} = writer;
			const [createdAt, runId] = run;
			let isSuperseded = false;
			const onSuperseded = (): void => void (isSuperseded = true);
			const out = stampOutputs(storeOf(world, actor), {spec: {runId, createdAt}, generation, claimOf: () => claim, onSuperseded});
			const end = await out.put(KEY, Buffer.from(body), {n: 0, signal: new AbortController().signal}).then(
				stored => (expect(stored.sha256).toBe(sha256(body)), 'stored' as const),
				(error: unknown) => (expect(error).toMatchObject({code: 'STORE_CONFLICT', retryable: false}), 'refused' as const),
			);
			puts.push({writer, end, isSuperseded});
		}
		return puts;
	};

const putsOf = (end: ActorEnd): readonly Put[] => {
	if (end.is === 'failed') throw end.error;
	return end.is === 'done' ? (end.value as readonly Put[]) : [];
};

/** What the design says of whoever was stored, and of whoever was not. */
function checkPuts(world: RunWorld, puts: readonly Put[]): void {
	const there = world.state.objects.get(KEY);
	const last = puts.toSorted((a, b) => (rankOf(a.writer) < rankOf(b.writer) ? -1 : 1)).at(-1);
	expect(there?.metadata['sha256'], 'the stamp is that of the bytes').toBe(sha256(there?.text ?? ''));
	expect([last?.end, there?.text], 'whoever comes last in rank is stored, and stays').toEqual(['stored', last?.writer.body]);
	for (const {end, isSuperseded, writer} of puts) {
		const higher = puts.filter(other => rankOf(other.writer) > rankOf(writer));
		if (end === 'refused') expect(higher.length, 'a refusal has a reason').toBeGreaterThan(0);
		expect(isSuperseded && !higher.some(other => isSameRun(other.writer, writer)), 'superseded by its own run alone').toBe(false);
	}
}

async function explore(actors: Readonly<Record<string, readonly Writer[]>>, there?: Writer) {
	const state = memoryObjects({isShared: true});
	if (there) await state.create(KEY, there.body, {metadata: {runid: 'by hand'}});
	const ends = new Set<string>();
	const explored = await interleave({
		open: keepRun(state, 'none').open,
		fingerprint,
		actors: Object.fromEntries(Object.entries(actors).map(([name, writers]) => [name, putAll(writers)])),
		check(world, actorEnds) {
			const puts = Object.values(actorEnds).flatMap(putsOf);
			checkPuts(world, puts);
			ends.add(puts.map(({end, isSuperseded}) => (isSuperseded ? 'superseded' : end)).join(', '));
		},
	});
	return {...explored, ways: [...ends].sort()};
}

const run = ['2026-01-02', 'b'] as const;
const later = ['2026-01-03', 'a'] as const;
const higher = ['2026-01-02', 'c'] as const;

beforeAll(hashAtOnce);

describe('two who store one output at once, in every order of their steps', () => {
	it('two claims of one run: the higher one stays, and the lower one learns that it is superseded or was there before', async () => {
		const {ways} = await explore({lower: [{run, claim: 1, body: 'one'}], higher: [{run, claim: 2, body: 'two'}]});
		expect(ways).toEqual(['stored, stored', 'superseded, stored']);
	});

	it('two claims with the same bytes: both are done', async () => {
		const {ways} = await explore({lower: [{run, claim: 1, body: 'one'}], higher: [{run, claim: 2, body: 'one'}]});
		expect(ways).toEqual(['stored, stored']);
	});

	it('two generations: the higher one stays, whatever the claims', async () => {
		const {ways} = await explore({before: [{run, claim: 9, body: 'one'}], redriven: [{run, generation: 1, body: 'two'}]});
		expect(ways).toEqual(['stored, stored', 'superseded, stored']);
	});

	it.each([
		['created later', later],
		['of the same moment and a higher id', higher],
	])('two runs: the one %s stays, and the other one is refused or was there before', async (_, winner) => {
		const {ways} = await explore({run: [{run, claim: 9, generation: 9, body: 'one'}], winner: [{run: winner, body: 'two'}]});
		expect(ways).toEqual(['refused, stored', 'stored, stored']);
	});

	it('what nobody has stamped belongs to whoever comes', async () => {
		const {ways} = await explore({run: [{run, body: 'one'}], later: [{run: later, body: 'two'}]}, {run, body: 'by hand'});
		expect(ways).toEqual(['refused, stored', 'stored, stored']);
	});

	it('the same bytes become those of whoever comes last in rank, so that nobody below replaces them afterwards', async () => {
		const redriven = [
			{run, body: 'one'},
			{run, generation: 1, body: 'two'},
		];
		const {ways} = await explore({redriven, later: [{run: later, body: 'one'}]});
		expect(ways).toContain('stored, refused, stored');
	});

	it('three: two claims and a later run', async () => {
		const {ways, ends} = await explore({
			lower: [{run, body: 'one'}],
			higher: [{run, claim: 2, body: 'two'}],
			later: [{run: later, body: 'three'}],
		});
		expect(ways.every(way => way.endsWith('stored'))).toBe(true);
		expect(ends).toBeGreaterThan(5);
	});
});
