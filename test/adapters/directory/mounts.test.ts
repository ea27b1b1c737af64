import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmdirSync} from 'node:fs';
import {open, readFile, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, it} from 'vitest';
import {takeOwnership} from '../../../src/adapters/directory/owner-lock.ts';
import {directoryStore} from '../../../src/adapters/directory/store.ts';
import type {TwolaneError} from '../../../src/lanes/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'twolane-mount-'));
const mount = (...options: readonly string[]): void => {
	execFileSync('/bin/mount', [...options, folder], {stdio: 'ignore'});
};
const isMounted = ((): boolean => {
	try {
		mount('-t', 'tmpfs', '-o', 'size=1m', 'twolane');
		return true;
	} catch {
		return false;
	}
})();

afterAll(() => {
	if (isMounted) execFileSync('/bin/umount', [folder]);
	rmdirSync(folder);
});

const {signal} = new AbortController();

describe.skipIf(!isMounted)('a disk of 1 MB that is mounted for the test', () => {
	it('is full at some point, then takes what fits again', async () => {
		const store = directoryStore(folder);
		const body = Buffer.alloc(100_000, 1);
		const failed: TwolaneError[] = [];
		for (let n = 0; n < 20; n++) {
			await store.put(`${n}`, body, {n, signal}).catch((error: unknown) => failed.push(error as TwolaneError));
		}
		expect(failed.length).toBeGreaterThan(5);
		expect(new Set(failed.map(({code}) => code))).toEqual(new Set(['STORE_FULL']));
		expect(await readdir(join(folder, '.twolane/tmp'))).toEqual([]);
		const kept = await Array.fromAsync(store.list(''));
		expect(kept).toHaveLength(20 - failed.length);
		expect(kept.every(({bytes}) => bytes === body.length)).toBe(true);

		await store.remove('0');
		expect(await store.create('seal', body)).toBe(true);
	});

	it('lets its owner go while it is full, and be the owner again', async () => {
		const run = join(folder, 'owned');
		const first = await takeOwnership(run);
		if (!first.isTaken) throw new Error(first.message);
		// To the last byte: not even a small file finds room.
		const filling = await open(join(folder, 'filling'), 'w');
		await expect(filling.writeFile(Buffer.alloc(2 * 1024 * 1024))).rejects.toMatchObject({code: 'ENOSPC'});
		await filling.close();
		await first.release();
		await rm(join(folder, 'filling'));
		const second = await takeOwnership(run);
		expect(second).toMatchObject({isTaken: true});
		if (second.isTaken) await second.release();
	});

	it('says that it is read-only, and can still be read', async () => {
		const store = directoryStore(folder);
		mount('-o', 'remount,ro');
		const readOnly = {name: 'TwolaneError', code: 'STORE_DENIED', retryable: false, message: expect.stringContaining('read-only')};
		await expect(store.put('new/a', Buffer.from('a'), {n: 0, signal})).rejects.toMatchObject(readOnly);
		await expect(store.create('new', 'a')).rejects.toMatchObject(readOnly);
		await expect(store.remove('seal')).rejects.toMatchObject({...readOnly, message: expect.stringContaining('seal could not be removed')});
		await expect(takeOwnership(join(folder, 'run'))).rejects.toMatchObject(readOnly);
		expect((await store.get('seal'))?.body).toEqual(await readFile(join(folder, 'seal')));
	});
});
