import {beforeAll, describe, expect, it} from 'vitest';
import {flows} from '../../src/wire.ts';
import {ofKind, readSnippets} from '../docs/snippets.ts';
import {states} from '../runs/states.ts';
import {openApiWorld} from './api-world.ts';

const lines = ofKind(await readSnippets('docs/api.md'), 'sh').flatMap(({text}) => text.trimEnd().split('\n'));

interface Call {
	readonly path: string;
	readonly init: {readonly method: string; readonly headers: Record<string, string>; readonly body?: string};
}

/** What curl would send for these words. */
function readCurl(line: string, runId: string): Call {
	const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/gu)].map(([, single, double, plain]) => single ?? double ?? plain ?? '');
	if (words.shift() !== 'curl') throw new Error(`no curl: ${line}`);
	let path = '';
	let method: string | undefined;
	let body: string | undefined;
	const headers: Record<string, string> = {};
	for (let word = words.shift(); word !== undefined; word = words.shift()) {
		if (word === '-i') continue;
		if (word === '-X') method = words.shift();
		else if (word === '-d') body = words.shift();
		else if (word === '-H') {
			const [name = '', value = ''] = (words.shift() ?? '').split(': ');
			headers[name] = value;
		} else if (word.startsWith('$API/') && path === '') path = word.slice('$API'.length).replace('$RUN', runId);
		else throw new Error(`curl has no ${word} here`);
	}
	return {path, init: {method: method ?? (body === undefined ? 'GET' : 'POST'), headers, ...(body !== undefined && {body})}};
}

// A clock that stands still does not wait for a module.
beforeAll(async () => void (await flows.thumbnail?.load()));

describe('the examples of docs/api.md', () => {
	it('are as many as there are calls, at least', () => {
		expect(lines.length).toBeGreaterThanOrEqual(11);
	});

	it.each(lines)('%s', async line => {
		const world = openApiWorld({}, {flows, defaults: {flow: 'thumbnail', engine: 'auto', maxWorkers: 50}});
		const [, action] = /\$RUN\/(pause|resume|cancel|redrive)/u.exec(line) ?? [];
		const state = action === 'resume' ? 'FAILED by tolerance' : action === 'redrive' ? 'CANCELLED' : 'RUNNING, not begun';
		const {path, init} = readCurl(line, await states[state](world));
		const response = await world.clock.finish(Promise.resolve(world.app.request(path, init)));
		expect(response.status, await response.clone().text()).toBe(init.method === 'POST' ? 202 : 200);
	});
});
