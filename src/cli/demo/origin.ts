// A program: `node origin.ts DIRECTORY` serves the photos of a folder on 127.0.0.1 as a web server far away would, until its parent
// goes. Started by start-origin.ts, which hears the port; by hand, it prints its address.
import {hash} from 'node:crypto';
import {open, stat} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {extname, join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {setTimeout as wait} from 'node:timers/promises';

const contentTypes: Readonly<Record<string, string>> = {'.jpg': 'image/jpeg', '.png': 'image/png', '.webp': 'image/webp'};

const FIRST_BYTE_MS = {least: 31, span: 45};

/** From 31 to 75 ms, always the same for the same path; opening the file adds a little. */
const firstByteMs = (name: string): number =>
	FIRST_BYTE_MS.least + (Number.parseInt(hash('sha1', name).slice(0, 8), 16) % FIRST_BYTE_MS.span);

/** A plain name of a photo. Nothing that leads elsewhere fits: no slash, no percent sign, no leading dot. */
function readName(url: string): string | undefined {
	const name = /^\/(\w[\w.-]*)(?:\?.*)?$/u.exec(url)?.[1];
	return name !== undefined && extname(name) in contentTypes ? name : undefined;
}

function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
	response.writeHead(status, {'content-length': '0', ...headers}).end();
}

async function serve(directory: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const name = readName(request.url ?? '');
	await wait(firstByteMs(name ?? ''));
	if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, {allow: 'GET, HEAD'});
	const file = name === undefined ? undefined : await open(join(directory, name)).catch(() => undefined);
	if (name === undefined || file === undefined) return refuse(response, 404);
	try {
		const {size} = await file.stat();
		response.writeHead(200, {'content-type': contentTypes[extname(name)], 'content-length': size});
		if (request.method === 'HEAD') response.end();
		else await pipeline(file.createReadStream({autoClose: false}), response);
	} finally {
		await file.close();
	}
}

async function listen(directory: string): Promise<number> {
	if (!(await stat(directory)).isDirectory()) throw new Error(`${directory} is not a folder`);
	const server = createServer((request, response) => {
		// A client that goes away in the middle is its own business.
		serve(directory, request, response).catch(() => response.destroy());
	});
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
	});
}

async function main(): Promise<void> {
	const [directory = '.'] = process.argv.slice(2);
	if (!process.send) return console.log(`http://127.0.0.1:${await listen(directory)}/`);
	process.once('disconnect', () => process.exit());
	// Ctrl-C reaches every process of the terminal, but the run still drains: our end is our parent's.
	process.on('SIGINT', () => {});
	const message = await listen(directory).then(
		port => ({port}),
		(error: unknown) => ({problem: error instanceof Error ? error.message : String(error)}),
	);
	process.send(message);
}

await main();
