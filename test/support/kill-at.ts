import {writeFileSync} from 'node:fs';
import promises, {type FileHandle} from 'node:fs/promises';
import {syncBuiltinESMExports} from 'node:module';
import {isMainThread} from 'node:worker_threads';

/** Where a command ends itself, as by a SIGKILL from outside: between two things that it does to the disk. */
export interface KillPoint {
	/** `half`: the first half of the text is written, and no more. */
	readonly when: 'before' | 'after' | 'half';
	/** `half` is about `write`, whose `of` is matched with the beginning of the text, not with a path. */
	readonly call: 'link' | 'rename' | 'unlink' | 'write';
	/** A regular expression: the path that is made or removed. */
	readonly of: string;
	/** Which of the calls that match; default: the first. */
	readonly count?: number;
}

/** What the command is told by the environment variable `TWOLANE_TEST`; it is loaded ahead of it, with NODE_OPTIONS. */
export interface Orders {
	/** Where the command, which is the launcher's child, leaves its process id. */
	readonly pidFile: string;
	readonly killAt?: KillPoint;
}

function die(): never {
	process.kill(process.pid, 'SIGKILL');
	for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function arm({when, call, of, count = 1}: KillPoint): void {
	const pattern = new RegExp(of, 'u');
	let seen = 0;
	const isHit = (text: string): boolean => pattern.test(text) && ++seen === count;

	/** @param pathOf which argument is the path in question. */
	function watch(name: 'link' | 'rename' | 'unlink' | 'rm', pathOf: (...paths: readonly string[]) => string | undefined): void {
		const original = promises[name] as (...paths: readonly string[]) => Promise<void>;
		const watched = async (...paths: readonly string[]): Promise<void> => {
			const path = pathOf(...paths) ?? '';
			if (when === 'before' && isHit(path)) die();
			// What fails, and is done again when its folder is made, has not been done.
			await original(...paths);
			if (when === 'after' && isHit(path)) die();
		};
		Object.assign(promises, {[name]: watched});
	}

	/** Every file that is opened from now on writes half of the text in question. */
	function watchWrites(): void {
		const {open} = promises;
		const watched = async (...words: Parameters<typeof open>): Promise<FileHandle> => {
			const file = await open(...words);
			const write = file.writeFile.bind(file);
			const writeHalf: typeof write = async (data, ...more) => {
				const bytes = Buffer.from(data as string);
				if (!isHit(bytes.toString('utf8', 0, 1000))) return await write(data, ...more);
				await write(bytes.subarray(0, bytes.length / 2));
				return die();
			};
			return Object.assign(file, {writeFile: writeHalf});
		};
		Object.assign(promises, {open: watched});
	}

	if (call === 'write') watchWrites();
	if (call === 'link') watch('link', (_, path) => path);
	if (call === 'rename') watch('rename', (_, path) => path);
	if (call === 'unlink') {
		watch('unlink', path => path);
		watch('rm', path => path);
	}
	syncBuiltinESMExports();
}

// Not the launcher, nor a process or thread of the command's own.
if (isMainThread && /[/\\]cli[/\\]main\.[jt]s$/u.test(process.argv[1] ?? '')) {
	const {pidFile, killAt} = JSON.parse(process.env['TWOLANE_TEST'] ?? '{}') as Orders;
	writeFileSync(pidFile, String(process.pid));
	if (killAt) arm(killAt);
}
