import {MultiBar, Presets} from 'cli-progress';
import type {Snapshot} from '../lanes/snapshot.ts';

/** Shows a run while it goes on. */
export interface Progress {
	stop(): void;
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
			format: ' {bar} {done}/{total}  {rate}  {eta}\n {lanes}',
			hideCursor: true,
			clearOnComplete: true,
			barsize: 30,
			gracefulExit: false,
		},
		Presets.shades_classic,
	);
	const first = take();
	const bar = bars.create(Math.max(1, first.itemCounts.total ?? 1), 0, describe(first));
	const draw = (): void => {
		const snapshot = take();
		bar.update(doneOf(snapshot), describe(snapshot));
	};
	const timer = setInterval(draw, LIVE_EVERY_MS);
	return {
		stop() {
			clearInterval(timer);
			bars.stop();
		},
	};
}

function showLines(take: () => Snapshot, stream: NodeJS.WriteStream): Progress {
	const timer = setInterval(() => {
		const snapshot = take();
		const {done, rate, eta, lanes} = describe(snapshot);
		stream.write(`${done}/${snapshot.itemCounts.total ?? '?'}  ${rate}  ${eta}  ${lanes}\n`);
	}, PLAIN_EVERY_MS);
	return {stop: () => clearInterval(timer)};
}

const doneOf = ({itemCounts: {succeeded = 0, failed = 0, skipped = 0}}: Snapshot): number => succeeded + failed + skipped;

function describe(snapshot: Snapshot): {done: number; rate: string; eta: string; lanes: string} {
	const {itemCounts, throughput, lanes} = snapshot;
	const done = doneOf(snapshot);
	const left = (itemCounts.total ?? 0) - done;
	const failed = itemCounts.failed ? `  ${itemCounts.failed} failed` : '';
	return {
		done,
		rate: `${throughput.toFixed(throughput < 10 ? 1 : 0)} items/s`,
		eta: throughput > 0 && left > 0 ? `${seconds(left / throughput)} left` : '',
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
