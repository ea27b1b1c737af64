import {availableParallelism, cpus, totalmem} from 'node:os';
import {memoryBytes} from '../../adapters/machine/machine.ts';
import {resolveLimits} from '../../lanes/limits.ts';
import {environment} from '../environment.ts';
import {plural} from '../quantities.ts';
import {readCoreQuota} from './core-quota.ts';
import {type Finding, roundBytes} from './finding.ts';

export interface CoreFacts {
	/** Cores that Node counts on, those of the machine, and what its control groups allow. */
	readonly usable: number;
	readonly installed: number;
	readonly quota: number | undefined;
}

export const checkCores = async (): Promise<Finding> =>
	judgeCores({usable: availableParallelism(), installed: cpus().length, quota: await readCoreQuota()});

export function judgeCores({usable, installed, quota}: CoreFacts): Finding {
	const limit = quota === undefined || quota >= installed ? undefined : `a quota of ${Number(quota.toFixed(2))}`;
	const why = limit ?? (usable < installed ? 'this process is bound to them' : undefined);
	const found = `${plural(usable, 'core')}${usable < installed ? ` of ${installed}` : ''}${why === undefined ? '' : `: ${why}`}`;
	if (quota !== undefined && quota < 1) {
		return {
			check: 'cores',
			mark: 'note',
			found,
			advice: 'Less than one core: the system halts the process again and again. Give the container at least one.',
		};
	}
	if (quota !== undefined && usable > Math.ceil(quota)) {
		return {
			check: 'cores',
			mark: 'note',
			found,
			advice: `Node counts more cores than the quota has: run with --threads ${Math.floor(quota)}.`,
		};
	}
	return {check: 'cores', mark: 'ok', found};
}

export interface MemoryFacts {
	/** What this process may use; what the machine has; what is free of the former. */
	readonly usableBytes: number;
	readonly installedBytes: number;
	readonly freeBytes: number;
}

const LEAST_BYTES = 256 * 1024 ** 2;
const COMFORTABLE_BYTES = 1024 ** 3;
const LEAST_FREE_BYTES = 512 * 1024 ** 2;

export const checkMemory = (): Finding =>
	judgeMemory({usableBytes: memoryBytes(), installedBytes: totalmem(), freeBytes: process.availableMemory()});

export function judgeMemory({usableBytes, installedBytes, freeBytes}: MemoryFacts): Finding {
	const {inFlightBytes} = resolveLimits({}, {memoryBytes: usableBytes});
	const limit = usableBytes < installedBytes ? `, a limit (the machine has ${roundBytes(installedBytes)})` : '';
	const found = `${roundBytes(usableBytes)}${limit}, ${roundBytes(Math.min(freeBytes, usableBytes))} free; a run holds up to ${roundBytes(inFlightBytes)} of fetched bytes`;
	const report = (mark: Finding['mark'], advice: string): Finding => ({check: 'memory', mark, found, advice});
	if (usableBytes < LEAST_BYTES)
		return report('fix', `Give it ${roundBytes(COMFORTABLE_BYTES)}: ${roundBytes(LEAST_BYTES)} are the least for threads and pictures.`);
	if (usableBytes < COMFORTABLE_BYTES)
		return report('note', 'One large picture can take 900 MiB to decode: lower --max-pixels and --threads, or give it more.');
	if (freeBytes < LEAST_FREE_BYTES) return report('note', 'Little is free: close what fills it, or lower --threads and --in-flight-bytes.');
	return {check: 'memory', mark: 'ok', found};
}

/** Beside the native work of all threads there must be room for names and files. */
const SPARE_NATIVE_THREADS = 4;
/** What libuv has without a word. */
const NATIVE_THREADS = 4;

export const checkThreads = (): Finding => judgeThreads({cores: availableParallelism(), poolSize: environment.UV_THREADPOOL_SIZE});

/** @param facts `poolSize`: `UV_THREADPOOL_SIZE` as it stands in the environment. */
export function judgeThreads({cores, poolSize}: {readonly cores: number; readonly poolSize: string | undefined}): Finding {
	const most = 2 * cores;
	// libuv reads nonsense as one thread.
	const native = poolSize === undefined ? NATIVE_THREADS : Math.max(1, Number.parseInt(poolSize, 10) || 1);
	const found = `--threads auto is ${cores}, up to ${most} while they wait for native code, which has ${plural(native, 'thread')} (UV_THREADPOOL_SIZE)`;
	const needed = most + SPARE_NATIVE_THREADS;
	if (native >= needed) return {check: 'threads', mark: 'ok', found};
	return {
		check: 'threads',
		mark: 'fix',
		found,
		advice: `Unset UV_THREADPOOL_SIZE, or make it ${needed} or more: a picture that hangs would hold up files and host names.`,
	};
}

/** Sockets of the widest IO lane, and files beside them. */
const ENOUGH_FILES = 2048;
const LEAST_FILES = 256;

/** `undefined` where the system has no such limit. */
export function checkOpenFiles(): Finding | undefined {
	// Names of network interfaces would be looked up.
	Object.assign(process.report, {excludeNetwork: true});
	const report = process.report.getReport() as {readonly userLimits?: {readonly open_files?: {readonly soft?: unknown}}};
	return judgeOpenFiles(report.userLimits?.open_files?.soft);
}

export function judgeOpenFiles(limit: unknown): Finding | undefined {
	if (limit === 'unlimited') return {check: 'files', mark: 'ok', found: 'any number of open files'};
	if (typeof limit !== 'number') return undefined;
	const found = `up to ${limit} open files and sockets`;
	if (limit >= ENOUGH_FILES) return {check: 'files', mark: 'ok', found};
	const advice = `Raise it with ulimit -n ${2 * ENOUGH_FILES}, or keep --io at ${Math.max(1, Math.floor(limit / 4))} or less.`;
	return {check: 'files', mark: limit < LEAST_FILES ? 'fix' : 'note', found, advice};
}
