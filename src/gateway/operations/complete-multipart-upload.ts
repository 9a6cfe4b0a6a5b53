import { Refusal } from '../../model/refusal.js';
import { checksumAlgorithms, checksumHeader } from '../../s3/checksums.js';
import { readCompleteRequest } from '../../s3/complete-request.js';
import { writeConditions } from '../../s3/conditions.js';
import type { HeaderLines } from '../../s3/raw-request.js';
import { checksumElements } from '../../s3/upload-checksum.js';
import { xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';
import { readUploadId } from '../upload-name.js';

/** One transaction on the upload; a repeat gets the same answer for a week. Errors come before the head, never after a 200. */
export const completeMultipartUpload: RunOperation = async (request, services) => {
  const { bucket, key, headers } = request;
  const uploadId = readUploadId(request.query);
  const parts = readCompleteRequest(request.document);
  const conditions = writeConditions(headers);
  const expectedChecksum = checksumOfObject(headers);
  const expectedSizeBytes = sizeOfObject(headers);
  const version = await inBucket(request, services, (facts) =>
    services.master.change('completeUpload', { ...factsOf(facts), key, uploadId, conditions, parts, expectedChecksum, expectedSizeBytes }),
  );
  const host = headers.get('host') ?? '';
  return xmlAnswer(
    'CompleteMultipartUploadResult',
    xml`<Location>http://${host}/${bucket}/${key}</Location><Bucket>${bucket}</Bucket><Key>${key}</Key><ETag>"${version.etag}"</ETag>${checksumElements(version.checksum)}`,
  );
};

/** Here a checksum header is about the object to be, not about the body of the request. */
function checksumOfObject(headers: HeaderLines): string | null {
  for (const algorithm of checksumAlgorithms) {
    const value = headers.get(checksumHeader(algorithm));
    if (value !== null) return value;
  }
  return null;
}

function sizeOfObject(headers: HeaderLines): number | null {
  const text = headers.get('x-amz-mp-object-size');
  if (text === null) return null;
  if (!/^\d{1,15}$/.test(text)) throw new Refusal('argument-invalid', 'x-amz-mp-object-size must be a number of bytes.');
  return Number(text);
}
