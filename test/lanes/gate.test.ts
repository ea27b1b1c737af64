import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Gate, createGate} from '../../src/lanes/gate.ts';
import {adaptiveWidth, fixedWidth} from '../../src/lanes/width.ts';
import {type FakeClock, createFakeClock, settled} from '../support/fake-clock.ts';

interface Options {
	readonly limit?: number;
	readonly perHost?: number | 'auto';
	readonly hold?: () => 'cpu' | 'bytes' | undefined;
}

function openGate({limit = 2, perHost = 'auto', hold = () => undefined}: Options = {}): {
	gate: Gate;
	clock: FakeClock;
	order: string[];
	ask: (host: string, name?: string) => void;
} {
	const clock = createFakeClock();
	const gate = createGate({openWidth: () => fixedWidth(limit), perHost, clock, hold});
	const order: string[] = [];
	const ask = (host: string, name = host): void => {
		const entered = gate.enter(host);
		if (entered === true) order.push(name);
		else void entered.then(isIn => order.push(isIn ? name : `${name} refused`));
	};
	return {gate, clock, order, ask};
}

const ended = (clock: FakeClock, isSuccess = true) => ({startMs: clock.nowMs(), endMs: clock.nowMs(), isSuccess});

describe('createGate', () => {
	it('lets calls of one host in by the order they came', async () => {
		const {gate, clock, order, ask} = openGate({limit: 1});
		for (const name of ['1', '2', '3', '4']) ask('a', name);
		for (let n = 0; n < 4; n++) {
			await settled();
			gate.leave('a', ended(clock));
		}
		await settled();
		expect(order).toEqual(['1', '2', '3', '4']);
		expect(gate).toMatchObject({inFlight: 0, waiting: 0});
	});

	it('lets hosts take turns, so that a long queue holds up no other host', async () => {
		const {gate, clock, order, ask} = openGate({limit: 1});
		ask('busy', 'first');
		for (let n = 0; n < 5; n++) ask('busy', `busy ${n}`);
		ask('late', 'late 0');
		ask('late', 'late 1');
		for (const host of ['busy', 'busy', 'late', 'busy', 'late']) {
			gate.leave(host, ended(clock));
			await settled();
		}
		expect(order).toEqual(['first', 'busy 0', 'late 0', 'busy 1', 'late 1', 'busy 2']);
	});

	it('keeps the limit per host while other hosts go on', () => {
		const {gate, order, ask} = openGate({limit: 10, perHost: 2});
		for (let n = 0; n < 5; n++) ask('a');
		ask('b');
		expect(gate).toMatchObject({inFlight: 3, waiting: 3});
		expect(order).toEqual(['a', 'a']);
	});

	it('wakes a paused host by itself after its Retry-After, while others go on', async () => {
		const {gate, clock, order, ask} = openGate({limit: 4});
		ask('a');
		gate.throttled('a', {startMs: 0, retryAfterMs: 5000});
		gate.leave('a', ended(clock, false));
		ask('a', 'a again');
		ask('b');
		await settled();
		expect(order).toEqual(['a', 'b']);
		await clock.advance(4999);
		expect(order).toEqual(['a', 'b']);
		await clock.advance(1);
		expect(order).toEqual(['a', 'b', 'a again']);
		expect(clock.pending).toBe(0);
	});

	it('wakes each of several paused hosts at its own time', async () => {
		const {gate, clock, order, ask} = openGate({limit: 9});
		for (const [host, retryAfterMs] of [
			['a', 3000],
			['b', 1000],
			['c', 2000],
		] as const) {
			ask(host);
			gate.throttled(host, {startMs: 0, retryAfterMs});
			gate.leave(host, ended(clock, false));
		}
		order.length = 0;
		for (const host of ['a', 'b', 'c']) ask(host);
		await clock.advance(10_000);
		expect(order).toEqual(['b', 'c', 'a']);
	});

	it('shuts out those who wait and those who come, and leaves no timer', async () => {
		const {gate, clock, order, ask} = openGate({limit: 1});
		ask('a', 'in');
		ask('a', 'waiting');
		gate.throttled('a', {startMs: 0, retryAfterMs: 5000});
		gate.pump();
		gate.shut();
		ask('b', 'late');
		gate.leave('a', ended(clock, false));
		gate.pump();
		await settled();
		expect(order.toSorted()).toEqual(['in', 'late refused', 'waiting refused']);
		expect(gate).toMatchObject({inFlight: 0, waiting: 0});
		expect(clock.pending).toBe(0);
	});

	it('lets nobody in while something behind it is full, and all who fit when it is not', async () => {
		let held: 'cpu' | undefined = 'cpu';
		const {gate, order, ask} = openGate({limit: 2, hold: () => held});
		for (const name of ['1', '2', '3']) ask('a', name);
		expect(gate).toMatchObject({inFlight: 0, waiting: 3});
		held = undefined;
		gate.pump();
		await settled();
		expect(order).toEqual(['1', '2']);
	});

	it('adds up what calls waited for, and the calls in flight', async () => {
		let held: 'cpu' | 'bytes' | undefined;
		const {gate, clock, ask} = openGate({limit: 1, hold: () => held});
		ask('a');
		await clock.advance(10);
		ask('a');
		await clock.advance(20);
		gate.read();
		held = 'bytes';
		gate.pump();
		await clock.advance(30);
		held = 'cpu';
		gate.pump();
		await clock.advance(40);
		expect(gate.read()).toEqual({waitedMs: {width: 20, host: 0, cpu: 40, bytes: 30}, inFlightMs: 100});
	});

	it('forgets hosts that nobody talks to, but no ceiling', () => {
		const {gate, clock} = openGate({limit: 4});
		for (let n = 0; n < 4; n++) void gate.enter('strict');
		gate.throttled('strict', {startMs: 0, retryAfterMs: 0});
		for (let n = 0; n < 4; n++) gate.leave('strict', ended(clock, false));
		const ceiling = gate.lowestCeiling;
		expect(ceiling).toBeLessThan(4);
		for (let n = 0; n < 5000; n++) {
			void gate.enter(`host-${n}`);
			gate.leave(`host-${n}`, ended(clock));
		}
		expect(gate.lowestCeiling).toBe(ceiling);
	});

	it('never has more in flight than the width and the limit per host allow, and loses nobody', async () => {
		const step = fc.record({host: fc.constantFrom('a', 'b', 'c'), act: fc.constantFrom('enter', 'enter', 'leave', 'throttle', 'wait')});
		await fc.assert(
			fc.asyncProperty(
				fc.integer({min: 1, max: 5}),
				fc.constantFrom(1, 2, 'auto' as const),
				fc.array(step, {maxLength: 80}),
				async (limit, perHost, steps) => {
					const {gate, clock} = openGate({limit, perHost});
					const inFlight = new Map<string, number>();
					let asked = 0;
					let served = 0;
					const enter = (host: string): void => {
						asked++;
						void Promise.resolve(gate.enter(host)).then(() => {
							inFlight.set(host, (inFlight.get(host) ?? 0) + 1);
						});
					};
					const leave = (host: string, isThrottled: boolean): void => {
						const now = inFlight.get(host) ?? 0;
						if (now === 0) return;
						if (isThrottled) gate.throttled(host, {startMs: clock.nowMs(), retryAfterMs: 500});
						inFlight.set(host, now - 1);
						served++;
						gate.leave(host, ended(clock, !isThrottled));
					};
					for (const {host, act} of steps) {
						if (act === 'enter') enter(host);
						else if (act === 'wait') await clock.advance(100);
						else leave(host, act === 'throttle');
						await settled();
						const counts = [...inFlight.values()];
						expect(gate.inFlight).toBe(counts.reduce((sum, count) => sum + count, 0));
						expect(gate.inFlight).toBeLessThanOrEqual(limit);
						expect(Math.max(0, ...counts)).toBeLessThanOrEqual(perHost === 'auto' ? limit : perHost);
						expect(asked).toBe(served + gate.inFlight + gate.waiting);
					}
					// Each round at least one comes through.
					for (let rounds = 2 * asked; rounds > 0; rounds--) {
						for (const host of inFlight.keys()) leave(host, false);
						await clock.advance(1000);
					}
					expect(served).toBe(asked);
				},
			),
			{numRuns: 60},
		);
	});
});

describe('a gate in front of an origin that refuses more than it can serve', () => {
	it.each([1, 2, 5, 12, 40])('converges to %i at once, with few refusals, and every call succeeds in the end', async capacity => {
		const clock = createFakeClock();
		const gate = createGate({openWidth: () => adaptiveWidth({start: 16, most: 256}), perHost: 'auto', clock});
		const calls = 3000;
		let serving = 0;
		let refused = 0;
		let answered = 0;
		async function call(): Promise<void> {
			for (;;) {
				if (!(await gate.enter('origin'))) throw new Error('the gate is open');
				const startMs = clock.nowMs();
				const isRefused = serving >= capacity;
				if (!isRefused) serving++;
				await clock.sleep(isRefused ? 5 : 50);
				if (isRefused) gate.throttled('origin', {startMs, retryAfterMs: 0});
				else serving--;
				gate.leave('origin', {startMs, endMs: clock.nowMs(), isSuccess: !isRefused});
				if (!isRefused) break;
				refused++;
				await clock.sleep(400);
			}
			answered++;
		}
		await clock.finish(Promise.all(Array.from({length: calls}, call)));
		expect(answered).toBe(calls);
		// Now and then it must ask whether the origin takes one more: once in twenty rounds.
		expect(refused / calls).toBeLessThan(0.02 + 1 / (20 * capacity));
		// Not at the price of serving slowly: at its capacity all the time the origin needs 50 ms for each round of calls.
		expect(clock.nowMs()).toBeLessThan(1.5 * 50 * Math.ceil(calls / capacity));
	});
});

describe('very many hosts', () => {
	it('neither break the numbers nor stay in memory, with a fixed width for each', () => {
		const {gate, clock} = openGate({limit: 4, perHost: 3});
		for (let n = 0; n < 200_000; n++) {
			expect(gate.enter(`https://${n}.example`)).toBe(true);
			gate.leave(`https://${n}.example`, ended(clock));
		}
		expect(gate.lowestCeiling).toBe(3);
		expect(gate.hosts).toBeLessThanOrEqual(1001);
	});
});
