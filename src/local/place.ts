import {rm, rmdir} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {type Ownership, readOwner, takeOwnership} from '../adapters/directory/owner-lock.ts';
import {directoryStore} from '../adapters/directory/store.ts';
import {removeLeftovers} from '../adapters/directory/temporaries.ts';
import {memoryBytes} from '../adapters/machine/machine.ts';
import {TwolaneError} from '../lanes/errors.ts';
import {resolveLimits} from '../lanes/limits.ts';
import {layout} from '../runs/layout.ts';
import {takeLease} from '../runs/lease.ts';
import type {ObjectStore} from '../runs/object-store.ts';
import type {RunPorts} from '../runs/ports.ts';
import {type Runs, openRuns} from '../runs/runs.ts';
import {prefixed} from '../runs/prefixed.ts';
import {openPorts} from '../wire.ts';

/** Where runs are kept, and where their outputs go. */
export interface Place {
	readonly ports: RunPorts;
	/** What can be asked of the runs there. */
	readonly runs: Runs;
	readonly out: ObjectStore;
	/** Whether the records do not lie in `.twolane` of the output place. */
	readonly isStateApart: boolean;
	/** Where both are, folders and `s3://` places: a source leaves them out. */
	readonly folders: readonly string[];
	/** The folder of a run's records, or its address where the state is no folder; with `/` at its end. */
	readonly folderOf: (runId: string) => string;
	/**
	 * Makes this process the run's only worker, where the state is a folder.
	 * @throws TwolaneError `RUN_BUSY` naming the process that works on it.
	 */
	readonly own: (runId: string, signal?: AbortSignal) => Promise<() => Promise<void>>;
	/** Removes the records of a run that was never planned, and folders that are empty then. */
	readonly removeRun: (runId: string) => Promise<void>;
	/** Removes folders of the state that are empty, after a run that came to nothing. */
	readonly removeEmptyFolders: () => Promise<void>;
}

const STATE = '.twolane';

/** Opens an output place and its state: by default `.twolane` in it. Nothing is made before something is written. */
export function openPlace({out, state}: {readonly out: string | ObjectStore; readonly state?: string | ObjectStore | undefined}): Place {
	const outStore = typeof out === 'string' ? directoryStore(out) : out;
	const outFolder = folderOf(outStore);
	const stateStore =
		state !== undefined
			? typeof state === 'string'
				? directoryStore(state)
				: state
			: outFolder === undefined
				? prefixed(outStore, `${STATE}/`)
				: directoryStore(join(outFolder, STATE));
	const stateFolder = folderOf(stateStore);
	const runFolder = (runId: string): string =>
		stateFolder === undefined ? `${withoutSlash(stateStore.uri)}/${layout.run(runId)}` : join(stateFolder, layout.run(runId));

	async function removeEmptyFolders(): Promise<void> {
		if (stateFolder === undefined) return;
		const names = ['runs', 'active', 'runs-by-time', 'spool', 'tmp', ''];
		await removeEmpty([...names.map(name => join(stateFolder, name)), ...temporariesOf(outFolder)]);
	}

	const ports: RunPorts = {
		...openPorts(stateStore),
		...(stateFolder !== undefined && {isWorkedOn: async (runId: string) => (await readOwner(runFolder(runId))) !== undefined}),
	};

	return {
		out: outStore,
		ports,
		runs: openRuns(ports, {limits: resolveLimits({}, {memoryBytes: memoryBytes()})}),
		isStateApart: state !== undefined && withoutSlash(stateStore.uri) !== `${withoutSlash(outStore.uri)}/${STATE}`,
		folders: [outStore, stateStore].map(nameOfStore).filter(folder => folder !== undefined),
		folderOf: runFolder,
		async own(runId, signal) {
			if (stateFolder === undefined) return await ownShared(ports, runId, signal);
			const ownership = await takeOwnership(runFolder(runId), {what: `run ${runId}`, ...(signal && {signal})});
			if (!ownership.isTaken) throw new TwolaneError('RUN_BUSY', ownership.message);
			for (const folder of [outFolder, stateFolder]) if (folder !== undefined) await removeLeftovers(folder).catch(() => {});
			return () => letGo(ownership, {outFolder, stateFolder});
		},
		async removeRun(runId) {
			if (stateFolder === undefined) return;
			await rm(runFolder(runId), {recursive: true, force: true});
			await removeEmptyFolders();
		},
		removeEmptyFolders,
	};
}

/** Where several machines may work, the lease says whether one does. */
async function ownShared(ports: RunPorts, runId: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
	if (!ports.state.isShared) return async () => {};
	const lease = await takeLease(ports, runId, {life: ports.token(), signal});
	if (lease) return () => lease.release();
	throw new TwolaneError(
		'RUN_BUSY',
		`run ${runId} is worked on by another machine, or a function: look at it with status, or try again when it has stopped`,
	);
}

async function letGo(
	ownership: Ownership,
	{outFolder, stateFolder}: {readonly outFolder: string | undefined; readonly stateFolder: string},
): Promise<void> {
	await ownership.release();
	await removeEmpty([join(stateFolder, 'tmp'), ...temporariesOf(outFolder)]);
}

/** Where outputs are half written, and the folder that holds that. */
const temporariesOf = (outFolder: string | undefined): readonly string[] =>
	outFolder === undefined ? [] : [join(outFolder, STATE, 'tmp'), join(outFolder, STATE)];

/** Only what is empty goes; a neighbour makes its folder again. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
	for (const folder of folders) await rmdir(folder).catch(() => {});
}

const withoutSlash = (uri: string): string => uri.replace(/\/+$/u, '');

const nameOfStore = (store: ObjectStore): string | undefined => (store.uri.startsWith('s3://') ? store.uri : folderOf(store));

const folderOf = ({uri}: ObjectStore): string | undefined => (uri.startsWith('file:') ? resolve(fileURLToPath(uri)) : undefined);
