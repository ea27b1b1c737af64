import {Logger} from '@aws-lambda-powertools/logger';

/** What a function tells whoever operates it: one line of JSON each. */
export interface Log {
	info(message: string, fields?: Readonly<Record<string, unknown>>): void;
	error(message: string, error: unknown, fields?: Readonly<Record<string, unknown>>): void;
}

/** Lines with the name of the function, as CloudWatch Logs Insights reads them. */
export function openLog(name: string): Log {
	const logger = new Logger({serviceName: `twolane-${name}`});
	return {
		info: (message, fields = {}) => logger.info(message, fields),
		error: (message, error, fields = {}) => logger.error(message, {...fields, error: error instanceof Error ? error : String(error)}),
	};
}
