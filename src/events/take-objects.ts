import {type NewestVersion, handleObject} from '../objects/handle-object.ts';
import type {ObjectRecord, ObjectVersion} from '../objects/record.ts';
import type {LanesSetup} from '../lanes/lanes.ts';
import type {ObjectHead} from '../runs/object-store.ts';
import {readObjectEvent} from './object-events.ts';
import {readRunOptions, type RunOptions} from './run-options.ts';
import {type ManifestPorts, startManifest} from './start-manifest.ts';
import {triggers} from './triggers.ts';

export interface EventPorts extends ManifestPorts {
	/** The lanes for one object that asks for this. @throws TypeError for what cannot be. */
	readonly openLanes: (asked: RunOptions & {readonly flow: string}) => Promise<LanesSetup>;
	/** Until this process must have answered, in milliseconds. */
	readonly remainingMs: () => number;
	/** Told of each object that something was done about. */
	readonly tell: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/**
 * Does what the objects of an event ask for, one after another; those that nobody asked for are left alone. All are tried before the
 * first error is thrown, and then the event is told again: what was done is found done.
 */
export async function takeObjects(event: unknown, ports: EventPorts): Promise<void> {
	const errors: unknown[] = [];
	for (const object of readObjectEvent(event)) {
		try {
			await takeObject(object, ports);
		} catch (error) {
			errors.push(error);
		}
	}
	if (errors.length > 0) throw errors[0];
}

async function takeObject(object: ObjectVersion, ports: EventPorts): Promise<void> {
	const {bucket, key} = object;
	// What the console calls a folder; and records of a run whose outputs somebody lets fall here.
	if (key.endsWith('/') || key.includes('/.twolane/')) return;
	if (key.startsWith(triggers.manifests)) {
		const started = await startManifest(ports, object);
		if ('runId' in started) ports.tell('run started', {bucket, key, runId: started.runId});
		else tellRecord(ports, started.record);
		return;
	}
	if (!key.startsWith(triggers.uploads)) return;
	const {runs, remainingMs, defaults} = ports;
	const head = (place: Pick<ObjectVersion, 'bucket' | 'key'>): Promise<NewestVersion | undefined> =>
		ports.head({...object, ...place, versionId: undefined});
	const openLanes = async (metadata: ObjectHead['metadata']): Promise<LanesSetup> => {
		const asked = readRunOptions(metadata);
		return await ports.openLanes({...asked, flow: asked.flow ?? defaults.flow});
	};
	tellRecord(ports, await handleObject({state: runs.state, sha256: runs.sha256, head, openLanes, remainingMs}, object));
}

function tellRecord({tell}: EventPorts, {bucket, key, status, reason, error}: ObjectRecord): void {
	tell(`object ${status}`, {bucket, key, ...(reason !== undefined && {reason}), ...(error && {error})});
}
