import { emptyAnswer } from '../answer.js';
import { requireOwnAccess } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

/** Never from the cache: the bucket may be gone, and no later step would notice. */
export const headBucket: RunOperation = async (request, services) => {
  requireOwnAccess(request.principal, request);
  await services.buckets.fetch(request.bucket);
  return emptyAnswer(200, ['x-amz-bucket-region', services.region]);
};
