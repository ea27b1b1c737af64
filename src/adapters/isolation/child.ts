import type {CpuEnding} from '../../lanes/ports.ts';
import {createPool} from '../pool/pool.ts';
import type {ThreadEnding} from '../thread/messages.ts';
import {type IsolatedCall, STARTED} from './messages.ts';
import {pack, unpack} from './parcel.ts';

// The one who waits for us ends the whole process when the time is over: a thread in native code cannot be ended.
const NO_LIMIT_MS = 24 * 60 * 60 * 1000;

// The same pool as anywhere, so that whatever does not end the process ends as it does there.
const pool = createPool({threads: 1});

process.on('message', (parcel: Uint8Array) => void answer(unpack(parcel) as IsolatedCall));
// Whoever started us is gone. An orderly exit would wait for a thread that is in native code.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function answer({file, input, task}: IsolatedCall): Promise<void> {
	const url = new URL(file);
	await pool.warm(url);
	process.send?.(STARTED);
	process.send?.(packEnding(await pool.run({file: url, input, task, timeoutMs: NO_LIMIT_MS, transfer: [], alone: false})));
}

function packEnding(ending: CpuEnding): Buffer {
	const {runMs} = ending;
	if (!ending.ok) {
		const {code, message, retryable} = ending.error;
		return pack({code, message, retryable, runMs} satisfies ThreadEnding);
	}
	try {
		return pack([ending.value, runMs] satisfies ThreadEnding);
	} catch {
		const message = 'the result cannot leave its process; return plain data';
		return pack({code: 'NOT_CLONEABLE', message, retryable: false, runMs} satisfies ThreadEnding);
	}
}
