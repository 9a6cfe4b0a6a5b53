import { readAttributes } from '../../s3/attributes.js';
import { readUploadChecksum } from '../../s3/upload-checksum.js';
import { xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

export const createMultipartUpload: RunOperation = async (request, services) => {
  const { bucket, key, headers } = request;
  const attributes = readAttributes(headers);
  const checksum = readUploadChecksum(headers);
  const { uploadId } = await inBucket(request, services, (facts) =>
    services.master.change('createUpload', { ...factsOf(facts), key, ...attributes, checksum }),
  );
  return xmlAnswer(
    'InitiateMultipartUploadResult',
    xml`<Bucket>${bucket}</Bucket><Key>${key}</Key><UploadId>${uploadId}</UploadId>`,
    checksum === null ? [] : ['x-amz-checksum-algorithm', checksum.algorithm, 'x-amz-checksum-type', checksum.type],
  );
};
