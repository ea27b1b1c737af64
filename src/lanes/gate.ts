import {type Host, createHost} from './host.ts';
import type {Clock} from './ports.ts';
import type {Plateau, Width} from './width.ts';

/** Why calls waited: the width, a host's ceiling or pause, a full CPU lane, or no room for their bytes. */
export type WaitReason = 'width' | 'host' | 'cpu' | 'bytes';

export interface Gate {
	readonly inFlight: number;
	readonly waiting: number;
	readonly limit: number;
	/** Hosts that are remembered. */
	readonly hosts: number;
	readonly throttles: number;
	readonly plateau: Plateau | undefined;
	/** The lowest ceiling that a host has now; `Infinity` while none was throttled. */
	readonly lowestCeiling: number;
	/** Until now: milliseconds in which somebody waited, by reason, and the integral of calls in flight. */
	read(): {readonly waitedMs: Readonly<Record<WaitReason, number>>; readonly inFlightMs: number};
	/** `true` when the call may start; `false` when the gate was shut meanwhile. */
	enter(host: string): true | Promise<boolean>;
	leave(host: string, call: {readonly startMs: number; readonly endMs: number; readonly isSuccess: boolean}): void;
	/** A host said "too many". Returns whether the gate could still narrow for it. */
	throttled(host: string, call: {readonly startMs: number; readonly retryAfterMs: number}): boolean;
	/** Something outside (bytes, the CPU lane) may have made room. */
	pump(): void;
	/** Lets nobody in any more: those who wait get `false`. */
	shut(): void;
}

interface Queue {
	readonly host: Host;
	readonly name: string;
	readonly waiters: ((isOpen: boolean) => void)[];
}

const MOST_IDLE_HOSTS = 1000;

/**
 * Decides which call may start. The width looks for throughput over all hosts; each host has its own ceiling; `hold` couples the
 * gate to what lies behind it. Hosts that wait take turns.
 */
export function createGate(options: {
	/** Made when the first call comes, because its host tells what kind of source it is. */
	readonly openWidth: (host: string) => Width;
	readonly perHost: number | 'auto';
	readonly clock: Clock;
	readonly hold?: () => 'cpu' | 'bytes' | undefined;
}): Gate {
	const {openWidth, perHost, clock, hold = () => undefined} = options;
	let width: Width | undefined;
	const limit = (): number => width?.limit ?? 0;
	const hosts = new Map<string, Queue>();
	const turns = new Set<Queue>();
	const waitedMs: Record<WaitReason, number> = {width: 0, host: 0, cpu: 0, bytes: 0};
	let inFlight = 0;
	let waiting = 0;
	let throttles = 0;
	let inFlightMs = 0;
	let notedMs = clock.nowMs();
	let reason: WaitReason | undefined;
	let isShut = false;
	let cancelWake: (() => void) | undefined;

	const open = (name: string): Queue => {
		const known = hosts.get(name);
		if (known) return known;
		const queue: Queue = {host: createHost(perHost), name, waiters: []};
		hosts.set(name, queue);
		return queue;
	};
	// A host that nobody talks to and that never complained need not be remembered; a few of them cost nothing.
	const forget = ({host, name, waiters}: Queue): void => {
		if (hosts.size > MOST_IDLE_HOSTS && host.inFlight === 0 && waiters.length === 0 && host.isUntouched) hosts.delete(name);
	};

	function note(nowMs = clock.nowMs()): void {
		inFlightMs += inFlight * (nowMs - notedMs);
		if (reason !== undefined) waitedMs[reason] += nowMs - notedMs;
		notedMs = nowMs;
		reason = waiting === 0 ? undefined : (hold() ?? (inFlight >= limit() ? 'width' : 'host'));
	}

	const isFree = ({host}: Queue): boolean =>
		host.inFlight < host.ceiling && (host.pausedUntilMs === 0 || host.pausedUntilMs <= clock.nowMs());
	const start = ({host}: Queue): void => {
		inFlight++;
		host.enter();
	};

	function admit(queue: Queue): void {
		turns.delete(queue);
		const letIn = queue.waiters.shift();
		if (queue.waiters.length > 0) turns.add(queue);
		waiting--;
		start(queue);
		letIn?.(true);
	}

	function pump(): void {
		if (waiting === 0) return;
		for (let next = pick(); next !== undefined; next = pick()) admit(next);
		note();
		wakeAfterPause();
	}

	function pick(): Queue | undefined {
		if (inFlight >= limit() || turns.size === 0 || hold() !== undefined) return undefined;
		for (const queue of turns) if (isFree(queue)) return queue;
		return undefined;
	}

	/** When all that waits is paused, nothing else would ever call `pump`. */
	function wakeAfterPause(): void {
		cancelWake?.();
		cancelWake = undefined;
		if (waiting === 0 || throttles === 0) return;
		const nowMs = clock.nowMs();
		const pauses = [...turns].map(({host}) => host.pausedUntilMs).filter(untilMs => untilMs > nowMs);
		if (pauses.length > 0) cancelWake = clock.after(Math.min(...pauses) - nowMs, pump);
	}

	return {
		get inFlight() {
			return inFlight;
		},
		get waiting() {
			return waiting;
		},
		get limit() {
			return limit();
		},
		get plateau() {
			return width?.plateau;
		},
		get hosts() {
			return hosts.size;
		},
		get throttles() {
			return throttles;
		},
		get lowestCeiling() {
			let lowest = Number.POSITIVE_INFINITY;
			for (const {host} of hosts.values()) lowest = Math.min(lowest, host.ceiling);
			return lowest;
		},
		read() {
			note();
			return {waitedMs, inFlightMs};
		},
		enter(name) {
			if (isShut) return Promise.resolve(false);
			width ??= openWidth(name);
			const queue = open(name);
			if (waiting === 0 && inFlight < limit() && isFree(queue) && hold() === undefined) {
				note();
				start(queue);
				return true;
			}
			waiting++;
			turns.add(queue);
			return new Promise(settle => {
				queue.waiters.push(settle);
				pump();
			});
		},
		leave(name, {startMs, endMs, isSuccess}) {
			const queue = open(name);
			note(endMs);
			inFlight--;
			queue.host.leave();
			if (isSuccess) {
				queue.host.succeeded();
				// Only a full gate tells something about its width.
				if (waiting > 0 && reason === 'width') width?.learn({startMs, endMs});
			}
			forget(queue);
			pump();
		},
		throttled(name, {startMs, retryAfterMs}) {
			throttles++;
			return open(name).host.throttled({startMs, nowMs: clock.nowMs(), retryAfterMs});
		},
		pump,
		shut() {
			isShut = true;
			note();
			cancelWake?.();
			for (const {waiters} of turns) for (const settle of waiters.splice(0)) settle(false);
			turns.clear();
			waiting = 0;
		},
	};
}
