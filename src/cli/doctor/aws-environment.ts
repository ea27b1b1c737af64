import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the SDK takes credentials, or another endpoint, from; a machine in AWS may have a role besides, which nobody can see from here. */
const names = [
	'AWS_ACCESS_KEY_ID',
	'AWS_PROFILE',
	'AWS_WEB_IDENTITY_TOKEN_FILE',
	'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
	'AWS_CONTAINER_CREDENTIALS_FULL_URI',
	'AWS_ENDPOINT_URL',
	'AWS_ENDPOINT_URL_S3',
] as const;

/** Whether somebody has set this machine up for AWS, or for something that stands in for it. */
export function isAwsConfigured(environment: Environment): boolean {
	if (names.some(name => isSet(environment[name]))) return true;
	const home = environment.HOME ?? homedir();
	const {AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: config} = environment;
	return [credentials ?? join(home, '.aws/credentials'), config ?? join(home, '.aws/config')].some(file => existsSync(file));
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';
