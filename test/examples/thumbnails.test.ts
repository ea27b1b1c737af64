import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import sharp from 'sharp';
import {describe, expect, test} from 'vitest';
import {fanOut, httpReader} from 'twolane';
import {thumbnails} from '../../examples/thumbnails.ts';
import {httpOrigin, serve, status} from '../support/http-origin.ts';
import {runExample, temporaryFolder} from './run-example.ts';

const picture = (width: number, height: number): Promise<Buffer> =>
	sharp({create: {width, height, channels: 3, background: '#c04020'}})
		.jpeg()
		.toBuffer();

describe('the thumbnails example', () => {
	test('stores a thumbnail for each picture and says why the others have none', async () => {
		await using server = await httpOrigin();
		await using out = await temporaryFolder();
		server.on('/wide.jpg', serve(await picture(800, 600)));
		server.on('/tiny.jpg', serve(await picture(40, 30)));
		server.on('/page.html', serve('<html>'));
		server.on('/gone.jpg', status(404));
		const items = ['/wide.jpg', '/tiny.jpg', '/page.html', '/gone.jpg'].map(path => ({url: server.url(path)}));

		const sizes: Record<string, string> = {};
		const codes: Record<string, string> = {};
		const options = {options: {widthPx: 100}, readers: [httpReader({allowOrigins: [server.origin]})], out: out.path};
		for await (const outcome of fanOut(thumbnails, items, options)) {
			const {pathname} = new URL(outcome.id);
			if (outcome.status === 'failed') codes[pathname] = outcome.error.code;
			if (outcome.status !== 'succeeded') continue;
			const stored = await readFile(join(out.path, outcome.result.key));
			const {width, height, format} = await sharp(stored).metadata();
			sizes[pathname] = `${width}x${height} ${format}`;
			expect(outcome.outputs).toEqual([outcome.result]);
			expect(outcome.result.sha256).toBe(createHash('sha256').update(stored).digest('hex'));
		}

		expect(sizes).toEqual({'/wide.jpg': '100x75 jpeg', '/tiny.jpg': '40x30 jpeg'});
		expect(codes).toEqual({'/page.html': 'TRANSFORM_FAILED', '/gone.jpg': 'HTTP_STATUS'});
	});

	test('reaches a private origin only when it is named', async () => {
		await using server = await httpOrigin();
		await using folder = await temporaryFolder();
		server.on('/a.jpg', serve(await picture(300, 300)));

		const refused = await runExample('thumbnails', [server.url('/a.jpg')], {cwd: folder.path});
		expect(refused).toMatchObject({exitCode: 0, stdout: ''});
		expect(refused.stderr).toMatch(/not public/u);
		expect(server.requests).toHaveLength(0);

		const allowed = await runExample('thumbnails', ['--allow-origin', server.origin, server.url('/a.jpg')], {cwd: folder.path});
		expect(allowed).toMatchObject({exitCode: 0, stderr: ''});
		const {width, height} = await sharp(join(folder.path, allowed.stdout.trim())).metadata();
		expect([width, height]).toEqual([256, 256]);
	});
});
