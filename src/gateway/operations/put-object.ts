import { readAttributes } from '../../s3/attributes.js';
import { writeConditions } from '../../s3/conditions.js';
import { writeChecksumHeaders } from '../../s3/upload-checksum.js';
import { emptyAnswer } from '../answer.js';
import { inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';
import { receiveBody } from '../receive-body.js';

/**
 * Bytes first, verified and durable; then one commit; then the answer. What a failure leaves is unreachable; the inventory
 * sweep, which comes with the healing work, removes it, and until then it stays.
 */
export const putObject: RunOperation = async (request, services) => {
  const { key, headers } = request;
  const attributes = readAttributes(headers);
  const conditions = writeConditions(headers);
  const { bucketId } = await services.buckets.get(request.bucket);
  const { etag, checksum, sizeBytes, chunks } = await receiveBody(request, services, {
    origin: { bucketId, key, partNumber: null },
    uploadAlgorithm: null,
  });
  const { headers: kept, userMetadata } = attributes;
  await inBucket(request, services, ({ bucketId, factsVersion }) =>
    services.master.change('commitObject', {
      bucketId,
      factsVersion,
      key,
      conditions,
      headers: kept,
      userMetadata,
      sizeBytes,
      etag,
      checksum,
      chunks,
    }),
  );
  const answer = ['etag', `"${etag}"`];
  writeChecksumHeaders(answer, checksum);
  return emptyAnswer(200, answer);
};
