import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Hold, createByteGate} from '../../src/lanes/bytes.ts';
import {settled} from '../support/fake-clock.ts';

const gateOf = (limitBytes: number, onFree = () => {}) => createByteGate({limitBytes, onFree});

/** Grows and tells whether it was let in. */
function grow(hold: Hold, bytes: number): {isIn: boolean; refusal?: unknown} {
	const state: {isIn: boolean; refusal?: unknown} = {isIn: false};
	const waiting = hold.grow(bytes);
	if (waiting === undefined) state.isIn = true;
	else
		waiting.then(
			() => {
				state.isIn = true;
			},
			(error: unknown) => {
				state.refusal = error;
			},
		);
	return state;
}

describe('createByteGate', () => {
	it('lets bytes in without waiting while there is room', () => {
		const gate = gateOf(10);
		expect(gate.open().grow(4)).toBeUndefined();
		expect(gate.open().grow(6)).toBeUndefined();
		expect(gate).toMatchObject({usedBytes: 10, isFull: false});
	});

	it('makes growth wait for room, first come, first served', async () => {
		const gate = gateOf(10);
		const [a, b, c] = [gate.open(), gate.open(), gate.open()] as const;
		grow(a, 10);
		const large = grow(b, 8);
		const small = grow(c, 1);
		await settled();
		expect([large.isIn, small.isIn, gate.isFull]).toEqual([false, false, true]);
		a.release();
		await settled();
		expect([large.isIn, small.isIn, gate.usedBytes]).toEqual([true, true, 9]);
	});

	it('lets one item through that is larger than the limit, and then nobody else', async () => {
		const gate = gateOf(10);
		const [huge, next] = [gate.open(), gate.open()] as const;
		const first = grow(huge, 50);
		await settled();
		const second = grow(next, 1);
		await settled();
		expect([first.isIn, second.isIn]).toEqual([true, false]);
		huge.release();
		await settled();
		expect([second.isIn, gate.usedBytes]).toEqual([true, 1]);
	});

	it('does not deadlock when everybody holds some and wants more', async () => {
		const gate = gateOf(10);
		const [a, b] = [gate.open(), gate.open()] as const;
		grow(a, 5);
		grow(b, 5);
		const more = [grow(a, 5), grow(b, 5)] as const;
		await settled();
		expect(more.map(({isIn}) => isIn)).toEqual([true, false]);
		a.release();
		await settled();
		expect(more[1].isIn).toBe(true);
		b.release();
		expect(gate).toMatchObject({usedBytes: 0, isFull: false});
	});

	it('takes a waiting holder out of the queue when it gives up, and tells it so', async () => {
		const gate = gateOf(10);
		const [a, b, c] = [gate.open(), gate.open(), gate.open()] as const;
		grow(a, 10);
		const gone = grow(b, 10);
		const next = grow(c, 10);
		b.release();
		a.release();
		await settled();
		expect(next.isIn).toBe(true);
		expect(gone.isIn).toBe(false);
		expect(gone.refusal).toBeInstanceOf(Error);
	});

	it('counts two growths of one item at once as one item', async () => {
		const gate = gateOf(10);
		const [a, b] = [gate.open(), gate.open()] as const;
		grow(b, 10);
		const both = [grow(a, 6), grow(a, 4)] as const;
		b.release();
		await settled();
		expect(both.map(({isIn}) => isIn)).toEqual([true, true]);
		a.release();
		const huge = grow(gate.open(), 50);
		await settled();
		expect(huge.isIn).toBe(true);
	});

	it('gives back all of an item that waits twice at once', async () => {
		const gate = gateOf(10);
		const [a, b] = [gate.open(), gate.open()] as const;
		grow(b, 10);
		grow(a, 6);
		grow(a, 6);
		a.release();
		b.release();
		await settled();
		expect(gate).toMatchObject({usedBytes: 0, isFull: false});
	});

	it('can be used again by the next try of the item', async () => {
		const gate = gateOf(10);
		const hold = gate.open();
		grow(hold, 10);
		hold.release();
		hold.release();
		expect(grow(hold, 10).isIn).toBe(true);
		expect(gate.usedBytes).toBe(10);
	});

	it('says when room is free', () => {
		let calls = 0;
		const gate = gateOf(10, () => {
			calls++;
		});
		const hold = gate.open();
		grow(hold, 5);
		expect(calls).toBe(0);
		hold.release();
		expect(calls).toBe(1);
	});

	it('stays below the limit and one item, lets everybody in at last, and ends empty, whatever happens', async () => {
		const limitBytes = 100;
		const mostOfOne = 150;
		const step = fc.record({
			item: fc.nat({max: 5}),
			bytes: fc.integer({min: 1, max: 50}),
			isRelease: fc.boolean(),
		});
		await fc.assert(
			fc.asyncProperty(fc.array(step, {maxLength: 60}), async steps => {
				const gate = gateOf(limitBytes);
				const items = Array.from({length: 6}, () => ({hold: gate.open(), asked: [] as ReturnType<typeof grow>[], bytes: 0}));
				for (const {item, bytes, isRelease} of steps) {
					const one = items[item];
					if (one === undefined) continue;
					if (isRelease) {
						one.hold.release();
						one.asked = [];
						one.bytes = 0;
					} else if (one.bytes + bytes <= mostOfOne) {
						one.bytes += bytes;
						one.asked.push(grow(one.hold, bytes));
					}
					await settled();
					expect(gate.usedBytes).toBeLessThanOrEqual(limitBytes + mostOfOne);
				}
				// Whoever has all it asked for ends: that must be enough for everybody to end.
				for (let left = items.filter(({asked}) => asked.length > 0); left.length > 0;) {
					const done = left.filter(({asked}) => asked.every(({isIn}) => isIn));
					expect(done.length, 'everybody waits').toBeGreaterThan(0);
					for (const {hold} of done) hold.release();
					await settled();
					left = left.filter(one => !done.includes(one));
				}
				expect(gate).toMatchObject({usedBytes: 0, isFull: false});
			}),
		);
	});
});
