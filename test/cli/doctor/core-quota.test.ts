import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {readCoreQuota} from '../../../src/cli/doctor/core-quota.ts';
import {type Workplace, workplace} from '../../support/cli.ts';

let place: Workplace;
beforeEach(async () => void (place = await workplace()));
afterEach(() => place[Symbol.asyncDispose]());

/** A machine whose control groups say so. */
async function quotaOf(self: string, files: Readonly<Record<string, string>>): Promise<number | undefined> {
	for (const [name, text] of Object.entries(files)) await place.write(join('cgroup', name), text);
	return await readCoreQuota({root: join(place.path, 'cgroup'), self: await place.write('self', self)});
}

it.each([
	['a group of its own', '0::/app/worker\n', {'app/worker/cpu.max': '150000 100000\n'}, 1.5],
	['a tighter group above it', '0::/app/worker\n', {'app/worker/cpu.max': '300000 100000\n', 'app/cpu.max': '50000 100000\n'}, 0.5],
	["a container, where the group is the root and the path the host's", '0::/docker/abc\n', {'cpu.max': '200000 100000\n'}, 2],
	['no limit', '0::/\n', {'cpu.max': 'max 100000\n'}, undefined],
	['version 1', '4:memory:/x\n3:cpu,cpuacct:/x\n', {'cpu/x/cpu.cfs_quota_us': '250000\n', 'cpu/x/cpu.cfs_period_us': '100000\n'}, 2.5],
	['version 1 without a limit', '3:cpu:/\n', {'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n'}, undefined],
	['no control groups at all', '', {}, undefined],
	['nonsense', 'what\n0::\n', {'cpu.max': 'a b c'}, undefined],
])('%s', async (_, self, files, cores) => {
	expect(await quotaOf(self, files)).toBe(cores);
});

it('is unknown on a system without /proc', async () => {
	expect(await readCoreQuota({root: '/nowhere', self: '/nowhere/self'})).toBeUndefined();
});
