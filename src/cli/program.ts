import {Command, CommanderError, InvalidArgumentError, Option} from 'commander';
import {type Limits, limitTable} from '../lanes/limits.ts';
import type {ControlFlags} from './control-command.ts';
import type {DemoFlags} from './demo/demo-command.ts';
import type {DoctorFlags} from './doctor-command.ts';
import type {LsFlags} from './ls-command.ts';
import {readAutoOrWhole, readBytes, readCount, readMs, readPercentage, readWhole, showBytes, showMs} from './quantities.ts';
import type {RedriveFlags, ResumeFlags} from './resume-command.ts';
import type {ResultsFlags} from './results-command.ts';
import type {RunFlags} from './run-command.ts';
import type {ServeFlags} from './serve-command.ts';
import type {StatusFlags} from './status-command.ts';
import type {ValidateFlags} from './validate-command.ts';

const examples = `
Examples:
  twolane                                      the demo: 100 photos
  twolane run urls.txt --out thumbs            the same words again go on with it
  twolane status --out thumbs                  how the newest run there stands
  twolane results --out thumbs --failed        what failed, and why
  twolane run urls.txt --on twolane-dev        on a stack that was deployed to AWS
Every command says more: twolane run --help. Exit codes: docs/commands.md.`;

/** Reads the words of the command line and runs the command they name. @returns the exit code. */
export async function runProgram(words: readonly string[], version: string): Promise<number> {
	let exitCode = 0;
	const program = new Command('twolane')
		.description('Fan a flow out over any number of items: waiting work on one lane, computing work on the other.')
		.version(version)
		.configureHelp({subcommandTerm: command => `${command.name()} ${command.usage().replace('[options]', '').trim()}`.trim()})
		.addHelpText('after', examples)
		.exitOverride()
		.configureOutput({outputError: (text, write) => write(text.replace(/^error:/u, 'twolane:'))})
		.showHelpAfterError('(--help lists what there is)');
	const onExit = (code: number): void => void (exitCode = code);
	program.commandsGroup('Start:');
	addRun(program, onExit);
	addDemo(program, onExit);
	addServe(program, onExit);
	program.commandsGroup('Look before:').helpCommand(true);
	addChecks(program, onExit);
	program.commandsGroup('Runs that are there:');
	addRunCommands(program, onExit);
	try {
		await program.parseAsync(words, {from: 'user'});
	} catch (error) {
		// Commander has printed its message; asking for help or the version is no mistake.
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		throw error;
	}
	return exitCode;
}

function addRun(program: Command, onExit: (code: number) => void): void {
	const command = addRunFlags(program.command('run').description('run a flow over the items of SOURCE'));
	command.action(async (sources: string[], flags: RunFlags) => {
		const {runCommand} = await import('./run-command.ts');
		onExit(await runCommand(sources, flags));
	});
}

/** What `run` takes, and `plan` as well. */
function addRunFlags(command: Command): Command {
	addSource(command)
		.option('--out <place>', 'folder or s3://bucket/prefix for outputs and records; needed unless --on is given')
		.option('--state <place>', 'folder or s3:// place for records only (default: .twolane below --out)')
		.option('--limit <n>', 'take this many items', readWhole)
		.option('--skip-invalid', 'turn lines that cannot be used into failed items')
		.option('--fresh', 'start another run, also where the same one is there already');
	addFlowFlags(command);
	addThumbnailFlags(command);
	addSessionFlags(command);
	addWorkerFlags(command);
	return addOutputFlags(command);
}

/** Who works on a run. */
const addWorkerFlags = (command: Command): Command =>
	command
		.optionsGroup('Deployed stack:')
		.option(...onFlag('start it there: outputs and records are in its bucket'))
		.addOption(
			new Option('--engine <engine>', 'where the items are worked on (default: auto)').choices([
				'auto',
				'in-process',
				'lambda',
				'distributed-map',
			]),
		)
		.option('--max-workers <n>', 'worker functions at once (default: 50)', readWorkerCount);

const onFlag = (meaning: string): [string, string] => ['--on <stack>', `a stack that was deployed, such as twolane-dev: ${meaning}`];

const MOST_WORKERS = 10_000;

function readWorkerCount(text: string): number {
	const count = readWhole(text);
	if (count >= 1 && count <= MOST_WORKERS) return count;
	throw new InvalidArgumentError(`It is from 1 to ${MOST_WORKERS}.`);
}

const addSource = (command: Command): Command =>
	command.argument(
		'<source...>',
		'manifest (JSONL, JSON, CSV, TSV, txt, each also .gz), folder, URL, s3://bucket/list.jsonl, s3://bucket/prefix/, or - for standard input',
	);

/** What decides which items a source may hold. */
const addFlowFlags = (command: Command): Command =>
	command
		.option('--flow <name>', 'thumbnail, or a path such as ./my-flow.ts', 'thumbnail')
		.option('--set <name=value>', "one of the flow's options; repeat it", collectSetting)
		.option('--allow-origin <origin>', 'let this origin, such as http://127.0.0.1:8080, be private; repeat it', collect);

/** The commands that start nothing. */
function addChecks(program: Command, onExit: (code: number) => void): void {
	const plan = addRunFlags(program.command('plan').description('what run with the same words would do: items, hosts, limits, time'));
	plan.action(async (sources: string[], flags: RunFlags) => {
		onExit(await (await import('./plan-command.ts')).planCommand(sources, flags));
	});
	const validate = addSource(program.command('validate').description('what is wrong with SOURCE, with line numbers'));
	addOutputFlags(addFlowFlags(validate)).action(async (sources: string[], flags: ValidateFlags) => {
		onExit(await (await import('./validate-command.ts')).validateCommand(sources, flags));
	});
	const doctor = program.command('doctor').description('what is fine on this machine, and what to fix');
	doctor
		.option('--out <place>', 'folder or s3:// place that a run would write to (default: the working directory)')
		.option(...onFlag('look at its functions, too'))
		.option('--json', 'one JSON object a check');
	doctor.action(async (flags: DoctorFlags) => {
		onExit(await (await import('./doctor-command.ts')).doctorCommand(flags));
	});
}

function addDemo(program: Command, onExit: (code: number) => void): void {
	const command = program
		.command('demo')
		.description('sample photos over local HTTP to thumbnails; needs nothing')
		.option('--items <n>', 'how many photos', readWhole, 100)
		.option('--out <dir>', 'folder for outputs and records', './twolane-demo');
	addLimitFlags(command);
	addOutputFlags(command).action(async (flags: DemoFlags) => {
		const {demoCommand} = await import('./demo/demo-command.ts');
		onExit(await demoCommand(flags));
	});
}

const MOST_PORT = 65_535;

function addServe(program: Command, onExit: (code: number) => void): void {
	const command = program
		.command('serve')
		.description('the HTTP API on this machine')
		.requiredOption('--out <place>', 'folder or s3://bucket/prefix for outputs and records of its runs')
		.option('--port <n>', 'port to listen at, on 127.0.0.1; 0 is any free one', readPort, 8787);
	command.action(async (flags: ServeFlags) => {
		onExit(await (await import('./serve-command.ts')).serveCommand(flags));
	});
}

function readPort(text: string): number {
	const port = readWhole(text);
	if (port <= MOST_PORT) return port;
	throw new InvalidArgumentError(`It is from 0 to ${MOST_PORT}.`);
}

/** The commands on a run that is there. */
function addRunCommands(program: Command, onExit: (code: number) => void): void {
	const add = (name: string, description: string): Command =>
		addPlaceFlags(
			program
				.command(name)
				.description(description)
				.argument('[run]', "path of a run's folder, or the beginning of its id with --out or --on (default: the newest there)"),
		);
	const resume = addSessionFlags(add('resume', 'go on with a run that was stopped or killed'), {without: 'maxBytes'});
	addOutputFlags(resume).action(async (word: string | undefined, flags: ResumeFlags) => {
		onExit(await (await import('./resume-command.ts')).resumeCommand(word, flags));
	});
	const redrive = addSessionFlags(add('redrive', 'run the failed items of an ended run again'), {without: 'maxBytes'});
	redrive.option('--only <code>', 'only those that failed with this code; repeat it', collect);
	addOutputFlags(redrive).action(async (word: string | undefined, flags: RedriveFlags) => {
		onExit(await (await import('./resume-command.ts')).redriveCommand(word, flags));
	});
	const status = add('status', 'how a run stands').option('--watch', 'look again until it ends').option('--json', 'one JSON object a look');
	status.action(async (word: string | undefined, flags: StatusFlags) => {
		onExit(await (await import('./status-command.ts')).statusCommand(word, flags));
	});
	const results = add('results', 'the outcomes of a run in the order of its manifest').option('--failed', 'only what failed');
	results.addOption(new Option('--as <format>', 'how to write them').choices(['jsonl', 'csv']).default('jsonl'));
	results.action(async (word: string | undefined, flags: ResultsFlags) => {
		onExit(await (await import('./results-command.ts')).resultsCommand(word, flags));
	});
	for (const action of ['pause', 'cancel'] as const) {
		const command = add(
			action,
			action === 'pause' ? 'stop a run; resume goes on with it' : 'end a run with what it has; redrive runs the rest',
		);
		addOutputFlags(command).action(async (word: string | undefined, flags: ControlFlags) => {
			onExit(await (await import('./control-command.ts')).controlCommand(action, word, flags));
		});
	}
	const ls = addPlaceFlags(program.command('ls').description('the runs in --out, or of a stack, newest first')).option(
		'--json',
		'one JSON object a run',
	);
	ls.action(async (flags: LsFlags) => {
		onExit(await (await import('./ls-command.ts')).lsCommand(flags));
	});
}

const addPlaceFlags = (command: Command): Command =>
	command
		.option('--out <place>', 'folder or s3:// place that the run writes to')
		.option('--state <place>', 'where its records are, when they have a place of their own')
		.option(...onFlag('its runs'));

/** What may differ from one session of a run to the next; a run's `maxBytes` is part of what it is. */
function addSessionFlags(command: Command, {without}: {readonly without?: keyof Limits} = {}): Command {
	addLimitFlags(command, {without});
	return command
		.optionsGroup('Failures:')
		.option('--attempts <n>', 'tries of one stage of one item (default: 4)', readWhole)
		.option('--tolerated-failure-count <n>', 'stop after more failures than this', readWhole)
		.option('--tolerated-failure-percentage <p>', 'stop after a larger share of failures than this', readPercentage);
}

function addThumbnailFlags(command: Command): void {
	command
		.optionsGroup('Thumbnails:')
		.option('--size <size>', '256, 320x200:cover, small=160x160; repeat it (default: 256)', collect)
		.addOption(new Option('--format <format>', 'of the thumbnails (default: jpeg)').choices(['jpeg', 'webp', 'png', 'avif', 'same']))
		.option('--quality <n>', '1 to 100 (default: 80, avif 50)', readWhole)
		.addOption(new Option('--decode <decode>', 'fine is sharper and slower (default: fast)').choices(['fast', 'fine']))
		.option('--max-pixels <n>', 'refuse larger images (default: 50M)', readCount);
}

const kinds = {
	count: {value: 'auto|n', read: readAutoOrWhole, show: String},
	bytes: {value: 'size', read: readBytes, show: showBytes},
	ms: {value: 'time', read: readMs, show: showMs},
} as const;

/** The flags of the limits, from the one table. */
function addLimitFlags(command: Command, {without}: {readonly without?: keyof Limits | undefined} = {}): void {
	command.optionsGroup('Limits:');
	const shown = Object.entries(limitTable).filter(([name]) => name !== without);
	for (const [name, {flag, short, kind, meaning, default: fallback, min, max}] of shown) {
		const {value, read, show} = kinds[kind];
		const readInRange = (text: string): number | 'auto' => {
			const limit = read(text);
			if (limit === 'auto' || (limit >= min && limit <= max)) return limit;
			throw new InvalidArgumentError(`It is from ${show(min)} to ${show(max)}.`);
		};
		const addFlag = (words: string, description: string): void => {
			const option = new Option(`${words} <${value}>`, description).argParser(readInRange);
			// The flag of a limit is its name in kebab case, or shorter: the option is always called by its name.
			option.attributeName = () => name satisfies string;
			command.addOption(option);
		};
		// Two options, not one of two names: of those commander suggests only the second to whoever mistypes the first.
		if (short !== undefined) addFlag(short, `short for ${flag}`);
		const shownDefault = fallback === 'memory' ? '' : ` (default: ${typeof fallback === 'number' ? show(fallback) : fallback})`;
		addFlag(flag, meaning + shownDefault);
	}
}

const addOutputFlags = (command: Command): Command =>
	command
		.optionsGroup('Output:')
		.option('--json', 'one JSON object a line on stdout')
		.option('--quiet', 'print nothing but failures of the command itself');

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** `name=value`; the value is JSON where it is JSON, else text. */
function collectSetting(text: string, before: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
	const [, name, value = ''] = /^([\w-]+)=(.*)$/su.exec(text) ?? [];
	if (name === undefined) throw new InvalidArgumentError('Write it like name=value.');
	return {...before, [name]: readJsonOrText(value)};
}

function readJsonOrText(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}
