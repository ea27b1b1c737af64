import {writeControl} from './control.ts';
import {layout} from './layout.ts';
import type {RunPorts} from './ports.ts';
import {type Standing, readStanding} from './standing.ts';

/** Ends a run that has no items and cannot have any, and says why to whoever asks for it. @returns why. */
export async function refuseRun(ports: RunPorts, standing: Standing, problem: string): Promise<string> {
	const {runId} = standing.spec;
	const {control} = standing;
	const isSaid = control.state === 'cancelled' && control.problem !== undefined;
	if (!isSaid && !(await writeControl(ports, runId, {k: control.k + 1, state: 'cancelled', problem}))) {
		// Somebody told it something meanwhile.
		return await refuseRun(ports, await readStanding(ports, runId), problem);
	}
	await ports.state.remove(layout.active(runId));
	return control.problem ?? problem;
}

/** Stops a run that nobody can go on with before somebody has done something about it; `resume` goes on. @returns why. */
export async function pauseRun(ports: RunPorts, runId: string, problem: string): Promise<string> {
	for (;;) {
		const {control} = await readStanding(ports, runId);
		if (control.state !== 'running') return control.problem ?? problem;
		const {session} = control;
		if (await writeControl(ports, runId, {k: control.k + 1, state: 'paused', problem, ...(session && {session})})) return problem;
	}
}
