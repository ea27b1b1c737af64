import {expect, test} from 'vitest';
import {runProgram} from '../../localstack/run-program.ts';

const node = (code: string): readonly string[] => [process.execPath, '-e', code];
const options = {env: process.env, timeLimitMs: 60_000};

test('gives each line of both streams as it comes', async () => {
	const lines: string[] = [];
	await runProgram(node(`console.log('a\\n\\nb'); console.error('c')`), {...options, onLine: line => lines.push(line)});
	expect(lines.sort()).toEqual(['a', 'b', 'c']);
});

test('shows the last twenty lines of a program that fails', async () => {
	const failing = runProgram(node(`for (let i = 1; i <= 30; i++) console.log('line ' + i); process.exitCode = 7`), options);
	const {message} = (await failing.catch((error: unknown) => error)) as Error;
	expect(message).toContain('exit 7');
	expect(message.split('\n').slice(1)).toEqual(Array.from({length: 20}, (_, index) => `line ${index + 11}`));
});

test('kills a program that takes too long', async () => {
	const endless = runProgram(node('setInterval(() => {}, 1000)'), {...options, timeLimitMs: 300});
	await expect(endless).rejects.toThrow('took longer than 0.3 s');
});

test('says so when there is no such program', async () => {
	await expect(runProgram(['/no/such/program'], options)).rejects.toThrow('ENOENT');
});
