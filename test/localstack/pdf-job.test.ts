import {gzipSync} from 'node:zlib';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {z} from 'zod';
import {cpu, defineFlow, run} from 'twolane';
import {s3Reader, s3Store} from 'twolane/aws';
import {writePdf} from '../examples/write-pdf.ts';
import {type TestBucket, openBucket} from '../support/s3-bucket.ts';

const pdfText = defineFlow({
	name: 'pdf-text',
	item: z.object({id: z.string(), s3: z.string()}),
	fetch: (item, {read}) => read(item),
	transform: cpu<typeof import('../../examples/pdf-text.extract.ts')>(new URL('../../examples/pdf-text.extract.ts', import.meta.url)),
	async store({text, pages}, {put}) {
		await put('text.txt', text, {contentType: 'text/plain; charset=utf-8'});
		return {pages};
	},
});

let input: TestBucket;
let output: TestBucket;
beforeEach(async () => {
	[input, output] = await Promise.all([openBucket(), openBucket()]);
});
afterEach(async () => {
	await Promise.all([input.dispose(), output.dispose()]);
});

const papers = {one: ['Hello (world)'], two: ['First page', 'Second page']};
const line = (id: string, bucket: string, key = `papers/${id}.pdf`): string => `${JSON.stringify({id, s3: `s3://${bucket}/${key}`})}\n`;

describe('the PDF job', () => {
	test('reads list and papers from one bucket, writes texts and records to another, and does nothing twice', async () => {
		for (const [id, pages] of Object.entries(papers)) await input.put(`papers/${id}.pdf`, writePdf(pages));
		await input.put('papers/empty.pdf', '');
		const list = [...Object.keys(papers), 'empty', 'missing'].map(id => line(id, input.bucket)).join('') + line('denied', output.bucket);
		await input.put('list.jsonl.gz', gzipSync(list));
		const start = () =>
			run(pdfText, `s3://${input.bucket}/list.jsonl.gz`, {
				readers: [s3Reader({client: input.client, buckets: [input.bucket]})],
				out: s3Store({client: output.client, bucket: output.bucket}),
			});

		const texts: Record<string, string> = {};
		for await (const outcome of start()) {
			texts[outcome.id] = outcome.status === 'failed' ? outcome.error.code : outcome.status;
			if (outcome.status !== 'succeeded') continue;
			const key = outcome.outputs[0]?.key ?? '';
			const stored = await s3Store({client: output.client, bucket: output.bucket}).get(key);
			texts[outcome.id] = Buffer.from(stored?.body ?? []).toString();
			expect((await output.head(key)).contentType).toBe('text/plain; charset=utf-8');
			expect(outcome.result.pages).toBe(papers[outcome.id as keyof typeof papers].length);
		}

		expect(texts).toEqual({
			one: 'Hello (world)',
			two: 'First page\nSecond page',
			empty: 'EMPTY_BODY',
			missing: 'S3_NOT_FOUND',
			denied: 'BUCKET_DENIED',
		});
		const {itemCounts, runId} = await start().report();
		expect(itemCounts).toMatchObject({succeeded: 2, failed: 3, total: 5});
		const state = s3Store({client: output.client, bucket: output.bucket, prefix: '.twolane'});
		expect((await Array.fromAsync(state.list('runs-by-time/'))).map(({key}) => key.slice(-runId.length))).toEqual([runId]);
	});

	test('is refused at the call without a reader of S3', () => {
		const out = s3Store({client: output.client, bucket: output.bucket});
		expect(() => run(pdfText, 's3://in/list.jsonl', {out})).toThrow(/nobody here reads s3:\/\/; .*s3Reader/u);
		expect(() => run(pdfText, 's3://in', {out, readers: [s3Reader({client: input.client})]})).toThrow(TypeError);
	});
});
