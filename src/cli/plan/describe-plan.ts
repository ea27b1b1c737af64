import {styleText} from 'node:util';
import {limitTable} from '../../lanes/limits.ts';
import type {PlanView} from '../plan-command.ts';
import {seconds} from '../progress.ts';
import {plural, showBytes, showMs} from '../quantities.ts';
import type {SameCommand} from './same-command.ts';

/** A plan as a person reads it. */
export function describePlan(plan: PlanView, stream: NodeJS.WriteStream): string {
	const {run, flow, items, repeats, shards, shardItems, engine, estimate} = plan;
	const left = repeats > 0 ? `, ${plural(repeats, 'repeated source')} left out` : '';
	const rows: Readonly<Record<string, readonly string[]>> = {
		run: [styleText('bold', describeRun(run), {stream}), run.folder],
		flow: [flow],
		items: [plural(items, 'item') + left],
		shards: shards === 0 ? [] : [shards === 1 ? 'one' : `${shards}, of up to ${plural(shardItems, 'item')} each`],
		engine: [`${engine.name}: ${engine.reason}`],
		estimate: estimate.items === 0 ? [] : describeEstimate(estimate),
		limits: describeLimits(plan),
		hosts: describeHosts(plan),
	};
	const lines = Object.entries(rows).flatMap(([name, texts]) => texts.map((text, index) => (index === 0 ? name : '').padEnd(10) + text));
	return [...lines, '', 'Nothing was started.'].join('\n');
}

function describeRun({action, status, completionReason, itemCounts}: SameCommand): string {
	const {total = 0, pending = 0, failed = 0} = itemCounts ?? {};
	const reason = completionReason === 'ALL_COMPLETED' || completionReason === status ? undefined : completionReason;
	const done = total === 0 ? undefined : `${total - pending} of ${plural(total, 'item')} done${failed > 0 ? `, ${failed} failed` : ''}`;
	const how = [status, reason, done].filter(part => part !== undefined).join(', ');
	switch (action) {
		case 'start':
			return 'a new one would start';
		case 'continue':
			return `the one that is there would go on (${how})`;
		case 'report':
			return `the one that is there has ended (${how}): it would be reported; --fresh starts another`;
		case 'refuse':
			return `a process works on it (${how}): a second one would be refused`;
		default:
			return action satisfies never;
	}
}

const describeEstimate = ({seconds: value, items, itemMs, threads, workers}: PlanView['estimate']): string[] => [
	`about ${seconds(value)}: ${plural(items, 'item')} x ${itemMs} ms of CPU / ${describePower(threads, workers)}`,
	'a guess: slow origins and large items take longer',
];

const describePower = (threads: number, workers: number): string =>
	workers === 1 ? plural(threads, 'thread') : `(${plural(workers, 'worker')} x ${plural(threads, 'thread')})`;

function describeLimits({limits, attempts, toleratedFailureCount: count, toleratedFailurePercentage: percentage}: PlanView): string[] {
	const own = Object.entries(limitTable).map(
		([name, {flag, kind}]) => `${flag.slice(2)} ${showLimit(kind, limits[name as keyof typeof limits])}`,
	);
	const tolerated = [...(count === undefined ? [] : [`${count}`]), ...(percentage === undefined ? [] : [`${percentage} %`])].join(' or ');
	const tolerance = tolerated === '' ? 'failures do not stop it' : `more than ${tolerated} failures stop it`;
	return [own.slice(0, 3).join(', '), own.slice(3).join(', '), `attempts ${attempts}, ${tolerance}`];
}

const KiB = 1024;

function showLimit(kind: (typeof limitTable)[keyof typeof limitTable]['kind'], value: number | 'auto'): string {
	if (value === 'auto' || kind === 'count') return String(value);
	if (kind === 'ms') return showMs(value);
	// A quarter of the memory is no round number.
	return showBytes(value > KiB * KiB ? value - (value % KiB) : value);
}

function describeHosts({hosts}: PlanView): string[] {
	const width = String(hosts[0]?.items ?? '').length;
	return hosts.map(({host, items}) => `${String(items).padStart(width)}  ${host === 'file:' ? 'files' : host}`);
}
