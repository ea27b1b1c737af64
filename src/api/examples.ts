import {linksOf} from './run-links.ts';

type Examples = Readonly<Record<string, Readonly<Record<string, {readonly summary: string; readonly value: unknown}>>>>;

const id = '01k9zq3v8r7w5t2m4n6p8s0x1y';
const about = {id, flow: 'thumbnail', createdAt: '2026-11-23T09:30:00.000Z', out: 's3://pictures/thumbnails'};

/** What the OpenAPI document shows of each schema. */
export const examples: Examples = {
	RunRequest: {
		list: {summary: 'A list in the bucket', value: {source: {s3: 's3://pictures/manifests/list.jsonl'}, toleratedFailurePercentage: 1}},
		items: {
			summary: 'Items that come along',
			value: {
				source: {items: [{id: 'sku-1', url: 'https://example.com/a.jpg'}, {s3: 's3://pictures/raw/b.png'}]},
				options: {sizes: [{width: 320, height: 200, fit: 'cover'}], format: 'webp'},
			},
		},
	},
	ResumeRequest: {tolerance: {summary: 'With another tolerance', value: {toleratedFailureCount: 500}}},
	RedriveRequest: {some: {summary: 'Only what failed like this', value: {only: ['HTTP_STATUS', 'WORKER_LOST']}}},
	EmptyRequest: {nothing: {summary: 'Nothing to say', value: {}}},
	AcceptedRun: {run: {summary: 'A run', value: {...about, links: linksOf(id)}}},
	Run: {
		running: {
			summary: 'A run that goes on',
			value: {
				...about,
				status: 'RUNNING',
				generation: 0,
				itemCounts: {pending: 120, running: 0, succeeded: 878, failed: 2, skipped: 0, total: 1000},
				throughput: 41.5,
				etaSeconds: 2.9,
				topErrors: [{code: 'HTTP_STATUS', count: 2, example: {id: 'sku-7', message: 'GET https://example.com/g.jpg: 404.'}}],
				sources: ['s3://pictures/manifests/list.jsonl'],
				links: linksOf(id),
			},
		},
	},
	ItemPage: {
		failed: {
			summary: 'What failed',
			value: {
				items: [
					{
						n: 6,
						id: 'sku-7',
						source: 'https://example.com/g.jpg',
						status: 'failed',
						attempts: 1,
						timings: {fetchMs: 12.5},
						error: {code: 'HTTP_STATUS', stage: 'fetch', retryable: false, message: 'GET https://example.com/g.jpg: 404.', status: 404},
					},
				],
				cursor: 'Ng',
			},
		},
	},
};
