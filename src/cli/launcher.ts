import {environment} from './environment.ts';

/** What the launcher, our parent, wants to know; see bin/twolane.js. */
type News = {readonly run: string} | {readonly settled: number} | {readonly done: true} | {readonly exit: number};

/** Tells the launcher, if there is one: it starts us again after a crash. @param onTold called in any case. */
export function tellLauncher(news: News, onTold: () => void = () => {}): void {
	// A launcher that was killed is no matter of ours any more.
	if (process.connected) process.send?.(news, onTold);
	else onTold();
}

/** The folder of the run that we crashed on, when the launcher has started us again to go on with it. */
export const crashedRun = (): string | undefined => environment.TWOLANE_CRASHED;

/** How the person calls us, for commands that are to be copied. */
export const commandName = (): string => environment.TWOLANE_COMMAND ?? 'twolane';

/** A word as a shell takes it. */
export const quote = (word: string): string => (/^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);
