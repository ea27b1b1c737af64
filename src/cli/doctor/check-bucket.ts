import {randomUUID} from 'node:crypto';
import {openStore} from '../../wire.ts';
import {s3Access} from '../environment.ts';
import type {Finding} from './finding.ts';

/** Tries in S3 what a run does there: of two writers of one name one wins. Nothing of it is left. */
export async function checkBucket(place: string): Promise<Finding> {
	const key = `.twolane-doctor-${randomUUID()}`;
	try {
		const store = await openStore(place, s3Access());
		const wins: boolean[] = [];
		try {
			for (const text of ['a', 'b']) wins.push(await store.create(key, text));
		} finally {
			await store.remove(key);
		}
		if (wins[0] === true && wins[1] === false)
			return {check: 'bucket', mark: 'ok', found: `${place} can be written, and of two writers one wins`};
		const advice = 'Runs would write over each other: use S3 itself, or another store that honours If-None-Match.';
		return {check: 'bucket', mark: 'fix', found: `${place} lets a second writer win (no conditional writes)`, advice};
	} catch (error) {
		return {check: 'bucket', mark: 'fix', found: (error as Error).message};
	}
}
