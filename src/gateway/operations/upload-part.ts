import { writeChecksumHeaders } from '../../s3/upload-checksum.js';
import { emptyAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';
import { receiveBody } from '../receive-body.js';
import { readPartNumberOf, readUploadId } from '../upload-name.js';

export const uploadPart: RunOperation = async (request, services) => {
  const { key, query } = request;
  const uploadId = readUploadId(query);
  const partNumber = readPartNumberOf(query);
  const upload = await inBucket(request, services, async (facts) => ({
    ...(await services.master.ask('getUpload', { ...factsOf(facts), key, uploadId })),
    bucketId: facts.bucketId,
  }));
  const { etag, checksum, sizeBytes, chunks } = await receiveBody(request, services, {
    origin: { bucketId: upload.bucketId, key, partNumber },
    uploadAlgorithm: upload.checksum?.algorithm ?? null,
  });
  const kept = checksum && { algorithm: checksum.algorithm, value: checksum.value };
  await inBucket(request, services, (facts) =>
    services.master.change('commitPart', { ...factsOf(facts), key, uploadId, partNumber, sizeBytes, etag, checksum: kept, chunks }),
  );
  const answer = ['etag', `"${etag}"`];
  writeChecksumHeaders(answer, checksum);
  return emptyAnswer(200, answer);
};
