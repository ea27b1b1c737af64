import {describe, expect, it} from 'vitest';
import {type EngineQuestion, chooseEngine, decideEngine} from '../../src/runs/choose-engine.ts';
import {memoryObjects} from '../support/memory-objects.ts';

const all = ['in-process', 'lambda', 'distributed-map'] as const;
const minutes = 60_000;
const question: EngineQuestion = {
	asked: 'auto',
	available: all,
	items: 1000,
	itemMs: 60,
	threads: 1,
	maxWorkers: 50,
	remainingMs: 15 * minutes,
};
const engineOf = (changed: Partial<EngineQuestion>) => chooseEngine({...question, ...changed}).engine;

describe('the engine', () => {
	it('is this process when the run fits into 60 % of its time', () => {
		// 9,000 items of 60 ms are 9 minutes, 60 % of 15.
		expect(engineOf({items: 9000})).toBe('in-process');
		expect(engineOf({items: 9001})).toBe('lambda');
		expect(engineOf({items: 18_000, threads: 2})).toBe('in-process');
		expect(engineOf({items: 18_001, threads: 2})).toBe('lambda');
	});

	it('is a fleet of workers below 8 minutes for each, and a state machine beyond', () => {
		// 50 workers for 8 minutes do 400,000 items of 60 ms.
		expect(engineOf({items: 399_999})).toBe('lambda');
		expect(engineOf({items: 400_000})).toBe('distributed-map');
		expect(engineOf({items: 400_000, maxWorkers: 51})).toBe('lambda');
	});

	it('is the next best where one is not there', () => {
		expect(engineOf({items: 1_000_000, available: ['in-process', 'lambda']})).toBe('lambda');
		expect(engineOf({items: 1_000_000, available: ['in-process', 'distributed-map']})).toBe('distributed-map');
		expect(engineOf({items: 1_000_000, available: ['in-process']})).toBe('in-process');
		expect(engineOf({items: 20_000, available: ['in-process', 'distributed-map']})).toBe('distributed-map');
	});

	it('is this process whatever the work when it has all the time', () => {
		expect(engineOf({items: 1_000_000_000, remainingMs: Infinity})).toBe('in-process');
	});

	it.each(all)('is %s when that was asked for', asked => {
		expect(engineOf({asked, items: 1})).toBe(asked);
		expect(engineOf({asked, items: 1_000_000})).toBe(asked);
	});

	it('that was asked for and is not there is refused by name', () => {
		const ask = () => engineOf({asked: 'distributed-map', available: ['in-process', 'lambda']});
		expect(ask).toThrow(expect.objectContaining({code: 'RUN_REFUSED', message: expect.stringContaining("'distributed-map'") as string}));
	});

	it('comes with a reason that says how long', () => {
		expect(chooseEngine(question).reason).toBe('About 60 s of work for one process, which has 15 min.');
		expect(chooseEngine({...question, items: 100_000}).reason).toBe(
			'About 100 min of work for one process, 2 min for 50 workers: one orchestrator sees it through.',
		);
		expect(chooseEngine({...question, items: 1_000_000}).reason).toContain('longer than one orchestrator should wait');
	});

	it('is chosen once for a generation', async () => {
		const state = memoryObjects();
		const place = {runId: 'run', generation: 0};
		const [first, second] = await Promise.all([
			decideEngine({state}, place, () => ({...question, items: 1})),
			decideEngine({state}, place, () => ({...question, items: 1_000_000})),
		]);
		expect(second).toEqual(first);
		const never = () => {
			throw new Error('nobody asks again');
		};
		expect(await decideEngine({state}, place, never)).toEqual(first);
		expect(await decideEngine({state}, {...place, generation: 1}, () => ({...question, items: 1_000_000}))).toMatchObject({
			engine: 'distributed-map',
		});
	});
});
