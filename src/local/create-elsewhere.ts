import type {ManifestSource} from '../manifest/plan-items.ts';
import {type CreatedRun, createRun} from '../runs/create-run.ts';
import type {ObjectStore} from '../runs/object-store.ts';
import {planRun} from '../runs/plan-run.ts';
import type {RunIdentity} from '../runs/spec.ts';
import {type RunRequest, createPinned, pinRun, sourceOpener, takeBack} from './begin-run.ts';

/**
 * Creates a run for others to work on, or finds it. Lists of this machine are read here, so that their mistakes are found before there is a
 * run, and are kept where the others can read them.
 * @param scratch a store that is thrown away.
 * @throws what `beginRun` throws about sources; TypeError for items that are files of this machine, unless invalid ones are skipped.
 */
export async function createElsewhere(request: RunRequest, scratch: ObjectStore): Promise<CreatedRun> {
	const {place} = request;
	const here: RunRequest = {...request, isElsewhere: true, place: {...place, ports: {...place.ports, state: scratch}}};
	const identity = await pinRun(here);
	await checkLists(here, identity);
	try {
		for (const source of identity.sources) if ('spool' in source) await place.ports.state.write(source.spool, scratch.read(source.spool));
	} catch (error) {
		await takeBack(place, identity.sources).catch(() => {});
		throw error;
	}
	return await createPinned(request, identity);
}

/** Plans the lists that were read here and throws the plan away; what lies in S3 is for those who work on the run. */
async function checkLists(request: RunRequest, identity: RunIdentity): Promise<void> {
	const lists = identity.sources.filter(source => 'spool' in source);
	if (lists.length === 0) return;
	const {place, flow, session, signal} = request;
	// The lists are wanted a second time.
	const ports = {...place.ports, state: {...place.ports.state, remove: async () => {}}};
	const {spec} = await createRun(ports, {identity, session});
	const denied = {first: '', count: 0};
	const watch = ({resolveFile, ...source}: ManifestSource): ManifestSource => ({
		...source,
		resolveFile(path) {
			if (denied.count++ === 0) denied.first = path;
			return resolveFile(path);
		},
	});
	const open = sourceOpener(request, identity);
	await planRun(ports, {spec, flow, sources: lists.map(source => watch(open(source))), signal});
	if (denied.count > 0 && !request.skipInvalid) throw new TypeError(describeDenied(denied));
}

function describeDenied({first, count}: {readonly first: string; readonly count: number}): string {
	const what = count === 1 ? `'${first}' is a file` : `'${first}' and others are files`;
	return `${what} of this machine, which no stack can read: upload what is meant, and name it as s3. --skip-invalid makes failed items of them.`;
}
