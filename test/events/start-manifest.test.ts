import {createHash} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {type ManifestPorts, startManifest} from '../../src/events/start-manifest.ts';
import {TwolaneError} from '../../src/lanes/errors.ts';
import {layout} from '../../src/runs/layout.ts';
import {readSpec} from '../../src/runs/spec.ts';
import {createFakeClock} from '../support/fake-clock.ts';
import {memoryObjects} from '../support/memory-objects.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const object = {bucket: 'b', key: 'manifests/list.jsonl', etag: 'e1', versionId: undefined, createdAt: '2026-11-22T18:04:05.123Z'};

function setUp(given: Partial<ManifestPorts> & {readonly metadata?: Record<string, string>} = {}) {
	const state = memoryObjects({isShared: true});
	const started: string[] = [];
	const runs = {
		state,
		clock: createFakeClock(),
		wallMs: () => 0,
		sha256,
		openSha256: () => {
			throw new Error('not asked for');
		},
		token: () => 't',
	};
	const ports: ManifestPorts = {
		runs,
		out: 's3://b/thumbnails',
		stack: 'twolane-test',
		defaults: {flow: 'thumbnail', engine: 'auto', maxWorkers: 50},
		checkFlow: async flow => {
			if (flow !== 'thumbnail') throw new TypeError(`there is no flow '${flow}'`);
		},
		head: async () => ({etag: '"e1"', metadata: given.metadata ?? {}}),
		start: async runId => void started.push(runId),
		...given,
	};
	return {ports, state, started, runs};
}
const options = (value: unknown) => ({metadata: {'twolane-options': JSON.stringify(value)}});

describe('startManifest', () => {
	it('creates a run over the object as it is, with the stack’s defaults, and starts it', async () => {
		const {ports, started, runs} = setUp();
		const told = await startManifest(ports, object);
		expect(told).toEqual({runId: started[0]});
		const spec = await readSpec(runs, started[0] ?? '');
		expect(spec).toMatchObject({
			flow: 'thumbnail',
			out: 's3://b/thumbnails',
			engine: 'auto',
			maxWorkers: 50,
			allowOrigins: [],
			skipInvalid: false,
		});
		expect(spec.sources).toEqual([{kind: 's3-object', name: 's3://b/manifests/list.jsonl', bucket: 'b', key: object.key, etag: '"e1"'}]);
	});

	it('makes one run of one event, however often and however parallel it comes', async () => {
		const {ports, started, state} = setUp();
		await Promise.all([startManifest(ports, object), startManifest(ports, object)]);
		await startManifest(ports, object);
		expect(new Set(started).size).toBe(1);
		expect(started).toHaveLength(3);
		expect([...state.objects.keys()].filter(key => key.endsWith('run.json'))).toHaveLength(1);
	});

	it('takes from the object’s metadata what may be asked for', async () => {
		const asked = {
			engine: 'lambda',
			maxWorkers: 3,
			limit: 10,
			skipInvalid: true,
			attempts: 2,
			toleratedFailureCount: 5,
			options: {sizes: []},
		};
		const {ports, started, runs} = setUp(options(asked));
		await startManifest(ports, object);
		const {session, ...spec} = await readSpec(runs, started[0] ?? '');
		expect(spec).toMatchObject({engine: 'lambda', maxWorkers: 3, limit: 10, skipInvalid: true, options: {sizes: []}});
		expect(session).toEqual({attempts: 2, toleratedFailureCount: 5});
	});

	it.each([
		['allowOrigins', {allowOrigins: ['http://169.254.169.254']}],
		['out', {out: 's3://elsewhere/x'}],
		['nope', {flow: 'nope'}],
		['limits', {limits: {threads: -1}}],
	])('records a list that asks for %s, starts nothing, and does not try again', async (word, asked) => {
		const {ports, started, state} = setUp(options(asked));
		const first = await startManifest(ports, object);
		expect(first).toMatchObject({record: {status: 'failed', error: {retryable: false, message: expect.stringContaining(word)}}});
		expect(await startManifest(ports, object)).toEqual(first);
		expect(started).toEqual([]);
		expect([...state.objects.keys()].filter(key => key.startsWith('runs/'))).toEqual([]);
	});

	it('records a list whose metadata is not JSON', async () => {
		const {ports} = setUp({metadata: {'twolane-options': '{limit:1}'}});
		expect(await startManifest(ports, object)).toMatchObject({record: {error: {message: expect.stringContaining('is not JSON')}}});
	});

	it('leaves a list alone that was replaced meanwhile: the new one has an event of its own', async () => {
		const {ports, started} = setUp({head: async () => ({etag: '"e2"', metadata: {}})});
		expect(await startManifest(ports, object)).toMatchObject({record: {status: 'skipped'}});
		expect(started).toEqual([]);
	});

	it('is tried again when the orchestrator could not be started, and then starts the run that is there', async () => {
		let tries = 0;
		const started: string[] = [];
		const {ports, state} = setUp({
			start: async runId => {
				if (tries++ === 0) throw new TwolaneError('ENGINE_UNAVAILABLE', 'not now', {retryable: true});
				started.push(runId);
			},
		});
		await expect(startManifest(ports, object)).rejects.toMatchObject({code: 'ENGINE_UNAVAILABLE'});
		const key = [...state.objects.keys()].find(name => name.endsWith('run.json'));
		expect(await startManifest(ports, object)).toEqual({runId: started[0]});
		expect(key).toBe(layout.spec(started[0] ?? ''));
	});
});
