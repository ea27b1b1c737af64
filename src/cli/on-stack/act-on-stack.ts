import {wait} from '../../runs/lease.ts';
import type {RunPorts} from '../../runs/ports.ts';
import type {SessionOptions} from '../../runs/spec.ts';
import {isSealed, readStanding} from '../../runs/standing.ts';
import type {FoundRun} from '../find-run.ts';
import type {OutputStyle} from '../output-style.ts';
import {type RedriveFlags, describeRedrive} from '../resume-command.ts';
import {type DeployedStack, findStack} from '../stack.ts';
import {tellStarted} from './tell-started.ts';

interface OnStack {
	readonly stack: string;
	readonly style: OutputStyle;
}

/** Tells a run of a stack to go on. @returns the exit code. */
export async function resumeOnStack(
	{place, spec: {runId}}: FoundRun,
	{stack: name, style, session}: OnStack & {readonly session: SessionOptions | undefined},
): Promise<number> {
	const stack = await findStack(name);
	await place.runs.controlRun(runId, {action: 'resume', session});
	await stack.start(runId);
	await tellStarted(place, runId, {stack: name, style});
	return 0;
}

/** Tells a stack to run again what failed. @returns the exit code. */
export async function redriveOnStack(
	{place, spec: {runId}}: FoundRun,
	{only}: Pick<RedriveFlags, 'only'>,
	{stack: name, style}: OnStack,
): Promise<number> {
	const stack = await findStack(name);
	await waitUntilSealed(place.ports, runId, stack);
	style.note(describeRedrive(await place.runs.redriveRun(runId, {only})));
	await stack.start(runId);
	await tellStarted(place, runId, {stack: name, style});
	return 0;
}

/** Whoever works on a cancelled run hears of it within 5 s, and drains. */
const SEALED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 500;

/** A run is CANCELLED from the moment it was told to be; only when it is sealed it is known what there is to run again. */
async function waitUntilSealed(ports: RunPorts, runId: string, {start}: DeployedStack): Promise<void> {
	const {clock} = ports;
	const untilMs = clock.nowMs() + SEALED_WITHIN_MS;
	for (let isStarted = false; clock.nowMs() < untilMs; isStarted = true) {
		const standing = await readStanding(ports, runId);
		if (standing.control.state !== 'cancelled' || standing.generations.length === 0 || isSealed(standing)) return;
		if (isStarted) await wait(clock, LOOK_EVERY_MS);
		else await start(runId);
	}
}
