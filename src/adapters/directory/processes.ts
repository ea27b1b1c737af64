import {execFile} from 'node:child_process';
import {readlinkSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {promisify} from 'node:util';
import {hasCode} from './failures.ts';

/** Where process ids mean the same: a machine, and on Linux one of its pid namespaces (containers often share the host's name). */
export interface ProcessPlace {
	readonly host: string;
	readonly pidNamespace?: string;
}

/** A process so named that one which gets its id later is told from it. */
export interface ProcessIdentity extends ProcessPlace {
	readonly pid: number;
	readonly parentPid: number;
	/** Opaque; the same for as long as the process lives. Missing where the platform does not tell. */
	readonly startedAt?: string;
}

/** What can be seen of a live process. */
export interface SeenProcess {
	readonly startedAt?: string;
	/** Another one than at its start: its parent is dead. */
	readonly parentPid?: number;
}

let place: ProcessPlace | undefined;

export function currentPlace(): ProcessPlace {
	place ??= {host: hostname(), ...readPidNamespace()};
	return place;
}

export async function currentProcess(): Promise<ProcessIdentity> {
	const {startedAt} = (await findProcess(process.pid)) ?? {};
	return {pid: process.pid, parentPid: process.ppid, ...currentPlace(), ...(startedAt !== undefined && {startedAt})};
}

export const isSamePlace = (one: ProcessPlace, other: ProcessPlace): boolean =>
	one.host === other.host && one.pidNamespace === other.pidNamespace;

/** The live process of that id here, if any. One that has ended but was not yet waited for is dead: it writes nothing any more. */
export async function findProcess(pid: number, platform: NodeJS.Platform = process.platform): Promise<SeenProcess | undefined> {
	if (platform !== 'linux' && platform !== 'darwin') return isThere(pid) ? {} : undefined;
	try {
		return await (platform === 'linux' ? readProc(pid) : askPs(pid));
	} catch {
		// Gone; or hidden from us, or no such means here: then the id alone must do.
		return isThere(pid) ? {} : undefined;
	}
}

async function readProc(pid: number): Promise<SeenProcess | undefined> {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
	// The second field is the command in brackets, and may hold blanks and brackets itself. The state is the third, the start the 22nd.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [state, parentPid, startedAt] = [fields[0], fields[1], fields[19]];
	if (state === 'Z' || state === 'X' || startedAt === undefined) return undefined;
	return {startedAt, parentPid: Number(parentPid)};
}

async function askPs(pid: number): Promise<SeenProcess | undefined> {
	const columns = ['-o', 'ppid=', '-o', 'state=', '-o', 'lstart='];
	// Without a fixed language and time zone the same start would read differently in another shell.
	const {stdout} = await promisify(execFile)('/bin/ps', [...columns, '-p', String(pid)], {env: {LC_ALL: 'C', TZ: 'UTC'}});
	const [parentPid, state, ...started] = stdout.trim().split(/\s+/u);
	if (state === undefined || state.startsWith('Z')) return undefined;
	return {startedAt: started.join(' '), parentPid: Number(parentPid)};
}

function isThere(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return hasCode(error, 'EPERM');
	}
}

function readPidNamespace(): {readonly pidNamespace?: string} {
	try {
		return {pidNamespace: readlinkSync('/proc/self/ns/pid')};
	} catch {
		return {};
	}
}
