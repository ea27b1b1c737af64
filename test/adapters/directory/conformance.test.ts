import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {directoryStore} from '../../../src/adapters/directory/store.ts';
import {describeObjectStore} from '../../conformance/object-store.ts';

async function open(name: string) {
	const folder = await mkdtemp(join(tmpdir(), 'twolane-conformance-'));
	return {store: directoryStore(join(folder, name)), dispose: () => rm(folder, {recursive: true, force: true})};
}

describeObjectStore('directoryStore', () => open('out'));
describeObjectStore('directoryStore of a state folder', () => open('.twolane'));
