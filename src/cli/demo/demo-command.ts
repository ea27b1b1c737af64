import {resolve} from 'node:path';
import {environment} from '../environment.ts';
import {executeRun} from '../run-command.ts';
import {usageError} from '../failure.ts';
import {listenForInterrupt} from '../interrupt.ts';
import {readLimits} from '../limit-flags.ts';
import type {Limits} from '../../lanes/limits.ts';
import {type OutputStyle, openOutput} from '../output-style.ts';
import {loadFlow} from '../load-flow.ts';
import {defaultPhotoDirectory} from './photo-folder.ts';
import type {Photo} from './photo.ts';
import {makePhotos} from './photos.ts';
import {startOrigin} from './start-origin.ts';

export interface DemoFlags extends Limits {
	readonly items: number;
	readonly out: string;
	readonly json?: boolean;
	readonly quiet?: boolean;
}

/** `twolane demo`: sample photos, made once, served by a web server of our own, to thumbnails. Always a fresh run. */
export async function demoCommand(flags: DemoFlags): Promise<number> {
	if (flags.items < 1) throw usageError('--items: a demo wants at least one photo.');
	const style = openOutput(flags);
	const stop = listenForInterrupt(line => style.note(line));
	const directory = defaultPhotoDirectory(environment);
	const photos = await preparePhotos({directory, count: flags.items, style, stop});
	if (photos === undefined) return 130;
	const {flow} = await loadFlow('thumbnail');
	const out = resolve(flags.out);
	const origin = await startOrigin({directory});
	try {
		return await executeRun({
			flow,
			sources: [{name: 'demo', items: listPhotos(photos, origin.url)}],
			where: {out},
			options: {limits: readLimits(flags)},
			allowOrigins: [origin.url],
			isFresh: true,
			// Its web server is gone with this process.
			isResumable: false,
			style,
			stop,
		});
	} finally {
		await origin[Symbol.asyncDispose]();
	}
}

interface Preparation {
	readonly directory: string;
	readonly count: number;
	readonly style: OutputStyle;
	readonly stop: AbortSignal;
}

/** `undefined`: interrupted; what is made already is kept for the next time. */
async function preparePhotos({directory, count, style, stop}: Preparation): Promise<readonly Photo[] | undefined> {
	let isTold = false;
	try {
		return await makePhotos({
			directory,
			count,
			signal: stop,
			onProgress(done, total) {
				if (done === total && !isTold) return;
				if (!isTold) style.note(`Making ${total - done} sample photos, once, in ${directory}`);
				isTold = true;
				if (done === total || done % 10 === 0) style.note(`  ${done} of ${total}`);
			},
		});
	} catch (error) {
		if (stop.aborted) return undefined;
		throw error;
	}
}

const listPhotos = (photos: readonly Photo[], url: string): readonly {readonly id: string; readonly url: string}[] =>
	photos.map(({name}, k) => ({id: `photo-${String(k + 1).padStart(3, '0')}`, url: new URL(name, url).href}));
