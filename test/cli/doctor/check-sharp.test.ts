import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {checkSharp} from '../../../src/cli/doctor/check-sharp.ts';
import {type Workplace, workplace} from '../../support/cli.ts';

let place: Workplace;
beforeAll(async () => void (place = await workplace()));
afterAll(() => place[Symbol.asyncDispose]());

const probe = (facts: object) =>
	`process.stdout.write(${JSON.stringify(JSON.stringify({libvips: '8', reads: ['png'], failures: [], ...facts}))})`;

describe('a codec that does not fit the machine', () => {
	it.each([
		['dies', `process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 60000);`, 'its process died of SIGSEGV'],
		['does not load', `process.stdout.write('{"problem":"Could not load it"}')`, 'it could not be loaded: Could not load it'],
		['says nothing', '', 'it could not be tried: Unexpected end of JSON input'],
		[
			'lacks a format',
			probe({sharp: '0.35.5', failures: [{format: 'avif', problem: 'no decoder'}]}),
			'0.35.5 cannot read avif: no decoder',
		],
	])('%s: fix', async (name, program, found) => {
		const file = await place.write(`${name}.mjs`, program);
		expect(await checkSharp(pathToFileURL(file))).toEqual({
			check: 'sharp',
			mark: 'fix',
			found,
			advice: 'Run npm ci on this machine: sharp comes as a binary of its own for each system and processor.',
		});
	});

	it.each([
		['0.34.9', 'fix'],
		['0.35.3', 'fix'],
		['0.35.4', 'ok'],
		['0.35.10', 'ok'],
		['0.36.0-rc.1', 'ok'],
		['1.0.0', 'ok'],
	])('%s, which has a known hole below 0.35.4: %s', async (sharp, mark) => {
		const file = await place.write(`${sharp}.mjs`, probe({sharp}));
		expect((await checkSharp(pathToFileURL(file))).mark).toBe(mark);
	});
});
