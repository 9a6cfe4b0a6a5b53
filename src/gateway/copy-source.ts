import { must } from '../base/must.js';
import { parseCopySource, type CopySource } from '../s3/copy-source.js';
import type { BucketFacts } from './bucket-cache.js';
import { requireAccess } from './in-bucket.js';
import type { GatewayRequest, GatewayServices } from './operation.js';

/** The object that a copying request names as its source. */
export function readSource(request: Pick<GatewayRequest, 'headers'>): CopySource {
  return parseCopySource(must(request.headers.get('x-amz-copy-source'), 'the header by which the operation was detected'));
}

/** Like `inBucket`, for the source of a copy: reading it needs a permission of its own. */
export function inSource<T>(
  request: GatewayRequest,
  services: Pick<GatewayServices, 'buckets'>,
  source: CopySource,
  work: (facts: BucketFacts) => Promise<T>,
): Promise<T> {
  const decide = (): void => requireAccess(request.principal, { action: 's3:GetObject', ...source });
  return services.buckets.use(source.bucket, decide, work);
}
