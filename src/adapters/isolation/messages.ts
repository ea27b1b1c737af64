import type {Task} from '../../lanes/flow.ts';

/** What goes to the child, packed. */
export interface IsolatedCall {
	readonly file: string;
	readonly input: unknown;
	readonly task: Task;
}

/** The first answer to a call: the module is loaded, from now on the time counts. The second and last one is the packed ending. */
export const STARTED = 'started';
