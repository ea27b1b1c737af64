import {joinBytes} from '../manifest/join-bytes.ts';
import type {ManifestRow} from '../manifest/manifest-row.ts';
import {readRows} from '../manifest/read-rows.ts';
import {takeHead} from '../manifest/take-head.ts';
import {mayBeInventory, parseInventory, readInventory} from './s3-inventory.ts';
import type {S3Object, S3Sources} from './s3-sources.ts';
import type {SourceOptions} from './source-options.ts';

const HEAD_BYTES = 64 * 1024;
/** An inventory's manifest has a line for each of its files, of about 300 bytes. */
const MOST_INVENTORY_BYTES = 16 * 1024 * 1024;

/** The rows of an object in S3: a manifest in any of our formats, or an inventory. */
export async function* readS3Manifest(
	object: S3Object,
	options: SourceOptions & {readonly name: string; readonly s3: S3Sources},
): AsyncGenerator<readonly ManifestRow[]> {
	const {name, s3, signal} = options;
	const bytes = await takeBytes(s3.open(object, {signal}), HEAD_BYTES);
	if (!mayBeInventory(toText(bytes.head))) return yield* readRows(bytes.all, {name});
	const whole = await takeBytes(bytes.all, MOST_INVENTORY_BYTES);
	const inventory = parseInventory(toText(whole.head));
	if (inventory === undefined) return yield* readRows(whole.all, {name});
	await whole.all.return(undefined);
	yield* readInventory(inventory, options);
}

const takeBytes = (bytes: AsyncIterable<Uint8Array>, most: number) =>
	takeHead(bytes, {empty: new Uint8Array(0), join: joinBytes, isEnough: ({length}) => length >= most});

const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
