import { Refusal } from '../../model/refusal.js';
import { readAttributes } from '../../s3/attributes.js';
import { readConditions, writeConditions } from '../../s3/conditions.js';
import { formatXmlDate } from '../../s3/http-date.js';
import { checksumElements, readChecksumAlgorithm } from '../../s3/upload-checksum.js';
import { xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { inSource, readSource } from '../copy-source.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

/** The copy shares the bodies of its source: one transaction, no bytes move. */
export const copyObject: RunOperation = async (request, services) => {
  const { headers, key } = request;
  const source = readSource(request);
  const replaces = readDirective(headers.get('x-amz-metadata-directive'));
  if (!replaces && source.bucket === request.bucket && source.key === key) {
    throw new Refusal(
      'request-invalid',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
    );
  }
  if (readChecksumAlgorithm(headers) !== null) {
    throw new Refusal(
      'not-implemented',
      'A copy keeps the checksum of its source; x-amz-checksum-algorithm is not implemented for copies.',
    );
  }
  const replace = replaces ? readAttributes(headers) : null;
  const conditions = { source: readConditions(headers, 'x-amz-copy-source-'), target: writeConditions(headers) };
  const version = await inSource(request, services, source, (sourceFacts) =>
    inBucket(request, services, (facts) =>
      services.master.change('copyObject', {
        source: { ...factsOf(sourceFacts), key: source.key, conditions: conditions.source },
        target: { ...factsOf(facts), key, conditions: conditions.target },
        replace,
      }),
    ),
  );
  return xmlAnswer(
    'CopyObjectResult',
    xml`<LastModified>${formatXmlDate(version.lastModifiedMs)}</LastModified><ETag>"${version.etag}"</ETag>${checksumElements(version.checksum)}`,
  );
};

function readDirective(directive: string | null): boolean {
  const text = directive?.toUpperCase() ?? 'COPY';
  if (text !== 'COPY' && text !== 'REPLACE') throw new Refusal('argument-invalid', 'Unknown metadata directive.');
  return text === 'REPLACE';
}
