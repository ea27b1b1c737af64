// The origin of the bench, in a process of its own: its CPU time is not the subject's. Tells its parent the port.
import {readFileSync, readdirSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';

const [folder = '.'] = process.argv.slice(2);
const files = new Map(readdirSync(folder).map(name => [name, readFileSync(join(folder, name))]));

const server = createServer((request, response) => {
	const body = files.get(request.url?.replace(/^\/|\?.*$/gu, '') ?? '');
	if (body === undefined) response.writeHead(404).end();
	else response.writeHead(200, {'content-type': 'image/jpeg', 'content-length': body.length}).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit(0));
