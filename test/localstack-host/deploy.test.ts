import {expect, test} from 'vitest';
import {deploy, deployCommand, withoutAws} from '../../localstack/deploy.ts';

test('hands stage, file and parameters to serverless', () => {
	expect(deployCommand({stage: 'dev', params: {memory: '1769', outPrefix: 'small ones'}, configFile: 'test/own.yml'})).toEqual([
		expect.stringMatching(/\/node_modules\/\.bin\/serverless$/u),
		'deploy',
		'--stage',
		'dev',
		'--config',
		'own.yml',
		'--param',
		'target=localstack',
		'--param',
		'memory=1769',
		'--param',
		'outPrefix=small ones',
	]);
});

test("keeps the user's own AWS away from a local deployment", () => {
	const env = {PATH: '/bin', AWS_PROFILE: 'production', AWS_SESSION_TOKEN: 'secret', LAWS: 'stay'};
	expect(withoutAws(env)).toEqual({PATH: '/bin', LAWS: 'stay'});
});

test('says how to start LocalStack where none runs', async () => {
	// Port 1 of the loopback answers nobody.
	await expect(deploy({endpoint: 'http://127.0.0.1:1'})).rejects.toThrow('npm run localstack');
});
