import {expect, it} from 'vitest';
import {readRecord, writeRecord} from '../../../src/adapters/directory/owner-record.ts';

const owner = {pid: 5, parentPid: 2, startedAt: '123', host: 'box', pidNamespace: 'pid:[1]', since: '2026-11-22T20:00:00.000Z'};
const {startedAt: _, pidNamespace: __, ...least} = owner;

it.each([
	{owner, token: 'a', isReleased: false},
	{owner: least, token: 'b', isReleased: true},
])('reads what it wrote: %j', record => {
	expect(readRecord(writeRecord(record))).toEqual(record);
});

it.each([
	['nothing', ''],
	['half', writeRecord({owner, token: 'a', isReleased: false}).slice(0, -5)],
	['no object', 'null'],
	['a list', '[]'],
	...[
		{pid: 0},
		{pid: -1},
		{pid: 1.5},
		{pid: '5'},
		{parentPid: -1},
		{startedAt: 7},
		{host: undefined},
		{pidNamespace: null},
		{since: 0},
		{token: undefined},
		{isReleased: 'no'},
	].map(change => [JSON.stringify(change), JSON.stringify({...owner, token: 'a', isReleased: false, ...change})]),
])('does not judge %s', (_, text) => {
	expect(readRecord(text)).toBeUndefined();
});
