import { must } from '../../base/must.js';
import { bucketSettings, objectSettings } from '../../s3/operations.js';
import type { QueryParameters } from '../../s3/raw-request.js';
import { bucketSetting, objectSetting } from '../../s3/settings.js';
import type { Answer } from '../answer.js';
import { factsOf, inBucket, requireOwnAccess } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

export const getBucketSetting: RunOperation = async (request, services) => {
  requireOwnAccess(request.principal, request);
  await services.buckets.fetch(request.bucket);
  return documentAnswer(bucketSetting(asked(bucketSettings, request.query)));
};

export const getObjectSetting: RunOperation = async (request, services) => {
  await inBucket(request, services, (facts) =>
    services.master.ask('lookupObject', { ...factsOf(facts), key: request.key, partNumber: null }),
  );
  return documentAnswer(objectSetting(asked(objectSettings, request.query)));
};

function asked<Name extends string>(names: readonly Name[], query: QueryParameters): Name {
  return must(
    names.find((name) => query.has(name)),
    'the setting by which the operation was detected',
  );
}

function documentAnswer(body: Buffer): Answer {
  return { status: 200, headers: ['content-type', 'application/xml'], body };
}
