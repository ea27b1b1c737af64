import type {ProcessIdentity} from './processes.ts';

/** Who works in a folder. */
export interface Owner extends ProcessIdentity {
	/** Wall-clock time, ISO 8601. */
	readonly since: string;
}

/** What one lock file says. `token` tells two turns of one process apart. */
export interface OwnerRecord {
	readonly owner: Owner;
	readonly token: string;
	readonly isReleased: boolean;
}

export const writeRecord = ({owner, token, isReleased}: OwnerRecord): string => `${JSON.stringify({...owner, token, isReleased})}\n`;

/** `undefined` where the text says nothing that can be judged. */
export function readRecord(text: string): OwnerRecord | undefined {
	const found = parseObject(text);
	if (found === undefined) return undefined;
	const {pid, parentPid, startedAt, host, pidNamespace, since, token, isReleased} = found;
	if (!isPid(pid) || !isPid(parentPid, {least: 0}) || !isText(host) || !isText(since) || !isText(token)) return undefined;
	if (typeof isReleased !== 'boolean' || !isMissingOrText(startedAt) || !isMissingOrText(pidNamespace)) return undefined;
	const owner = {
		pid,
		parentPid,
		host,
		since,
		...(startedAt !== undefined && {startedAt}),
		...(pidNamespace !== undefined && {pidNamespace}),
	};
	return {owner, token, isReleased};
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

// 0 and negative numbers would ask `kill` about whole groups of processes.
const isPid = (value: unknown, {least = 1} = {}): value is number => Number.isSafeInteger(value) && Number(value) >= least;
const isText = (value: unknown): value is string => typeof value === 'string';
const isMissingOrText = (value: unknown): value is string | undefined => value === undefined || isText(value);
