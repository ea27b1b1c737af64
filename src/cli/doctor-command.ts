import {resolve} from 'node:path';
import {styleText} from 'node:util';
import {checkDisk} from './doctor/check-disk.ts';
import {checkCores, checkMemory, checkOpenFiles, checkThreads} from './doctor/check-machine.ts';
import {checkNode} from './doctor/check-node.ts';
import {checkSharp} from './doctor/check-sharp.ts';
import type {Finding} from './doctor/finding.ts';
import {usageError} from './failure.ts';
import {openOutput} from './output-style.ts';
import {plural} from './quantities.ts';

export interface DoctorFlags {
	readonly out?: string;
	readonly json?: boolean;
}

type Check = (where: {readonly out: string}) => Finding | undefined | Promise<Finding | undefined>;

/** In the order in which they are printed. `undefined`: there is nothing of the kind here. */
const checks: readonly Check[] = [
	() => checkNode(),
	() => checkSharp(),
	checkCores,
	checkMemory,
	checkThreads,
	checkOpenFiles,
	({out}) => checkDisk(out),
];

/** `twolane doctor`: what is fine on this machine, and what to fix. @returns 1 when something must be fixed. */
export async function doctorCommand(flags: DoctorFlags): Promise<number> {
	if (flags.out?.includes('://')) throw usageError(`--out ${flags.out}: this version writes into a folder.`);
	const style = openOutput(flags);
	const out = resolve(flags.out ?? '');
	let toFix = 0;
	for (const check of checks) {
		const finding = await check({out});
		if (finding === undefined) continue;
		if (finding.mark === 'fix') toFix++;
		await style.print(style.isJson ? JSON.stringify(finding) : describe(finding, process.stdout));
	}
	style.note(toFix === 0 ? '\nTwolane can run here.' : `\n${plural(toFix, 'thing')} to fix.`);
	return toFix === 0 ? 0 : 1;
}

const colours = {ok: 'green', note: 'yellow', fix: 'red'} as const;

function describe({check, mark, found, advice}: Finding, stream: NodeJS.WriteStream): string {
	const line = `${styleText(colours[mark], mark.padEnd(6), {stream})}${check.padEnd(9)}${found}`;
	return advice === undefined ? line : `${line}\n${' '.repeat(15)}-> ${advice}`;
}
