import {takeOwnership} from '../../../src/adapters/directory/owner-lock.ts';

/** What a parent may ask of this process, one thing at a time. */
export type Order = {readonly take: string} | {readonly release: true} | {readonly cycle: string};

export interface Answer {
	readonly isTaken: boolean;
	readonly pid: number;
}

let release = async (): Promise<void> => {};
const answer = (isTaken: boolean): boolean | undefined => process.send?.({isTaken, pid: process.pid} satisfies Answer);

async function take(folder: string): Promise<boolean> {
	const turn = await takeOwnership(folder);
	if (turn.isTaken) ({release} = turn);
	return turn.isTaken;
}

process.on('message', (order: Order) => {
	void (async () => {
		if ('take' in order) answer(await take(order.take));
		else if ('release' in order) answer((await release(), false));
		else for (;;) answer((await take(order.cycle)) && (await release(), true));
	})();
});
// An orphan stays until it is killed.
setInterval(() => {}, 1_000_000);
