import {readFile} from 'node:fs/promises';
import {describe, expect, test} from 'vitest';
import {type EngineQuestion, chooseEngine} from '../../src/runs/choose-engine.ts';
import {openDeadline} from '../../src/runs/deadline.ts';
import {engineNames} from '../../src/runs/engine.ts';
import {shardItems} from '../../src/runs/plan.ts';
import {flows} from '../../src/wire.ts';
import {createFakeClock} from '../support/fake-clock.ts';

const page = await readFile(new URL('../../docs/sizing.md', import.meta.url), 'utf8');
const numberIn = (pattern: RegExp): number => Number((pattern.exec(page)?.[1] ?? '').replaceAll(',', ''));

describe('docs/sizing.md', () => {
	const ask = (items: number): string => {
		const question: Omit<EngineQuestion, 'items'> = {
			asked: 'auto',
			available: engineNames,
			itemMs: flows.thumbnail?.estimatedItemMs ?? 0,
			threads: 1,
			maxWorkers: 50,
			remainingMs: 900_000,
		};
		return chooseEngine({...question, items}).engine;
	};

	test('says until how many images auto stays in one process', () => {
		const most = numberIn(/to about ([\d,]+) images/u);
		expect([ask(most), ask(most + 1)]).toEqual(['in-process', 'lambda']);
	});

	test('says from how many images on auto takes a Distributed Map', () => {
		const fewest = numberIn(/below ([\d,]+) images/u);
		expect([ask(fewest - 1), ask(fewest)]).toEqual(['lambda', 'distributed-map']);
		expect(numberIn(/from ([\d,]+) images/u)).toBe(fewest);
	});

	test('says how large a shard is', () => {
		const size = numberIn(/shards of ([\d,]+)\./u);
		expect(shardItems(1_000_000, 50)).toBe(size);
		expect(numberIn(/are (\d+)\nshards of/u)).toBe(1_000_000 / size);
	});

	test.each([
		[900, /of 900 s works for ([\d.]+) s/u],
		[10, /of 10 s for ([\d.]+) s/u],
	])('says how long a worker of %d s works', async (limitSeconds, pattern) => {
		const clock = createFakeClock();
		const {stop, close} = openDeadline(clock, limitSeconds * 1000);
		const workMs = 1000 * numberIn(pattern);
		await clock.advance(workMs - 1);
		expect(stop.aborted).toBe(false);
		await clock.advance(1);
		expect(stop.aborted).toBe(true);
		close();
	});
});

describe('the cost table', () => {
	const section = page.split(/^## /mu).find(text => text.startsWith('What a million thumbnails cost')) ?? '';
	const rows = section
		.split('\n')
		.filter(line => /^\| (?:S3|EventBridge|Lambda|Step Functions)/u.test(line))
		.map(line => line.split('|').map(cell => cell.trim()))
		.map(([, what = '', amount = '', price = '', dollars = '']) => ({what, amount, price, dollars}));
	const toNumber = (text: string): number => Number(text.replaceAll(/[^\d.]/gu, ''));
	/** `15 x 200 + 24 x 500` */
	const evaluate = (sum: string): number =>
		sum
			.split(' + ')
			.map(product => product.split(' x ').reduce((result, factor) => result * toNumber(factor), 1))
			.reduce((a, b) => a + b);

	test.each(rows.filter(({amount}) => amount.includes(' = ')))('is right where it multiplies: $what', ({amount}) => {
		const [sum = '', result = ''] = amount.split(' = ');
		expect(Math.abs(evaluate(sum) - toNumber(result.split(' ')[0] ?? ''))).toBeLessThan(1);
	});

	test.each(rows)('is right in the dollars of $what', ({amount, price, dollars}) => {
		const units = toNumber(/([\d,]{3,})[^=]*$/u.exec(amount)?.[1] ?? '');
		const each = Number.parseFloat(price) / (price.includes('a million') ? 1_000_000 : 1);
		expect((units * each).toFixed(2)).toBe(dollars);
	});

	test('adds up', () => {
		const sum = rows.reduce((total, {dollars}) => total + Number(dollars), 0);
		expect(rows.length).toBe(8);
		expect(sum.toFixed(2)).toBe(/\*\*together\*\*.*\*\*([\d.]+)\*\*/u.exec(section)?.[1]);
	});
});
