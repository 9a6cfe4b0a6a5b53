import { must } from '../../base/must.js';
import { putSizeBytesMax } from '../../model/limits.js';
import { judgeRead } from '../../model/read-conditions.js';
import { Refusal } from '../../model/refusal.js';
import { readConditions } from '../../s3/conditions.js';
import { parseCopyRange } from '../../s3/copy-source.js';
import type { HashName } from '../../s3/hash-stream.js';
import { formatXmlDate } from '../../s3/http-date.js';
import { checksumElements } from '../../s3/upload-checksum.js';
import { xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { inSource, readSource } from '../copy-source.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';
import { readPartNumberOf, readUploadId } from '../upload-name.js';

/**
 * The bodies are shared, but the part's ETag and checksum are those of its own bytes, so these are read once, verified.
 * The commit names the version that was read: a source that changed meanwhile is refused.
 */
export const uploadPartCopy: RunOperation = async (request, services) => {
  const { key, query, headers } = request;
  const uploadId = readUploadId(query);
  const partNumber = readPartNumberOf(query);
  const source = readSource(request);
  const conditions = readConditions(headers, 'x-amz-copy-source-');

  const upload = await inBucket(request, services, (facts) => services.master.ask('getUpload', { ...factsOf(facts), key, uploadId }));
  const found = await inSource(request, services, source, (facts) =>
    services.master.ask('lookupObject', { ...factsOf(facts), key: source.key, partNumber: null }),
  );
  if (judgeRead(conditions, found.version) !== 'proceed') throw new Refusal('precondition-failed');
  const range = parseCopyRange(headers.get('x-amz-copy-source-range'), found.version.sizeBytes);
  const sizeBytes = range.endBytes - range.startBytes;
  if (sizeBytes > putSizeBytesMax) throw new Refusal('body-too-large');

  const algorithm = upload.checksum?.algorithm ?? null;
  const names: HashName[] = algorithm === null ? ['MD5'] : ['MD5', algorithm];
  const hasher = services.hashers.begin(names, sizeBytes);
  try {
    for await (const bytes of services.chunks.read(found, range)) await hasher.update(bytes);
  } catch (error) {
    hasher.abort();
    throw error;
  }
  const digests = await hasher.finish();
  const etag = must(digests.get('MD5'), 'MD5').toString('hex');
  const checksum = algorithm === null ? null : { algorithm, value: must(digests.get(algorithm), algorithm).toString('base64') };

  const { lastModifiedMs } = await inSource(request, services, source, (sourceFacts) =>
    inBucket(request, services, (facts) =>
      services.master.change('copyPart', {
        source: {
          ...factsOf(sourceFacts),
          key: source.key,
          versionNumber: found.version.versionNumber,
          offsetBytes: range.startBytes,
          sizeBytes,
        },
        ...factsOf(facts),
        key,
        uploadId,
        partNumber,
        etag,
        checksum,
      }),
    ),
  );
  return xmlAnswer(
    'CopyPartResult',
    xml`<LastModified>${formatXmlDate(lastModifiedMs)}</LastModified><ETag>"${etag}"</ETag>${checksumElements(checksum)}`,
  );
};
