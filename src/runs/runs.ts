import type {ResolvedLimits} from '../lanes/limits.ts';
import {type Controlled, type ControlAction, controlRun} from './control-run.ts';
import {type CreatedRun, type NewRun, createRun} from './create-run.ts';
import type {RunReport} from './finish.ts';
import {getReport} from './get-report.ts';
import {type RunView, getRun} from './get-run.ts';
import {type ItemsQuery, listItems} from './list-items.ts';
import {type RunPage, listRuns} from './list-runs.ts';
import type {Plan} from './plan.ts';
import {type RunToPlan, planRun} from './plan-run.ts';
import type {RunPorts} from './ports.ts';
import {type Redriven, redriveRun} from './redrive-run.ts';
import type {KeptRow} from './row.ts';
import type {SessionOptions} from './spec.ts';

/** All that can be asked of runs: the command line and the HTTP API are two printers over these. */
export interface Runs {
	createRun(run: NewRun): Promise<CreatedRun>;
	getRun(runId: string): Promise<RunView>;
	listRuns(page?: {readonly cursor?: string | undefined; readonly limit?: number | undefined}): Promise<RunPage>;
	listItems(runId: string, query?: ItemsQuery): AsyncIterable<readonly KeptRow[]>;
	controlRun(runId: string, told: {readonly action: ControlAction; readonly session?: SessionOptions | undefined}): Promise<Controlled>;
	redriveRun(runId: string, options?: {readonly only?: readonly string[] | undefined}): Promise<Redriven>;
	planRun(run: RunToPlan): Promise<Plan>;
	getReport(runId: string): Promise<RunReport | undefined>;
}

/** Joins the eight functions to one state. */
export const openRuns = (ports: RunPorts, {limits}: {readonly limits: ResolvedLimits}): Runs => ({
	createRun: run => createRun(ports, run),
	getRun: runId => getRun(ports, runId),
	listRuns: page => listRuns(ports, page),
	listItems: (runId, query) => listItems(ports, runId, query),
	controlRun: (runId, told) => controlRun(ports, runId, told),
	redriveRun: (runId, options) => redriveRun(ports, runId, options),
	planRun: run => planRun(ports, run),
	getReport: runId => getReport(ports, runId, {limits}),
});
