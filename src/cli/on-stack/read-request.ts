import {usageError} from '../failure.ts';
import type {OutputStyle} from '../output-style.ts';
import {type ReadRequest, type RunFlags, readRequest} from '../run-command.ts';
import {type DeployedStack, checkStackName} from '../stack.ts';

export interface StackFlags extends RunFlags {
	readonly on: string;
}

/** Refuses what only a run of this machine can have, before anybody is asked. */
export function checkStackFlags({on, out, state, allowOrigin, flow}: StackFlags): void {
	checkStackName(on);
	if (out !== undefined || state !== undefined) {
		throw usageError(`--${out === undefined ? 'state' : 'out'} and --on: a stack has its own places. Leave one of them away.`);
	}
	if (allowOrigin !== undefined) throw usageError('--allow-origin and --on: no stack reads private addresses. Leave one of them away.');
	if (/[./\\]/u.test(flow)) {
		throw usageError(`--flow ${flow} and --on: a stack has the flows it was deployed with. docs/add-a-flow.md says how to add one.`);
	}
}

/** What the words of `run` ask for, in the places of the stack. */
export async function readStackRequest(
	sources: readonly string[],
	flags: StackFlags,
	{stack, ...how}: {readonly stack: DeployedStack; readonly style: OutputStyle; readonly stop: AbortSignal},
): Promise<ReadRequest> {
	const {request, tellLeftOut} = await readRequest(sources, {...flags, out: stack.out}, how);
	return {request: {...request, isElsewhere: true}, tellLeftOut};
}
