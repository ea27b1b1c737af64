import {describe, expect, it} from 'vitest';
import {ordinalOf} from '../../src/runs/item-lines.ts';
import {type OpenShard, openShard} from '../../src/runs/open-shard.ts';
import {readPart} from '../../src/runs/part.ts';
import {readPlan} from '../../src/runs/plan.ts';
import {readShard} from '../../src/runs/read-shard.ts';
import {readSeal} from '../../src/runs/seal.ts';
import type {MemoryObjectsOptions} from '../support/memory-objects.ts';
import {flat, itemsOf, linesOf, openLedger, row, workOf} from './ledger.ts';

const FIRST = {window: () => 3};
const ordinals = async (lines: AsyncIterable<string>): Promise<number[]> => (await Array.fromAsync(lines)).map(ordinalOf);

/** A shard of ten items. */
async function openPlanned(options: MemoryObjectsOptions = {}) {
	const ledger = openLedger(options);
	const {runId} = await ledger.plan(itemsOf(10));
	const place = {runId, generation: 0, shard: 0};
	const [shard] = (await readPlan(ledger.ports, place)) ?? [];
	if (shard === undefined) throw new Error('there is no shard');
	const folder = `work/${runId}/0/0/`;
	return {
		ledger,
		place,
		open: (window = FIRST) => openShard(ledger.ports, place, shard, window),
		read: () => readShard(ledger.ports, place, shard),
		names: () => ledger.keys(folder).map(key => key.slice(folder.length)),
		/** What every part says was started, in the order of claims. */
		started: async () => {
			const parts = ledger.keys(`${folder}part-`).map(key => ({key, claim: 1, seq: 0, counts: {succeeded: 0, failed: 0, skipped: 0}}));
			return Promise.all(parts.map(async part => (await readPart(ledger.state, part)).header.started));
		},
		rows: (status: string) =>
			ledger
				.keys(`runs/${runId}/0/rows/`)
				.filter(key => key.includes(status))
				.flatMap(key => linesOf(ledger.state.objects.get(key)?.text ?? '')),
	};
}

/** Takes `count` lines, as the lanes do, and leaves the rest. */
async function take(lines: AsyncGenerator<string>, count: number): Promise<number[]> {
	const taken: number[] = [];
	while (taken.length < count) {
		const next = await lines.next();
		if (next.done === true) break;
		taken.push(ordinalOf(next.value));
	}
	return taken;
}

describe('a claim', () => {
	it('takes the next number, and the first free one when somebody was faster', async () => {
		const {open, names} = await openPlanned();
		const [one, other] = await Promise.all([open(), open()]);
		expect(new Set([one.claim, other.claim])).toEqual(new Set([1, 2]));
		expect((await open()).claim).toBe(3);
		expect(names()).toEqual(['claim-1', 'claim-2', 'claim-3']);
	});

	it('finds what earlier claims have saved, and works on the rest alone', async () => {
		const {open} = await openPlanned();
		const first = await open();
		for (const n of [0, 2, 9]) first.add(row.succeeded(n));
		await first.save();
		first.add(row.succeeded(4));
		const second = await open();
		expect(await ordinals(second.lines())).toEqual([1, 3, 4, 5, 6, 7, 8]);
		expect(second.rows.size).toBe(3);
	});

	it('counts on nothing that was saved after it: a claim is written before parts are listed', async () => {
		const steps: string[] = [];
		const {open} = await openPlanned({before: ({op, key}) => void steps.push(`${op} ${key.replace(/^.*\/0\/0\//u, '')}`)});
		steps.length = 0;
		await open();
		const claimed = steps.indexOf('create claim-1');
		expect(claimed).toBeGreaterThanOrEqual(0);
		expect(steps.slice(claimed + 1).filter(step => step.startsWith('list'))).toHaveLength(1);
	});
});

describe('an item that is given', () => {
	it('is on record as started before: in the claim, then in parts', async () => {
		const {open, started, ledger, place} = await openPlanned();
		const shard = await open();
		const lines = shard.lines();
		expect(await take(lines, 3)).toEqual([0, 1, 2]);
		expect(await started()).toEqual([]);
		expect(ledger.json(`work/${place.runId}/0/0/claim-1`)).toMatchObject({started: 3});
		expect(await take(lines, 1)).toEqual([3]);
		expect(await started()).toEqual([6]);
		expect(await take(lines, 6)).toEqual([4, 5, 6, 7, 8, 9]);
		expect(await started()).toEqual([6, 9, 10]);
	});

	it('is not given while its record cannot be written', async () => {
		let isFull = false;
		const {open} = await openPlanned({
			before: ({op, key}) => {
				if (isFull && op === 'create' && key.includes('/part-')) throw new Error('the disk is full');
			},
		});
		const lines = (await open()).lines();
		await take(lines, 3);
		isFull = true;
		await expect(lines.next()).rejects.toThrow('the disk is full');
	});

	it('is recorded by its place in the shard, also where earlier items have rows', async () => {
		const {open, started} = await openPlanned();
		const first = await open();
		for (const n of [0, 1, 2, 3, 4]) first.add(row.succeeded(n));
		await first.save();
		const second = await open();
		expect(await take(second.lines(), 1)).toEqual([5]);
		expect(await started()).toEqual([3, 8]);
	});

	it('is recorded with the rows that have come meanwhile', async () => {
		const {open, read} = await openPlanned();
		const shard = await open();
		const lines = shard.lines();
		await take(lines, 3);
		shard.add(row.succeeded(1));
		await take(lines, 1);
		expect((await read()).rows.has(1)).toBe(true);
		expect(shard.rows.hasUnsaved()).toBe(false);
	});
});

describe('the suspects of a death', () => {
	it('are the open items up to the last one started, of the claim alone', async () => {
		const {open} = await openPlanned();
		await open();
		const next = await open();
		expect(next.isAfterDeath).toBe(true);
		expect(await ordinals(next.suspects())).toEqual([0, 1, 2]);
	});

	it('are those that parts have recorded, without what has a row', async () => {
		const {open} = await openPlanned();
		const dead = await open();
		await take(dead.lines(), 5);
		for (const n of [0, 3]) dead.add(row.succeeded(n));
		await dead.save();
		expect(await ordinals((await open()).suspects())).toEqual([1, 2, 4, 5]);
	});

	it('are none after a clean end', async () => {
		const {open} = await openPlanned();
		const clean = await open();
		await take(clean.lines(), 5);
		await clean.end(workOf(0, 1));
		const next = await open();
		expect(next.isAfterDeath).toBe(false);
		expect(await ordinals(next.suspects())).toEqual([]);
		expect(await ordinals(next.lines())).toHaveLength(10);
	});

	it('are those of every claim since the last clean end', async () => {
		const {open} = await openPlanned();
		await (await open()).end(workOf(0, 1));
		await open({window: () => 7});
		await open({window: () => 2});
		expect(await ordinals((await open()).suspects())).toEqual([0, 1, 2, 3, 4, 5, 6]);
	});

	it('of a first claim are none', async () => {
		const {open} = await openPlanned();
		const first = await open();
		expect(first.isAfterDeath).toBe(false);
		expect(await ordinals(first.suspects())).toEqual([]);
	});

	it('are found in a claim whose first record is damaged only by a message', async () => {
		const {open, ledger, place} = await openPlanned();
		await open();
		await ledger.edit(`work/${place.runId}/0/0/claim-1`, () => '{');
		await expect(open()).rejects.toMatchObject({code: 'STATE_INVALID', message: expect.stringContaining('claim-1')});
	});
});

describe('a checkpoint', () => {
	it('is written when there is something new, and names how the claim stands', async () => {
		const {open, names} = await openPlanned();
		const shard = await open();
		await shard.save();
		expect(names()).toEqual(['claim-1']);
		shard.add(row.succeeded(0));
		shard.add(row.failed(1));
		await shard.save();
		await shard.save();
		shard.add(row.skipped(2));
		await shard.save();
		expect(names()).toEqual(['claim-1', 'part-1-0-1-1-0.jsonl', 'part-1-1-1-1-1.jsonl']);
	});

	it('that was asked for several times at once is written once', async () => {
		const {open, names} = await openPlanned();
		const shard = await open();
		shard.add(row.succeeded(0));
		await Promise.all([shard.save(), shard.save(), shard.save()]);
		expect(names()).toEqual(['claim-1', 'part-1-0-1-0-0.jsonl']);
	});

	it('that fails is the asker’s error alone: rows of the failed part are written to the next one', async () => {
		let isFull = false;
		const {open, read} = await openPlanned({
			before: ({op, key}) => {
				if (isFull && op === 'create' && key.includes('/part-')) throw new Error('the disk is full');
			},
		});
		const shard = await open();
		shard.add(row.succeeded(0));
		isFull = true;
		await expect(shard.save()).rejects.toThrow('the disk is full');
		isFull = false;
		shard.add(row.succeeded(1));
		await shard.save();
		const {rows} = await read();
		expect([rows.has(0), rows.has(1)]).toEqual([true, true]);
		expect((await rows.stats()).counts).toMatchObject({succeeded: 2});
	});
});

describe('the end of a shard', () => {
	async function doAll(shard: OpenShard): Promise<void> {
		for (const line of await Array.fromAsync(shard.lines())) shard.add(row.succeeded(ordinalOf(line)));
	}

	it('seals what every claim has done, in the order of the manifest', async () => {
		const {open, ledger, place, rows} = await openPlanned();
		const first = await open();
		for (const n of [8, 1]) first.add(row.failed(n));
		await first.end(workOf(0, 5));
		const second = await open();
		expect(second.isComplete).toBe(false);
		await doAll(second);
		expect(second.isComplete).toBe(true);
		const seal = await second.seal(workOf(10, 20));
		expect(seal).toMatchObject({shard: 0, claim: 2, stats: {counts: {succeeded: 8, failed: 2}}, works: [workOf(0, 5), workOf(10, 20)]});
		expect(await readSeal(ledger.ports, place)).toEqual(seal);
		expect(rows('SUCCEEDED').map(ordinalOf)).toEqual([0, 2, 3, 4, 5, 6, 7, 9]);
		expect(rows('FAILED').map(ordinalOf)).toEqual([1, 8]);
		expect(seal.files.FAILED).toMatchObject({key: '0/rows/0-2-FAILED.jsonl', items: 2, from: 1, to: 8});
	});

	it('of a cancelled run lists what is open as pending', async () => {
		const {open, rows} = await openPlanned();
		const shard = await open();
		shard.add(row.succeeded(3));
		await shard.addPending();
		expect(shard.isComplete).toBe(true);
		const {stats} = await shard.seal(workOf(0, 1));
		expect(stats.counts).toEqual({succeeded: 1, failed: 0, skipped: 0, pending: 9});
		expect(rows('PENDING').map(line => JSON.parse(line) as unknown)).toEqual(
			[0, 1, 2, 4, 5, 6, 7, 8, 9].map(n => ({n, id: `item-${n}`, status: 'pending'})),
		);
	});

	it('is that of whoever was first, for the other one, too', async () => {
		const {open, ledger, place} = await openPlanned({isShared: true});
		const [one, other] = [await open(), await open()];
		await doAll(one);
		for (const n of Array.from({length: 10}, (_, index) => index)) other.add(row.failed(n));
		const seals = [await one.seal(workOf(0, 1)), await other.seal(workOf(0, 2))];
		expect(seals[1]).toEqual(seals[0]);
		expect(await readSeal(ledger.ports, place)).toEqual(seals[0]);
		expect(seals[0]?.stats.counts).toMatchObject({succeeded: 10});
	});

	it('takes the better rows that another worker has saved meanwhile, where several may work', async () => {
		const {open} = await openPlanned({isShared: true});
		const [one, other] = [await open(), await open()];
		for (let n = 0; n < 10; n++) one.add(n === 4 || n === 5 ? row.failed(n) : row.succeeded(n));
		other.add(row.succeeded(4));
		await other.save();
		expect((await one.seal(workOf(0, 1))).stats.counts).toMatchObject({succeeded: 9, failed: 1});
	});

	it('is followed by no checkpoint', async () => {
		const {open, names} = await openPlanned();
		const shard = await open();
		await doAll(shard);
		const before = names();
		await Promise.all([shard.seal(workOf(0, 1)), shard.save()]);
		expect(names()).toEqual(before);
	});
});

describe('readShard', () => {
	it('shows what has ended and what is open, and claims nothing', async () => {
		const {open, read, names} = await openPlanned();
		const shard = await open();
		shard.add(row.succeeded(3));
		shard.add(row.failed(0));
		await shard.end(workOf(0, 7));
		const before = names();
		const {rows, claim, works} = await read();
		expect(names()).toEqual(before);
		expect(claim).toBe(1);
		expect(works).toEqual([workOf(0, 7)]);
		expect((await flat(rows.merged())).map(({n, status}) => `${n} ${status}`)).toEqual([
			'0 FAILED',
			'1 PENDING',
			'2 PENDING',
			'3 SUCCEEDED',
			...[4, 5, 6, 7, 8, 9].map(n => `${n} PENDING`),
		]);
	});
});
