import type {ManifestSource} from '../manifest/plan-items.ts';
import type {ObjectStore} from '../runs/object-store.ts';
import type {PinnedSource, RunSpec} from '../runs/spec.ts';
import {openPinned} from '../sources/open-pinned.ts';
import type {S3Sources} from '../sources/s3-sources.ts';
import {flows} from '../wire.ts';

/** How the sources of a run are opened on a stack: from S3, and what was spooled below the state. */
export const openDeployedSource =
	(state: ObjectStore, s3: S3Sources) =>
	({flow, sources, out, allowOrigins}: Pick<RunSpec, 'flow' | 'sources' | 'out' | 'allowOrigins'>) =>
	(source: PinnedSource): ManifestSource =>
		openPinned(state, source, {
			exclude: [out, state.uri],
			isOneOfMany: sources.length > 1,
			extensions: flows[flow]?.extensions,
			allowOrigins,
			s3,
		});
