import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {openPlace} from '../../src/local/place.ts';
import {memoryObjects} from '../support/memory-objects.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'twolane-place-'));
});
afterEach(() => rm(folder, {recursive: true, force: true}));

describe('a place in a folder', () => {
	it('keeps its records in .twolane, and makes nothing before something is written', async () => {
		const out = join(folder, 'out');
		const place = openPlace({out});
		expect([place.out.uri, place.ports.state.uri]).toEqual([out, join(out, '.twolane')].map(path => pathToFileURL(path).href));
		expect(place.folders).toEqual([out, join(out, '.twolane')]);
		expect(place.folderOf('a')).toBe(join(out, '.twolane/runs/a/'));
		expect(await place.ports.isWorkedOn?.('a')).toBe(false);
		expect(await readdir(folder)).toEqual([]);
	});

	it('keeps them elsewhere when it is told to', async () => {
		const place = openPlace({out: join(folder, 'out'), state: join(folder, 'state')});
		await place.ports.state.create('runs/a/run.json', '{}');
		expect(await readdir(folder)).toEqual(['state']);
		expect(place.folders).toEqual([join(folder, 'out'), join(folder, 'state')]);
	});

	it('has one owner for each run, who says that it is worked on', async () => {
		const place = openPlace({out: folder});
		const release = await place.own('a');
		expect(await place.ports.isWorkedOn?.('a')).toBe(true);
		expect(await place.ports.isWorkedOn?.('b')).toBe(false);
		await expect(place.own('a')).rejects.toMatchObject({
			code: 'RUN_BUSY',
			message: expect.stringMatching(new RegExp(`Process ${process.pid} .* run a `, 'u')),
		});
		await (
			await place.own('b')
		)();
		await release();
		expect(await place.ports.isWorkedOn?.('a')).toBe(false);
		await (
			await place.own('a')
		)();
	});

	it('loses a run that came to nothing with every folder that is empty then, and no other', async () => {
		const out = join(folder, 'out');
		const place = openPlace({out});
		await place.ports.state.create('runs/a/run.json', '{}');
		await place.removeRun('a');
		expect(await readdir(out)).toEqual([]);
		await place.ports.state.create('runs/a/run.json', '{}');
		await place.ports.state.create('runs/b/run.json', '{}');
		await mkdir(join(out, 'mine'));
		await writeFile(join(out, '.twolane/note'), 'x');
		await place.removeRun('a');
		expect((await readdir(out, {recursive: true})).toSorted()).toEqual([
			'.twolane',
			'.twolane/note',
			'.twolane/runs',
			'.twolane/runs/b',
			'.twolane/runs/b/run.json',
			'mine',
		]);
	});

	it('draws names that nobody else draws', () => {
		const {token} = openPlace({out: folder}).ports;
		expect(new Set(Array.from({length: 1000}, token)).size).toBe(1000);
		expect(token()).toMatch(/^[0-9a-f]{12}$/u);
	});
});

describe('a place in a store', () => {
	it('keeps its records below .twolane/; nobody can tell who works on a run', async () => {
		const store = memoryObjects();
		const place = openPlace({out: store});
		await place.ports.state.create('runs/a/run.json', '{}');
		expect([...store.objects.keys()]).toEqual(['.twolane/runs/a/run.json']);
		expect(place.folders).toEqual([]);
		expect(await place.ports.isWorkedOn?.('a')).toBeUndefined();
		await (
			await place.own('a')
		)();
		await place.removeRun('a');
	});
});
