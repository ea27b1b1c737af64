import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** A module that sources name as `.ts` lies beside us as `.js` once built: Node refuses `.ts` below `node_modules`. */
export function sourceOrBuilt(file: URL): URL {
	if (!file.pathname.endsWith('.ts') || existsSync(fileURLToPath(file))) return file;
	return new URL(file.href.replace(/\.ts(?=$|[?#])/u, '.js'));
}
