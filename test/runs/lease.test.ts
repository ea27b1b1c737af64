import {describe, expect, it} from 'vitest';
import {isLeased, takeLease} from '../../src/runs/lease.ts';
import {countRequests} from './fleet.ts';
import {openLedger} from './ledger.ts';

const key = 'runs/run/lease.json';

describe('a lease', () => {
	it('goes to whoever comes first; the others hear that he lives', async () => {
		const ledger = openLedger({isShared: true});
		const {ports, clock} = ledger;
		const taken = await clock.finish(Promise.all(['a', 'b', 'c'].map(life => takeLease(ports, 'run', {life}))));
		expect(taken.filter(lease => lease !== undefined)).toHaveLength(1);
		// By the second beat at the latest.
		expect(clock.nowMs()).toBeLessThanOrEqual(24_000);
		await taken.find(lease => lease !== undefined)?.release();
		expect(ledger.keys(key)).toEqual([]);
		expect(clock.pending).toBe(0);
	});

	it('beats so that nobody takes it over, for as long as its owner lives', async () => {
		const {ports, clock} = openLedger({isShared: true});
		const lease = await takeLease(ports, 'run', {life: 'a'});
		for (let minute = 0; minute < 15; minute++) {
			await clock.advance(60_000);
			expect(await clock.finish(takeLease(ports, 'run', {life: 'b'}))).toBeUndefined();
		}
		expect(lease?.lost.aborted).toBe(false);
		await lease?.release();
	});

	it('of a dead owner is taken over after 30 s without a beat, by one of those who wait', async () => {
		const ledger = openLedger({isShared: true});
		const {ports, clock, state} = ledger;
		await state.create(key, JSON.stringify({life: 'dead', beat: 7, at: new Date(0).toISOString()}));
		const taken = await clock.finish(Promise.all(['a', 'b', 'c'].map(life => takeLease(ports, 'run', {life}))));
		expect(taken.filter(lease => lease !== undefined)).toHaveLength(1);
		expect(ledger.json(key)).toMatchObject({life: expect.stringMatching(/^[abc]$/u) as string});
		expect(clock.nowMs()).toBeGreaterThanOrEqual(30_000);
	});

	it('that was taken over tells its first owner, who does not take it back', async () => {
		const ledger = openLedger({isShared: true});
		const {ports, clock, state} = ledger;
		const first = await takeLease(ports, 'run', {life: 'a'});
		await ledger.edit(key, () => JSON.stringify({life: 'b', beat: 0, at: new Date(0).toISOString()}));
		await clock.advance(12_000);
		expect(first?.lost.aborted).toBe(true);
		await first?.release();
		expect(ledger.json(key)).toMatchObject({life: 'b'});
		expect(state.objects.has(key)).toBe(true);
	});

	it('costs ten requests a minute', async () => {
		const requests = countRequests();
		const {ports, clock} = openLedger({isShared: true, before: requests.before});
		await takeLease(ports, 'run', {life: 'a'});
		const before = requests.total;
		await clock.advance(60_000);
		expect(requests.total - before).toBe(10);
	});

	it('that is waited for can be given up on', async () => {
		const {ports, clock, state} = openLedger({isShared: true});
		await state.create(key, JSON.stringify({life: 'dead', beat: 7, at: new Date(0).toISOString()}));
		const giving = new AbortController();
		const waiting = takeLease(ports, 'run', {life: 'a', signal: giving.signal});
		clock.after(5000, () => giving.abort(new Error('no time')));
		await expect(clock.finish(waiting)).rejects.toThrow('no time');
		expect(clock.pending).toBe(0);
	});

	it('is shown as alive for a minute by the wall clock, and a run without one as left alone', async () => {
		const {ports, wall} = openLedger({isShared: true});
		expect(await isLeased(ports, 'run')).toBe(false);
		await takeLease(ports, 'run', {life: 'a'});
		expect(await isLeased(ports, 'run')).toBe(true);
		wall.ms += 60_001;
		expect(await isLeased(ports, 'run')).toBe(false);
	});
});
