import {setTimeout as wait} from 'node:timers/promises';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type Cli, runCli, startCli} from '../support/cli.ts';
import {type Copies, type Result, findRepeats, lastWords, openCopies, readResults} from '../support/copies.ts';

const ITEMS = 200;
/** Four at once, so ten a second. */
const ANSWER_MS = 400;
/** At most so much finished work is lost. */
const LOST_MS = 2000;

const seed = Number(process.env['TWOLANE_TEST_SEED'] ?? Date.now() % 1_000_000);

/** Mulberry32. */
function createRandom(state: number): () => number {
	let at = state;
	return () => {
		at = (at + 0x6d2b79f5) | 0;
		let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

const victims = {
	command: (cli: Cli) => process.kill(cli.commandPid() ?? cli.pid, 'SIGKILL'),
	launcher: (cli: Cli) => cli.kill('SIGKILL'),
	both: (cli: Cli) => cli.killGroup('SIGKILL'),
};
interface Kill {
	readonly victim: keyof typeof victims;
	/** `start`: of the command; `work`: its first request. */
	readonly after: 'start' | 'work';
	readonly ms: number;
}

function planKills(): readonly Kill[] {
	const random = createRandom(seed);
	const names = ['command', 'launcher', 'both'] as const;
	const kills = Array.from({length: 12}, (_, index): Kill => {
		const victim = names[index % names.length] ?? 'both';
		return index % 4 === 0 ? {victim, after: 'start', ms: 1200 * random()} : {victim, after: 'work', ms: 3000 * random()};
	});
	// The last one late enough for work that must not be lost.
	return [...kills, {victim: 'command', after: 'work', ms: 3300}];
}

let copies: Copies;
let expected: readonly Result[];

beforeAll(async () => {
	copies = await openCopies(ITEMS);
	await runCli(copies.words('undisturbed'), copies.options());
	expected = await readResults(copies.place, 'undisturbed');
	copies.requests.length = 0;
});
afterAll(() => copies[Symbol.asyncDispose]());

/** @returns when it was killed. */
async function startAndKill({victim, after, ms}: Kill): Promise<number> {
	const asked = copies.requests.length;
	const cli = startCli(copies.words('killed', '--quiet'), copies.options({isCommandKnown: true, hasGroup: true}));
	const isEarly = (): boolean => cli.commandPid() === undefined || (after === 'work' && copies.requests.length === asked);
	while (isEarly()) await wait(5);
	await wait(ms);
	const killedMs = performance.now();
	victims[victim](cli);
	// Whoever gives the command again at once may find the one without a launcher still there.
	if (victim === 'launcher') await cli.exited;
	else
		expect(await cli.ended).toMatchObject({
			exitCode: victim === 'command' ? 137 : null,
			stdout: '',
			stderr: expect.stringMatching(lastWords),
		});
	return killedMs;
}

describe(`kills at random times (TWOLANE_TEST_SEED=${seed})`, () => {
	it('of the command, its launcher or both: the results of an undisturbed run, and little done twice', {timeout: 300_000}, async () => {
		copies.delay(() => ANSWER_MS);
		const killsMs: number[] = [];
		for (const kill of planKills()) killsMs.push(await startAndKill(kill));
		copies.delay(() => 0);
		const {exitCode, stderr} = await runCli(copies.words('killed', '--quiet'), copies.options());
		expect({exitCode, stderr}).toEqual({exitCode: 1, stderr: ''});
		expect(await readResults(copies.place, 'killed')).toEqual(expected);

		expect(copies.requests.some(({endedMs = Infinity}) => endedMs < (killsMs.at(-1) ?? 0) - LOST_MS)).toBe(true);
		expect(findRepeats(copies.requests, killsMs).filter(({lostMs}) => lostMs > LOST_MS)).toEqual([]);
	});
});
