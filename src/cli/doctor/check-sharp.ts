import {execFile} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {sourceOrBuilt} from '../../adapters/pool/source-or-built.ts';
import type {Finding} from './finding.ts';
import type {Probe} from './probe-sharp.ts';

/** Below it: CVE-2026-84383. */
const OLDEST = [0, 35, 4] as const;
const LONGEST_MS = 60_000;
const REINSTALL = 'Run npm ci on this machine: sharp comes as a binary of its own for each system and processor.';

/** Makes and reads a tiny picture of each format, in a process of its own. @param program whose output is a `Probe`. */
export async function checkSharp(program: URL = sourceOrBuilt(new URL('./probe-sharp.ts', import.meta.url))): Promise<Finding> {
	const fix = (found: string, advice: string = REINSTALL): Finding => ({check: 'sharp', mark: 'fix', found, advice});
	const probe = await run(program);
	if (typeof probe === 'string') return fix(probe);
	const {sharp, libvips, reads, failures} = probe;
	const [failure] = failures;
	if (failure) return fix(`${sharp} cannot read ${failures.map(({format}) => format).join(', ')}: ${failure.problem}`);
	if (isOlder(sharp)) return fix(`${sharp} has a known hole (CVE-2026-84383)`, `Install sharp ${OLDEST.join('.')} or newer.`);
	return {check: 'sharp', mark: 'ok', found: `${sharp} with libvips ${libvips}; read a tiny ${reads.join(', ')}`};
}

async function run(program: URL): Promise<Probe | string> {
	try {
		const args = ['--disable-warning=ExperimentalWarning', fileURLToPath(program)];
		const {stdout} = await promisify(execFile)(process.execPath, args, {timeout: LONGEST_MS, killSignal: 'SIGKILL'});
		const probe = JSON.parse(stdout) as Probe | {readonly problem: string};
		return 'problem' in probe ? `it could not be loaded: ${probe.problem}` : probe;
	} catch (error) {
		const {signal, killed, message} = error as Error & {readonly signal?: string; readonly killed?: boolean};
		if (killed) return `it did nothing for ${LONGEST_MS / 1000} s`;
		return typeof signal === 'string' ? `its process died of ${signal}` : `it could not be tried: ${message.split('\n')[0]}`;
	}
}

function isOlder(version: string): boolean {
	const numbers = version.split('.').map(Number.parseFloat);
	const at = OLDEST.findIndex((oldest, index) => numbers[index] !== oldest);
	return at >= 0 && (numbers[at] ?? 0) < (OLDEST[at] ?? 0);
}
