import {endCancelled} from '../../src/runs/end-cancelled.ts';
import {controlRun} from '../../src/runs/control-run.ts';
import type {Stages} from '../support/lane-setup.ts';
import {type Ledger, itemsOf, limits} from './ledger.ts';

/** Fails the items of these numbers, with the code `NO` unless told otherwise. */
export const failing = (...ids: readonly number[]): Stages => ({
	fetch: async ({id}: {readonly id: string}) => {
		if (ids.some(n => id === `item-${n}`)) throw Object.assign(new Error(`no ${id}`), {code: 'NO'});
		return id;
	},
});

/** Takes some items, then stops. */
export function stopAfter(items: number, reason: string) {
	const stopping = new AbortController();
	let seen = 0;
	const stages: Stages = {
		fetch: async (item: unknown) => {
			if (++seen >= items) stopping.abort(reason);
			return item;
		},
	};
	return {stages, working: {stop: stopping.signal, lanes: {limits: {ioConcurrency: 1}}}};
}

/** Every state that a run can be in, and how it comes there. Each gives the run's id. */
export const states = {
	async PENDING(ledger: Ledger) {
		return (await ledger.create()).runId;
	},
	async 'RUNNING, not begun'(ledger: Ledger) {
		return (await ledger.plan(itemsOf(20))).runId;
	},
	async 'PAUSED by control'(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20));
		await controlRun(ledger.ports, runId, {action: 'pause'});
		return runId;
	},
	async 'PAUSED before it was planned'(ledger: Ledger) {
		const {runId} = await ledger.create();
		await controlRun(ledger.ports, runId, {action: 'pause'});
		return runId;
	},
	async 'PAUSED by an interrupt'(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20));
		const {stages, working} = stopAfter(3, 'INTERRUPTED');
		await ledger.work(runId, stages, working);
		return runId;
	},
	async 'PAUSED at a deadline'(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20));
		const {stages, working} = stopAfter(3, 'DEADLINE_REACHED');
		await ledger.work(runId, stages, working);
		return runId;
	},
	async 'FAILED by tolerance'(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20), {session: {toleratedFailureCount: 0}});
		await ledger.work(runId, failing(0), {lanes: {limits: {ioConcurrency: 1}, attempts: 1}});
		return runId;
	},
	async 'FAILED by tolerance, sealed'(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20), {session: {toleratedFailureCount: 0}});
		await ledger.work(runId, failing(19), {lanes: {limits: {ioConcurrency: 1}, attempts: 1}});
		return runId;
	},
	async SUCCEEDED(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20));
		await ledger.work(runId);
		return runId;
	},
	async 'SUCCEEDED within its tolerance'(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20), {session: {toleratedFailureCount: 5}});
		await ledger.work(runId, failing(0), {lanes: {attempts: 1}});
		return runId;
	},
	async FAILED(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20));
		await ledger.work(runId, failing(0, 7), {lanes: {attempts: 1}});
		return runId;
	},
	async 'CANCELLED, not ended yet'(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20));
		await controlRun(ledger.ports, runId, {action: 'cancel'});
		return runId;
	},
	async CANCELLED(ledger: Ledger) {
		const {runId} = await ledger.plan(itemsOf(20));
		const {stages, working} = stopAfter(3, 'PAUSED');
		await ledger.work(runId, stages, working);
		await controlRun(ledger.ports, runId, {action: 'cancel'});
		await endCancelled(ledger.ports, runId, {limits});
		return runId;
	},
} as const;
export type State = keyof typeof states;
