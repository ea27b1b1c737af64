import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';
import {checkNode} from '../../../src/cli/doctor/check-node.ts';

const bundled = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));

it.each([
	['22.18.0', '/usr/bin/node', 'ok', '22.18.0, /usr/bin/node'],
	['24.21.0', bundled, 'ok', '24.21.0, which comes with this checkout'],
	['22.17.9', '/usr/bin/node', 'fix', '22.17.9, /usr/bin/node'],
	['20.20.0', '/usr/bin/node', 'fix', '20.20.0, /usr/bin/node'],
])('Node %s at %s: %s', (version, execPath, mark, found) => {
	const finding = checkNode({version, execPath});
	expect(finding).toMatchObject({check: 'node', mark, found});
	expect(finding.advice ?? '').toMatch(mark === 'ok' ? /^$/u : /Install Node 22\.18 or newer/u);
});
