/** The environment, read in this one place. Colours are not here: `util.styleText` reads NO_COLOR and FORCE_COLOR itself. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;

/** How to get to S3, as far as it is said here: the SDK finds the rest. Its own `AWS_REGION` has an older brother that it does not read. */
export function s3Access(): {readonly endpoint?: string; readonly region?: string} {
	const endpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
	const region = environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
	return {...(isSet(endpoint) && {endpoint}), ...(isSet(region) && {region})};
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
