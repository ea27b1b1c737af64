import {findLoop} from '../src/events/triggers.ts';

/** What a file of variables is given by the deployment tool. */
interface Tool {
	readonly resolveVariable: (name: string) => Promise<string | undefined>;
}

/** What serverless.yml cannot compute itself. Refuses parameters that would make a loop. */
export default async function readVariables({resolveVariable}: Tool): Promise<object> {
	const param = async (name: string): Promise<string> => (await resolveVariable(`param:${name}`)) ?? '';
	const outPrefix = (await param('outPrefix')).replace(/^\/+|\/+$/gu, '');
	const loop = findLoop(outPrefix);
	if (loop !== undefined) throw new Error(`outPrefix: ${loop}`);
	const ownBucket = await param('bucket');
	const sourceBuckets = (await param('sourceBuckets')).split(',').filter(Boolean);
	return {
		outPrefix,
		sourceBuckets: sourceBuckets.join(','),
		readableArns: [ownBucket, ...sourceBuckets].map(name => ({'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}`})),
		readableObjectArns: [ownBucket, ...sourceBuckets].map(name => ({'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}/*`})),
	};
}
