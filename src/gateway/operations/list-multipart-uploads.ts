import { formatXmlDate } from '../../s3/http-date.js';
import { readEncodingType, readLimit, readName } from '../../s3/list-arguments.js';
import { owner, ownerElement } from '../../s3/settings.js';
import { nameWriter, xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

export const listMultipartUploads: RunOperation = async (request, services) => {
  const { query } = request;
  const prefix = readName(query, 'prefix');
  const delimiter = readName(query, 'delimiter');
  const keyMarker = readName(query, 'key-marker');
  // As S3 says: without a key marker, the upload id marker is ignored.
  const uploadIdMarker = keyMarker === '' ? '' : readName(query, 'upload-id-marker');
  const limit = readLimit(query, 'max-uploads');
  const encodingType = readEncodingType(query);
  const name = nameWriter(encodingType);
  const page = await inBucket(request, services, (facts) =>
    services.master.ask('listUploads', { ...factsOf(facts), prefix, delimiter, keyMarker, uploadIdMarker, limit }),
  );
  const uploads = page.uploads.map(
    ({ key, uploadId, initiatedMs, checksum }) =>
      xml`<Upload><Key>${name(key)}</Key><UploadId>${uploadId}</UploadId><Initiator><ID>${owner.id}</ID><DisplayName>${owner.displayName}</DisplayName></Initiator>${ownerElement}<StorageClass>STANDARD</StorageClass><Initiated>${formatXmlDate(initiatedMs)}</Initiated>${
        checksum === null
          ? null
          : xml`<ChecksumAlgorithm>${checksum.algorithm}</ChecksumAlgorithm><ChecksumType>${checksum.type}</ChecksumType>`
      }</Upload>`,
  );
  const prefixes = page.prefixes.map((common) => xml`<CommonPrefixes><Prefix>${name(common)}</Prefix></CommonPrefixes>`);
  return xmlAnswer(
    'ListMultipartUploadsResult',
    xml`<Bucket>${request.bucket}</Bucket><KeyMarker>${name(keyMarker)}</KeyMarker><UploadIdMarker>${uploadIdMarker}</UploadIdMarker>${
      page.nextKeyMarker === null ? null : xml`<NextKeyMarker>${name(page.nextKeyMarker)}</NextKeyMarker>`
    }${
      page.nextUploadIdMarker === null ? null : xml`<NextUploadIdMarker>${page.nextUploadIdMarker}</NextUploadIdMarker>`
    }<Prefix>${name(prefix)}</Prefix>${delimiter === '' ? null : xml`<Delimiter>${name(delimiter)}</Delimiter>`}<MaxUploads>${limit}</MaxUploads>${
      encodingType === null ? null : xml`<EncodingType>url</EncodingType>`
    }<IsTruncated>${page.nextKeyMarker !== null}</IsTruncated>${uploads}${prefixes}`,
  );
};
