import {styleText} from 'node:util';
import {limitTable} from '../../lanes/limits.ts';
import {seconds} from '../progress.ts';
import {plural, showBytes, showMs} from '../quantities.ts';
import type {PlanView} from '../plan-command.ts';
import type {SameCommand} from './same-command.ts';

/** A plan as a person reads it. */
export function describePlan(plan: PlanView, stream: NodeJS.WriteStream): string {
	const {run, flow, items, repeats, shards, shardItems, engine, estimate, hosts} = plan;
	const left = repeats > 0 ? `, ${plural(repeats, 'repeated source')} left out` : '';
	const lines: [string, string][] = [
		['run', styleText('bold', describeRun(run), {stream})],
		['', run.folder],
		['flow', flow],
		['items', plural(items, 'item') + left],
		...(items === 0
			? []
			: [['shards', shards === 1 ? 'one' : `${shards}, of up to ${plural(shardItems, 'item')} each`] as [string, string]]),
		['engine', `${engine.name}: ${engine.reason}`],
		...(estimate.items === 0 ? [] : [['estimate', describeEstimate(estimate)] as [string, string]]),
		...label('limits', describeLimits(plan)),
		...label(
			'hosts',
			hosts.map(({host, items}) => `${String(items).padStart(String(hosts[0]?.items ?? 0).length)}  ${host === 'file:' ? 'files' : host}`),
		),
	];
	return [...lines.map(([name, text]) => `${name.padEnd(9)}${text}`), '', 'Nothing was started.'].join('\n');
}

/** A name before the first of several lines. */
const label = (name: string, texts: readonly string[]): [string, string][] => texts.map((text, index) => [index === 0 ? name : '', text]);

function describeRun({action, status, completionReason, itemCounts}: SameCommand): string {
	const {total = 0, pending = 0, failed = 0} = itemCounts ?? {};
	const state = `${status}${completionReason === undefined || completionReason === 'ALL_COMPLETED' || completionReason === status ? '' : `, ${completionReason}`}`;
	const counts =
		total === 0 ? '' : `, ${total - pending} of ${plural(total, 'item')} done${failed > 0 ? `, ${failed} of them failed` : ''}`;
	switch (action) {
		case 'start':
			return 'a new one would start';
		case 'continue':
			return `the one that is there would go on (${state}${counts})`;
		case 'report':
			return `the one that is there has ended and would be reported, not done again (${state}${counts}); --fresh starts another`;
		case 'refuse':
			return `another process works on it: a second one would be refused (${state}${counts})`;
		default:
			return action satisfies never;
	}
}

const describeEstimate = ({seconds: value, items, itemMs, threads}: PlanView['estimate']): string =>
	`about ${seconds(value)}, at ${itemMs} ms of CPU an item: ${items} x ${itemMs} ms / ${plural(threads, 'thread')}. A guess: slow origins and large items take longer`;

function describeLimits({limits, attempts, toleratedFailureCount: count, toleratedFailurePercentage: percentage}: PlanView): string[] {
	const show = (kind: 'count' | 'bytes' | 'ms', value: number | 'auto'): string =>
		value === 'auto' ? value : kind === 'bytes' ? showBytes(Math.floor(value)) : kind === 'ms' ? showMs(value) : String(value);
	const own = Object.entries(limitTable).map(
		([name, {flag, kind}]) => `${flag.slice(2)} ${show(kind, limits[name as keyof typeof limits])}`,
	);
	const tolerated = [...(count === undefined ? [] : [String(count)]), ...(percentage === undefined ? [] : [`${percentage} %`])].join(
		' or ',
	);
	const tolerance = tolerated === '' ? 'failures never stop it' : `more than ${tolerated} failures stop it`;
	return [own.slice(0, 3).join(', '), own.slice(3).join(', '), `attempts ${attempts}, ${tolerance}`];
}
