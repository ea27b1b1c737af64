// What an item costs that does nothing: on the main thread, with a trip to a thread, and with bytes that are moved or copied there.
//
//   node docs/examples/trip-to-a-thread.ts
import {cpu, createCpuPool, defineFlow, fanOut} from 'twolane';
import {z} from 'zod';

const transform = cpu<typeof import('./do-nothing.ts')>(new URL('do-nothing.ts', import.meta.url));
const item = z.number();
const id = String;

const stay = defineFlow({name: 'stay', item, id, fetch: async n => n});
const trip = defineFlow({name: 'trip', item, id, transform});

async function measure(flow: typeof stay, items: number): Promise<number> {
	await using pool = createCpuPool({threads: 2});
	const all = Array.from({length: items}, (_, n) => n);
	await fanOut(flow, all.slice(0, 2000), {pool}).report();
	const before = process.cpuUsage();
	const {itemCounts} = await fanOut(flow, all, {pool}).report();
	if (itemCounts.succeeded !== items) throw new Error(`expected ${items} items, got ${JSON.stringify(itemCounts)}`);
	const {user, system} = process.cpuUsage(before);
	return (user + system) / items;
}

/** How long the main thread is held up by sending bytes away. */
function measureSend(bytes: Uint8Array<ArrayBuffer>, transfer: ArrayBuffer[]): number {
	const {port1, port2} = new MessageChannel();
	const startMs = performance.now();
	port1.postMessage(bytes, transfer);
	const sentMs = performance.now() - startMs;
	port1.close();
	port2.close();
	return sentMs;
}

const bytes = new Uint8Array(20 * 1024 * 1024).fill(7);
console.log(`main thread only: ${(await measure(stay, 100_000)).toFixed(1)} us of CPU an item`);
console.log(`with a trip:      ${(await measure(trip, 50_000)).toFixed(1)} us of CPU an item`);
console.log(`20 MiB copied:    ${measureSend(bytes, []).toFixed(1)} ms of the main thread`);
console.log(`20 MiB moved:     ${measureSend(bytes, [bytes.buffer]).toFixed(1)} ms of the main thread`);
