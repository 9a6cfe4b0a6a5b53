import { isAllowed, type AccessQuestion, type Principal } from '../model/access.js';
import { Refusal } from '../model/refusal.js';
import { operations } from '../s3/operations.js';
import type { BucketFacts } from './bucket-cache.js';
import type { GatewayRequest, GatewayServices } from './operation.js';

/** Refuses (access-denied) what no rule allows. */
export function requireAccess(principal: Principal, question: AccessQuestion): void {
  if (!isAllowed(principal, question)) throw new Refusal('access-denied');
}

/** Refuses a request on its own bucket and key that no rule allows. */
export function requireOwnAccess(principal: Principal, request: Pick<GatewayRequest, 'operation' | 'bucket' | 'key'>): void {
  const { operation, bucket, key } = request;
  requireAccess(principal, { action: operations[operation].action, bucket: bucket === '' ? null : bucket, key: key === '' ? null : key });
}

/**
 * Asks the master for something in the request's bucket; when its facts turn out to have changed, decides again on
 * fresh ones and asks again. The body of the request is not needed a second time.
 */
export function inBucket<T>(
  request: GatewayRequest,
  services: Pick<GatewayServices, 'buckets'>,
  work: (facts: BucketFacts) => Promise<T>,
): Promise<T> {
  return services.buckets.use(request.bucket, () => requireOwnAccess(request.principal, request), work);
}

/** The part of the facts that names a bucket in a verb. */
export function factsOf(facts: BucketFacts): { bucketId: number; factsVersion: number } {
  return { bucketId: facts.bucketId, factsVersion: facts.factsVersion };
}
