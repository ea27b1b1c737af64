import {sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Finding} from './finding.ts';

/** Loads TypeScript as it is. */
const OLDEST = [22, 18] as const;
const bundled = fileURLToPath(new URL('../../../node_modules/node/', import.meta.url));

export interface NodeFacts {
	readonly version: string;
	readonly execPath: string;
}

export function checkNode({version, execPath}: NodeFacts = {version: process.versions.node, execPath: process.execPath}): Finding {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	const isOldEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
	const isBundled = execPath.startsWith(bundled.endsWith(sep) ? bundled : bundled + sep);
	const found = `${version}, ${isBundled ? 'which comes with this checkout' : execPath}`;
	if (isOldEnough) return {check: 'node', mark: 'ok', found};
	return {check: 'node', mark: 'fix', found, advice: `Install Node ${OLDEST.join('.')} or newer, or run npm ci in a checkout.`};
}
