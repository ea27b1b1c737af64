import sharp from 'sharp';
import {beforeAll, describe, expect, it} from 'vitest';
import {createRun} from '../../src/runs/create-run.ts';
import type {EngineName} from '../../src/runs/engine.ts';
import type {ObjectRecord} from '../../src/objects/record.ts';
import type {Row} from '../../src/runs/row.ts';
import {readJsonLines, runCli, workplace} from '../support/cli.ts';
import {type TestStack, testStack} from '../support/deployed-stack.ts';
import {localStack} from '../support/localstack.ts';

let stack: TestStack;
beforeAll(async () => {
	stack = await testStack();
}, 600_000);

const IMAGES = 20;

/** A picture of its own for each number. */
async function picture(n: number): Promise<Uint8Array> {
	const background = {r: (n * 53) % 256, g: (n * 97) % 256, b: (n * 151) % 256};
	const image = sharp({create: {width: 300 + 10 * n, height: 200, channels: 3, background}});
	return await (n % 2 === 0 ? image.jpeg() : image.png()).toBuffer();
}

/** What a run is for whoever uses it: everything but how long it took. */
const comparable = (rows: readonly Row[]) =>
	rows
		.map(row => ({
			n: row.n,
			id: row.id,
			status: row.status,
			...(row.status === 'failed' && {code: row.error.code}),
			...(row.status === 'succeeded' && {result: row.result, outputs: row.outputs}),
		}))
		.toSorted((a, b) => a.n - b.n);

describe('a list of 200 lines, dropped into the bucket', () => {
	const lines = () => {
		const items = Array.from({length: 197}, (_, n) => ({id: `picture-${n}`, s3: `s3://${stack.bucket}/pictures/${n % IMAGES}`}));
		return [
			...items,
			{id: 'missing', s3: `s3://${stack.bucket}/pictures/none`},
			{id: 'no picture', s3: `s3://${stack.bucket}/pictures/text`},
			{id: 'denied', s3: 's3://somebody-elses/secret.jpg'},
		];
	};
	let laptop: ReturnType<typeof comparable>;

	beforeAll(async () => {
		for (let n = 0; n < IMAGES; n++) await stack.put(`pictures/${n}`, await picture(n));
		await stack.put('pictures/text', 'no picture');
		const place = await workplace();
		await place.write(
			'list.jsonl',
			lines()
				.map(line => JSON.stringify(line))
				.join('\n'),
		);
		const env = {...localStack().env, TWOLANE_SOURCE_BUCKETS: stack.bucket};
		const {stdout} = await runCli(['run', 'list.jsonl', '--out', 'thumbs', '--size', '64', '--size', '128x96:cover', '--json'], {
			cwd: place.path,
			env,
		});
		laptop = comparable(readJsonLines(stdout).rows as unknown as Row[]);
		await place[Symbol.asyncDispose]();
	}, 300_000);

	it.each<EngineName>(['in-process', 'lambda', 'distributed-map'])('is one run by %s, with the results of the laptop', async engine => {
		const options = {sizes: [{width: 64}, {width: 128, height: 96, fit: 'cover'}]};
		// Where a list is worked on does not make it another run: its content does.
		const list = lines().map(line => ({...line, meta: {engine}}));
		const runId = await stack.drop(`${engine}.jsonl`, list, {engine, maxWorkers: 4, options});
		const run = await stack.untilEnded(runId);
		expect(run).toMatchObject({status: 'FAILED', completionReason: 'ALL_COMPLETED', itemCounts: {succeeded: 197, failed: 3, total: 200}});
		const rows = comparable(await stack.rows(runId));
		expect(rows.map(({id}) => id)).toEqual(lines().map(({id}) => id));
		// Whose bucket it is only the stack knows.
		const known = (row: (typeof rows)[number]): boolean => row.id !== 'denied';
		expect(rows.filter(known)).toEqual(laptop.filter(known));
		expect(rows.find(({id}) => id === 'denied')).toMatchObject({status: 'failed', code: 'BUCKET_DENIED'});
		const choice = await stack.ports.state.get(`runs/${runId}/0/engine.json`);
		expect(JSON.parse(Buffer.from(choice?.body ?? []).toString())).toMatchObject({engine});
		const [first] = rows;
		if (first?.status !== 'succeeded' || first.outputs === undefined) throw new Error('the first picture has no outputs');
		for (const {key, sha256, bytes} of first.outputs) {
			const stored = await stack.store.get(key);
			expect(stored?.body.length).toBe(bytes);
			expect(stored?.metadata).toMatchObject({sha256});
		}
	});

	it('told of three times at once and once more late, is one run', async () => {
		const runId = await stack.drop('again.jsonl', [{id: 'one', s3: `s3://${stack.bucket}/pictures/1`}], {engine: 'in-process'});
		const event = objectCreated(stack.bucket, 'manifests/again.jsonl');
		const before = await countRuns();
		await Promise.all([1, 2, 3].map(async () => await stack.invoke(stack.names.onObject, event)));
		await stack.untilEnded(runId);
		await stack.invoke(stack.names.onObject, event);
		expect(await countRuns()).toBe(before);
		expect(await stack.runs.getRun(runId)).toMatchObject({status: 'SUCCEEDED', generation: 0, itemCounts: {succeeded: 1, total: 1}});
		expect(await stack.rows(runId)).toHaveLength(1);
	});

	it('whose creator was killed before he called the orchestrator is taken up by the sweep', async () => {
		const {spec} = await createRun(stack.ports, {
			identity: {
				flow: 'timed',
				options: {},
				sources: [await spooled([{id: `left-${stack.ports.token()}`, ms: 1}])],
				out: stack.store.uri,
				skipInvalid: false,
				allowOrigins: [],
				maxBytes: 50 * 1024 ** 2,
			},
			session: {},
			stack: stack.name,
			engine: 'in-process',
		});
		expect(await stack.runs.getRun(spec.runId)).toMatchObject({status: 'PENDING'});
		const swept = await stack.invoke(stack.names.orchestrator, {sweep: true});
		expect(swept).toMatchObject({taken: expect.arrayContaining([{runId: spec.runId, state: 'ended'}]) as unknown});
		expect(await stack.runs.getRun(spec.runId)).toMatchObject({status: 'SUCCEEDED', itemCounts: {succeeded: 1}});
	});

	it('that cannot be used ends its run with a problem that names the line', async () => {
		const runId = await stack.drop('bad.jsonl', [{id: 'one', s3: 's3://x/y'}, {url: 'no url'}], {});
		const run = await stack.untilEnded(runId);
		expect(run).toMatchObject({status: 'CANCELLED', problem: expect.stringContaining('bad.jsonl:2: url') as string});
	});
});

describe('an image, dropped into the bucket', () => {
	it.each(['plain.jpg', 'with space + plus %25 percent.jpg', 'Grüße/ÄÖÜ ß.jpg', 'emoji 🌄.jpg'])('as %s becomes thumbnails', async name => {
		await stack.put(`uploads/${name}`, await picture(4));
		const record = await findRecord(`uploads/${name}`);
		expect(record).toMatchObject({key: `uploads/${name}`, status: 'succeeded', outputs: [{name: '256'}]});
		const [output] = record?.outputs ?? [];
		const stored = await stack.store.get(output?.key ?? '');
		expect(stored?.body.length).toBe(output?.bytes);
		expect(await sharp(stored?.body).metadata()).toMatchObject({format: 'jpeg', width: 256});
	});

	it('that is none is recorded as failed, once and for all', async () => {
		await stack.put('uploads/text.jpg', 'no picture');
		expect(await findRecord('uploads/text.jpg')).toMatchObject({status: 'failed', error: {code: 'FORMAT_UNSUPPORTED', retryable: false}});
	});

	it('told of three times at once has one outcome', async () => {
		await stack.put('uploads/thrice.jpg', await picture(6));
		const first = await findRecord('uploads/thrice.jpg');
		await Promise.all(
			[1, 2, 3].map(async () => await stack.invoke(stack.names.onObject, objectCreated(stack.bucket, 'uploads/thrice.jpg', first?.etag))),
		);
		expect(await findRecord('uploads/thrice.jpg')).toEqual(first);
	});
});

const objectCreated = (bucket: string, key: string, etag?: string) => ({
	Records: [
		{
			eventVersion: '2.1',
			eventSource: 'aws:s3',
			awsRegion: 'us-east-1',
			eventTime: '2026-11-23T00:00:00.000Z',
			eventName: 'ObjectCreated:Put',
			s3: {
				s3SchemaVersion: '1.0',
				bucket: {name: bucket, arn: `arn:aws:s3:::${bucket}`},
				object: {
					key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'),
					size: 1,
					...(etag && {eTag: etag}),
					sequencer: '0',
				},
			},
		},
	],
});

async function countRuns(): Promise<number> {
	let count = 0;
	for await (const _ of stack.ports.state.list('runs-by-time/')) count++;
	return count;
}

/** Items below the state, as a request brings them. */
async function spooled(items: readonly object[]) {
	const text = items.map(item => `${JSON.stringify(item)}\n`).join('');
	const spool = `spool/${stack.ports.token()}`;
	await stack.ports.state.create(spool, text);
	return {kind: 'iterable' as const, name: 'items', base: '/', sha256: stack.ports.sha256(text), spool};
}

/** What the stack says became of an object, as soon as it says so. */
async function findRecord(key: string): Promise<ObjectRecord | undefined> {
	for (const end = Date.now() + 60_000; Date.now() < end;) {
		for await (const entry of stack.ports.state.list('objects/')) {
			const stored = await stack.ports.state.get(entry.key);
			const record = JSON.parse(Buffer.from(stored?.body ?? []).toString()) as ObjectRecord;
			if (record.key === key) return record;
		}
	}
	return undefined;
}
