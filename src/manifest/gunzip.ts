import {createGunzip, type Gunzip} from 'node:zlib';
import {joinBytes} from './join-bytes.ts';
import {ManifestError} from './manifest-error.ts';
import {takeHead} from './take-head.ts';

/** Unpacks bytes that begin with gzip's magic number, as a stream, whatever the file is called; passes any others on as they are. */
export async function* gunzipIfPacked(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
	const {head, all} = await takeHead(bytes, {empty: new Uint8Array(0), join: joinBytes, isEnough: ({length}) => length >= 2});
	const isPacked = head[0] === 0x1f && head[1] === 0x8b;
	yield* isPacked ? gunzip(all, name) : all;
}

async function* gunzip(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
	const unzip = createGunzip();
	const fed = feed(bytes, unzip);
	try {
		for await (const chunk of unzip) yield chunk as Buffer;
	} catch (error) {
		throw explain(error, name);
	} finally {
		unzip.destroy();
		await fed;
	}
}

/** Never rejects: a failing source destroys the stream with its error, which its reader then gets. */
async function feed(bytes: AsyncIterable<Uint8Array>, unzip: Gunzip): Promise<void> {
	let wake = (): void => {};
	unzip.on('drain', () => wake()).on('close', () => wake());
	try {
		for await (const chunk of bytes) {
			if (unzip.destroyed) return;
			if (!unzip.write(chunk)) await new Promise<void>(resolve => (wake = resolve));
		}
		unzip.end();
	} catch (error) {
		unzip.destroy(error as Error);
	}
}

function explain(error: unknown, name: string): unknown {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	if (typeof code !== 'string' || !code.startsWith('Z_')) return error;
	const problem =
		code === 'Z_BUF_ERROR' ? 'the gzip file is cut off before its end; get the whole file' : 'the gzip data is damaged; get an intact copy';
	return new ManifestError([{manifest: name, problem}]);
}
