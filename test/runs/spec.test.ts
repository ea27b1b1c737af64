import {describe, expect, it} from 'vitest';
import {type RunIdentity, findSpec, identify, readSpec} from '../../src/runs/spec.ts';
import {sha256} from '../support/lane-setup.ts';
import {identity, openLedger} from './ledger.ts';

const idOf = (changes: Partial<RunIdentity>, fresh = 0): string => identify({...identity, ...changes}, fresh, sha256);
const file = {kind: 'file', name: 'list.jsonl', path: '/list.jsonl', sha256: sha256('list')} as const;
const flowFile = {path: '/flow.ts', sha256: sha256('code')};

describe('the id of a run', () => {
	it('is 26 characters of hex', () => {
		expect(idOf({})).toMatch(/^[0-9a-f]{26}$/u);
	});

	it.each([
		['another flow', {flow: 'other'}],
		['another code of the flow’s module', {flowFile}],
		['another option', {options: {size: 256}}],
		['another content of the source', {sources: [{...file, sha256: sha256('edited')}]}],
		['another kind of source', {sources: [{kind: 'stdin', name: 'stdin', base: '/', sha256: file.sha256, spool: 'spool/a'}]}],
		['one more source', {sources: [file, file]}],
		['another out', {out: 'file:///elsewhere'}],
		['a limit of items', {limit: 10}],
		['invalid rows as outcomes', {skipInvalid: true}],
		['an allowed origin', {allowOrigins: ['http://127.0.0.1:80']}],
		['another cap of bytes', {maxBytes: 1001}],
	] satisfies [string, Partial<RunIdentity>][])('is another with %s', (_, changes) => {
		expect(idOf(changes)).not.toBe(idOf({}));
	});

	it('is another for each fresh one', () => {
		expect(new Set([idOf({}), idOf({}, 1), idOf({}, 2)]).size).toBe(3);
	});

	it('depends on the order of sources', () => {
		const other = {...file, sha256: sha256('other')};
		expect(idOf({sources: [file, other]})).not.toBe(idOf({sources: [other, file]}));
	});

	it.each([
		['a source by another name and place', {}, {sources: [{...file, name: './list.jsonl', path: '/moved/list.jsonl'}]}],
		['the flow’s module elsewhere', {flowFile}, {flowFile: {...flowFile, path: '/moved/flow.ts'}}],
		['options in another order', {options: {a: 1, b: {c: 2, d: 3}}}, {options: {b: {d: 3, c: 2}, a: 1}}],
		['an option that is undefined', {options: {a: 1}}, {options: {a: 1, b: undefined}}],
		['allowed origins in another order', {allowOrigins: ['http://a', 'http://b']}, {allowOrigins: ['http://b', 'http://a']}],
	] satisfies [string, Partial<RunIdentity>, Partial<RunIdentity>][])('is the same with %s', (_, one, other) => {
		expect(idOf(other)).toBe(idOf(one));
	});
});

describe('run.json', () => {
	it('is read as it was written', async () => {
		const ledger = openLedger();
		const spec = await ledger.create({identity: {flowFile, limit: 3}, session: {attempts: 2, limits: {ioConcurrency: 'auto'}}});
		expect(await readSpec(ledger.ports, spec.runId)).toEqual(spec);
		expect(spec).toMatchObject({version: 1, fresh: 0, createdAt: '2026-01-01T00:00:00.000Z'});
	});

	it('that is not there is told apart from one that is', async () => {
		const ledger = openLedger();
		expect(await findSpec(ledger.ports, 'nobody')).toBeUndefined();
		await expect(readSpec(ledger.ports, 'nobody')).rejects.toMatchObject({
			code: 'RUN_NOT_FOUND',
			message: 'there is no run nobody in memory:',
		});
	});

	it.each([
		[
			'an option was changed',
			(text: string) => text.replace('"options": {}', '"options": {"size": 1}'),
			/was changed after the run was created/u,
		],
		['the tolerance was changed', (text: string) => text.replace('"session": {}', '"session": {"attempts": 9}'), /was changed after/u],
		['a key was added', (text: string) => text.replace('{', '{"note": "mine",'), /is not what it was written as: .*note/u],
		['a key is gone', (text: string) => text.replace(/\s*"maxBytes": 1000,/u, ''), /is not what it was written as: maxBytes/u],
		['it was cut off', (text: string) => text.slice(0, 100), /is not JSON: it was cut off or changed/u],
		['it is empty', () => '', /is empty/u],
		['it is no object', () => 'null', /is not what it was written as/u],
		[
			'a newer twolane made it',
			(text: string) => text.replace('"version": 1', '"version": 2'),
			/has layout version 2, and this twolane knows 1/u,
		],
	])('is refused when %s, with its place', async (_, change, problem) => {
		const ledger = openLedger();
		const {runId} = await ledger.create();
		await ledger.edit(`runs/${runId}/run.json`, change);
		const refused = findSpec(ledger.ports, runId);
		await expect(refused).rejects.toMatchObject({code: 'STATE_INVALID', message: expect.stringMatching(problem)});
		await expect(refused).rejects.toThrow(`memory:/runs/${runId}/run.json`);
	});

	it('of another flow’s run is refused in a folder that is not its own', async () => {
		const ledger = openLedger();
		const {runId} = await ledger.create({identity: {flow: 'hashes'}});
		await ledger.state.create('runs/mine/run.json', ledger.state.objects.get(`runs/${runId}/run.json`)?.text ?? '');
		await expect(readSpec(ledger.ports, 'mine')).rejects.toMatchObject({
			code: 'STATE_INVALID',
			message: `memory:/runs/mine/run.json belongs to run ${runId} of the flow 'hashes', not to the folder it lies in.`,
		});
	});
});
