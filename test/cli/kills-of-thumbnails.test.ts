import assert from 'node:assert/strict';
import {setTimeout as wait} from 'node:timers/promises';
import sharp from 'sharp';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {type CliOptions, type Workplace, runCli, startCli, workplace} from '../support/cli.ts';
import {type Result, readResults} from '../support/copies.ts';
import type {KillPoint} from '../support/kill-at.ts';

const PHOTOS = 14;
const words = (out: string): string[] => ['run', 'photos', '--out', out, '--size', '64', '--size', '32x32:cover', '--quiet'];

let place: Workplace;
let expected: readonly Result[];
const options = (more: CliOptions = {}): CliOptions => ({cwd: place.path, ...more});

beforeAll(async () => {
	place = await workplace();
	for (let n = 0; n < PHOTOS; n++) {
		const noise = {type: 'gaussian', mean: 20 + 15 * n, sigma: 40} as const;
		const photo = await sharp({create: {width: 300, height: 200, channels: 3, background: 'red', noise}})
			.jpeg()
			.toBuffer();
		await place.write(`photos/${n}.jpg`, n === 5 ? photo.subarray(0, 900) : photo);
	}
	const {exitCode} = await runCli(words('undisturbed'), options());
	assert.equal(exitCode, 1);
	expected = await readResults(place, 'undisturbed');
	assert.deepEqual(
		expected.map(({status}) => status),
		expected.map(({id}) => (id === '5.jpg' ? 'failed' : 'succeeded')),
	);
});
afterAll(() => place[Symbol.asyncDispose]());

const points: readonly KillPoint[] = [
	{when: 'half', call: 'write', of: '^\uFFFD\uFFFD\uFFFD'},
	{when: 'after', call: 'rename', of: String.raw`/64\.jpg$`, count: 4},
	{when: 'after', call: 'rename', of: '/rows/'},
];

it('a run of real thumbnails that is killed again and again ends like an undisturbed one, byte for byte', {timeout: 120_000}, async () => {
	for (const killAt of points) expect((await runCli(words('killed'), options({killAt}))).exitCode).toBe(137);
	// While the threads load and decode.
	for (const ms of [100, 250]) {
		const cli = startCli(words('killed'), options({hasGroup: true, isCommandKnown: true}));
		while (cli.commandPid() === undefined) await wait(5);
		await wait(ms);
		cli.killGroup('SIGKILL');
		await cli.ended;
	}
	expect(await runCli(words('killed'), options())).toMatchObject({exitCode: 1, stderr: ''});
	expect(await readResults(place, 'killed')).toEqual(expected);
});
