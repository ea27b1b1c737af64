import {defineConfig} from 'vitest/config';

// What measures time runs when nothing else does.
const alone = ['test/memory.test.ts', 'test/cli/verdict.test.ts', 'test/examples/api-batch.test.ts'];

// The deployed path, on one LocalStack that is started for all of them.
const deployed = ['test/localstack/**/*.test.ts'];

export default defineConfig({
	test: {
		testTimeout: 60_000,
		hookTimeout: 300_000,
		projects: [
			{
				extends: true,
				test: {name: 'together', include: ['test/**/*.test.ts'], exclude: [...alone, ...deployed], sequence: {groupOrder: 0}},
			},
			{extends: true, test: {name: 'alone', include: alone, fileParallelism: false, sequence: {groupOrder: 1}}},
			{
				extends: true,
				test: {
					name: 'localstack',
					include: deployed,
					testTimeout: 240_000,
					globalSetup: 'test/support/localstack-setup.ts',
					fileParallelism: false,
					sequence: {groupOrder: 2},
				},
			},
		],
	},
});
