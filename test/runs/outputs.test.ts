import {describe, expect, it} from 'vitest';
import {type StampedOutputs, isObjectStore, stampOutputs} from '../../src/runs/outputs.ts';
import {sha256} from '../support/lane-setup.ts';
import {type MemoryObjectsOptions, memoryObjects} from '../support/memory-objects.ts';
import {memoryStore} from '../support/memory-store.ts';

const {signal} = new AbortController();
const day = (n: number): string => `2026-01-0${n}T00:00:00.000Z`;

/** Whose output it is: a run of a day, a generation, a claim. */
interface Writer {
	readonly runId?: string;
	readonly createdAt?: string;
	readonly generation?: number;
	readonly claim?: number;
}

function openOut(options: MemoryObjectsOptions = {isShared: true}) {
	const out = memoryObjects(options);
	return {
		out,
		put: async (body: string, {runId = 'run-b', createdAt = day(2), generation = 0, claim = 1}: Writer = {}) => {
			let superseded = 0;
			const outputs: StampedOutputs = {spec: {runId, createdAt}, generation, claimOf: () => claim, onSuperseded: () => void superseded++};
			const ended = await stampOutputs(out, outputs)
				.put('a/b.jpg', Buffer.from(body), {n: 3, signal, contentType: 'image/jpeg'})
				.then(
					({sha256: digest}) => digest,
					(error: {code: string; retryable: boolean}) => `${error.code} ${error.retryable}`,
				);
			return {ended, superseded};
		},
	};
}
const REFUSED = {ended: 'STORE_CONFLICT false', superseded: 0};
const SUPERSEDED = {ended: 'STORE_CONFLICT false', superseded: 1};
const stored = (body: string) => ({ended: sha256(body), superseded: 0});

describe('an output where several machines may write', () => {
	it('carries whose it is', async () => {
		const {out, put} = openOut();
		expect(await put('x', {generation: 2, claim: 5})).toEqual(stored('x'));
		expect(out.objects.get('a/b.jpg')).toMatchObject({
			text: 'x',
			contentType: 'image/jpeg',
			metadata: {createdat: day(2), runid: 'run-b', generation: '2', claim: '5', sha256: sha256('x')},
		});
	});

	it.each([
		['the same bytes of a later run are as good', {createdAt: day(3), runId: 'run-c'}, {}, 'x', 'x', stored('x')],
		['the same bytes of an earlier claim stay', {}, {claim: 2}, 'x', 'x', stored('x')],
		['those of a lower claim are replaced', {}, {claim: 2}, 'old', 'new', stored('new')],
		['those of a lower generation are replaced', {claim: 9}, {generation: 1}, 'old', 'new', stored('new')],
		['those of the same claim are replaced', {}, {}, 'old', 'new', stored('new')],
		['those of a higher claim stay, and we are superseded', {claim: 2}, {}, 'theirs', 'ours', SUPERSEDED],
		['those of a higher generation stay, and we are superseded', {generation: 1}, {claim: 9}, 'theirs', 'ours', SUPERSEDED],
		['those of an earlier run are replaced', {createdAt: day(1), runId: 'run-z'}, {}, 'old', 'new', stored('new')],
		['those of a later run stay', {createdAt: day(3), runId: 'run-a'}, {claim: 9, generation: 9}, 'theirs', 'ours', REFUSED],
		['of two runs of one moment the higher id counts: theirs', {runId: 'run-c'}, {}, 'theirs', 'ours', REFUSED],
		['of two runs of one moment the higher id counts: ours', {runId: 'run-a'}, {}, 'old', 'new', stored('new')],
	] as const)('meets another one: %s', async (_, theirs, ours, there, body, end) => {
		const {out, put} = openOut();
		await put(there, theirs);
		expect(await put(body, ours)).toEqual(end);
		expect(out.objects.get('a/b.jpg')?.text).toBe(end.ended === sha256(body) ? body : there);
	});

	it('replaces what nobody has stamped', async () => {
		const {out, put} = openOut();
		await out.create('a/b.jpg', 'by hand');
		expect(await put('ours')).toEqual(stored('ours'));
		expect(out.objects.get('a/b.jpg')?.text).toBe('ours');
	});

	it('looks again when it changed under its hands, and when it disappeared', async () => {
		let meanwhile: (() => Promise<unknown>) | undefined;
		const {out, put} = openOut({
			isShared: true,
			before: async ({op}) => {
				const step = meanwhile;
				if (op !== 'replace' || step === undefined) return;
				meanwhile = undefined;
				await step();
			},
		});
		await put('old', {createdAt: day(1), runId: 'run-a'});
		meanwhile = () => put('later', {createdAt: day(3), runId: 'run-c'});
		expect(await put('ours')).toEqual(REFUSED);
		expect(out.objects.get('a/b.jpg')?.text).toBe('later');
		meanwhile = () => out.remove('a/b.jpg');
		expect(await put('newest', {createdAt: day(4), runId: 'run-d'})).toEqual(stored('newest'));
	});

	it('is given up with the signal', async () => {
		const {out} = openOut();
		const outputs = {spec: {runId: 'a', createdAt: day(1)}, generation: 0, claimOf: () => 1, onSuperseded: () => {}};
		const put = stampOutputs(out, outputs).put('a', Buffer.from('x'), {n: 0, signal: AbortSignal.abort(new Error('given up'))});
		await expect(put).rejects.toThrow('given up');
		expect(out.objects.size).toBe(0);
	});
});

describe('an output in a folder', () => {
	it('has one owner and no stamp', async () => {
		const folder = memoryObjects({isShared: false});
		const outputs = {spec: {runId: 'a', createdAt: day(1)}, generation: 0, claimOf: () => 1, onSuperseded: () => {}};
		expect(stampOutputs(folder, outputs)).toBe(folder);
		const own = memoryStore();
		expect(stampOutputs(own, outputs)).toBe(own);
		expect([isObjectStore(folder), isObjectStore(own)]).toEqual([true, false]);
	});
});
