import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {isAwsConfigured} from '../../../src/cli/doctor/aws-environment.ts';
import {judgeConcurrency, judgeWorker} from '../../../src/cli/doctor/check-aws.ts';

let home: string;
beforeAll(async () => {
	home = await mkdtemp(join(tmpdir(), 'twolane-home-'));
});
afterAll(() => rm(home, {recursive: true, force: true}));

describe('AWS is set up', () => {
	it('where a variable says so, and not by an empty one', () => {
		expect(isAwsConfigured({HOME: home})).toBe(false);
		expect(isAwsConfigured({HOME: home, AWS_PROFILE: ''})).toBe(false);
		expect(isAwsConfigured({HOME: home, AWS_REGION: 'eu-west-1'})).toBe(false);
		for (const name of ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_ENDPOINT_URL', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']) {
			expect(isAwsConfigured({HOME: home, [name]: 'x'})).toBe(true);
		}
	});

	it('where there is a file, in its usual place or another one', async () => {
		const other = join(home, 'other');
		expect(isAwsConfigured({HOME: home, AWS_CONFIG_FILE: other})).toBe(false);
		await writeFile(other, '[default]\n');
		expect(isAwsConfigured({HOME: home, AWS_CONFIG_FILE: other})).toBe(true);
		await mkdir(join(home, '.aws'));
		await writeFile(join(home, '.aws/credentials'), '[default]\n');
		expect(isAwsConfigured({HOME: home})).toBe(true);
	});
});

describe('concurrency', () => {
	it('of 100 is enough', () => {
		expect(judgeConcurrency({total: 1000, unreserved: 100})).toMatchObject({mark: 'ok', found: expect.stringContaining('1000 functions')});
	});

	it.each([
		[99, 94],
		[10, 5],
		[3, 1],
	])('of %i leaves room for %i workers, which is worth a note', (unreserved, workers) => {
		expect(judgeConcurrency({total: 120, unreserved})).toMatchObject({
			mark: 'note',
			advice: expect.stringContaining(`--max-workers ${workers},`),
		});
	});
});

describe('a deployed worker', () => {
	const worker = (memoryMB: number) => judgeWorker({memoryMB, timeLimitMs: 900_000});

	it('with less than a core is worth a note', () => {
		expect(worker(1768)).toMatchObject({mark: 'note', advice: expect.stringContaining('--param memory=1769')});
		expect(worker(1769)).toMatchObject({mark: 'ok', found: '1769 MB, 1 cores, 900 seconds a turn'});
	});

	it('of more than a new account has shows that the account is none', () => {
		expect(worker(3008).found).not.toContain('new ones');
		expect(worker(3538).found).toMatch(/2 cores.*not held to the 3,008 MB of new ones$/u);
	});
});
