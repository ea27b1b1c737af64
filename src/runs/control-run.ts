import {TwolaneError} from '../lanes/errors.ts';
import {writeControl} from './control.ts';
import {type LiveStatus, viewOf} from './get-run.ts';
import type {RunPorts} from './ports.ts';
import type {SessionOptions} from './spec.ts';
import {readStanding} from './standing.ts';

export type ControlAction = 'pause' | 'resume' | 'cancel';

export interface Controlled {
	readonly status: LiveStatus;
	/** `false`: it was so already. */
	readonly isChanged: boolean;
}

/**
 * Tells a run to pause, to go on or to end; whoever works on it hears of it within 5 s. A resume may carry new limits and a new tolerance,
 * which hold from then on.
 * @throws TwolaneError `RUN_REFUSED` where the run's state forbids it.
 */
export async function controlRun(
	ports: RunPorts,
	runId: string,
	{action, session}: {readonly action: ControlAction; readonly session?: SessionOptions | undefined},
): Promise<Controlled> {
	for (;;) {
		const standing = await readStanding(ports, runId);
		const {status, completionReason} = await viewOf(ports, standing);
		const {control} = standing;
		const verb = {pause: 'paused', resume: 'resumed', cancel: 'cancelled'}[action];
		if (!isAllowed(action, {status, completionReason})) {
			const what = completionReason === 'FAILURE_TOLERANCE_EXCEEDED' ? 'stopped at its tolerance' : `has ended (${status})`;
			throw new TwolaneError('RUN_REFUSED', `run ${runId} ${what} and cannot be ${verb}`);
		}
		const state = ({pause: 'paused', resume: 'running', cancel: 'cancelled'} as const)[action];
		// Nothing to tell: it is so already, and nobody has stopped it since.
		if (control.state === state && session === undefined && !(action === 'resume' && status !== 'RUNNING' && status !== 'PENDING')) {
			return {status, isChanged: false};
		}
		const kept = session ?? control.session;
		if (await writeControl(ports, runId, {k: control.k + 1, state, ...(kept && {session: kept})})) {
			return {status: (await viewOf(ports, await readStanding(ports, runId))).status, isChanged: true};
		}
	}
}

/** The table of the HTTP API. */
function isAllowed(
	action: ControlAction,
	{status, completionReason}: {readonly status: LiveStatus; readonly completionReason?: string | undefined},
): boolean {
	switch (status) {
		case 'PENDING':
		case 'RUNNING':
		case 'PAUSED':
			return true;
		case 'FAILED':
			return completionReason === 'FAILURE_TOLERANCE_EXCEEDED' && action !== 'pause';
		case 'SUCCEEDED':
			return false;
		case 'CANCELLED':
			return action === 'cancel';
		default:
			return status satisfies never;
	}
}
