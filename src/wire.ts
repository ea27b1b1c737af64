import {createHash, randomBytes} from 'node:crypto';
import {resolve} from 'node:path';
import {clock, sha256} from './adapters/machine/machine.ts';
import type {FlowDefinition} from './lanes/flow.ts';
import {readFlow} from './lanes/flow.ts';
import type {Reader, Store} from './lanes/ports.ts';
import type {ObjectStore} from './runs/object-store.ts';
import type {RunPorts} from './runs/ports.ts';

interface WiredFlow {
	readonly load: () => Promise<FlowDefinition>;
	/** The files of a folder that the flow takes; default: all. */
	readonly extensions?: readonly string[];
	/** CPU time of one item, about: for estimates only. */
	readonly estimatedItemMs?: number;
}

/** Every flow that a run can name. A new one is a folder under `flows/` and a line here. */
export const flows: Readonly<Record<string, WiredFlow>> = {
	thumbnail: {
		load: async () => readFlow((await import('./flows/thumbnail/index.ts')).thumbnail),
		extensions: ['jpg', 'jpeg', 'png', 'webp', 'gif', 'avif'],
		estimatedItemMs: 60,
	},
};

/** Readers for every kind of source; only the origins named may lead to private addresses. */
export async function openReaders({allowOrigins}: {readonly allowOrigins: readonly string[]}): Promise<readonly Reader[]> {
	const [{httpReader}, {fileReader}] = await Promise.all([import('./adapters/http/reader.ts'), import('./adapters/files/reader.ts')]);
	return [httpReader({allowOrigins}), fileReader()];
}

/** The store that an `--out` names. */
export async function openStore(out: string): Promise<Store> {
	const {directoryStore} = await import('./adapters/directory/store.ts');
	return directoryStore(resolve(out));
}

const TOKEN_BYTES = 6;

/** What runs need from this machine, with their records in the state given. */
export const openPorts = (state: ObjectStore): RunPorts => ({
	state,
	clock,
	wallMs: () => Date.now(),
	sha256,
	openSha256,
	token: () => randomBytes(TOKEN_BYTES).toString('hex'),
});

function openSha256() {
	const hash = createHash('sha256');
	return {
		update: (data: string | Uint8Array) => void hash.update(data),
		digest: () => hash.digest('hex'),
	};
}
