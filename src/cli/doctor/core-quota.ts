import {readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';

export interface CgroupPlaces {
	readonly root: string;
	/** What names the groups of this process. */
	readonly self: string;
}

/** Cores of CPU time that the control groups of Linux give this process; `undefined`: they set no limit. */
export async function readCoreQuota(
	{root, self}: CgroupPlaces = {root: '/sys/fs/cgroup', self: '/proc/self/cgroup'},
): Promise<number | undefined> {
	const quotas: number[] = [];
	for (const line of (await read(self)).split('\n')) {
		const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/u.exec(line) ?? [];
		if (controllers === undefined || path === undefined) continue;
		// Inside a container the path may be the host's, and the group itself the root: every step up is looked at.
		for (let group = path; ; group = dirname(group)) {
			if (controllers === '') quotas.push(readMax(await read(join(root, group, 'cpu.max'))));
			else if (controllers.split(',').includes('cpu')) quotas.push(await readVersion1(join(root, 'cpu', group)));
			if (group === '/') break;
		}
	}
	const least = Math.min(...quotas);
	return Number.isFinite(least) ? least : undefined;
}

/** `200000 100000` are two cores, `max 100000` all of them. */
function readMax(text: string): number {
	const [quota, period] = text.trim().split(' ').map(Number);
	return toCores(quota, period);
}

async function readVersion1(folder: string): Promise<number> {
	const quota = Number.parseInt(await read(join(folder, 'cpu.cfs_quota_us')), 10);
	const period = Number.parseInt(await read(join(folder, 'cpu.cfs_period_us')), 10);
	return toCores(quota, period);
}

const toCores = (quota = 0, period = 0): number => (quota > 0 && period > 0 ? quota / period : Infinity);

/** Empty where there is none: another system, another version. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
