import { Refusal } from '../../model/refusal.js';
import { formatXmlDate } from '../../s3/http-date.js';
import { readEncodingType, readLimit } from '../../s3/list-arguments.js';
import type { QueryParameters } from '../../s3/raw-request.js';
import { owner, ownerElement } from '../../s3/settings.js';
import { checksumElements } from '../../s3/upload-checksum.js';
import { nameWriter, xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';
import { readUploadId } from '../upload-name.js';

export const listParts: RunOperation = async (request, services) => {
  const { bucket, key, query } = request;
  const uploadId = readUploadId(query);
  const limit = readLimit(query, 'max-parts');
  const afterPartNumber = readMarker(query);
  const encodingType = readEncodingType(query);
  const page = await inBucket(request, services, (facts) =>
    services.master.ask('listParts', { ...factsOf(facts), key, uploadId, afterPartNumber, limit }),
  );
  const parts = page.parts.map(
    (part) =>
      xml`<Part><PartNumber>${part.partNumber}</PartNumber><LastModified>${formatXmlDate(part.lastModifiedMs)}</LastModified><ETag>"${part.etag}"</ETag>${checksumElements(part.checksum)}<Size>${part.sizeBytes}</Size></Part>`,
  );
  const { checksum } = page;
  return xmlAnswer(
    'ListPartsResult',
    xml`<Bucket>${bucket}</Bucket><Key>${nameWriter(encodingType)(key)}</Key><UploadId>${uploadId}</UploadId><Initiator><ID>${owner.id}</ID><DisplayName>${owner.displayName}</DisplayName></Initiator>${ownerElement}<StorageClass>STANDARD</StorageClass><PartNumberMarker>${afterPartNumber}</PartNumberMarker>${
      page.truncated ? xml`<NextPartNumberMarker>${page.parts.at(-1)?.partNumber ?? afterPartNumber}</NextPartNumberMarker>` : null
    }<MaxParts>${limit}</MaxParts><IsTruncated>${page.truncated}</IsTruncated>${
      checksum === null
        ? null
        : xml`<ChecksumAlgorithm>${checksum.algorithm}</ChecksumAlgorithm><ChecksumType>${checksum.type}</ChecksumType>`
    }${parts}`,
  );
};

function readMarker(query: QueryParameters): number {
  const text = query.get('part-number-marker') ?? '';
  if (!/^\d{0,9}$/.test(text)) throw new Refusal('argument-invalid', 'part-number-marker must be an integer from 0.');
  return Number(text);
}
