import {describe, expect, it} from 'vitest';
import {readConfig} from '../../functions/config.ts';

const env = {
	TWOLANE_OUT: 's3://photos/thumbnails',
	TWOLANE_ORCHESTRATOR: 'o',
	TWOLANE_STACK: 'twolane-test',
	TWOLANE_WORKER: 'w',
	TWOLANE_STATE_MACHINE: 'arn:aws:states:eu-west-1:1:stateMachine:m',
	AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
};

describe('readConfig', () => {
	it('reads what was deployed', () => {
		const config = readConfig({...env, TWOLANE_SOURCE_BUCKETS: 'a,b', TWOLANE_MAX_WORKERS: '7'});
		expect(config).toMatchObject({bucket: 'photos', sourceBuckets: ['photos', 'a', 'b'], maxWorkers: 7, memoryMB: 1769});
	});

	it.each(['s3://photos/uploads', 's3://photos/uploads/small', 's3://photos/manifests'])(
		'refuses outputs in %s: they would be inputs',
		out => {
			expect(() => readConfig({...env, TWOLANE_OUT: out})).toThrow('would be inputs again');
		},
	);

	it.each(Object.keys(env))('names %s when it is missing', name => {
		expect(() => readConfig({...env, [name]: undefined})).toThrow(name);
	});

	it.each(['photos/thumbnails', 's3://photos', 's3://photos/'])('refuses %s for a place of outputs', out => {
		expect(() => readConfig({...env, TWOLANE_OUT: out})).toThrow('TWOLANE_OUT');
	});
});
