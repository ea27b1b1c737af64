import {Problem, answerProblem} from '../../api/problems.ts';

/**
 * What keeps web pages out, which reach every port of this machine through its browser: a name that leads here by a trick (DNS rebinding)
 * is not ours, and a page of another origin says so. `undefined` for a request that may go on.
 */
export function refuseStranger({headers}: Request, port: number): Response | undefined {
	const hosts = ['localhost', '127.0.0.1', '[::1]'].flatMap(name => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
	const host = headers.get('host')?.toLowerCase() ?? '';
	if (!hosts.includes(host))
		return answerProblem(new Problem('HOST_DENIED', `This is ${hosts[1] ?? hosts[0]}, and answers to no other name.`));
	const origin = headers.get('origin')?.toLowerCase();
	if (origin === undefined || hosts.some(name => origin === `http://${name}`)) return undefined;
	return answerProblem(new Problem('ORIGIN_DENIED', 'Pages of other origins may not call this API.'));
}
