import { readAttributes } from '../../s3/attributes.js';
import { writeConditions } from '../../s3/conditions.js';
import { writeChecksumHeaders } from '../../s3/upload-checksum.js';
import { emptyAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
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
  await inBucket(request, services, (facts) =>
    services.master.change('commitObject', { ...factsOf(facts), key, conditions, ...attributes, sizeBytes, etag, checksum, chunks }),
  );
  const answer = ['etag', `"${etag}"`];
  writeChecksumHeaders(answer, checksum);
  return emptyAnswer(200, answer);
};
