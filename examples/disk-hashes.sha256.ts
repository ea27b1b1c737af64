import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {pipeline} from 'node:stream/promises';

export default async function sha256({file}: {file: string}) {
	const hash = createHash('sha256');
	await pipeline(createReadStream(file), hash);
	return {sha256: hash.digest('hex')};
}
