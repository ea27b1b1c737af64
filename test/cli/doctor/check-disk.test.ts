import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {checkDisk} from '../../../src/cli/doctor/check-disk.ts';
import {type Workplace, workplace} from '../../support/cli.ts';

let place: Workplace;
beforeAll(async () => void (place = await workplace()));
afterAll(() => place[Symbol.asyncDispose]());

const failWith = (code: string) => async () => {
	throw Object.assign(new Error(code), {code});
};

describe('a disk', () => {
	it('with hard links is fine', async () => {
		expect(await checkDisk(place.path)).toMatchObject({
			mark: expect.stringMatching(/^ok|note$/u),
			found: expect.stringMatching(/hard links work$/u),
		});
	});

	it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('without hard links (%s) is a note: runs work, on one machine', async code => {
		expect(await checkDisk(place.path, {link: failWith(code)})).toMatchObject({
			mark: 'note',
			found: expect.stringMatching(/hard links do not work$/u),
			advice: expect.stringMatching(/never let two machines/u),
		});
	});

	it('that refuses is to be fixed, and no wish for hard links', async () => {
		expect(await checkDisk(place.path, {link: failWith('EROFS')})).toEqual({
			check: 'disk',
			mark: 'fix',
			found: `${place.path} cannot be written: the disk is read-only`,
			advice: 'Name another folder with --out.',
		});
	});

	it('that has no such folder yet is looked at where it would be made', async () => {
		expect((await checkDisk(join(place.path, 'not', 'yet'))).found).toContain(`${place.path} can be written`);
	});

	it('is left as it was', async () => {
		await checkDisk(place.path);
		await checkDisk(place.path, {link: failWith('EIO')});
		expect(await readdir(place.path)).toEqual([]);
	});
});
