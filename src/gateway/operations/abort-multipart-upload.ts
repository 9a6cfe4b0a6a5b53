import { emptyAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';
import { readUploadId } from '../upload-name.js';

export const abortMultipartUpload: RunOperation = async (request, services) => {
  const { key } = request;
  const uploadId = readUploadId(request.query);
  await inBucket(request, services, (facts) => services.master.change('abortUpload', { ...factsOf(facts), key, uploadId }));
  return emptyAnswer(204);
};
