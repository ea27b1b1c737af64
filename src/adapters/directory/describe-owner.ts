import type {Owner} from './owner-record.ts';
import {type ProcessPlace, isSamePlace} from './processes.ts';

/** Who works on it, and what a person at `here` can do about that. */
export function describeOwner(
	owner: Owner,
	{file, what, here}: {readonly file: string; readonly what: string; readonly here: ProcessPlace},
): string {
	const {pid, host, since} = owner;
	if (isSamePlace(owner, here)) return `Process ${pid} has been working on ${what} since ${since}. Wait for it, or end it first.`;
	const place = host === here.host ? `in another container on ${host}` : `on the host ${host}`;
	return `Process ${pid} ${place} took ${what} at ${since}; from here nobody can see whether it still works. If it does not, remove ${file}.`;
}

export const describeUnreadable = (file: string): string => `${file} does not say who works here. If nobody does, remove it.`;
