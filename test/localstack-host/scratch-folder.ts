import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';

/** Gone after the test. */
export async function scratchFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'twolane-host-test-'));
	onTestFinished(async () => await rm(folder, {recursive: true, force: true}));
	return folder;
}
