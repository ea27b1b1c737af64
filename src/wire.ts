import type {S3Client} from '@aws-sdk/client-s3';
import {createHash, randomBytes} from 'node:crypto';
import {resolve} from 'node:path';
import {clock, sha256} from './adapters/machine/machine.ts';
import {parseS3} from './adapters/s3/address.ts';
import type {S3ClientOptions} from './adapters/s3/client.ts';
import type {FlowDefinition} from './lanes/flow.ts';
import {readFlow} from './lanes/flow.ts';
import type {Reader} from './lanes/ports.ts';
import {isLeased} from './runs/lease.ts';
import type {ObjectStore} from './runs/object-store.ts';
import type {RunPorts} from './runs/ports.ts';
import type {S3Sources} from './sources/s3-sources.ts';

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

/** How this process gets to S3; whoever reads the environment knows. */
export interface S3Access extends S3ClientOptions {
	/** The buckets that may be read. Default: all that the credentials open. */
	readonly buckets?: readonly string[] | undefined;
}

/** Readers for every kind of source; only the origins named may lead to private addresses. */
export async function openReaders({
	allowOrigins,
	s3,
}: {
	readonly allowOrigins: readonly string[];
	/** Default: nothing in S3 can be read. */
	readonly s3?: S3Access | undefined;
}): Promise<readonly Reader[]> {
	const [{httpReader}, {fileReader}] = await Promise.all([import('./adapters/http/reader.ts'), import('./adapters/files/reader.ts')]);
	return [httpReader({allowOrigins}), fileReader(), ...(s3 === undefined ? [] : [openS3Reader(s3)])];
}

/** The reader of S3, which loads the SDK at its first use. */
export function openS3Reader({buckets, ...access}: S3Access = {}): Reader & S3Sources {
	let opened: Promise<Reader & S3Sources> | undefined;
	const open = (): Promise<Reader & S3Sources> => (opened ??= load());
	async function load(): Promise<Reader & S3Sources> {
		const [{s3Reader}, client] = await Promise.all([import('./adapters/s3/reader.ts'), openClient(access)]);
		return s3Reader({client, ...(buckets && {buckets})});
	}
	return {
		scheme: 's3',
		read: async (source, context) => await (await open()).read(source, context),
		find: async place => await (await open()).find(place),
		async *open(object, options) {
			yield* (await open()).open(object, options);
		},
		async *list(place, options) {
			yield* (await open()).list(place, options);
		},
	};
}

const clients = new Map<string, Promise<S3Client>>();

/** One client for all that this process does in one place: its connections are kept. */
function openClient(options: S3ClientOptions): Promise<S3Client> {
	const key = JSON.stringify([options.endpoint, options.region, options.maxSockets]);
	const known = clients.get(key);
	if (known) return known;
	const opened = import('./adapters/s3/client.ts').then(({openS3Client}) => openS3Client(options));
	clients.set(key, opened);
	return opened;
}

/** The store that an `--out` or a `--state` names: a folder, or `s3://bucket/prefix`. @throws TypeError for another address. */
export async function openStore(place: string, access: S3ClientOptions = {}): Promise<ObjectStore> {
	const address = parseS3(place);
	if (address) {
		const [{s3Store}, client] = await Promise.all([import('./adapters/s3/store.ts'), openClient(access)]);
		return s3Store({client, bucket: address.bucket, prefix: address.key});
	}
	if (/^[a-z][a-z0-9+.-]+:\/\//iu.test(place)) throw new TypeError(`${place} is no place for a run: name a folder, or s3://bucket/prefix.`);
	const {directoryStore} = await import('./adapters/directory/store.ts');
	return directoryStore(resolve(place));
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
	// In a folder the owner's lock tells; whoever opens one says so.
	...(state.isShared && {isWorkedOn: (runId: string) => isLeased({state, wallMs: () => Date.now()}, runId)}),
});

function openSha256() {
	const hash = createHash('sha256');
	return {
		update: (data: string | Uint8Array) => void hash.update(data),
		digest: () => hash.digest('hex'),
	};
}
