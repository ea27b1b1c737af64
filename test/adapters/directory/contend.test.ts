import {setImmediate as settle} from 'node:timers/promises';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type LockWorld, contend} from '../../../src/adapters/directory/contend.ts';
import {type OwnerRecord, writeRecord} from '../../../src/adapters/directory/owner-record.ts';
import type {ProcessIdentity, SeenProcess} from '../../../src/adapters/directory/processes.ts';
import {TwolaneError} from '../../../src/lanes/errors.ts';

const here = {host: 'box', pidNamespace: 'pid:[1]'};
const LAUNCHER = 2;
const identify = (pid: number): ProcessIdentity => ({pid, parentPid: LAUNCHER, startedAt: `start of ${pid}`, ...here});
const recordOf = (owner: Partial<ProcessIdentity>, isReleased = false): OwnerRecord => ({
	owner: {...identify(5), ...owner, since: '2026-11-22T20:00:00.000Z'},
	token: 'earlier',
	isReleased,
});

/** A machine with its processes and one folder, where nothing happens between two steps. */
function createMachine(step: () => Promise<void> = async () => {}) {
	const files = new Map<number, string>();
	const processes = new Map<number, SeenProcess>();
	const live = (pid: number): void => void processes.set(pid, {startedAt: `start of ${pid}`, parentPid: LAUNCHER});
	live(LAUNCHER);
	const world = (take: () => Promise<void> = step): LockWorld => ({
		files: {
			async list() {
				// What comes or goes while a folder is read may be missing from its listing.
				await take();
				const before = [...files.keys()];
				await take();
				return before.filter(number => files.has(number));
			},
			async read(number) {
				await take();
				return files.get(number);
			},
			async create(number, text) {
				await take();
				if (files.has(number)) return false;
				files.set(number, text);
				return true;
			},
			async replace(number, text) {
				await take();
				files.set(number, text);
			},
			async overwrite(number, text) {
				await take();
				files.set(number, text);
			},
			async remove(number) {
				await take();
				files.delete(number);
			},
			pathOf: number => `/run/owner-${number}.json`,
		},
		async find(pid) {
			await take();
			return processes.get(pid);
		},
		pause: take,
	});
	return {files, processes, live, world};
}

describe('contenders in any order of their steps', () => {
	/** What one contender does, life after life: how it ends its turn, and the step at which it is killed, if it gets that far. */
	const lives = fc.array(fc.record({ending: fc.constantFrom('release', 'die'), killedAt: fc.integer({min: 1, max: 60})}), {
		minLength: 1,
		maxLength: 4,
	});
	const plan = fc.array(fc.record({actor: fc.nat(3), steps: fc.integer({min: 1, max: 25})}), {maxLength: 40});
	const scene = fc.record({
		actors: fc.array(lives, {minLength: 2, maxLength: 4}),
		plan,
		first: fc.constantFrom('nobody', 'a dead owner', 'a released owner'),
	});

	async function play({actors, plan, first}: typeof scene extends fc.Arbitrary<infer T> ? T : never) {
		const waiting = new Map<number, () => void>();
		const machine = createMachine();
		if (first !== 'nobody') machine.files.set(3, writeRecord(recordOf({}, first === 'a released owner')));
		const holders = new Set<number>();
		const seen = {turns: 0, together: 0};

		const live = async (actor: number, pid: number, {ending, killedAt}: {readonly ending: string; readonly killedAt: number}) => {
			let steps = 0;
			const take = async (): Promise<void> => {
				await new Promise<void>(resolve => waiting.set(actor, resolve));
				if (++steps === killedAt) throw new Error('killed');
			};
			machine.live(pid);
			try {
				const turn = await contend(machine.world(take), {self: identify(pid), what: 'this run'});
				if (!turn.isTaken) return;
				holders.add(actor);
				seen.turns++;
				if (holders.size > 1) seen.together++;
				for (let work = 0; work < 3; work++) await take();
				holders.delete(actor);
				if (ending === 'release') await turn.release();
			} catch (error) {
				if ((error as Error).message !== 'killed') throw error;
			} finally {
				holders.delete(actor);
				machine.processes.delete(pid);
			}
		};
		const ended = Promise.all(
			actors.map(async (ownLives, actor) => {
				for (const [n, life] of ownLives.entries()) await live(actor, 100 * (actor + 1) + n, life);
			}),
		);

		const run = async (actor: number): Promise<boolean> => {
			const go = waiting.get(actor);
			waiting.delete(actor);
			go?.();
			if (go) await settle();
			return go !== undefined;
		};
		await settle();
		for (const {actor, steps} of plan) for (let n = 0; n < steps && (await run(actor)); n++);
		while (waiting.size > 0) for (const actor of waiting.keys()) await run(actor);
		await ended;
		return {...seen, machine};
	}

	it('never own the folder two at once, and the next one always gets it', async () => {
		let turns = 0;
		await fc.assert(
			fc.asyncProperty(scene, async given => {
				const played = await play(given);
				turns += played.turns;
				expect(played.together).toBe(0);
				const {machine} = played;
				machine.live(9);
				expect(await contend(machine.world(), {self: identify(9), what: 'this run'})).toMatchObject({isTaken: true});
				expect(machine.files.size).toBe(1);
			}),
			{numRuns: 3000},
		);
		expect(turns).toBeGreaterThan(3000);
	});

	it('never do so where one sleeps twice: before it creates a number that others use and remove, and while it looks again', async () => {
		const once = [{ending: 'release' as const, killedAt: 1000}];
		const upTo = (count: number): number[] => Array.from({length: count}, (_, n) => n + 1);
		// It reaches its `create` after four steps.
		const pauses = [3, 4, 5].flatMap(first =>
			upTo(4).flatMap(second => upTo(14).flatMap(other => upTo(6).map(third => ({first, second, other, third})))),
		);
		let turns = 0;
		for (const pause of pauses) {
			const plan = [
				{actor: 0, steps: pause.first},
				{actor: 1, steps: 25},
				{actor: 2, steps: 25},
				{actor: 0, steps: pause.second},
				{actor: 3, steps: pause.other},
				{actor: 0, steps: pause.third},
				{actor: 3, steps: 25},
			];
			const played = await play({actors: [once, once, once, once], plan, first: 'a dead owner'});
			expect(played.together, JSON.stringify(pause)).toBe(0);
			turns += played.turns;
		}
		expect(turns).toBeGreaterThan(2 * pauses.length);
	});
});

describe('a contender', () => {
	const self = identify(9);
	const contendFor = (machine: ReturnType<typeof createMachine>, signal?: AbortSignal) =>
		contend(machine.world(), {self, what: 'run ab12', ...(signal && {signal})});

	it.each([
		['no process of that id', undefined],
		['another process with that id', {startedAt: 'start of another', parentPid: LAUNCHER}],
	])('takes over where there is %s', async (_, seen) => {
		const machine = createMachine();
		machine.files.set(7, writeRecord(recordOf({pid: 5})));
		if (seen) machine.processes.set(5, seen);
		expect(await contendFor(machine)).toMatchObject({isTaken: true, owner: self});
		expect([...machine.files.keys()]).toEqual([8]);
	});

	it('takes over from an earlier process with its own id', async () => {
		const machine = createMachine();
		machine.live(self.pid);
		machine.files.set(1, writeRecord(recordOf({...self, startedAt: 'before the restart'})));
		expect(await contendFor(machine)).toMatchObject({isTaken: true});
	});

	it('is refused by its own process', async () => {
		const machine = createMachine();
		machine.live(self.pid);
		const first = await contendFor(machine);
		expect(await contendFor(machine)).toMatchObject({isTaken: false, owner: self});
		if (first.isTaken) await first.release();
		expect(await contendFor(machine)).toMatchObject({isTaken: true});
	});

	it('is told who works there', async () => {
		const machine = createMachine();
		machine.live(5);
		machine.files.set(1, writeRecord(recordOf({})));
		expect(await contendFor(machine)).toMatchObject({
			isTaken: false,
			owner: identify(5),
			message: expect.stringMatching(/^Process 5 .*run ab12.*2026-11-22T20:00:00/u),
		});
	});

	it.each([
		['another host', {host: 'elsewhere'}, /host elsewhere .*\/run\/owner-4\.json/u],
		['another container', {pidNamespace: 'pid:[2]'}, /container on box .*\/run\/owner-4\.json/u],
	])('does not judge an owner on %s, and names the file to remove', async (_, owner, message) => {
		const machine = createMachine();
		machine.files.set(4, writeRecord(recordOf(owner)));
		expect(await contendFor(machine)).toMatchObject({isTaken: false, owner, message: expect.stringMatching(message)});
		machine.files.delete(4);
		expect(await contendFor(machine)).toMatchObject({isTaken: true});
	});

	it('takes over from another host that let go', async () => {
		const machine = createMachine();
		machine.files.set(4, writeRecord(recordOf({host: 'elsewhere'}, true)));
		expect(await contendFor(machine)).toMatchObject({isTaken: true});
	});

	it.each([
		['has another parent now', {startedAt: 'start of 5', parentPid: 1}],
		['has a parent that is gone, where a process does not tell its parent', {}],
	])('waits for an owner that %s', async (_, seen) => {
		let pauses = 0;
		const machine = createMachine();
		machine.processes.set(5, seen);
		machine.processes.delete(LAUNCHER);
		machine.files.set(1, writeRecord(recordOf({})));
		const pause = async (): Promise<void> => {
			if (++pauses === 30) machine.processes.delete(5);
		};
		expect(await contend({...machine.world(), pause}, {self, what: ''})).toMatchObject({isTaken: true});
		expect(pauses).toBe(30);
	});

	it.each([
		['an orphan that does not end', writeRecord(recordOf({})), /^Process 5 /u],
		['a file that does not become readable', '{"pid":5', /owner-1\.json does not say who works here.*remove it/u],
	])('gives up on %s after 200 looks', async (_, text, message) => {
		let pauses = 0;
		const machine = createMachine();
		machine.processes.set(5, {startedAt: 'start of 5', parentPid: 1});
		machine.files.set(1, text);
		const pause = async (): Promise<void> => void pauses++;
		const refusal = await contend({...machine.world(), pause}, {self, what: ''});
		expect(refusal).toMatchObject({isTaken: false, message: expect.stringMatching(message)});
		expect(pauses).toBe(200);
	});

	it('stops waiting when it is aborted', async () => {
		const machine = createMachine();
		const stop = new AbortController();
		machine.processes.set(5, {startedAt: 'start of 5', parentPid: 1});
		machine.files.set(1, writeRecord(recordOf({})));
		const pause = async (): Promise<void> => stop.abort('enough');
		await expect(contend({...machine.world(), pause}, {self, what: '', signal: stop.signal})).rejects.toBe('enough');
		expect([...machine.files.keys()]).toEqual([1]);
	});

	it('lets go on a full disk by overwriting its own file', async () => {
		const machine = createMachine();
		machine.live(self.pid);
		const world = machine.world();
		const replace = async (): Promise<void> => {
			throw new TwolaneError('STORE_FULL', 'full');
		};
		const turn = await contend({...world, files: {...world.files, replace}}, {self, what: ''});
		if (!turn.isTaken) throw new Error('refused');
		await turn.release();
		expect(await contendFor(machine)).toMatchObject({isTaken: true});
	});

	it('can let go again after it could not', async () => {
		const machine = createMachine();
		machine.live(self.pid);
		const world = machine.world();
		const {files} = world;
		let isFull = true;
		const unlessFull =
			(write: (number: number, text: string) => Promise<void>) =>
			async (number: number, text: string): Promise<void> => {
				if (isFull) throw new TwolaneError('STORE_FULL', 'full');
				await write(number, text);
			};
		const fillable = {
			...files,
			replace: unlessFull((number, text) => files.replace(number, text)),
			overwrite: unlessFull((number, text) => files.overwrite(number, text)),
		};
		const turn = await contend({...world, files: fillable}, {self, what: ''});
		if (!turn.isTaken) throw new Error('refused');
		await expect(turn.release()).rejects.toMatchObject({code: 'STORE_FULL'});
		expect(await contendFor(machine)).toMatchObject({isTaken: false});
		isFull = false;
		await turn.release();
		expect(await contendFor(machine)).toMatchObject({isTaken: true});
	});

	it('lets go once, and not of what a person gave to another', async () => {
		const machine = createMachine();
		const turn = await contendFor(machine);
		if (!turn.isTaken) throw new Error('refused');
		const other = writeRecord(recordOf({}));
		machine.files.set(1, other);
		await turn.release();
		expect(machine.files.get(1)).toBe(other);
	});
});
