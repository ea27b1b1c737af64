export {type LambdaEngineOptions, lambdaEngine} from './adapters/lambda/engine.ts';
export {type S3ReaderOptions, s3Reader} from './adapters/s3/reader.ts';
export {type S3StoreOptions, s3Store} from './adapters/s3/store.ts';
export {type DistributedMapEngineOptions, distributedMapEngine} from './adapters/step-functions/engine.ts';
