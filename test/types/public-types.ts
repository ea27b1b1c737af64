import type {Code, CpuPool, DurableOptions, Engine, Limits, Reader, Report, Store} from 'twolane';
import type {DistributedMapEngineOptions, LambdaEngineOptions, S3ReaderOptions, S3StoreOptions} from 'twolane/aws';

/** Every name of the public types is there, and can be named by a caller. */
export type PublicTypes = [Code, CpuPool, DurableOptions<object>, Engine, Limits, Reader, Report, Store];
export type AwsTypes = [DistributedMapEngineOptions, LambdaEngineOptions, S3ReaderOptions, S3StoreOptions];
