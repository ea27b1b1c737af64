import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';

export default async function sha256({file}: {file: string}) {
	const hash = createHash('sha256');
	for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
	return {sha256: hash.digest('hex')};
}
