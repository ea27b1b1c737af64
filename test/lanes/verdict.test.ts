import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type GateMeasurements, type Measurements, judge} from '../../src/lanes/verdict.ts';

/**
 * A machine on paper. `items` calls of `latencyMs` go through `width` places, then a transform of `cpuMs` on `threads` threads of
 * `cores` cores, of which it computes only the share `computing`. Steady state: the slowest of the three sets the pace.
 */
interface Model {
	readonly items: number;
	readonly width: number;
	readonly isAuto?: boolean;
	readonly latencyMs: number;
	readonly cores: number;
	/** How long one transform takes on its thread; 0: the flow has none. */
	readonly taskMs: number;
	readonly threads?: number;
	readonly computing?: number;
	readonly bytes?: number;
}

const quiet: GateMeasurements = {
	calls: 0,
	limit: 16,
	isAuto: true,
	inFlightMs: 0,
	waitedMs: {width: 0, host: 0, cpu: 0, bytes: 0},
	p50Ms: 0,
	p95Ms: 0,
	throttles: 0,
	lowestCeiling: Number.POSITIVE_INFINITY,
};

/** Wall time of the model: whichever of the lanes needs longest. */
function wallOf({items, width, latencyMs, cores, taskMs, threads = cores, computing = 1}: Model): number {
	return Math.max(Math.ceil(items / width) * latencyMs, (items * taskMs) / threads, (items * taskMs * computing) / cores);
}

function measure(model: Model, overrides: Partial<Measurements> = {}): Measurements {
	const {items, width, isAuto = false, latencyMs, cores, taskMs, threads = cores, computing = 1, bytes = 0} = model;
	const wallMs = wallOf(model);
	const isIoFull = wallMs === Math.ceil(items / width) * latencyMs && items > width;
	return {
		wallMs,
		items,
		cores,
		cpuMs: items * (taskMs * computing + 0.1),
		eventLoopUtilization: Math.min(0.2, (items * 0.1) / wallMs),
		bytesIn: items * bytes,
		inFlightBytes: 256 * 1024 * 1024,
		fetch: {
			...quiet,
			calls: items,
			limit: width,
			isAuto,
			inFlightMs: items * latencyMs,
			// A full gate keeps calls waiting; a gate that the CPU lane holds up waits for that.
			waitedMs: {width: isIoFull ? 0.95 * wallMs : 0, host: 0, cpu: isIoFull || taskMs === 0 ? 0 : 0.9 * wallMs, bytes: 0},
			p50Ms: latencyMs,
			p95Ms: latencyMs,
		},
		store: quiet,
		cpu: taskMs === 0 ? undefined : {threads, isAuto: true, busyMs: items * taskMs, p50Ms: taskMs},
		...overrides,
	};
}

const base: Model = {items: 1000, width: 8, latencyMs: 100, cores: 2, taskMs: 0};

describe('judge', () => {
	it('says nothing of a run in which nothing has run', () => {
		expect(judge(measure({...base, items: 0}, {wallMs: 100}))).toMatchObject({bound: 'balanced', evidence: ['nothing has run yet']});
		expect(judge(measure(base, {wallMs: 0})).bound).toBe('balanced');
	});

	it('calls waiting for answers io-bound, and says how wide would help and how much', () => {
		const verdict = judge(measure(base));
		expect(verdict.bound).toBe('io-bound');
		const {prediction} = verdict;
		expect(prediction?.limit).toBe('ioConcurrency');
		expect(prediction?.value).toBeGreaterThan(8);
		const speedup = wallOf(base) / wallOf({...base, width: prediction?.value ?? 0});
		expect(prediction?.speedup).toBeGreaterThan(0.75 * speedup);
		expect(prediction?.speedup).toBeLessThanOrEqual(1.05 * speedup);
		expect(verdict.advice[0]).toContain(String(prediction?.value));
	});

	it('calls full threads on busy cores cpu-bound, and promises nothing of settings', () => {
		const verdict = judge(measure({...base, width: 64, taskMs: 40}));
		expect(verdict).toMatchObject({bound: 'cpu-bound'});
		expect(verdict).not.toHaveProperty('prediction');
		expect(verdict.evidence.join()).toMatch(/2 cores (?:9\d|100) % busy/u);
	});

	it('sees a transform that waits: full threads on idle cores', () => {
		const model = {...base, width: 64, taskMs: 100, computing: 0.1};
		const verdict = judge(measure(model));
		expect(verdict).toMatchObject({bound: 'cpu-bound', prediction: {limit: 'threads', value: 4}});
		expect(verdict.evidence.join()).toContain('waits for something');
		const speedup = wallOf(model) / wallOf({...model, threads: 4});
		expect(verdict.prediction?.speedup).toBeLessThanOrEqual(1.05 * speedup);
		expect(verdict.prediction?.speedup).toBeGreaterThan(1);
	});

	it('sees an IO stage that computes: the main thread is saturated', () => {
		const computing = measure({...base, items: 100_000, latencyMs: 1, width: 16}, {eventLoopUtilization: 0.99, cpuMs: 6200, cores: 4});
		const verdict = judge(computing);
		expect(verdict.bound).toBe('cpu-bound');
		expect(verdict.advice[0]).toContain('transform');
	});

	it('does not take the loading of modules for it', () => {
		const starting = measure({...base, items: 8000, latencyMs: 1, width: 16}, {eventLoopUtilization: 0.99, cpuMs: 480, cores: 4});
		expect(starting.wallMs).toBe(500);
		expect(judge(starting).bound).not.toBe('cpu-bound');
	});

	it('sees that other programs take the cores', () => {
		const verdict = judge(measure({...base, width: 64, taskMs: 100, computing: 0.3}, {machineBusyRatio: 0.98}));
		expect(verdict).toMatchObject({bound: 'cpu-bound'});
		expect(verdict).not.toHaveProperty('prediction');
		expect(verdict.evidence.join()).toContain('98 % busy');
	});

	it('does not judge a run of a moment', () => {
		const verdict = judge(measure({...base, items: 8, latencyMs: 20}));
		expect(verdict.bound).toBe('balanced');
		expect(verdict.evidence.join()).toContain('too short');
	});

	it('blames the origin that throttles, whatever else is full', () => {
		const measured = measure(base);
		const fetch = {...measured.fetch, throttles: 100, lowestCeiling: 5};
		const verdict = judge({...measured, fetch});
		expect(verdict.bound).toBe('origin-throttled');
		expect(verdict.evidence.join()).toContain('100');
		expect(verdict.advice[0]).toContain('--per-host 5');
	});

	it('does not blame an origin for one refusal in a thousand calls', () => {
		const measured = measure(base);
		expect(judge({...measured, fetch: {...measured.fetch, throttles: 1}}).bound).toBe('io-bound');
	});

	it('calls waiting for room memory-bound', () => {
		const measured = measure({...base, bytes: 10 * 1024 * 1024});
		const fetch = {...measured.fetch, waitedMs: {...measured.fetch.waitedMs, width: 0, bytes: 0.8 * measured.wallMs}};
		const verdict = judge({...measured, fetch});
		expect(verdict.bound).toBe('memory-bound');
		expect(verdict.advice[0]).toContain('512 MiB');
	});

	it('calls a slow store store-bound', () => {
		const measured = measure({...base, latencyMs: 5, width: 16});
		const wallMs = (1000 / 16) * 200;
		const store = {
			...quiet,
			calls: 1000,
			inFlightMs: 1000 * 200,
			waitedMs: {...quiet.waitedMs, width: 0.9 * wallMs},
			p50Ms: 200,
			p95Ms: 200,
		};
		const fetch = {...measured.fetch, waitedMs: quiet.waitedMs};
		expect(judge({...measured, wallMs, store, fetch}).bound).toBe('store-bound');
	});

	it('calls a full line network-bound: heavy bodies, and wider was not faster', () => {
		const measured = measure({...base, isAuto: true, bytes: 1024 * 1024});
		const fetch = {...measured.fetch, plateau: {from: 8, to: 16, gain: 0.01}};
		const verdict = judge({...measured, fetch});
		expect(verdict.bound).toBe('network-bound');
		expect(verdict).not.toHaveProperty('prediction');
	});

	it('does not promise more speed to a run whose items were all in flight at once', () => {
		const verdict = judge(measure({...base, items: 8, width: 64}));
		expect(verdict.bound).toBe('io-bound');
		expect(verdict).not.toHaveProperty('prediction');
	});

	it('calls a run in which nothing stands out balanced', () => {
		const measured = measure(base);
		const idle = {
			...measured,
			wallMs: measured.wallMs * 10,
			fetch: {...measured.fetch, inFlightMs: measured.wallMs, waitedMs: quiet.waitedMs},
		};
		expect(judge(idle).bound).toBe('balanced');
	});

	it('tells computing from waiting for any machine where one of them clearly sets the pace', () => {
		const model = fc.record({
			items: fc.integer({min: 200, max: 20_000}),
			width: fc.integer({min: 2, max: 128}),
			latencyMs: fc.integer({min: 5, max: 2000}),
			cores: fc.integer({min: 1, max: 16}),
			taskMs: fc.integer({min: 1, max: 2000}),
		});
		fc.assert(
			fc.property(model, one => {
				const io = Math.ceil(one.items / one.width) * one.latencyMs;
				const cpu = (one.items * one.taskMs) / one.cores;
				fc.pre(Math.max(io, cpu) > 2 * Math.min(io, cpu) && Math.max(io, cpu) > 200);
				expect(judge(measure(one)).bound).toBe(io > cpu ? 'io-bound' : 'cpu-bound');
			}),
		);
	});

	it('never predicts more than the model gives, nor less than half of it', () => {
		const model = fc.record({
			items: fc.integer({min: 500, max: 20_000}),
			width: fc.integer({min: 1, max: 32}),
			latencyMs: fc.integer({min: 20, max: 2000}),
			cores: fc.integer({min: 1, max: 16}),
			taskMs: fc.constantFrom(0, 1, 5),
		});
		fc.assert(
			fc.property(model, one => {
				const {bound, prediction} = judge(measure(one));
				if (bound !== 'io-bound' || prediction === undefined) return;
				const speedup = wallOf(one) / wallOf({...one, width: prediction.value});
				expect(prediction.speedup).toBeLessThanOrEqual(1.1 * speedup);
				expect(prediction.speedup).toBeGreaterThan(0.5 * speedup);
			}),
		);
	});

	it('always gives evidence, and finite numbers', () => {
		const number = fc.oneof(fc.constant(0), fc.double({min: 0, max: 1e9, noNaN: true}));
		const gate = fc.record({
			calls: fc.nat(),
			limit: fc.integer({min: 0, max: 1024}),
			isAuto: fc.boolean(),
			inFlightMs: number,
			waitedMs: fc.record({width: number, host: number, cpu: number, bytes: number}),
			p50Ms: number,
			p95Ms: number,
			throttles: fc.nat(),
			lowestCeiling: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({min: 1, max: 100})),
		});
		const measured = fc.record({
			wallMs: fc.oneof(fc.constant(0), fc.double({min: 0.01, max: 1e9, noNaN: true})),
			items: fc.nat(),
			cores: fc.integer({min: 1, max: 64}),
			cpuMs: number,
			eventLoopUtilization: fc.double({min: 0, max: 1, noNaN: true}),
			bytesIn: number,
			inFlightBytes: fc.integer({min: 1, max: 2 ** 31}),
			fetch: gate,
			store: gate,
			cpu: fc.option(fc.record({threads: fc.integer({min: 1, max: 64}), isAuto: fc.boolean(), busyMs: number, p50Ms: number}), {
				nil: undefined,
			}),
		});
		fc.assert(
			fc.property(measured, any => {
				const verdict = judge(any);
				expect(verdict.evidence.length).toBeGreaterThan(0);
				expect(JSON.stringify(verdict)).not.toMatch(/NaN|Infinity|undefined|null/u);
				expect(verdict.prediction?.speedup ?? 1).toBeGreaterThan(0);
			}),
			{numRuns: 500},
		);
	});
});
