import {describe, expect, it} from 'vitest';
import {type Interleaving, follow, interleave} from './interleave.ts';
import type {Actor} from './staged-actor.ts';
import type {StoreStep} from './memory-objects.ts';

interface World {
	readonly cells: Map<string, number>;
	readonly order: string[];
}
type Setup = Interleaving<World>;

const open = async (): Promise<World> => ({cells: new Map(), order: []});
const everything = ({order}: World): string => order.join();

const step = ({cells, order}: World, {name, take}: Actor, {op, key}: StoreStep): Promise<number> =>
	take(
		{op, key},
		() => {
			order.push(name);
			const value = cells.get(key) ?? 0;
			if (op === 'put') cells.set(key, value + 1);
			return value;
		},
		String,
	);

/** Writes to its keys, one after another. */
const writing =
	(...keys: readonly string[]) =>
	async (world: World, actor: Actor): Promise<void> => {
		for (const key of keys) await step(world, actor, {op: 'put', key});
	};

/** Counts up in two steps, as one should not. */
async function countUp({cells}: World, {take}: Actor): Promise<void> {
	const value = await take({op: 'get', key: 'count'}, () => cells.get('count') ?? 0, String);
	await take({op: 'put', key: 'count'}, () => void cells.set('count', value + 1), String);
}

async function countOrders(setup: Partial<Setup> & Pick<Setup, 'actors'>): Promise<{readonly orders: Set<string>; readonly tries: number}> {
	const orders = new Set<string>();
	const {tries} = await interleave<World>({
		open,
		fingerprint: everything,
		check: ({order}, ends) =>
			void orders.add(
				[...order, ...Object.entries(ends).map(([name, {is}]) => (is === 'done' ? '' : `${name} ${is}`))].filter(Boolean).join(' '),
			),
		...setup,
	});
	return {orders, tries};
}

describe('interleave', () => {
	it('runs every order of steps that conflict', async () => {
		const {orders} = await countOrders({actors: {a: writing('x', 'x', 'x'), b: writing('x', 'x', 'x')}});
		expect(orders.size).toBe(20);
		const three = await countOrders({actors: {a: writing('x', 'x'), b: writing('x', 'x'), c: writing('x', 'x')}});
		expect(three.orders.size).toBe(90);
	});

	it('runs one order of steps that do not', async () => {
		const {orders} = await countOrders({actors: {a: writing('x', 'x', 'x'), b: writing('y', 'y', 'y')}});
		expect(orders.size).toBe(1);
		const reading = async (world: World, actor: Actor) => void (await step(world, actor, {op: 'get', key: 'x'}));
		expect((await countOrders({actors: {a: reading, b: reading}})).orders.size).toBe(1);
	});

	it('takes a listing for a reader of all that it lists', async () => {
		const listing = async (world: World, actor: Actor) => void (await step(world, actor, {op: 'list', key: 'x/'}));
		expect((await countOrders({actors: {a: writing('x/1'), b: listing}})).orders.size).toBe(2);
		expect((await countOrders({actors: {a: writing('y/1'), b: listing}})).orders.size).toBe(1);
	});

	it('goes on only once from states of one fingerprint in which all have learnt the same', async () => {
		const actors = {a: writing('x', 'x', 'x', 'x', 'x', 'x'), b: writing('x', 'x', 'x', 'x', 'x', 'x')};
		const blind = (world: World, actor: Actor): Actor => ({
			...actor,
			take: (at, act) => actor.take(at, act, () => `${world.order.length > 0}`),
		});
		const all = await countOrders({actors});
		const few = await countOrders({
			actors: Object.fromEntries(
				Object.entries(actors).map(([name, act]) => [name, (world: World, actor: Actor) => act(world, blind(world, actor))]),
			),
			fingerprint: ({cells}) => JSON.stringify([...cells]),
		});
		expect(all.orders.size).toBe(924);
		expect(few.tries).toBeLessThan(100);
	});

	it('finds the orders that lose an update', async () => {
		const counts = new Set<unknown>();
		await interleave<World>({
			open,
			fingerprint: ({cells}) => JSON.stringify([...cells]),
			actors: {a: countUp, b: countUp},
			check: ({cells}) => void counts.add(cells.get('count')),
		});
		expect(counts).toEqual(new Set([1, 2]));
	});

	it('kills one of those that may be killed, between any two writes, and no more', async () => {
		const {orders} = await countOrders({actors: {a: writing('x', 'x'), b: writing('y')}, killable: ['a']});
		expect([...orders].sort()).toEqual(['a a b', 'a b a killed', 'b a killed']);
	});

	it('says in which order it went wrong', async () => {
		const failing = interleave<World>({
			open,
			fingerprint: everything,
			actors: {a: writing('x'), b: writing('x')},
			check({order}) {
				if (order[0] === 'b') throw new Error('b was first');
			},
		});
		await expect(failing).rejects.toThrow('b was first\nafter the schedule\n  b put x\n  a put x');
	});

	it('checks the way also where the end is known', async () => {
		let checked = 0;
		const {tries} = await interleave<World>({
			open,
			fingerprint: ({cells}) => JSON.stringify([...cells]),
			actors: {a: countUp, b: countUp},
			check: () => {},
			checkWay: () => void checked++,
		});
		expect(checked).toBe(tries);
	});

	it('hands the ends of the actors to the check, failures too', async () => {
		const {orders} = await countOrders({
			actors: {
				async a() {
					throw new Error('at once');
				},
				b: writing('x'),
			},
		});
		expect([...orders]).toEqual(['b a failed']);
	});

	it('moves the clock of an actor that can do nothing else, and no other', async () => {
		const times: number[] = [];
		const {orders} = await countOrders({
			actors: {
				async a(world, actor) {
					await actor.clock.sleep(1000);
					await step(world, actor, {op: 'put', key: 'x'});
					times.push(actor.clock.nowMs());
				},
				async b(world, actor) {
					await step(world, actor, {op: 'put', key: 'x'});
					times.push(-actor.clock.nowMs());
				},
			},
		});
		expect([...orders].sort()).toEqual(['a b', 'b a']);
		expect(new Set(times)).toEqual(new Set([1000, -0]));
	});

	it('refuses actors that do something else the second time, and tests that have more ends than they say', async () => {
		let turn = 0;
		const fickle = async (world: World, actor: Actor): Promise<void> => {
			await step(world, actor, {op: 'put', key: 'x'});
			await step(world, actor, {op: 'put', key: `${turn++}`});
			await step(world, actor, {op: 'put', key: 'x'});
		};
		await expect(countOrders({actors: {a: fickle, b: writing('x', 'x')}})).rejects.toThrow('not deterministic');
		await expect(countOrders({actors: {a: writing('x', 'x'), b: writing('x', 'x')}, mostEnds: 5})).rejects.toThrow('more than 5 ends');
	});
});

describe('follow', () => {
	it('runs the bursts, then the actors one after another', async () => {
		const orders: string[] = [];
		const setup = {
			open,
			actors: {a: writing('x', 'x', 'x'), b: writing('x', 'x', 'x')},
			check: ({order}: World) => void orders.push(order.join('')),
		};
		await follow(setup, []);
		await follow(setup, [
			{actor: 1, steps: 2},
			{actor: 0, steps: 1},
		]);
		await follow(setup, [{actor: 1, steps: 9}]);
		expect(orders).toEqual(['aaabbb', 'bbaaab', 'bbbaaa']);
	});
});
