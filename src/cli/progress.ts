import {MultiBar, Presets} from 'cli-progress';
import type {Snapshot} from '../lanes/snapshot.ts';

/** Shows a run while it goes on. */
export interface Progress {
	stop(): void;
	/** Writes a line above a live bar; a plain progress has no need of it. */
	readonly note?: (line: string) => void;
}

const LIVE_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5000;

/** A live bar with both lanes on a terminal; elsewhere a plain line now and then, without any escape code. */
export function showProgress(take: () => Snapshot, stream: NodeJS.WriteStream): Progress {
	return stream.isTTY ? showBar(take, stream) : showLines(take, stream);
}

function showBar(take: () => Snapshot, stream: NodeJS.WriteStream): Progress {
	const bars = new MultiBar(
		{
			stream,
			hideCursor: true,
			clearOnComplete: true,
			barsize: 30,
			gracefulExit: false,
			fps: 1000 / LIVE_EVERY_MS,
			// A note moves the lines down, also those that have not changed.
			forceRedraw: true,
		},
		Presets.shades_classic,
	);
	const total = Math.max(1, take().itemCounts.total ?? 1);
	// Two bars, because a line end in a format is not counted: the next drawing would begin one line too low. `left`, because
	// `eta` is the bar's own word.
	const lines = [' {bar} {done}/{total}  {rate}  {left}', ' {lanes}'].map(format => bars.create(total, 0, describe(take()), {format}));
	const draw = (): void => {
		const snapshot = take();
		for (const line of lines) line.update(doneOf(snapshot), describe(snapshot));
	};
	const timer = setInterval(draw, LIVE_EVERY_MS);
	const stop = (): void => {
		clearInterval(timer);
		bars.stop();
		process.off('exit', stop);
	};
	// The second Ctrl-C exits on the spot, and must not leave a terminal without a cursor.
	process.once('exit', stop);
	return {stop, note: line => bars.log(`${line}\n`)};
}

function showLines(take: () => Snapshot, stream: NodeJS.WriteStream): Progress {
	const timer = setInterval(() => {
		const snapshot = take();
		const {done, rate, left, lanes} = describe(snapshot);
		stream.write(`${done}/${snapshot.itemCounts.total ?? '?'}  ${[rate, left, lanes].filter(part => part !== '').join('  ')}\n`);
	}, PLAIN_EVERY_MS);
	return {stop: () => clearInterval(timer)};
}

const doneOf = ({itemCounts: {succeeded = 0, failed = 0, skipped = 0}}: Snapshot): number => succeeded + failed + skipped;

function describe(snapshot: Snapshot): {done: number; rate: string; left: string; lanes: string} {
	const {itemCounts, throughput, lanes} = snapshot;
	const done = doneOf(snapshot);
	const open = (itemCounts.total ?? 0) - done;
	const failed = itemCounts.failed ? `  ${itemCounts.failed} failed` : '';
	return {
		done,
		rate: `${throughput.toFixed(throughput < 10 ? 1 : 0)} items/s`,
		left: throughput > 0 && open > 0 ? `${seconds(open / throughput)} left` : '',
		lanes: `io ${lanes.io.inFlight} in flight, ${lanes.io.waiting} waiting${lanes.cpu ? ` | cpu ${lanes.cpu.busy}/${lanes.cpu.threads} threads, ${lanes.cpu.queued} waiting` : ''}${failed}`,
	};
}

/** `4 s`, `3 min 20 s`, `2 h 5 min`. */
export function seconds(value: number): string {
	const whole = Math.ceil(value);
	if (whole < 100) return `${whole} s`;
	const minutes = Math.floor(whole / 60);
	return minutes < 100 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
