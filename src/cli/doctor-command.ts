import {styleText} from 'node:util';
import {checkAws} from './doctor/check-aws.ts';
import {checkBucket} from './doctor/check-bucket.ts';
import {checkDisk} from './doctor/check-disk.ts';
import {checkCores, checkMemory, checkOpenFiles, checkThreads} from './doctor/check-machine.ts';
import {checkNode} from './doctor/check-node.ts';
import {checkSharp} from './doctor/check-sharp.ts';
import type {Finding} from './doctor/finding.ts';
import {openOutput} from './output-style.ts';
import {plural} from './quantities.ts';
import {absolute, checkPlace, isS3Place} from './run-place.ts';
import {checkStackName} from './stack.ts';

export interface DoctorFlags {
	readonly out?: string;
	/** A deployed stack, whose functions are looked at. */
	readonly on?: string;
	readonly json?: boolean;
}

type Found = Finding | readonly Finding[] | undefined;
type Check = (where: {readonly out: string; readonly on?: string | undefined}) => Found | Promise<Found>;

/** In the order in which they are printed. `undefined`: there is nothing of the kind here. */
const checks: readonly Check[] = [
	() => checkNode(),
	() => checkSharp(),
	checkCores,
	checkMemory,
	checkThreads,
	checkOpenFiles,
	({out}) => (isS3Place(out) ? checkBucket(out) : checkDisk(out)),
	({out, on}) => checkAws({isNeeded: on !== undefined || isS3Place(out), stack: on}),
];

/** `twolane doctor`: what is fine on this machine, and what to fix. @returns 1 when something must be fixed. */
export async function doctorCommand(flags: DoctorFlags): Promise<number> {
	if (flags.out !== undefined) checkPlace('--out', flags.out);
	if (flags.on !== undefined) checkStackName(flags.on);
	const style = openOutput(flags);
	const where = {out: absolute(flags.out ?? ''), on: flags.on};
	let toFix = 0;
	for (const check of checks) {
		const found = await check(where);
		for (const finding of found === undefined ? [] : [found].flat()) {
			if (finding.mark === 'fix') toFix++;
			await style.print(style.isJson ? JSON.stringify(finding) : describe(finding, process.stdout));
		}
	}
	style.note(toFix === 0 ? '\nTwolane can run here.' : `\n${plural(toFix, 'thing')} to fix.`);
	return toFix === 0 ? 0 : 1;
}

const colours = {ok: 'green', note: 'yellow', fix: 'red'} as const;

function describe({check, mark, found, advice}: Finding, stream: NodeJS.WriteStream): string {
	const line = `${styleText(colours[mark], mark.padEnd(6), {stream})}${check.padEnd(9)}${found}`;
	return advice === undefined ? line : `${line}\n${' '.repeat(15)}-> ${advice}`;
}
