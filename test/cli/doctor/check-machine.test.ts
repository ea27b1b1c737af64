import {describe, expect, it} from 'vitest';
import {judgeCores, judgeMemory, judgeOpenFiles, judgeThreads} from '../../../src/cli/doctor/check-machine.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

describe('cores', () => {
	it.each([
		[{usable: 8, installed: 8, quota: undefined}, 'ok', '8 cores', undefined],
		[{usable: 1, installed: 1, quota: 4}, 'ok', '1 core', undefined],
		[{usable: 2, installed: 8, quota: undefined}, 'ok', '2 cores of 8: this process is bound to them', undefined],
		[{usable: 2, installed: 8, quota: 2.5}, 'ok', '2 cores of 8: a quota of 2.5', undefined],
		[{usable: 3, installed: 8, quota: 2.5}, 'ok', '3 cores of 8: a quota of 2.5', undefined],
		[{usable: 1, installed: 8, quota: 0.5}, 'note', '1 core of 8: a quota of 0.5', /at least one/u],
		[{usable: 8, installed: 8, quota: 2.5}, 'note', '8 cores: a quota of 2.5', /--threads 2\.$/u],
	])('%j: %s', (facts, mark, found, advice) => {
		const finding = judgeCores(facts);
		expect(finding).toMatchObject({check: 'cores', mark, found});
		expect(finding.advice ?? '').toMatch(advice ?? /^$/u);
	});
});

describe('memory', () => {
	it.each([
		[
			{usableBytes: 8 * GiB, installedBytes: 8 * GiB, freeBytes: 3.58 * GiB},
			'ok',
			'8.0 GiB, 3.5 GiB free; a run holds up to 256 MiB of fetched bytes',
		],
		[
			{usableBytes: 2 * GiB, installedBytes: 16 * GiB, freeBytes: 12 * GiB},
			'ok',
			'2.0 GiB, a limit (the machine has 16.0 GiB), 2.0 GiB free; a run holds up to 256 MiB of fetched bytes',
		],
		[
			{usableBytes: 8 * GiB, installedBytes: 8 * GiB, freeBytes: 511 * MiB},
			'note',
			'8.0 GiB, 511 MiB free; a run holds up to 256 MiB of fetched bytes',
		],
		[
			{usableBytes: 512 * MiB, installedBytes: 512 * MiB, freeBytes: 400 * MiB},
			'note',
			'512 MiB, 400 MiB free; a run holds up to 128 MiB of fetched bytes',
		],
		[
			{usableBytes: 128 * MiB, installedBytes: 128 * MiB, freeBytes: 100 * MiB},
			'fix',
			'128 MiB, 100 MiB free; a run holds up to 32 MiB of fetched bytes',
		],
	])('%j: %s', (facts, mark, found) => {
		const finding = judgeMemory(facts);
		expect(finding).toMatchObject({check: 'memory', mark, found});
		expect(finding.advice === undefined).toBe(mark === 'ok');
	});
});

describe('native threads', () => {
	it.each([
		[2, '16', 16, true],
		[2, '8', 8, true],
		[2, '7', 7, false],
		[2, undefined, 4, false],
		[2, 'many', 1, false],
		[2, '0', 1, false],
		[64, '128', 128, false],
	])('on %i cores with UV_THREADPOOL_SIZE=%s: %i', (cores, poolSize, native, isEnough) => {
		const finding = judgeThreads({cores, poolSize});
		expect(finding.found).toContain(`which has ${native} thread`);
		expect(finding.mark).toBe(isEnough ? 'ok' : 'fix');
		expect(finding.advice ?? '').toMatch(isEnough ? /^$/u : new RegExp(`or make it ${2 * cores + 4} or more`, 'u'));
	});
});

describe('open files', () => {
	it.each([
		['unlimited', 'ok', ''],
		[2048, 'ok', ''],
		[1024, 'note', 'Raise it with ulimit -n 4096, or keep --io at 256 or less.'],
		[255, 'fix', 'Raise it with ulimit -n 4096, or keep --io at 63 or less.'],
	])('%s: %s', (limit, mark, advice) => {
		const finding = judgeOpenFiles(limit);
		expect(finding).toMatchObject({check: 'files', mark});
		expect(finding?.advice ?? '').toBe(advice);
	});

	it('are no matter where the system has no limit', () => {
		expect(judgeOpenFiles(undefined)).toBeUndefined();
	});
});
