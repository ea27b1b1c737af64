import {describe, expect, it} from 'vitest';
import {createRun} from '../../src/runs/create-run.ts';
import {identity, openLedger} from './ledger.ts';

const run = {identity, session: {}};

describe('createRun', () => {
	it('writes the spec between the key that the sweep looks at and the one that lists it', async () => {
		const created: string[] = [];
		const ledger = openLedger({before: ({op, key}) => void (op === 'create' && created.push(key))});
		const {spec, isNew} = await createRun(ledger.ports, run);
		expect(isNew).toBe(true);
		expect(created).toEqual([
			`active/${spec.runId}`,
			`runs/${spec.runId}/run.json`,
			`runs-by-time/8232774400000-${spec.runId}`.replace(/\d+-/u, `${9_999_999_999_999 - ledger.wall.ms}-`),
		]);
		expect(spec).toMatchObject({engine: 'auto', maxWorkers: 50});
	});

	it('finds an equal run as it was created, whatever else differs', async () => {
		const ledger = openLedger();
		const first = await createRun(ledger.ports, {...run, session: {attempts: 2}});
		ledger.wall.ms += 1000;
		const again = await createRun(ledger.ports, {...run, session: {attempts: 3, limits: {threads: 8}}, engine: 'lambda', maxWorkers: 7});
		expect(again).toEqual({spec: first.spec, isNew: false});
	});

	it('lists a run whose creator was killed before it could', async () => {
		const ledger = openLedger();
		const {spec} = await createRun(ledger.ports, run);
		const [key = ''] = ledger.keys('runs-by-time/');
		await ledger.state.remove(key);
		ledger.wall.ms += 1000;
		await createRun(ledger.ports, run);
		expect(ledger.keys('runs-by-time/')).toEqual([key]);
		expect(key).toContain(spec.runId);
	});

	it('starts another run with `isFresh`, and then means the newest', async () => {
		const ledger = openLedger();
		const first = await createRun(ledger.ports, {...run, isFresh: true});
		const second = await createRun(ledger.ports, {...run, isFresh: true});
		const third = await createRun(ledger.ports, {...run, isFresh: true});
		expect([first, second, third].map(({spec: {fresh}, isNew}) => ({fresh, isNew}))).toEqual([
			{fresh: 0, isNew: true},
			{fresh: 1, isNew: true},
			{fresh: 2, isNew: true},
		]);
		expect(await createRun(ledger.ports, run)).toEqual({spec: third.spec, isNew: false});
	});

	it('gives two creators at once one run', async () => {
		const ledger = openLedger();
		const both = await Promise.all([createRun(ledger.ports, run), createRun(ledger.ports, {...run, session: {attempts: 2}})]);
		expect(both.filter(({isNew}) => isNew)).toHaveLength(1);
		expect(both[0].spec).toEqual(both[1].spec);
		expect(ledger.keys('runs-by-time/')).toHaveLength(1);
	});

	it('keeps what JSON keeps of options, so that the spec can be read again', async () => {
		const ledger = openLedger();
		const options = {size: 1, left: undefined, at: new Date(0)};
		const {spec} = await createRun(ledger.ports, {...run, identity: {...identity, options}});
		expect(spec.options).toEqual({size: 1, at: '1970-01-01T00:00:00.000Z'});
		expect(await createRun(ledger.ports, {...run, identity: {...identity, options}})).toEqual({spec, isNew: false});
	});
});

describe('createRun with a `runId`', () => {
	const named = {...run, runId: 'nightly-1'};

	it('names the run, and finds it by an equal identity', async () => {
		const ledger = openLedger();
		const {spec} = await createRun(ledger.ports, named);
		expect(spec.runId).toBe('nightly-1');
		expect(await createRun(ledger.ports, named)).toEqual({spec, isNew: false});
	});

	it.each([
		[{options: {size: 1}}, /run nightly-1 is there already, with other options or sources/u],
		[{flow: 'other'}, /run nightly-1 is there already, of the flow 'test'/u],
	])('refuses a name that a run of another identity has', async (changes, problem) => {
		const ledger = openLedger();
		await createRun(ledger.ports, named);
		const other = createRun(ledger.ports, {...named, identity: {...identity, ...changes}});
		await expect(other).rejects.toMatchObject({code: 'RUN_REFUSED', message: expect.stringMatching(problem)});
	});

	it('refuses it also when both came at once', async () => {
		const ledger = openLedger();
		const other = {...named, identity: {...identity, flow: 'other'}};
		const ends = await Promise.allSettled([createRun(ledger.ports, named), createRun(ledger.ports, other)]);
		expect(ends.map(({status}) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
		expect(ends.find(({status}) => status === 'rejected')).toMatchObject({reason: {code: 'RUN_REFUSED'}});
	});

	it('lists a named run whose creator was killed before it could', async () => {
		const ledger = openLedger();
		await createRun(ledger.ports, named);
		const [key = ''] = ledger.keys('runs-by-time/');
		await ledger.state.remove(key);
		await createRun(ledger.ports, named);
		expect(ledger.keys('runs-by-time/')).toEqual([key]);
	});

	it.each(['', 'A', '-a', 'a b', '../a', 'a/b', 'a.b', 'a'.repeat(65), 'ä'])('refuses the name %j', async runId => {
		const ledger = openLedger();
		await expect(createRun(ledger.ports, {...run, runId})).rejects.toThrow(RangeError);
		expect(ledger.keys()).toEqual([]);
	});
});
